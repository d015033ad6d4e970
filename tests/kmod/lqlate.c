// SPDX-License-Identifier: GPL-2.0
/*
 * lqlate.c - how long listenq keeps interrupts or bottom halves off
 *
 * Debian's kernels have no irqsoff tracer. Here a timer interrupt is due every PERIOD ns: as
 * late as it comes, so long interrupts were off, and where it comes in is where they are on
 * again. If it finds bottom halves off, a tasklet is to run: that comes when they are on again.
 * Whose fault that is the stack tells. Where instructions are the clock (scripts/vm -i) these
 * are instructions; up to PERIOD may be missing of each.
 *
 * A softirq that is being served is left out: that packets come in one after the other is the
 * kernel's.
 *
 * insmod lqlate.ko; 1 to /sys/module/lqlate/parameters/on begins anew, 0 ends; irqs_off and
 * bh_off are the longest of listenq's then, irqs_off_in and bh_off_in its function. With
 * switch_in=FUNCTION whoever enters that gives the processor away at the next place where it may.
 * To see that it sees: whose=lqlate, and so many ns to hold, which keeps both off as long.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/stacktrace.h>
#include <linux/string.h>

#define PERIOD		10000
#define TELL_FROM	20000	/* less is not looked into */
#define DEPTH		48
#define NAME_LEN	64

/* The longest section of one kind, which function of ours it is in, and what that had called */
struct longest {
	unsigned long ns;
	char name[NAME_LEN];
	char called[NAME_LEN];
};

static struct longest irqs, bh;
static char *irqs_off_in = irqs.name, *bh_off_in = bh.name;
module_param_named(irqs_off, irqs.ns, ulong, 0444);
MODULE_PARM_DESC(irqs_off, "longest time with interrupts off, ns");
module_param_named(bh_off, bh.ns, ulong, 0444);
MODULE_PARM_DESC(bh_off, "longest time with bottom halves off, ns");
module_param(irqs_off_in, charp, 0444);
MODULE_PARM_DESC(irqs_off_in, "where interrupts were off so long");
module_param(bh_off_in, charp, 0444);
MODULE_PARM_DESC(bh_off_in, "where bottom halves were off so long");

static char *irqs_off_called = irqs.called, *bh_off_called = bh.called;
module_param(irqs_off_called, charp, 0444);
MODULE_PARM_DESC(irqs_off_called, "what that had called");
module_param(bh_off_called, charp, 0444);
MODULE_PARM_DESC(bh_off_called, "what that had called");

static char *switch_in;
module_param(switch_in, charp, 0444);
MODULE_PARM_DESC(switch_in, "function that gives the processor away");

static char *whose = "listenq";
module_param(whose, charp, 0644);
MODULE_PARM_DESC(whose, "module that is measured");

static struct hrtimer timer;

/* The tasklet that waits for bottom halves: since when, and who had turned them off */
static struct {
	bool waits;
	ktime_t since;
	unsigned int depth;
	unsigned long stack[DEPTH];
} off;

/*
 * The innermost function of listenq in a stack; false: there is none, or it prints: how long a
 * console takes for that is its own; or it gives back a page: with the processor's list of them
 * full, the page allocator empties that with interrupts off (free_pcppages_bulk), whoever's pages
 * they are. That this measures is nobody's.
 */
static bool find_ours(const unsigned long *stack, unsigned int depth, char *name, char *called)
{
	size_t len = strcspn(whose, "\n");
	unsigned int i;
	char *module;

	for (i = 0; i < depth; i++) {
		snprintf(name, NAME_LEN, "%ps", (void *)stack[i]);
		if (strstarts(name, "vprintk") || strstarts(name, "free_unref_page"))
			return false;
		module = strstr(name, " [");
		if (module && !strncmp(module + 2, whose, len) && module[2 + len] == ']' &&
		    !strstarts(name, "tick ")) {
			*module = '\0';
			snprintf(called, NAME_LEN, "%ps", (void *)stack[i ? i - 1 : 0]);
			return true;
		}
	}
	return false;
}

static void note(struct longest *longest, s64 ns, const unsigned long *stack, unsigned int depth)
{
	char name[NAME_LEN], called[NAME_LEN];

	if (ns < TELL_FROM || ns <= longest->ns || !find_ours(stack, depth, name, called))
		return;
	longest->ns = ns;
	strscpy(longest->name, name, sizeof(longest->name));
	strscpy(longest->called, called, sizeof(longest->called));
}

static void on_again(struct tasklet_struct *unused)
{
	note(&bh, ktime_to_ns(ktime_sub(ktime_get(), off.since)), off.stack, off.depth);
	off.waits = false;
}

static DECLARE_TASKLET(waiter, on_again);

static enum hrtimer_restart tick(struct hrtimer *t)
{
	s64 late = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(t)));
	unsigned long stack[DEPTH];

	if (late >= TELL_FROM)
		note(&irqs, late, stack, stack_trace_save(stack, DEPTH, 0));
	if (softirq_count() && !in_serving_softirq() && !off.waits) {
		off.waits = true;
		off.since = hrtimer_get_expires(t);
		off.depth = stack_trace_save(off.stack, DEPTH, 0);
		tasklet_hi_schedule(&waiter);
	}
	hrtimer_forward(t, ktime_get(), PERIOD);
	return HRTIMER_RESTART;
}

static int set_on(const char *value, const struct kernel_param *kp)
{
	bool on;
	int err = kstrtobool(value, &on);

	if (err)
		return err;
	hrtimer_cancel(&timer);
	tasklet_kill(&waiter);
	off.waits = false;
	if (!on)
		return 0;
	memset(&irqs, 0, sizeof(irqs));
	memset(&bh, 0, sizeof(bh));
	hrtimer_start(&timer, PERIOD, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static const struct kernel_param_ops on_ops = { .set = set_on };
module_param_cb(on, &on_ops, NULL, 0200);
MODULE_PARM_DESC(on, "whether it measures");

static int set_hold(const char *value, const struct kernel_param *kp)
{
	unsigned long flags, ns;
	int err = kstrtoul(value, 0, &ns);

	if (err)
		return err;
	local_bh_disable();
	ndelay(ns);
	local_bh_enable();
	local_irq_save(flags);
	ndelay(ns);
	local_irq_restore(flags);
	return 0;
}

static const struct kernel_param_ops hold_ops = { .set = set_hold };
module_param_cb(hold, &hold_ops, NULL, 0200);
MODULE_PARM_DESC(hold, "keep bottom halves off for so many ns, and then interrupts");

static int give_away(struct kprobe *kp, struct pt_regs *regs)
{
	set_tsk_need_resched(current);
	set_preempt_need_resched();
	return 0;
}

static struct kprobe switcher = { .pre_handler = give_away };

static int __init lqlate_init(void)
{
#ifdef HAVE_HRTIMER_SETUP
	hrtimer_setup(&timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	timer.function = tick;
#endif
	switcher.symbol_name = switch_in;
	return switch_in ? register_kprobe(&switcher) : 0;
}

static void __exit lqlate_exit(void)
{
	if (switch_in)
		unregister_kprobe(&switcher);
	hrtimer_cancel(&timer);
	tasklet_kill(&waiter);
}

module_init(lqlate_init);
module_exit(lqlate_exit);
MODULE_DESCRIPTION("listenq tests: how long interrupts and bottom halves are off");
MODULE_LICENSE("GPL");
