// SPDX-License-Identifier: GPL-2.0
/*
 * backlogs.c - what the backlogs of an endpoint's listeners add up to
 *
 * The limit of a SYN queue is the sum of the listeners' backlogs. Of a few it is added up at
 * once, of more by a worker a moment later. Until then it is more than it should be, never less:
 * a backlog that comes is put on top, and one that goes stays. Each time all are added up from
 * what is there, so that no mistake lasts.
 *
 *   backlogs = added_up, by the worker + more, that came since he began
 *
 * listen() on a listener is seen before it is done, and several may be under way at once, of
 * which any may be done last: the worker looks again for a while, and longer as long as the
 * listener has not what was asked for last.
 */
#include <linux/minmax.h>

#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/walk.h"
#include "queue/memory.h"
#include "takeover/backlogs.h"

/* Listeners that come one after the other are added up together. */
#define ADD_UP_AFTER	max(HZ / 50, 1)

/*
 * So long a listen() that was seen counts as if it were done, unless that were less; and so long
 * one is expected that was not seen to be done. The worker looks every LOOK_AGAIN.
 */
#define COUNTS_FOR	HZ
#define EXPECTED_FOR	(30 * HZ)
#define LOOK_AGAIN	(HZ / 10)

/* What backlogs add up to; limits are compared as signed numbers. */
static u32 bounded(u64 sum)
{
	return min_t(u64, sum, INT_MAX);
}

/* With the ledger's lock held: for all that ask for a limit. */
static void publish(struct lq_synq *q, const struct lq_endpoint *ep)
{
	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	WRITE_ONCE(q->backlogs, ep->open > 1 ? bounded(q->added_up + q->more) : 0);
}

/* With the ledger's lock held: what counts of a listener that listen() is called on. */
static u32 expected(struct lq_listener *l, u32 backlog)
{
	unsigned long age = jiffies - l->asked_at;

	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	if (age <= COUNTS_FOR)
		return max(backlog, l->asked);
	if (l->asked == backlog || age > EXPECTED_FOR)
		l->asked_at = 0;
	return backlog;
}

/**
 * lq_backlogs_add() - a listener's backlog is in a sum
 * @l: the listener
 * @sum: the sum
 *
 * Context: with the ledger's lock held.
 */
void lq_backlogs_add(struct lq_listener *l, struct lq_addition *sum)
{
	u32 backlog = READ_ONCE(l->sk->sk_max_ack_backlog);

	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	if (unlikely(l->asked_at))
		backlog = expected(l, backlog);
	if (unlikely(l->asked_at))
		sum->expects = true;
	sum->backlogs += backlog;
}

/* With the ledger's lock held. */
static void visit(struct lq_listener *l, void *sum)
{
	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	lq_backlogs_add(l, sum);
}

/* With the ledger's lock held: the worker adds up, soon. */
static void add_up_later(struct lq_synq *q)
{
	lockdep_assert_held(&lq_ledger_of(q->net)->listeners.xa_lock);
	schedule_delayed_work(&q->adder, ADD_UP_AFTER);
}

/* With the ledger's lock held: a few at once, and what the worker is at is void. */
static void add_up(struct lq_synq *q, struct lq_endpoint *ep)
{
	struct lq_addition sum = { 0 };
	unsigned long at = 0;

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	if (lq_are_many(ep)) {
		add_up_later(q);
		return;
	}
	lq_walk_piece(ep, &at, LQ_OPEN, visit, &sum);
	q->added_up = sum.backlogs;
	q->more = 0;
	q->turn++;
	if (sum.expects)
		add_up_later(q);
}

/**
 * lq_backlogs_changed() - a listener has come or gone, or its backlog changes
 * @q: the endpoint's queue
 * @ep: the endpoint
 * @more: what has come
 *
 * Context: any, with the ledger's lock held.
 */
void lq_backlogs_changed(struct lq_synq *q, struct lq_endpoint *ep, u32 more)
{
	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	if (lq_are_many(ep))
		q->more += more;
	add_up(q, ep);
	publish(q, ep);
}

/**
 * lq_backlogs_begin() - an endpoint is taken over, its listeners have been added up
 * @q: its queue
 * @ep: the endpoint
 * @sum: what they add up to
 *
 * Context: any, with the ledger's lock held.
 */
void lq_backlogs_begin(struct lq_synq *q, struct lq_endpoint *ep, const struct lq_addition *sum)
{
	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	q->added_up = sum->backlogs;
	publish(q, ep);
	if (sum->expects)
		add_up_later(q);
}

/* What came meanwhile is in it, or in @more, or in both: then somebody has asked for it again. */
static void note_sum(struct lq_ledger *ledger, struct lq_synq *q, u32 turn, u64 more, u64 sum)
{
	struct lq_endpoint *ep;

	xa_lock_irq(&ledger->listeners);
	ep = lq_endpoint_find(ledger, q->id);
	if (ep && ep->queue == q && q->turn == turn) {
		q->added_up = sum;
		q->more -= more;
		publish(q, ep);
		/* More may be to fit. */
		lq_memory_ask(q);
	}
	xa_unlock_irq(&ledger->listeners);
}

/**
 * lq_backlogs_add_up() - add the backlogs of an endpoint's listeners up
 * @work: of its queue
 *
 * Context: process, sleeps.
 */
void lq_backlogs_add_up(struct work_struct *work)
{
	struct lq_synq *q = container_of(to_delayed_work(work), struct lq_synq, adder);
	struct lq_ledger *ledger = lq_ledger_of(q->net);
	struct lq_addition sum = { 0 };
	u64 more;
	u32 turn;

	xa_lock_irq(&ledger->listeners);
	turn = q->turn;
	more = q->more;
	xa_unlock_irq(&ledger->listeners);
	lq_walk(ledger, q->id, LQ_OPEN, visit, &sum);
	note_sum(ledger, q, turn, more, sum.backlogs);
	if (sum.expects)
		schedule_delayed_work(&q->adder, LOOK_AGAIN);
}

/**
 * lq_backlogs_sum() - what the backlogs of an endpoint's listeners add up to
 * @ledger: of its network namespace
 * @id: number of the endpoint
 *
 * Context: process, sleeps.
 * Return: their sum, 1 at least.
 */
u32 lq_backlogs_sum(struct lq_ledger *ledger, u32 id)
{
	struct lq_addition sum = { 0 };

	lq_walk(ledger, id, LQ_OPEN, visit, &sum);
	return max(bounded(sum.backlogs), 1U);
}
