/* SPDX-License-Identifier: GPL-2.0 */
/*
 * endpoint.h - where listeners are: an address and port of a network namespace
 */
#ifndef LISTENQ_ENDPOINT_H
#define LISTENQ_ENDPOINT_H

#include "core/segment.h"
#include "ledger/types.h"

/* A listener may be bound to none, to where a segment came in, and to the VRF of that. */
#define LQ_FLOW_DEVICES	3

/* Endpoints that may take a flow: see lq_endpoint_candidates() */
#define LQ_CANDIDATES	(2 * 3 * LQ_FLOW_DEVICES)

struct lq_endpoint *lq_endpoint_find(struct lq_ledger *ledger, u32 id);
struct lq_totals *lq_endpoint_closed(struct lq_ledger *ledger, u32 id);
struct lq_endpoint *lq_endpoint_at(struct lq_ledger *ledger, const struct lq_address *where);
struct lq_endpoint *lq_endpoint_get(struct lq_ledger *ledger, const struct lq_address *where,
				    struct lq_endpoint **fresh);
void lq_endpoint_wake(struct lq_ledger *ledger, struct lq_endpoint *ep);
void lq_endpoint_rest(struct lq_ledger *ledger, struct lq_endpoint *ep);
struct lq_totals *lq_endpoint_totals(struct net *net, const struct lq_flow *flow, int device);
bool lq_endpoint_ignores(struct net *net, const struct lq_flow *flow, int device);
unsigned int lq_endpoint_candidates(struct lq_ledger *ledger, const struct lq_flow *flow,
				    const int *devices, unsigned int n,
				    struct lq_endpoint **found);
bool lq_endpoint_is_meant(const struct lq_endpoint *ep, const struct lq_address *where,
			  bool any);
struct lq_endpoint *lq_endpoint_next(struct lq_ledger *ledger, const struct lq_address *where,
				     bool any, u32 id);
int lq_endpoints_init(void);
void lq_endpoints_exit(void);
void lq_endpoints_begin(struct lq_ledger *ledger);
void lq_endpoints_free(struct lq_ledger *ledger);
bool lq_endpoint_may_take(const struct lq_endpoint *ep, const struct lq_flow *flow);

/**
 * lq_endpoint_set_queue() - an endpoint is taken over, or is not any more
 * @ledger: of its network namespace
 * @ep: the endpoint
 * @q: its SYN queue; NULL: it has none any more
 *
 * Context: any, with the ledger's lock held.
 */
static inline void lq_endpoint_set_queue(struct lq_ledger *ledger, struct lq_endpoint *ep,
					 struct lq_synq *q)
{
	u32 *at = &ledger->queues_at[lq_port_slot(ep->where.port)];
	int more = q ? 1 : -1;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	ep->queue = q;
	WRITE_ONCE(ledger->nr_queues, ledger->nr_queues + more);
	WRITE_ONCE(*at, *at + more);
}

#endif
