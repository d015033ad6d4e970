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
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "hook.h"

static const struct kprobe *probe_of(const struct lq_hook *hook)
{
	return hook->kind == LQ_HOOK_RETURN ? &hook->rp.kp : &hook->kp;
}

/**
 * lq_hook_how() - how an attached hook is reached
 * @hook: an attached row
 *
 * Return: "ftrace", "breakpoint" or "tracepoint".
 */
const char *lq_hook_how(const struct lq_hook *hook)
{
	if (hook->kind == LQ_HOOK_TRACEPOINT)
		return "tracepoint";
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
	static const u8 call = 0xe8, jump = 0xe9;
	const struct kprobe *kp = probe_of(hook);
	u8 now;

	if (hook->kind == LQ_HOOK_TRACEPOINT)
		return true;
	if (copy_from_kernel_nofault(&now, (void *)kp->addr, sizeof(now)))
		return false;
	if (kp->flags & KPROBE_FLAG_FTRACE)
		return now == call || now == jump;
	return now != kp->opcode;
#else
	return true;
#endif
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
	if (hook->state != LQ_HOOK_ATTACHED || hook->kind == LQ_HOOK_TRACEPOINT)
		return 0;
	if (hook->kind == LQ_HOOK_RETURN)
		return hook->rp.nmissed + hook->rp.kp.nmissed +
		       atomic_long_read(&hook->skipped);
	return hook->kp.nmissed;
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

	for (row = 0; row < lq_hook_count; row++)
		if (lq_hooks[row].state == LQ_HOOK_ATTACHED &&
		    !strcmp(lq_hooks[row].name, name))
			return &lq_hooks[row];
	return NULL;
}

/**
 * lq_hook_rest() - somebody else does what a row's probe did, until the module goes
 * @hook: an attached row, entry or return
 *
 * Two that stand at one entry make ftrace look for both in its lists at every call, which
 * costs more than either of them.
 *
 * Context: process, sleeps.
 */
