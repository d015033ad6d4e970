// SPDX-License-Identifier: GPL-2.0
/*
 * members.c - the listeners of an endpoint that is taken over: they come, go, change, accept
 *
 * They are as many as a user makes, and come and go with the ledger's lock held: each of them
 * costs the same, however many there are. What has to look at all of them does so in pieces
 * (ledger/walk.c).
 */
#include "kernel/ksym.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/task.h"
#include "ledger/walk.h"
#include "queue/memory.h"
#include "queue/parking.h"
#include "queue/settings.h"
#include "takeover/ask.h"
#include "takeover/backlogs.h"
#include "takeover/members.h"
#include "takeover/retire.h"
#include "takeover/rules.h"

/* With the ledger's lock held: nobody listens now, but handshakes are pending. */
static void leave_alone(struct lq_synq *q, struct lq_endpoint *ep)
{
	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	WRITE_ONCE(q->alone_us[q->nr_alone++ % LQ_LEFT_ALONE], tcp_clock_us());
	if (atomic_read(&q->len))
		lq_endpoint_note_closer(ep);
}

/* With the ledger's lock held: the oldest open listener repeats SYN-ACKs. */
static void choose_sender(struct lq_synq *q, struct lq_endpoint *ep)
{
	unsigned long at = 0;
	struct lq_listener *l = xa_find(&ep->listeners, &at, ULONG_MAX, LQ_OPEN);

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	if (!l && rcu_access_pointer(q->sender))
		leave_alone(q, ep);
	rcu_assign_pointer(q->sender, l);
	if (l && !uid_eq(l->uid, q->uid)) {
		q->uid = l->uid;
		q->pays = READ_ONCE(l->payer);
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
		lq_rules_want(ledger, ep);
	if (likely(!q))
		return;
	lq_backlogs_changed(q, ep, l->closed ? 0 : READ_ONCE(l->sk->sk_max_ack_backlog));
	choose_sender(q, ep);
	lq_parking_kick(q);
	/* More may be to fit. */
	if (!l->closed)
		lq_memory_ask(q);
	if (!ep->open)
		lq_retire_later(ledger, q);
}

/**
 * struct leading - listeners are led to a queue, and added up
 * @q: the queue
 * @sum: of their backlogs
 */
struct leading {
	struct lq_synq *q;
	struct lq_addition sum;
};

/* With the ledger's lock held. */
static void lead_to(struct lq_listener *l, void *arg)
{
	struct leading *leading = arg;

	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	rcu_assign_pointer(l->queue, leading->q);
	lq_backlogs_add(l, &leading->sum);
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
	struct leading leading = { .q = q };
	unsigned long at = 0;

	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	q->draining = lq_are_many(ep);
	leading.sum.expects = q->draining;
	lq_endpoint_set_queue(ledger, ep, q);
	choose_sender(q, ep);
	lq_walk_piece(ep, &at, LQ_OPEN, lead_to, &leading);
	if (q->draining) {
		xa_unlock_irq(&ledger->listeners);
		lq_walk_rest(ledger, q->id, at, LQ_OPEN, lead_to, &leading);
		xa_lock_irq(&ledger->listeners);
	}
	lq_backlogs_begin(q, ep, &leading.sum);
	/* Who listened when it was made may have closed since. */
	if (!ep->open)
		lq_retire_later(ledger, q);
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
	lockdep_assert_held(&l->ledger->listeners.xa_lock);
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

	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	lq_endpoint_set_queue(ledger, ep, NULL);
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

	if (!l)
		return;
	xa_lock_irqsave(&l->ledger->listeners, flags);
	ep = l->endpoint;
	/* Whoever takes it over meanwhile adds that up, too. */
	l->asked = backlog;
	l->asked_at = jiffies ?: 1;
	if (ep && q && ep->queue == q)
		lq_backlogs_changed(q, ep, backlog);
	xa_unlock_irqrestore(&l->ledger->listeners, flags);
	if (!q)
		return;
	lq_parking_backlog(q);
	lq_memory_ask(q);
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
		lq_parking_kick(q);
}
