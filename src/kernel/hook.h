/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hook.h - what a hook is; hook.c attaches, observe/hook_table.c lists
 */
#ifndef LISTENQ_HOOK_H
#define LISTENQ_HOOK_H

#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/tracepoint.h>

enum lq_hook_kind {
	LQ_HOOK_ENTRY,		/* kprobe at the entry */
	LQ_HOOK_RETURN,		/* kretprobe: entry and return */
	LQ_HOOK_TRACEPOINT,	/* one of the kernel's own tracepoints */
};

enum lq_hook_state {
	LQ_HOOK_ABSENT,		/* this kernel has no such function */
	LQ_HOOK_LEFT_OUT,	/* the parameter without= names it */
	LQ_HOOK_UNUSED,		/* another row already sees the same */
	LQ_HOOK_ATTACHED,
};

/**
 * struct lq_hook - one function of the kernel that we watch
 * @name: symbol of the function, or name of the tracepoint
 * @sees: what is seen there, for the load message and the hooks file
 * @blind: what is not seen when it is left out or absent; NULL: nothing
 * @kind: how it is hooked
 * @required: the module does not load without it
 * @unless: row number that makes this one unnecessary when attached; 0: none
 * @stands_in: names of the rows that do its job when it is absent, or NULL
 * @kp: the probe of an LQ_HOOK_ENTRY
 * @rp: the probe of an LQ_HOOK_RETURN
 * @probe: handler of an LQ_HOOK_TRACEPOINT
 * @hits: the segments, timers or calls its handler worked on
 * @tracepoint: found by name when it is attached
 * @state: result of attaching
 * @skipped: calls that who diverts let pass unseen when @rests
 * @missed: what its probe had missed when it began to rest: others may go on missing calls there
 * @elsewhere: what others have missed there while it rested, not to be counted
 * @rests: its probe is switched off: somebody diverts at the same entry, and does its work
 *
 * Everything up to @hits is constant; the rest belongs to hook.c and is written only while
 * the module loads and unloads, but for @skipped and what follows.
 */
struct lq_hook {
	const char *name;
	const char *sees;
	const char *blind;
	enum lq_hook_kind kind;
	bool required;
	int unless;
	const char *stands_in;
	struct kprobe kp;
	struct kretprobe rp;
	void *probe;
	unsigned long __percpu *hits;
	struct tracepoint *tracepoint;
	enum lq_hook_state state;
	atomic_long_t skipped;
	unsigned long missed;
	unsigned long elsewhere;
	bool rests;
};

/*
 * The rows, as bits, whose work who diverts at the same entry does on this processor. Its probe
 * may stand there, too, for a while: one of them does it, and which does not change while a
 * segment is on its way (kernel/between.h).
 */
DECLARE_PER_CPU(unsigned long, lq_probes_rest);

/**
 * lq_probe_rests() - is this call somebody else's to count?
 * @probe: whose handler asks; NULL: who diverts has called it
 * @row: its row's number
 *
 * Context: preemption off.
 */
static inline bool lq_probe_rests(const void *probe, int row)
{
	return probe && __this_cpu_read(lq_probes_rest) & BIT(row);
}

int lq_hooks_attach(struct lq_hook *table, int rows, const char *without);
void lq_hooks_detach(void);
int lq_hooks_say(void);
struct lq_hook *lq_hook_find(const char *name);
int lq_hook_row(const struct lq_hook *hook);
void lq_hook_note_missed(struct lq_hook *hook);
void lq_hook_rest(struct lq_hook *hook);
int lq_hook_wake(struct lq_hook *hook);
int lq_hook_sleep(struct lq_hook *hook);
void lq_hook_works(struct lq_hook *hook);

const char *lq_hook_how(const struct lq_hook *hook);
bool lq_hook_armed(const struct lq_hook *hook);
unsigned long lq_hook_missed(const struct lq_hook *hook);
unsigned long lq_hook_hits(const struct lq_hook *hook);

#endif
