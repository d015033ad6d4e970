// SPDX-License-Identifier: GPL-2.0
/*
 * walk.c - the listeners of an endpoint, in pieces
 *
 * An endpoint has as many listeners as a user makes (SO_REUSEPORT), and the ledger's lock is
 * held with interrupts off: so it is held for a few of them at a time. What a walk has in
 * between is two numbers, the endpoint's and the place of the next listener: places grow, as
 * long as there is a listener. So listeners may come and go, and the endpoint with them.
 */
#include <linux/sched.h>

#include "ledger/endpoint.h"
#include "ledger/here.h"
#include "ledger/lengths.h"
#include "ledger/listener.h"
#include "ledger/totals.h"
#include "ledger/walk.h"

/**
 * lq_walk_piece() - go to some more listeners of an endpoint
 * @ep: the endpoint
 * @at: place to begin at; moves on
 * @which: LQ_OPEN, or XA_PRESENT: those too that have closed and are not added to it yet
 * @visit: what to do with each
 * @arg: for it
 *
 * Context: with the ledger's lock held.
 * Return: whether there may be more.
 */
bool lq_walk_piece(struct lq_endpoint *ep, unsigned long *at, xa_mark_t which,
		   lq_visit_fn *visit, void *arg)
{
	struct lq_listener *l;
	int n;

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	for (n = 0; n < LQ_PIECE; n++) {
		l = xa_find(&ep->listeners, at, ULONG_MAX, which);
		if (!l)
			return false;
		++*at;
		visit(l, arg);
	}
	return true;
}

/**
 * lq_walk_rest() - go to the listeners of an endpoint from a place on
 * @ledger: of its network namespace
 * @id: number of the endpoint, which may be gone
 * @at: place to begin at
 * @which: as lq_walk_piece()
 * @visit: what to do with each, with the ledger's lock held
 * @arg: for it
 *
 * One that comes meanwhile is visited, too.
 *
 * Context: process, sleeps.
 */
void lq_walk_rest(struct lq_ledger *ledger, u32 id, unsigned long at, xa_mark_t which,
		  lq_visit_fn *visit, void *arg)
{
	struct lq_endpoint *ep;
	bool more;

	do {
		xa_lock_irq(&ledger->listeners);
		ep = lq_endpoint_find(ledger, id);
		more = ep && lq_walk_piece(ep, &at, which, visit, arg);
		xa_unlock_irq(&ledger->listeners);
		cond_resched();
	} while (more);
}

/**
 * lq_walk() - go to all listeners of an endpoint
 * @ledger: of its network namespace
 * @id: number of the endpoint, which may be gone
 * @which: as lq_walk_piece()
 * @visit: what to do with each, with the ledger's lock held
 * @arg: for it
 *
 * Context: process, sleeps.
 */
void lq_walk(struct lq_ledger *ledger, u32 id, xa_mark_t which, lq_visit_fn *visit, void *arg)
{
	lq_walk_rest(ledger, id, 0, which, visit, arg);
}

static void add_listener(struct lq_listener *l, void *arg)
{
	struct lq_sum *sum = arg;

	if (!l->closed) {
		lq_ledger_look(l);
		sum->waiting += READ_ONCE(l->sk->sk_ack_backlog);
		sum->open++;
	}
	lq_totals_add(sum->totals, l);
	if (!READ_ONCE(l->totals.here))
		return;
	refcount_inc(&l->refs);
	sum->busy[sum->nr_busy++] = l;
}

/* One that leaves meanwhile is added to its endpoint, and was in the sum before. */
static void add_busy(struct lq_sum *sum)
{
	struct lq_listener *l;

	while (sum->nr_busy) {
		l = sum->busy[--sum->nr_busy];
		lq_here_add(sum->totals, &l->totals);
		lq_listener_put(l);
	}
}

/* With the ledger's lock held. Returns whether there is more. */
static bool add_piece(struct lq_ledger *ledger, struct lq_sum *sum)
{
	struct lq_endpoint *ep = lq_endpoint_find(ledger, sum->id);

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!ledger->sum && ep) {
		lq_totals_sum(sum->totals, &ep->closed);
		ledger->sum = sum;
	}
	if (ep && lq_walk_piece(ep, &sum->at, XA_PRESENT, add_listener, sum))
		return true;
	ledger->sum = NULL;
	if (!ep)
		sum->id = 0;
	return false;
}

/**
 * lq_add_up() - add up what is counted of an endpoint, and of its listeners
 * @ledger: of its network namespace
 * @sum: @id and @totals are set, the rest is zero; @totals too
 *
 * Each listener is in the sum once, also one that is added to its endpoint meanwhile. One
 * reader at a time, so that who folds a listener has one to tell.
 *
 * Context: process, sleeps.
 * Return: false: the endpoint has been forgotten.
 */
bool lq_add_up(struct lq_ledger *ledger, struct lq_sum *sum)
{
	bool more;

	mutex_lock(&ledger->adding);
	do {
		xa_lock_irq(&ledger->listeners);
		more = add_piece(ledger, sum);
		xa_unlock_irq(&ledger->listeners);
		add_busy(sum);
		cond_resched();
	} while (more);
	mutex_unlock(&ledger->adding);
	lq_totals_level(sum->totals);
	return sum->id;
}
