// SPDX-License-Identifier: GPL-2.0
/*
 * hook.c - attach, detach, count; knows nothing of TCP
 *
 * Kprobes observe, they never divert and never have a post_handler: the kernel
 * disarms a probe that shares its address with one that has (__disarm_kprobe_ftrace).
 * register_kprobe() of Linux 7.x returns 0 for a probe it could not arm, so the
 * bytes at each entry are read back.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/cpumask.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "kernel/faults.h"
#include "kernel/hook.h"

/* The table, as lq_hooks_attach() was given it. */
static struct lq_hook *hooks;
static int nr_hooks;

DEFINE_PER_CPU(unsigned long, lq_probes_rest);

static const struct kprobe *probe_of(const struct lq_hook *hook)
{
	return hook->kind == LQ_HOOK_RETURN ? &hook->rp.kp : &hook->kp;
}

static struct kprobe *own_probe(struct lq_hook *hook)
{
	return hook->kind == LQ_HOOK_RETURN ? &hook->rp.kp : &hook->kp;
}

/**
 * lq_hook_how() - how an attached hook is reached
 * @hook: an attached row
 *
 * Return: "ftrace", "breakpoint" or "tracepoint"; "diverted": its probe rests, who diverts
 * there does its work.
 */
const char *lq_hook_how(const struct lq_hook *hook)
{
	if (hook->kind == LQ_HOOK_TRACEPOINT)
		return "tracepoint";
	if (READ_ONCE(hook->rests))
		return "diverted";
	return probe_of(hook)->flags & KPROBE_FLAG_FTRACE ? "ftrace" : "breakpoint";
}

/**
 * lq_hook_armed() - read back what stands at the hooked entry
 * @hook: an attached row
 *
 * Return: false when the entry still holds what it held before: a NOP where
 * ftrace would have put a call, or the original instruction.
 */
bool lq_hook_armed(const struct lq_hook *hook)
{
#ifdef CONFIG_X86
	/* A breakpoint: the kernel is changing what stands there. */
	static const u8 call = 0xe8, jump = 0xe9, breakpoint = 0xcc;
	const struct kprobe *kp = probe_of(hook);
	u8 now;

	if (hook->kind == LQ_HOOK_TRACEPOINT)
		return true;
	if (copy_from_kernel_nofault(&now, (void *)kp->addr, sizeof(now)))
		return false;
	if (kp->flags & KPROBE_FLAG_FTRACE)
		return now == call || now == jump || now == breakpoint;
	return now != kp->opcode;
#else
	return true;
#endif
}

static unsigned long missed_by_probe(const struct lq_hook *hook)
{
	return hook->kind == LQ_HOOK_RETURN ? hook->rp.nmissed + hook->rp.kp.nmissed :
					      hook->kp.nmissed;
}

/**
 * lq_hook_missed() - calls that a hook was not told of
 * @hook: any row
 *
 * A probe is skipped while another probe's handler runs on the same CPU, a
 * kretprobe also when all its instances are in use.
 *
 * Return: number of calls since it was attached.
 */
unsigned long lq_hook_missed(const struct lq_hook *hook)
{
	unsigned long skipped = atomic_long_read(&hook->skipped);

	if (hook->state != LQ_HOOK_ATTACHED || hook->kind == LQ_HOOK_TRACEPOINT)
		return 0;
	/* Pairs with lq_hook_rest() and lq_hook_works(). */
	return skipped + (smp_load_acquire(&hook->rests) ? hook->missed :
			  missed_by_probe(hook) - hook->elsewhere);
}

/**
 * lq_hook_hits() - what a hook worked on, over all CPUs
 * @hook: any row
 *
 * Return: the sum since it was attached.
 */
unsigned long lq_hook_hits(const struct lq_hook *hook)
{
	unsigned long sum = 0;
	int cpu;

	if (!hook->hits)
		return 0;
	for_each_possible_cpu(cpu)
		sum += *per_cpu_ptr(hook->hits, cpu);
	return sum;
}

/**
 * lq_hook_find() - the row of a function
 * @name: its symbol
 *
 * Return: the row if it is attached, else NULL.
 */
struct lq_hook *lq_hook_find(const char *name)
{
	int row;

	for (row = 0; row < nr_hooks; row++)
		if (hooks[row].state == LQ_HOOK_ATTACHED &&
		    !strcmp(hooks[row].name, name))
			return &hooks[row];
	return NULL;
}

/**
 * lq_hook_row() - the number of a row
 * @hook: of the table
 *
 * Return: its place there, from 0.
 */
