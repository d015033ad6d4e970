// SPDX-License-Identifier: GPL-2.0
/*
 * here.c - what each processor adds to a busy listener's totals
 *
 * Where many processors add to one counter, each addition takes its line of memory from another
 * one. So a listener that has something to count gets counters for each processor (busy.c); who
 * reads adds them up. Most listeners have nothing to count, and processors may be many: they
 * begin without, and there is a bound to the memory of all.
 */
#include <linux/mm.h>
#include <linux/percpu.h>

#include "ledger/here.h"

#define MOST_SHARE 256	/* of the machine's memory */

static atomic_long_t taken = ATOMIC_LONG_INIT(0);	/* bytes */

static size_t size_of_all(void)
{
	return sizeof(struct lq_here) * num_possible_cpus();
}

/**
 * lq_here_make() - each processor gets its own, if there is memory
 * @totals: of a listener
 *
 * Context: process, sleeps.
 */
void lq_here_make(struct lq_totals *totals)
{
	unsigned long most = max(totalram_pages() / MOST_SHARE << PAGE_SHIFT, 1UL << 20);
	struct lq_here __percpu *here = NULL;

	if (atomic_long_add_return(size_of_all(), &taken) <= most)
		here = alloc_percpu_gfp(struct lq_here, GFP_KERNEL | __GFP_NOWARN);
	if (!here)
		atomic_long_sub(size_of_all(), &taken);
	/* Who sees them finds them zero. */
	smp_store_release(&totals->here, here);
}

/**
 * lq_here_free() - free what lq_here_make() made
 * @totals: nobody counts there any more, nor reads
 *
 * Context: any.
 */
void lq_here_free(struct lq_totals *totals)
{
	if (!totals->here)
		return;
	free_percpu(totals->here);
	atomic_long_sub(size_of_all(), &taken);
}

/**
 * lq_here_get() - what all processors added to one counter
 * @totals: of a listener
 * @offset: of the counter in struct lq_here
 *
 * Context: any. Takes as long as there are processors.
 * Return: the sum.
 */
s64 lq_here_get(const struct lq_totals *totals, size_t offset)
{
	struct lq_here __percpu *here = READ_ONCE(totals->here);
	s64 sum = 0;
	int cpu;

	if (!here)
		return 0;
	for_each_possible_cpu(cpu)
		sum += READ_ONCE(*(s64 *)((char *)per_cpu_ptr(here, cpu) + offset));
	return sum;
}

/**
 * lq_here_high() - the longest that a queue was seen
 * @l: the listener
 * @queue: which
 *
 * Context: any.
 * Return: its length.
 */
u32 lq_here_high(const struct lq_listener *l, enum lq_queue_kind queue)
{
	struct lq_here __percpu *here = READ_ONCE(l->totals.here);
	u32 high = READ_ONCE(l->high[queue]);
	int cpu;

	if (!here)
		return high;
	for_each_possible_cpu(cpu)
		high = max(high, READ_ONCE(per_cpu_ptr(here, cpu)->high[queue]));
	return high;
}

static void add(atomic64_t *to, const s64 *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (READ_ONCE(from[i]))
			atomic64_add(READ_ONCE(from[i]), &to[i]);
}

static void add_one(struct lq_totals *sum, const struct lq_here *here)
{
	add(sum->verdicts, here->verdicts, LQ_V_count);
	add(sum->tallies, here->tallies, LQ_TALLY_count);
	add(sum->hists[0], here->hists[0], LQ_HIST_count * LQ_HIST_BUCKETS);
	add(sum->attempts, here->attempts, LQ_ATTEMPT_count);
	add(sum->clients, here->clients, LQ_R_count);
	add(sum->refused, here->refused, LQ_R_count);
	add(sum->overflows, here->overflows, LQ_QUEUE_KINDS);
}

/**
 * lq_here_add() - add what all processors have to other totals
 * @sum: what is added to
 * @totals: of a listener
 *
 * Context: any, best with interrupts on: takes as long as there are processors.
 */
void lq_here_add(struct lq_totals *sum, const struct lq_totals *totals)
{
	struct lq_here __percpu *here = READ_ONCE(totals->here);
	int cpu;

	if (!here)
		return;
	for_each_possible_cpu(cpu)
		add_one(sum, per_cpu_ptr(here, cpu));
}
