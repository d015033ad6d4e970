// SPDX-License-Identifier: GPL-2.0
/*
 * members.c - the listeners of an endpoint that is taken over: they come, go, change, accept
 *
 * They are as many as a user makes, and come and go with the ledger's lock held: each of them
 * costs the same, however many there are. What has to look at all of them does so in pieces
 * (ledger/walk.c).
 *
 * Backlogs. The limit of the SYN queue is the sum of the listeners' backlogs. Of a few it is
 * added up at once, of more by a worker a moment later. Until then it is more than it should
 * be, never less: a backlog that comes is put on top, and one that goes stays. Each time all
 * are added up from what is there, so that no mistake lasts.
 *
 *   backlogs = added_up, by the worker + more, that came since he began
 *
 * listen() on a listener is seen before it is done, and several may be under way at once, of
 * which any may be done last: the worker looks again for a while, and longer as long as the
 * listener has not what was asked for last.
 */
#include <linux/minmax.h>

#include "kernel/ksym.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/walk.h"
#include "queue/parking.h"
#include "queue/settings.h"
#include "takeover/members.h"
#include "takeover/rules.h"

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

/**
 * struct addition - backlogs are being added up
 * @backlogs: so far
 * @expects: it is to be done again: a listen() may be under way
 * @q: lq_members_begin(): what the listeners are to lead to
 */
struct addition {
	u64 backlogs;
	bool expects;
	struct lq_synq *q;
};

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

/* With the ledger's lock held. */
static void add_backlog(struct lq_listener *l, void *arg)
{
	u32 backlog = READ_ONCE(l->sk->sk_max_ack_backlog);
	struct addition *sum = arg;

	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	if (unlikely(l->asked_at))
		backlog = expected(l, backlog);
	if (unlikely(l->asked_at))
		sum->expects = true;
	sum->backlogs += backlog;
}

/* With the ledger's lock held: the worker adds up, soon. */
static void add_up_later(struct lq_synq *q)
{
	schedule_delayed_work(&q->adder, ADD_UP_AFTER);
}

static bool are_many(const struct lq_endpoint *ep)
{
	return ep->open > LQ_PIECE;
}

/* With the ledger's lock held: a few at once, and what the worker is at is void. */
static void add_up(struct lq_synq *q, struct lq_endpoint *ep)
{
	struct addition sum = { 0 };
	unsigned long at = 0;

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	if (are_many(ep)) {
		add_up_later(q);
		return;
	}
	lq_walk_piece(ep, &at, LQ_OPEN, add_backlog, &sum);
	q->added_up = sum.backlogs;
	q->more = 0;
	q->turn++;
	if (sum.expects)
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
	}
	xa_unlock_irq(&ledger->listeners);
}

/**
 * lq_members_add_up() - add the backlogs of an endpoint's listeners up
 * @work: of its queue
 *
 * Context: process, sleeps.
 */
void lq_members_add_up(struct work_struct *work)
{
	struct lq_synq *q = container_of(to_delayed_work(work), struct lq_synq, adder);
	struct lq_ledger *ledger = lq_ledger_of(q->net);
	struct addition sum = { 0 };
	u64 more;
	u32 turn;

	xa_lock_irq(&ledger->listeners);
	turn = q->turn;
	more = q->more;
	xa_unlock_irq(&ledger->listeners);
	lq_walk(ledger, q->id, LQ_OPEN, add_backlog, &sum);
	note_sum(ledger, q, turn, more, sum.backlogs);
	if (sum.expects)
		schedule_delayed_work(&q->adder, LOOK_AGAIN);
}

/**
 * lq_members_backlogs() - what the backlogs of an endpoint's listeners add up to
 * @ledger: of its network namespace
 * @id: number of the endpoint
 *
 * Context: process, sleeps.
 * Return: their sum, 1 at least.
 */
u32 lq_members_backlogs(struct lq_ledger *ledger, u32 id)
{
	struct addition sum = { 0 };

	lq_walk(ledger, id, LQ_OPEN, add_backlog, &sum);
	return max(bounded(sum.backlogs), 1U);
}

/* With the ledger's lock held: the oldest open listener repeats SYN-ACKs. */
static void choose_sender(struct lq_synq *q, struct lq_endpoint *ep)
{
	unsigned long at = 0;
	struct lq_listener *l = xa_find(&ep->listeners, &at, ULONG_MAX, LQ_OPEN);

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	rcu_assign_pointer(q->sender, l);
	if (l && !uid_eq(l->uid, q->uid)) {
		q->uid = l->uid;
		schedule_work(&q->evictor);
	}
}

/**
 * lq_members_changed() - a listener of an endpoint has come or gone
 * @ledger: of its network namespace
 * @ep: the endpoint
 * @l: the listener: open, or closed
 *
 * Context: any, with the ledger's lock held.
 */
