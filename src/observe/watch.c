// SPDX-License-Identifier: GPL-2.0
/*
 * watch.c - does the kernel still tell us what we hooked?
 *
 * All probes of a machine can be switched off after we have loaded (debugfs
 * kprobes/enabled; kernel.ftrace_enabled, where that is allowed while somebody uses
 * ftrace), single ones can be disarmed by the kernel's own mistakes: every call goes on as
 * ever, and nothing tells us. So every second, and whenever somebody reads what we counted,
 * a function of our own is called through each kind of hook, the bytes at each hooked entry
 * are read back, and the kernel's counts of calls that it did not tell us of are compared.
 * What is found is said in dmesg once, and once when it is over; the first line of every
 * file has it.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "kernel/faults.h"
#include "observe/hook_table.h"
#include "observe/watch.h"

#define LOOK_EVERY	HZ
#define TRIES		3
#define PAUSE_MS	10

/* Guards all that follows; @blind is read without. */
static DEFINE_MUTEX(watching);
static LIST_HEAD(sights);
static struct lq_blindness blind;
static u64 blind_from;		/* monotonic ns */
static u64 missed_before;	/* by the worker, when it looked last */
static u64 missed_told;		/* how many of them dmesg knows of */
static bool misses_go_on;
static bool looking;

static void look_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(looker, look_work);

/* What the probes below count up. */
static int entries;
static int returns;

/* Two functions of ours: one begins with a place that ftrace patches, one has none. */
static noinline __noclone int probed_by_ftrace(int x)
{
	barrier();
	return x + 1;
}

static noinline __noclone notrace int probed_by_breakpoint(int x)
{
	barrier();
	return x + 1;
}

static int on_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	entries++;
	return 0;
}

NOKPROBE_SYMBOL(on_entry);

static int on_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	returns += regs_return_value(regs) == 42;
	return 0;
}

NOKPROBE_SYMBOL(on_return);

static struct kretprobe by_ftrace = {
	.entry_handler = on_entry, .handler = on_return, .maxactive = 2,
};

static struct kretprobe by_breakpoint = {
	.entry_handler = on_entry, .handler = on_return, .maxactive = 2,
};

/* A softirq in here would run inside of a probe, and its segments would go unseen. */
static bool is_seen(int (*function)(int x))
{
	entries = 0;
	returns = 0;
	local_bh_disable();
	function(41);
	local_bh_enable();
	return READ_ONCE(entries) == 1 && READ_ONCE(returns) == 1;
}

static bool ftrace_works(void)
{
	return is_seen(probed_by_ftrace);
}

static bool breakpoints_work(void)
{
	return is_seen(probed_by_breakpoint);
}

static struct lq_sight sight_of_ftrace = {
	.what = "probes are switched off (debugfs kprobes/enabled, kernel.ftrace_enabled)",
	.works = ftrace_works,
};

static struct lq_sight sight_of_breakpoints = {
	.what = "probes are switched off (debugfs kprobes/enabled)",
	.works = breakpoints_work,
};

/* Which kind of hook does not work, in words; NULL: all do. */
static const char *which_kind_fails(void)
{
	struct lq_sight *sight;

	lockdep_assert_held(&watching);
	list_for_each_entry(sight, &sights, list)
		if (!sight->works())
			return sight->what;
	return NULL;
}

/* The same, or a single hook that does not. */
static const char *what_fails(void)
{
	const char *kind = which_kind_fails();
	int row;

	if (kind)
		return kind;
	for (row = 0; row < lq_hook_count; row++)
		if (lq_hooks[row].state == LQ_HOOK_ATTACHED && !READ_ONCE(lq_hooks[row].rests) &&
		    !lq_hook_armed(&lq_hooks[row]))
			return lq_hooks[row].name;
	return NULL;
}

/* A single failure may be that of a moment in which code is patched. */
static const char *what_goes_on_failing(void)
{
	const char *what = what_fails();
	int tries;

	for (tries = 1; what && tries < TRIES && !blind.since; tries++) {
		msleep(PAUSE_MS);
		what = what_fails();
	}
	return what;
}

static u64 count_missed(void)
{
	u64 missed = 0;
	int row;

	for (row = 0; row < lq_hook_count; row++)
		missed += lq_hook_missed(&lq_hooks[row]);
	return missed;
}

static void note_blind(const char *what)
{
	lockdep_assert_held(&watching);
	if (what && !blind.since) {
		WRITE_ONCE(blind.since, ktime_get_real_ns());
		blind_from = ktime_get_ns();
		pr_warn("blind: %s: what happens now is not counted\n", what);
	} else if (!what && blind.since) {
		u64 ms = div_u64(ktime_get_ns() - blind_from, NSEC_PER_MSEC);

		WRITE_ONCE(blind.since, 0);
		WRITE_ONCE(blind.ms, blind.ms + ms);
		pr_warn("sees again after %llu ms, of which nothing was counted\n", ms);
	}
}

