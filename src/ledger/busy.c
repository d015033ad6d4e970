// SPDX-License-Identifier: GPL-2.0
/*
 * busy.c - a listener that something is counted of gets counters for each processor
 */
#include <linux/llist.h>
#include <linux/workqueue.h>

#include "ledger/busy.h"
#include "ledger/here.h"
#include "ledger/listener.h"

#define BUSY_AFTER 64	/* segments */

static void make_work(struct work_struct *work);
static DECLARE_WORK(maker, make_work);
static LLIST_HEAD(asking);

static void make_work(struct work_struct *work)
{
	struct lq_listener *l, *next;

	llist_for_each_entry_safe(l, next, llist_del_all(&asking), busy) {
		lq_here_make(&l->totals);
		lq_listener_put(l);
		cond_resched();
	}
}

/**
 * lq_busy_note() - something was counted of a listener whose counters processors share
 * @l: the listener
 *
 * Context: a handler, preemption off.
 */
void lq_busy_note(struct lq_listener *l)
{
	if (atomic_read(&l->shared) >= BUSY_AFTER || atomic_inc_return(&l->shared) != BUSY_AFTER)
		return;
	refcount_inc(&l->refs);
	llist_add(&l->busy, &asking);
	schedule_work(&maker);
}

/**
 * lq_busy_settle() - wait until nobody makes counters
 *
 * Context: process, sleeps. Nothing is counted any more.
 */
void lq_busy_settle(void)
{
	flush_work(&maker);
}