void lq_members_changed(struct lq_ledger *ledger, struct lq_endpoint *ep,
			struct lq_listener *l)
{
	struct lq_synq *q = ep->queue;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (unlikely(!q && !ep->released && lq_rule_find(ledger, ep->where.port)))
		schedule_work(&ledger->ruler);
	if (likely(!q))
		return;
	if (!l->closed && are_many(ep))
		q->more += READ_ONCE(l->sk->sk_max_ack_backlog);
	add_up(q, ep);
	publish(q, ep);
	choose_sender(q, ep);
	lq_park_kick(q);
}

/* With the ledger's lock held. */
static void lead_to(struct lq_listener *l, void *arg)
{
	struct addition *sum = arg;

	rcu_assign_pointer(l->queue, sum->q);
	add_backlog(l, sum);
}

/**
 * lq_members_begin() - an endpoint is taken over: its listeners lead to its SYN queue
 * @ledger: of its network namespace
 * @ep: the endpoint
 * @q: the queue
 *
 * A segment for a record may come to any of the listeners. So no record is made before all
 * of them lead to it, if they are too many to be led there at once.
 *
 * Context: process, sleeps, commands locked, with the ledger's lock held, which others may
 * have in between.
 */
void lq_members_begin(struct lq_ledger *ledger, struct lq_endpoint *ep, struct lq_synq *q)
	__must_hold(&ledger->listeners.xa_lock)
{
	struct addition sum = { .q = q };
	unsigned long at = 0;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	q->draining = are_many(ep);
	sum.expects = q->draining;
	ep->queue = q;
	choose_sender(q, ep);
	lq_walk_piece(ep, &at, LQ_OPEN, lead_to, &sum);
	if (q->draining) {
		xa_unlock_irq(&ledger->listeners);
		lq_walk_rest(ledger, q->id, at, LQ_OPEN, lead_to, &sum);
		xa_lock_irq(&ledger->listeners);
	}
	q->added_up = sum.backlogs;
	publish(q, ep);
	if (sum.expects)
		add_up_later(q);
	if (!READ_ONCE(q->why))
		WRITE_ONCE(q->draining, false);
	/* Many endpoints may be taken over at once. */
	xa_unlock_irq(&ledger->listeners);
	cond_resched();
	xa_lock_irq(&ledger->listeners);
}

/* With the ledger's lock held. */
static void lead_away(struct lq_listener *l, void *q)
{
	rcu_read_lock();
	lq_synq_pass_on_cookies(q, l->sk, l->uid);
	rcu_read_unlock();
	RCU_INIT_POINTER(l->queue, NULL);
}

/**
 * lq_members_end() - an endpoint is taken over no more: nobody finds its queue through a listener
 * @ledger: of its network namespace
 * @ep: the endpoint, which may be forgotten then
 *
 * Context: process, sleeps, commands locked, with the ledger's lock held, which others may
 * have in between.
 */
void lq_members_end(struct lq_ledger *ledger, struct lq_endpoint *ep)
	__must_hold(&ledger->listeners.xa_lock)
{
	struct lq_synq *q = ep->queue;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	ep->queue = NULL;
	ep->released = true;
	RCU_INIT_POINTER(q->sender, NULL);
	if (xa_empty(&ep->listeners))
		lq_endpoint_rest(ledger, ep);
	xa_unlock_irq(&ledger->listeners);
	lq_walk(ledger, q->id, XA_PRESENT, lead_away, q);
	xa_lock_irq(&ledger->listeners);
}

/**
 * lq_members_backlog() - listen() changes the backlog of a listener
 * @sk: the listener, with its old backlog still
 * @backlog: the new one
 *
 * Context: process, preemption off.
 */
void lq_members_backlog(struct sock *sk, u32 backlog)
{
	struct lq_listener *l = lq_listener_find(lq_sock_cookie(sk));
	struct lq_synq *q = l ? rcu_dereference_check(l->queue, true) : NULL;
	struct lq_endpoint *ep;
	unsigned long flags;

	if (!q)
		return;
	xa_lock_irqsave(&l->ledger->listeners, flags);
	ep = l->endpoint;
	if (ep && ep->queue == q) {
		l->asked = backlog;
		l->asked_at = jiffies ?: 1;
		if (are_many(ep))
			q->more += backlog;
		add_up(q, ep);
		publish(q, ep);
	}
	xa_unlock_irqrestore(&l->ledger->listeners, flags);
	lq_park_backlog(q);
}

/**
 * lq_members_made_room() - accept() has taken a connection
 * @l: the listener it waited at
 *
 * Context: process, preemption off.
 */
void lq_members_made_room(const struct lq_listener *l)
{
	struct lq_synq *q = rcu_dereference_check(l->queue, true);

	if (q)
		lq_park_kick(q);
}
