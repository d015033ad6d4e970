// SPDX-License-Identifier: GPL-2.0
/*
 * overflow.c - dmesg says when a listener begins to refuse clients, and when it ends
 *
 * A handler only notes the refusal and wakes a worker, which prints two lines for each
 * overflow: one when it begins, one when nobody was refused for a while.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/workqueue.h>

#include "ledger.h"

#define FIRST_LINE_AFTER	(HZ / 10)	/* so that it can tell how many */
#define LOOK_EVERY		HZ
#define OVER_AFTER		(5 * HZ)
#define MOST_LINES		20		/* in one go; the others come in the next */

static void watch_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(watcher, watch_work);
static LLIST_HEAD(begun);
static LIST_HEAD(watched);	/* the worker's own */

/**
 * lq_overflowed() - a full queue refused a client
 * @o: of a listener in the table
 * @reason: why
 * @depth: length of the queue
 * @limit: that it should not have
 *
 * Context: a handler, preemption off.
 */
void lq_overflowed(struct lq_overflow *o, enum lq_reason reason, u32 depth, u32 limit)
{
	atomic_inc(&o->refused);
	WRITE_ONCE(o->reason, reason);
	WRITE_ONCE(o->depth, depth);
	WRITE_ONCE(o->limit, limit);
	WRITE_ONCE(o->last, jiffies);
	if (test_bit(0, &o->active) || test_and_set_bit(0, &o->active))
		return;
	refcount_inc(&o->l->refs);
	o->began = ktime_get_ns();
	llist_add(&o->node, &begun);
	schedule_delayed_work(&watcher, FIRST_LINE_AFTER);
}

static const char *name_of(const struct lq_overflow *o)
{
	switch (READ_ONCE(o->reason)) {
	case LQ_R_accept_queue_full:
		return "accept queue full";
	case LQ_R_last_quarter:
		return "SYN queue in the last quarter of tcp_max_syn_backlog";
	default:
		return "SYN queue full";
	}
}

static void tell_begin(struct lq_overflow *o)
{
	char where[LQ_WHERE_LEN];

	lq_listener_where(o->l, where, sizeof(where));
	pr_warn("%s: %s, %u of %u, clients refused: %d\n", where, name_of(o),
		READ_ONCE(o->depth), READ_ONCE(o->limit), atomic_read(&o->refused));
	o->told = true;
}

static void tell_end(struct lq_overflow *o)
{
	u64 ms = div_u64(ktime_get_ns() - o->began, NSEC_PER_MSEC);
	char where[LQ_WHERE_LEN];

	ms -= min_t(u64, ms, jiffies_to_msecs(jiffies - READ_ONCE(o->last)));
	lq_listener_where(o->l, where, sizeof(where));
	pr_info("%s: over: %s for %llu ms, clients refused: %d\n", where, name_of(o), ms,
		atomic_xchg(&o->refused, 0));
}

/* A refusal from now on is a new overflow. */
static void forget(struct lq_overflow *o)
{
	list_del(&o->list);
	o->told = false;
	clear_bit_unlock(0, &o->active);
	lq_listener_put(o->l);
}

static void watch_work(struct work_struct *work)
{
	struct llist_node *fresh = llist_del_all(&begun);
	struct lq_overflow *o, *next;
	int lines = 0;

	llist_for_each_entry_safe(o, next, fresh, node)
		list_add_tail(&o->list, &watched);
	list_for_each_entry_safe(o, next, &watched, list) {
		if (lines == MOST_LINES)
			break;
		if (!o->told) {
			tell_begin(o);
			lines++;
		} else if (time_after(jiffies, READ_ONCE(o->last) + OVER_AFTER)) {
			tell_end(o);
			forget(o);
			lines++;
		}
	}
	if (!list_empty(&watched))
		schedule_delayed_work(&watcher, LOOK_EVERY);
}

/**
 * lq_overflow_exit() - forget all overflows
 *
 * Context: process, sleeps. After the hooks are detached.
 */
void lq_overflow_exit(void)
{
	struct llist_node *fresh;
	struct lq_overflow *o, *next;

	cancel_delayed_work_sync(&watcher);
	fresh = llist_del_all(&begun);
	llist_for_each_entry_safe(o, next, fresh, node)
		list_add_tail(&o->list, &watched);
	list_for_each_entry_safe(o, next, &watched, list)
		forget(o);
}
