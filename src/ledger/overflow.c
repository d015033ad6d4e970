// SPDX-License-Identifier: GPL-2.0
/*
 * overflow.c - dmesg says when a listener begins to refuse clients, and when it ends
 *
 * A handler only notes the refusal and wakes a worker, which prints two lines for each
 * overflow: one when it begins; one when there is room again and nobody was refused for a
 * while, or when the listener has closed.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/workqueue.h>

#include "kernel/differences.h"
#include "ledger/counts.h"
#include "ledger/here.h"
#include "ledger/lengths.h"
#include "ledger/listener.h"
#include "ledger/name.h"
#include "ledger/overflow.h"

#define FIRST_LINE_AFTER	(HZ / 10)	/* so that it can tell how many */
#define LOOK_EVERY		HZ
#define OVER_AFTER		(5 * HZ)
#define MOST_LINES		20		/* in one go; the others come in the next */

static void watch_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(watcher, watch_work);
static LLIST_HEAD(begun);
static LIST_HEAD(watched);	/* the worker's own */

static DEFINE_RAW_SPINLOCK(begin_lock);
static u32 last_episode;	/* under begin_lock */

/* Refused by it since its listener is there. */
static u64 segments_of(const struct lq_overflow *o)
{
	return lq_counted(&o->l->totals, overflows[lq_overflow_queue(o)]);
}

/*
 * With begin_lock held, once for each overflow. What a handler on another processor adds to
 * the last one just now, which has been told, is this one's, or nobody's.
 */
static void begin(struct lq_overflow *o)
{
	lockdep_assert_held(&begin_lock);
	o->began = ktime_get_ns();
	o->before = segments_of(o);
	atomic_set(&o->clients, 0);
	atomic_set(&o->crowd, 0);
	WRITE_ONCE(o->unsure, false);
	/* Pairs with count_once(): who counts for it finds it at 0. */
	smp_store_release(&o->episode, ++last_episode);
	lq_name_device(o->dev, sock_net(o->l->sk), o->l->where.ifindex);
	refcount_inc(&o->l->refs);
	/* Pairs with lq_overflowed(): whoever sees it counts for this one. */
	smp_store_release(&o->active, true);
	llist_add(&o->node, &begun);
	schedule_delayed_work(&watcher, FIRST_LINE_AFTER);
}

/**
 * lq_overflowed() - a full queue refused a client
 * @o: of a listener in the table
 * @reason: why
 * @depth: length of the queue
 * @limit: that it should not have
 *
 * Whose segment it was is for lq_refused_note() to count.
 *
 * Context: a handler, preemption off.
 */
void lq_overflowed(struct lq_overflow *o, enum lq_reason reason, u32 depth, u32 limit)
{
	unsigned long flags;

	lq_note(o->reason, reason);
	lq_note(o->depth, depth);
	lq_note(o->limit, limit);
	lq_note(o->last, jiffies);
	/* Pairs with begin(), and with forget(). */
	if (unlikely(!smp_load_acquire(&o->active))) {
		raw_spin_lock_irqsave(&begin_lock, flags);
		if (!o->active)
			begin(o);
		raw_spin_unlock_irqrestore(&begin_lock, flags);
	}
	lq_count(&o->l->totals, overflows[lq_overflow_queue(o)], 1);
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

/* "at least 2 clients refused (8 segments)" */
#define REFUSED_LEN sizeof("at least 2147483648 clients refused (2147483648 segments)")

static void count_up(const struct lq_overflow *o, char *text, size_t size)
{
	unsigned int segments = segments_of(o) - o->before;
	unsigned int clients = max(atomic_read(&o->clients), 1);

	snprintf(text, size, "%s%u client%s refused (%u segment%s)",
		 READ_ONCE(o->unsure) ? "at least " : "", clients, clients == 1 ? "" : "s",
		 segments, segments == 1 ? "" : "s");
}

static void tell_begin(struct lq_overflow *o)
{
	char where[LQ_WHERE_LEN], refused[REFUSED_LEN];

	lq_name_listener(where, sizeof(where), o->l, o->dev);
	count_up(o, refused, sizeof(refused));
	pr_warn("%s: %s, %u of %u, %s\n", where, name_of(o), READ_ONCE(o->depth),
		READ_ONCE(o->limit), refused);
	o->told = true;
}

/* Until there was room, or the listener closed; at least from the first refusal to the last. */
static u64 lasted_ms(const struct lq_overflow *o)
{
	u64 end = ktime_get_ns() - jiffies_to_nsecs(jiffies - READ_ONCE(o->last));

	end = max3(end, READ_ONCE(o->l->room_since[lq_overflow_queue(o)]), READ_ONCE(o->l->closed));
	return end > o->began ? div_u64(end - o->began, NSEC_PER_MSEC) : 0;
}

static void tell_end(struct lq_overflow *o, const char *how)
{
	char where[LQ_WHERE_LEN], refused[REFUSED_LEN];

	lq_name_listener(where, sizeof(where), o->l, o->dev);
	count_up(o, refused, sizeof(refused));
	pr_info("%s: %s: %s for %llu ms, %s\n", where, how, name_of(o), lasted_ms(o), refused);
}

/* A refusal from now on is a new overflow. */
static void forget(struct lq_overflow *o)
{
	struct lq_listener *l = o->l;

	list_del(&o->list);
	o->told = false;
	/* Pairs with lq_overflowed(): who begins the next one finds it off the list. */
	smp_store_release(&o->active, false);
	lq_listener_put(l);
}

/* Of a listener in the table, under RCU. */
static bool has_room(const struct lq_overflow *o)
{
	struct lq_lengths q;
	s32 most;

	/* The ledger may see it now, too. */
	lq_ledger_look(o->l);
	lq_ledger_lengths(&q, o->l);
	if (lq_overflow_queue(o) == LQ_ACCEPTQ)
		return q.acceptq <= q.acceptq_limit;
	if (lq_synq_full(&lq_this_kernel, q.synq, q.synq_limit))
		return false;
	most = READ_ONCE(o->limit);
	return READ_ONCE(o->reason) != LQ_R_last_quarter || most - (s32)q.synq >= most >> 2;
}

/* How it has ended; NULL: it goes on, for it may also be full while nobody comes. */
static const char *end_of(const struct lq_overflow *o)
{
	const char *how = NULL;

	rcu_read_lock();
	if (lq_listener_find(o->l->cookie) != o->l)
		how = "closed";
	else if (time_after(jiffies, READ_ONCE(o->last) + OVER_AFTER) && has_room(o))
		how = "over";
	rcu_read_unlock();
	return how;
}

/* Says a line of it, or not: whether it did. */
static bool watch(struct lq_overflow *o)
{
	const char *how;

	if (!o->told) {
		tell_begin(o);
		return true;
	}
	how = end_of(o);
	if (!how)
		return false;
	tell_end(o, how);
	forget(o);
	return true;
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
		lines += watch(o);
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
