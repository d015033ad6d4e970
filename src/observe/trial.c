// SPDX-License-Identifier: GPL-2.0
/*
 * trial.c - would a probe's handler run just now?
 *
 * While another probe's handler runs on this processor, the kernel skips the probes that
 * leave marks in a frame: without them the verdict would be wrong. So, where a call is diverted
 * and a mark is not, a probe on a function of ours is tried before a frame is opened.
 */
#include <linux/kprobes.h>

#include "observe/hook_table.h"
#include "observe/trial.h"

static DEFINE_PER_CPU(bool, probed);
static bool needed;	/* written while nothing is diverted */

static noinline __noclone void try_probe(void)
{
	barrier();
}

static int on_try(struct kprobe *kp, struct pt_regs *regs)
{
	__this_cpu_write(probed, true);
	return 0;
}

NOKPROBE_SYMBOL(on_try);

static struct kprobe trial;

/**
 * lq_trial_start() - have the probe that is tried first in place
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error.
 */
int lq_trial_start(void)
{
	int err;

	memset(&trial, 0, sizeof(trial));
	trial.addr = (kprobe_opcode_t *)try_probe;
	trial.pre_handler = on_try;
	err = register_kprobe(&trial);
	needed = !err;
	return err;
}

/**
 * lq_trial_stop() - nothing is diverted any more
 *
 * Does nothing if it was not started.
 *
 * Context: process, sleeps.
 */
void lq_trial_stop(void)
{
	if (needed)
		unregister_kprobe(&trial);
	needed = false;
}

/**
 * lq_trial_fails() - would a mark of a diverted call go unseen? Then it counts as missed
 * @row: of the function
 *
 * Context: preemption off.
 * Return: whether it would.
 */
bool lq_trial_fails(enum lq_row row)
{
	bool *seen = this_cpu_ptr(&probed);

	if (likely(!needed))
		return false;
	/* The compiler sees nobody who would write there meanwhile. */
	WRITE_ONCE(*seen, false);
	try_probe();
	if (READ_ONCE(*seen))
		return false;
	atomic_long_inc(&lq_hooks[row].skipped);
	return true;
}