void lq_hook_rest(struct lq_hook *hook)
{
	WRITE_ONCE(hook->rests, true);
	if (hook->kind == LQ_HOOK_ENTRY)
		disable_kprobe(&hook->kp);
	else
		disable_kretprobe(&hook->rp);
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
	hook->hits = alloc_percpu(unsigned long);
	if (!hook->hits)
		return -ENOMEM;

	switch (hook->kind) {
	case LQ_HOOK_ENTRY:
		hook->kp.symbol_name = hook->name;
		return register_kprobe(&hook->kp);
	case LQ_HOOK_RETURN:
		hook->rp.kp.symbol_name = hook->name;
		hook->rp.maxactive = 4 * num_possible_cpus();
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

		for (row = 0; row < lq_hook_count; row++)
			if (strlen(lq_hooks[row].name) == len &&
			    !strncmp(lq_hooks[row].name, word, len))
				break;
		if (row == lq_hook_count) {
			pr_err("without=%s: no hook is called '%.*s', see the list in README.md\n",
			       without, len, word);
			return -EINVAL;
		}
		if (lq_hooks[row].required) {
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

static int attach_row(int row, const char *without, unsigned int fault)
{
	struct lq_hook *hook = &lq_hooks[row];
	int err;

	if (listed(without, hook->name)) {
		hook->state = LQ_HOOK_LEFT_OUT;
		say_not_attached(hook, "left out");
		return 0;
	}
	if (hook->unless && lq_hooks[hook->unless].state == LQ_HOOK_ATTACHED) {
		hook->state = LQ_HOOK_UNUSED;
		pr_info("%s: not needed, %s sees the same\n", hook->name,
			lq_hooks[hook->unless].name);
		return 0;
	}

	err = hook->required && fault & LQ_FAULT_MISSING ? -ENOENT : attach_one(hook);
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
	    (hook->kind != LQ_HOOK_TRACEPOINT && fault & LQ_FAULT_UNARMED)) {
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

	kps = kcalloc(lq_hook_count, sizeof(*kps), GFP_KERNEL | __GFP_NOFAIL);
	rps = kcalloc(lq_hook_count, sizeof(*rps), GFP_KERNEL | __GFP_NOFAIL);
	for (row = 0; row < lq_hook_count; row++) {
		struct lq_hook *hook = &lq_hooks[row];

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

	for (row = 0; row < lq_hook_count; row++) {
		struct lq_hook *hook = &lq_hooks[row];

		if (hook->state == LQ_HOOK_ATTACHED && hook->kind == LQ_HOOK_TRACEPOINT)
			tracepoint_probe_unregister(hook->tracepoint, hook->probe, NULL);
	}
	detach_probes();
	tracepoint_synchronize_unregister();
}

/**
 * lq_hooks_free() - free the counts of hits
 *
 * Context: process. After lq_hooks_detach(), and when nobody can read the hooks
 * file any more.
 */
void lq_hooks_free(void)
{
	int row;

	for (row = 0; row < lq_hook_count; row++) {
		free_percpu(lq_hooks[row].hits);
		lq_hooks[row].hits = NULL;
	}
}

/**
 * lq_hooks_attach() - hook every row of the table that this kernel has
 * @without: comma-separated names of rows to leave out, may be NULL
 * @fault: bits LQ_FAULT_*, 0 outside of tests
 *
 * Says one line per row in the kernel log. All or nothing: on failure everything
 * is detached again.
 *
 * Context: process, sleeps.
 * Return: 0; -EINVAL for a bad @without; -ENOENT when a required function is
 * missing; -EBUSY when an entry is registered but not armed.
 */
int lq_hooks_attach(const char *without, unsigned int fault)
{
	int row, err, attached = 0;

	err = check_without(without);
	for (row = 0; !err && row < lq_hook_count; row++) {
		err = attach_row(row, without, fault);
		attached += lq_hooks[row].state == LQ_HOOK_ATTACHED;
	}
	if (err) {
		lq_hooks_detach();
		return err;
	}
	pr_info("%d of %d hooks attached\n", attached, lq_hook_count);
	return 0;
}

/* The self-check's own function, hooked the way the kernel's are. */
static int check_seen;

static noinline int lq_self_check_target(int x)
{
	barrier();
	return x + 1;
}

static int on_check_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	check_seen++;
	return 0;
}

NOKPROBE_SYMBOL(on_check_entry);

static int on_check_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	check_seen += 2 * (regs_return_value(regs) == 42);
	return 0;
}

NOKPROBE_SYMBOL(on_check_return);

/**
 * lq_hooks_self_check() - prove that the hook machinery reaches our handlers
 * @fault: bits LQ_FAULT_*
 *
 * Probes can be switched off as a whole (kernel.kprobes_optimization is not
 * meant, but debugfs kprobes/enabled and, up to 6.12, kernel.ftrace_enabled): a
 * module that then says "attached" would be lying.
 *
 * Context: process, sleeps.
 * Return: 0, or -EIO when a call that must be seen was not.
 */
int lq_hooks_self_check(unsigned int fault)
{
	struct kretprobe check = {
		.kp.addr = (kprobe_opcode_t *)lq_self_check_target,
		.entry_handler = on_check_entry,
		.handler = on_check_return,
		.maxactive = 1,
	};
	int err;

	check_seen = 0;
	err = register_kretprobe(&check);
	if (err) {
		pr_err("self-check: a probe on our own function fails (error %d)\n", err);
		return err;
	}
	if (!(fault & LQ_FAULT_BLIND))
		lq_self_check_target(41);
	unregister_kretprobe(&check);
	if (check_seen == 3)
		return 0;
	pr_err("self-check: a hooked call was not seen: are probes switched off (debugfs kprobes/enabled, kernel.ftrace_enabled)? Not loaded\n");
	return -EIO;
}
