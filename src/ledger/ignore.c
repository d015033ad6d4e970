// SPDX-License-Identifier: GPL-2.0
/*
 * ignore.c - endpoints whose segments are not looked at
 *
 * What is in their queues then is nobody's attempt: nothing is known of its beginning, or
 * nothing of its end.
 */
#include <linux/ktime.h>

#include "kernel/facts.h"
#include "ledger/endpoint.h"
#include "ledger/ignore.h"
#include "ledger/totals.h"

/* Requests of listeners that are gone end later: lq_listener_totals() asks for @watched. */
static void set_endpoint(struct lq_endpoint *ep, bool ignored)
{
	struct lq_listener *l;
	struct lq_lengths q;

	if (ep->ignored == ignored)
		return;
	WRITE_ONCE(ep->ignored, ignored);
	if (!ignored)
		WRITE_ONCE(ep->watched, ktime_get_ns());
	list_for_each_entry(l, &ep->listeners, sibling) {
		WRITE_ONCE(l->ignored, ignored);
		if (l->closed || ep->queue)
			continue;
		lq_lengths_of(&q, l->sk);
		lq_totals_recount(&l->totals, ignored ? 0 : q.synq, q.acceptq);
		if (!ignored)
			atomic64_add(q.acceptq, &ep->closed.unstamped);
	}
}

/**
 * lq_endpoints_ignore() - look at the segments of endpoints, or don't
 * @ledger: of their network namespace
 * @where: address; without a device, the same one on all devices is meant as a whole
 * @any: all addresses of that port are meant
 * @ignored: what is to be
 *
 * Context: any.
 * Return: 0, or -ENOENT when nobody has listened there.
 */
int lq_endpoints_ignore(struct lq_ledger *ledger, const struct lq_address *where, bool any,
			bool ignored)
{
	struct lq_endpoint *ep;
	unsigned long flags;
	int found = 0;

	xa_lock_irqsave(&ledger->listeners, flags);
	list_for_each_entry(ep, &ledger->endpoints, list) {
		if (!lq_endpoint_is_meant(ep, where, any))
			continue;
		found++;
		set_endpoint(ep, ignored);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
	return found ? 0 : -ENOENT;
}