int lq_hook_row(const struct lq_hook *hook)
{
	return hook - hooks;
}

/**
 * lq_hook_note_missed() - what a row has missed up to now
 * @hook: an attached row, entry or return, that somebody else is about to do the work of
 *
 * What its probe is skipped for from now on that one may have seen.
 */
void lq_hook_note_missed(struct lq_hook *hook)
{
	hook->missed = missed_by_probe(hook) - hook->elsewhere;
}

/**
 * lq_hook_rest() - somebody else does what a row's probe did
 * @hook: a row of lq_hook_note_missed(); its bit of lq_probes_rest is set on all processors
 *
 * Two that stand at one entry make ftrace look for both in its lists at every call, which
 * costs more than either of them.
 *
 * Context: process, sleeps. One caller at a time, as with those below.
 */
void lq_hook_rest(struct lq_hook *hook)
{
	/* Who sees that it rests sees @missed, too. */
	smp_store_release(&hook->rests, true);
	lq_hook_sleep(hook);
}

/**
 * lq_hook_sleep() - the probe of a row that rests is away from its entry, as before
 * @hook: the row
 *
 * Context: process, sleeps.
 * Return: 0
 */
int lq_hook_sleep(struct lq_hook *hook)
{
	disable_kprobe(own_probe(hook));
	return 0;
}

/**
 * lq_hook_wake() - a resting probe stands at its entry again, and does nothing yet
 * @hook: a row that rests
 *
 * Context: process, sleeps.
 * Return: 0; an error: it is not armed, and lq_hook_sleep() is to follow.
 */
int lq_hook_wake(struct lq_hook *hook)
{
	return enable_kprobe(own_probe(hook));
}

/**
 * lq_hook_works() - a probe does its own work again
 * @hook: a row that was woken; its bit of lq_probes_rest is set on no processor any more
 *
 * What was missed since the first processor began is not known to have been a call that the
 * probe was to see: it is left out.
 */
void lq_hook_works(struct lq_hook *hook)
{
	hook->elsewhere = missed_by_probe(hook) - hook->missed;
	/* Who sees that it works sees @elsewhere, too. */
	smp_store_release(&hook->rests, false);
}

struct lookup {
	const char *name;
	struct tracepoint *found;
};

static void match_tracepoint(struct tracepoint *tp, void *data)
{
	struct lookup *lookup = data;

	if (!strcmp(tp->name, lookup->name))
		lookup->found = tp;
}

static int attach_tracepoint(struct lq_hook *hook)
{
	struct lookup lookup = { .name = hook->name };

	for_each_kernel_tracepoint(match_tracepoint, &lookup);
	if (!lookup.found)
		return -ENOENT;
	hook->tracepoint = lookup.found;
	return tracepoint_probe_register(hook->tracepoint, hook->probe, NULL);
}

static int attach_one(struct lq_hook *hook)
{
	switch (hook->kind) {
	case LQ_HOOK_ENTRY:
		hook->kp.symbol_name = hook->name;
		return register_kprobe(&hook->kp);
	case LQ_HOOK_RETURN:
		hook->rp.kp.symbol_name = hook->name;
		hook->rp.maxactive = lq_has_fault(LQ_FAULT_ONE) ? 1 : 4 * num_possible_cpus();
		return register_kretprobe(&hook->rp);
	case LQ_HOOK_TRACEPOINT:
		return attach_tracepoint(hook);
	}
	return -EINVAL;
}

/* Is @name one of the comma-separated words of @list? */
static bool listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (list) {
		if (!strncmp(list, name, len) && (!list[len] || list[len] == ','))
			return true;
		list = strchr(list, ',');
		if (list)
			list++;
	}
	return false;
}

/* Every word of without= must be a row that the module can live without. */
static int check_without(const char *without)
{
	const char *word = without;
	int row;

	while (word && *word) {
		int len = strcspn(word, ",");

		for (row = 0; row < nr_hooks; row++)
			if (strlen(hooks[row].name) == len &&
			    !strncmp(hooks[row].name, word, len))
				break;
		if (row == nr_hooks) {
			pr_err("without=%s: no hook is called '%.*s', see the list in README.md\n",
			       without, len, word);
			return -EINVAL;
		}
		if (hooks[row].required) {
			pr_err("without=%s: '%.*s' is required and can't be left out\n",
			       without, len, word);
			return -EINVAL;
		}
		word += len + (word[len] == ',');
	}
	return 0;
}

