// SPDX-License-Identifier: GPL-2.0
/*
 * members.c - the listeners of an endpoint that is taken over: they come, go, change, accept
 */
#include "queue/parking.h"
#include "takeover/ask.h"
#include "takeover/members.h"
#include "takeover/retire.h"
#include "takeover/rules.h"

/* With the ledger's lock held: among the endpoint's listeners, one that is open. */
static struct lq_listener *open_listener(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	struct lq_listener *l;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	list_for_each_entry(l, &ep->listeners, sibling)
		if (xa_load(&ledger->listeners, l->cookie) == l)
			return l;
	return NULL;
}

/**
 * lq_members_changed() - an endpoint's listeners have changed
 * @ledger: of its network namespace
 * @ep: the endpoint
 *
 * Context: any, with the ledger's lock held.
 */
void lq_members_changed(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	struct lq_synq *q = ep->queue;
	struct lq_listener *l;
	u32 backlogs = 0, n = 0;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (unlikely(!q && !ep->released && lq_rule_find(ledger, ep->where.port)))
		lq_rules_want(ledger, ep);
	if (likely(!q))
		return;
	list_for_each_entry(l, &ep->listeners, sibling) {
		if (xa_load(&ledger->listeners, l->cookie) != l)
			continue;
		rcu_assign_pointer(l->queue, q);
		backlogs += READ_ONCE(l->sk->sk_max_ack_backlog);
		n++;
	}
	WRITE_ONCE(q->backlogs, n > 1 ? backlogs : 0);
	l = open_listener(ledger, ep);
	rcu_assign_pointer(q->sender, l);
	if (l && !uid_eq(l->uid, q->uid)) {
		q->uid = l->uid;
		schedule_work(&q->evictor);
	}
	lq_park_kick(q);
	if (!ep->open)
		lq_retire_later(ledger, q);
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
	struct lq_synq *q = lq_synq_of(sk);

	if (!q)
		return;
	if (q->backlogs)
		WRITE_ONCE(q->backlogs, q->backlogs + backlog -
			   READ_ONCE(sk->sk_max_ack_backlog));
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