/* By the worker alone, so that no reader makes it say more: when it begins, and ends. */
static void note_missed(u64 missed)
{
	bool more = missed > missed_before;

	lockdep_assert_held(&watching);
	missed_before = missed;
	WRITE_ONCE(blind.missed, missed);
	if (more && !misses_go_on)
		pr_warn("%llu calls went unseen (see missed= in the hooks file): counts are not complete\n",
			missed - missed_told);
	else if (!more && misses_go_on && missed > missed_told)
		pr_warn("%llu calls went unseen in all\n", missed);
	if (more != misses_go_on)
		missed_told = missed;
	misses_go_on = more;
}

static void look_work(struct work_struct *work)
{
	mutex_lock(&watching);
	note_blind(what_goes_on_failing());
	note_missed(count_missed());
	mutex_unlock(&watching);
	schedule_delayed_work(&looker, LOOK_EVERY);
}

/**
 * lq_watch_look() - look now
 *
 * Context: process, sleeps.
 */
void lq_watch_look(void)
{
	mutex_lock(&watching);
	if (looking) {
		note_blind(what_goes_on_failing());
		WRITE_ONCE(blind.missed, count_missed());
	}
	mutex_unlock(&watching);
}

/**
 * lq_watch_sees() - does each kind of hook work, whatever single ones do?
 *
 * Context: process, sleeps.
 * Return: whether it does; yes, if nobody looks.
 */
bool lq_watch_sees(void)
{
	bool sees = false;
	int tries;

	mutex_lock(&watching);
	for (tries = 0; !sees && tries < TRIES; tries++) {
		if (tries)
			msleep(PAUSE_MS);
		sees = !looking || !which_kind_fails();
	}
	mutex_unlock(&watching);
	return sees;
}

/**
 * lq_watch_read() - what was found when somebody looked last
 * @blindness: filled
 *
 * Context: any.
 */
void lq_watch_read(struct lq_blindness *blindness)
{
	blindness->since = READ_ONCE(blind.since);
	blindness->ms = READ_ONCE(blind.ms);
	blindness->missed = READ_ONCE(blind.missed);
}

/**
 * lq_watch_add() - there is one more way in which the kernel calls us
 * @sight: which; stays until lq_watch_remove()
 *
 * Context: process, sleeps.
 */
void lq_watch_add(struct lq_sight *sight)
{
	mutex_lock(&watching);
	list_add_tail(&sight->list, &sights);
	mutex_unlock(&watching);
}

/**
 * lq_watch_remove() - one that was added is no more
 * @sight: which
 *
 * Context: process, sleeps.
 */
void lq_watch_remove(struct lq_sight *sight)
{
	mutex_lock(&watching);
	list_del(&sight->list);
	mutex_unlock(&watching);
}

/**
 * lq_watch_init() - prove that the kernel's probes reach handlers of ours
 *
 * They can be switched off as a whole: a module that then says "attached" would be lying.
 *
 * Context: process, sleeps. Before the hooks are attached.
 * Return: 0; -EIO when a call that must be seen was not, or an error of registration,
 * after one line that says so.
 */
int lq_watch_init(void)
{
	int err;

	by_ftrace.kp.addr = (kprobe_opcode_t *)probed_by_ftrace;
	by_breakpoint.kp.addr = (kprobe_opcode_t *)probed_by_breakpoint;
	err = register_kretprobe(&by_ftrace);
	if (!err) {
		err = register_kretprobe(&by_breakpoint);
		if (err)
			unregister_kretprobe(&by_ftrace);
	}
	if (err) {
		pr_err("self-check: a probe on our own function fails (error %d): not loaded\n",
		       err);
		return err;
	}
	lq_watch_add(&sight_of_ftrace);
	lq_watch_add(&sight_of_breakpoints);
	if (ftrace_works() && breakpoints_work() && !lq_has_fault(LQ_FAULT_BLIND))
		return 0;
	pr_err("self-check: a hooked call was not seen: are probes switched off (debugfs kprobes/enabled, kernel.ftrace_enabled)? Not loaded\n");
	lq_watch_exit();
	return -EIO;
}

/**
 * lq_watch_exit() - away with the probes on our own functions
 *
 * Context: process, sleeps. After the hooks are detached.
 */
void lq_watch_exit(void)
{
	lq_watch_remove(&sight_of_breakpoints);
	lq_watch_remove(&sight_of_ftrace);
	unregister_kretprobe(&by_breakpoint);
	unregister_kretprobe(&by_ftrace);
}

/**
 * lq_watch_start() - begin to look
 *
 * Context: process. After the hooks are attached.
 * Return: 0.
 */
int lq_watch_start(void)
{
	mutex_lock(&watching);
	looking = true;
	mutex_unlock(&watching);
	schedule_delayed_work(&looker, LOOK_EVERY);
	return 0;
}

/**
 * lq_watch_stop() - look no more
 *
 * Context: process, sleeps. Before the hooks are detached.
 */
void lq_watch_stop(void)
{
	mutex_lock(&watching);
	looking = false;
	mutex_unlock(&watching);
	cancel_delayed_work_sync(&looker);
}
