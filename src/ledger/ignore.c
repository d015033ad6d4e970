// SPDX-License-Identifier: GPL-2.0
/*
 * ignore.c - endpoints whose segments are not looked at
 *
 * What is in their queues then is nobody's attempt: nothing is known of its beginning, or
 * nothing of its end.
 */
#include <linux/ktime.h>
#include <linux/mutex.h>

#include "kernel/facts.h"
#include "ledger/endpoint.h"
#include "ledger/ignore.h"
#include "ledger/totals.h"
#include "ledger/walk.h"

/* Commands may come at once: one after the other. */
static DEFINE_MUTEX(ignoring);

/* With the ledger's lock held. One that came meanwhile is as its endpoint already. */
static void set_listener(struct lq_listener *l, void *unused)
{
	struct lq_endpoint *ep = l->endpoint;
	bool ignored = ep->ignored;
	struct lq_lengths q;

	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	if (l->ignored == ignored)
		return;
	WRITE_ONCE(l->ignored, ignored);
	if (l->closed || ep->queue)
		return;
	lq_lengths_of(&q, l->sk);
	lq_totals_recount(&l->totals, ignored ? 0 : q.synq, q.acceptq);
	if (!ignored)
		atomic64_add(q.acceptq, &ep->closed.unstamped);
}

/*
 * With the ledger's lock held before and after. Requests of listeners that are gone end later:
 * lq_listener_totals() asks for @watched.
 */
static void set_endpoint(struct lq_ledger *ledger, struct lq_endpoint *ep, bool ignored)
	__must_hold(&ledger->listeners.xa_lock)
{
	u32 id = ep->id;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (ep->ignored == ignored)
		return;
	WRITE_ONCE(ep->ignored, ignored);
	if (!ignored)
		WRITE_ONCE(ep->watched, ktime_get_ns());
	xa_unlock_irq(&ledger->listeners);
	lq_walk(ledger, id, XA_PRESENT, set_listener, NULL);
	xa_lock_irq(&ledger->listeners);
}

/**
 * lq_endpoints_ignore() - look at the segments of endpoints, or don't
 * @ledger: of their network namespace
 * @where: address; without a device, the same one on all devices is meant as a whole
 * @any: all addresses of that port are meant
 * @ignored: what is to be
 *
 * Context: process, sleeps.
 * Return: 0, or -ENOENT when nobody has listened there.
 */
int lq_endpoints_ignore(struct lq_ledger *ledger, const struct lq_address *where, bool any,
			bool ignored)
{
	struct lq_endpoint *ep;
	bool found = false;
	u32 id = 0;

	mutex_lock(&ignoring);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, where, any, id))) {
		id = ep->id;
		found = true;
		set_endpoint(ledger, ep, ignored);
	}
	xa_unlock_irq(&ledger->listeners);
	mutex_unlock(&ignoring);
	return found ? 0 : -ENOENT;
}