static void say_not_attached(const struct lq_hook *hook, const char *what)
{
	if (hook->stands_in)
		pr_info("%s: %s, %s stand in for it\n", hook->name, what,
			hook->stands_in);
	else if (hook->blind)
		pr_info("%s: %s, not seen: %s\n", hook->name, what, hook->blind);
	else
		pr_info("%s: %s\n", hook->name, what);
}

static int attach_row(int row, const char *without)
{
	struct lq_hook *hook = &hooks[row];
	int err;

	if (listed(without, hook->name)) {
		hook->state = LQ_HOOK_LEFT_OUT;
		say_not_attached(hook, "left out");
		return 0;
	}
	if (hook->unless && hooks[hook->unless].state == LQ_HOOK_ATTACHED) {
		hook->state = LQ_HOOK_UNUSED;
		pr_info("%s: not needed, %s sees the same\n", hook->name,
			hooks[hook->unless].name);
		return 0;
	}

	err = hook->required && lq_has_fault(LQ_FAULT_MISSING) ? -ENOENT : attach_one(hook);
	if (err == -ENOENT && !hook->required) {
		hook->state = LQ_HOOK_ABSENT;
		say_not_attached(hook, "absent");
		return 0;
	}
	if (err) {
		pr_err("%s can't be hooked (error %d)%s: not loaded\n", hook->name, err,
		       err == -ENOENT ? ", this kernel has no such function" : "");
		return err;
	}
	hook->state = LQ_HOOK_ATTACHED;

	if (!lq_hook_armed(hook) ||
	    (hook->kind != LQ_HOOK_TRACEPOINT && lq_has_fault(LQ_FAULT_UNARMED))) {
		pr_err("%s was registered but its entry is not armed: not loaded\n",
		       hook->name);
		return -EBUSY;
	}
	pr_info("%s: attached by %s\n", hook->name, lq_hook_how(hook));
	return 0;
}

/* Batches: one grace period for all kprobes and one for all kretprobes. */
static void detach_probes(void)
{
	struct kretprobe **rps;
	struct kprobe **kps;
	int row, nk = 0, nr = 0;

	kps = kcalloc(nr_hooks, sizeof(*kps), GFP_KERNEL | __GFP_NOFAIL);
	rps = kcalloc(nr_hooks, sizeof(*rps), GFP_KERNEL | __GFP_NOFAIL);
	for (row = 0; row < nr_hooks; row++) {
		struct lq_hook *hook = &hooks[row];

		if (hook->state != LQ_HOOK_ATTACHED)
			continue;
		if (hook->kind == LQ_HOOK_ENTRY)
			kps[nk++] = &hook->kp;
		else if (hook->kind == LQ_HOOK_RETURN)
			rps[nr++] = &hook->rp;
	}
	unregister_kprobes(kps, nk);
	unregister_kretprobes(rps, nr);
	kfree(kps);
	kfree(rps);
}

/**
 * lq_hooks_detach() - take every attached hook away again
 *
 * Context: process, sleeps. On return no handler runs and none will.
 */
void lq_hooks_detach(void)
{
	int row;

	for (row = 0; row < nr_hooks; row++) {
		struct lq_hook *hook = &hooks[row];

		if (hook->state == LQ_HOOK_ATTACHED && hook->kind == LQ_HOOK_TRACEPOINT)
			tracepoint_probe_unregister(hook->tracepoint, hook->probe, NULL);
	}
	detach_probes();
	tracepoint_synchronize_unregister();
}

/**
 * lq_hooks_attach() - hook every row of a table that this kernel has
 * @table: the rows; stays
 * @rows: how many
 * @without: comma-separated names of rows to leave out, may be NULL
 *
 * Says one line per row in the kernel log. All or nothing: on failure everything
 * is detached again.
 *
 * Context: process, sleeps.
 * Return: 0; -EINVAL for a bad @without; -ENOENT when a required function is
 * missing; -EBUSY when an entry is registered but not armed.
 */
int lq_hooks_attach(struct lq_hook *table, int rows, const char *without)
{
	int row, err;

	hooks = table;
	nr_hooks = rows;
	err = check_without(without);
	for (row = 0; !err && row < nr_hooks; row++)
		err = attach_row(row, without);
	if (err)
		lq_hooks_detach();
	return err;
}

/**
 * lq_hooks_say() - say how many are attached
 *
 * Context: process.
 * Return: 0
 */
int lq_hooks_say(void)
{
	int row, attached = 0;

	for (row = 0; row < nr_hooks; row++)
		attached += hooks[row].state == LQ_HOOK_ATTACHED;
	pr_info("%d of %d hooks attached\n", attached, nr_hooks);
	return 0;
}
