// SPDX-License-Identifier: GPL-2.0
/*
 * endpoint.c - where listeners are: an address and port of a network namespace
 *
 * An endpoint outlives its listeners, so that a server which closes and reopens keeps
 * what was counted of it. Those without a listener are forgotten when there are too many.
 */
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "ledger.h"
#include "net.h"
#include "takeover.h"

/* Endpoints without a listener that are remembered, per network namespace. */
#define MOST_IDLE 4096

static struct hlist_head *bucket_of(struct lq_ledger *ledger, __be16 port)
{
	return &ledger->by_port[hash_32((__force u16)port, ilog2(LQ_ENDPOINT_BUCKETS))];
}

static struct hlist_head *id_bucket_of(struct lq_ledger *ledger, u32 id)
{
	return &ledger->by_id[id % LQ_ENDPOINT_BUCKETS];
}

/**
 * lq_endpoint_find() - the endpoint of that number
 * @ledger: of its network namespace
 * @id: its number
 *
 * Context: under RCU, or with the ledger's lock held.
 * Return: the endpoint, or NULL.
 */
struct lq_endpoint *lq_endpoint_find(struct lq_ledger *ledger, u32 id)
{
	struct lq_endpoint *ep;

	hlist_for_each_entry_rcu(ep, id_bucket_of(ledger, id), by_id, true)
		if (ep->id == id)
			return ep;
	return NULL;
}

/* With the ledger's lock held. */
static struct lq_endpoint *find(struct lq_ledger *ledger, const struct lq_address *where)
{
	struct lq_endpoint *ep;

	hlist_for_each_entry(ep, bucket_of(ledger, where->port), node)
		if (!memcmp(&ep->where, where, sizeof(*where)))
			return ep;
	return NULL;
}

/**
 * lq_endpoint_wake() - it has a listener, or is taken over: it is not to be forgotten
 * @ledger: of its network namespace
 * @ep: the endpoint
 *
 * Context: with the ledger's lock held.
 */
void lq_endpoint_wake(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	if (list_empty(&ep->idle))
		return;
	list_del_init(&ep->idle);
	ledger->nr_idle--;
}

/* With the ledger's lock held. */
static void drop(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	lq_endpoint_wake(ledger, ep);
	hlist_del_rcu(&ep->node);
	hlist_del_rcu(&ep->by_id);
	list_del_rcu(&ep->list);
	ledger->nr_endpoints--;
	kfree_rcu(ep, rcu);
}

/**
 * lq_endpoint_get() - the endpoint of a new listener
 * @ledger: of its network namespace
 * @where: its address
 * @fresh: becomes the endpoint when there is none yet, else it is freed
 *
 * Context: with the ledger's lock held.
 * Return: the endpoint.
 */
struct lq_endpoint *lq_endpoint_get(struct lq_ledger *ledger, const struct lq_address *where,
				    struct lq_endpoint *fresh)
{
	struct lq_endpoint *ep = find(ledger, where);

	if (ep) {
		kfree(fresh);
		lq_endpoint_wake(ledger, ep);
		return ep;
	}
	fresh->id = ++ledger->last_id;
	fresh->where = *where;
	fresh->since = ktime_get_real_ns();
	INIT_LIST_HEAD(&fresh->listeners);
	INIT_LIST_HEAD(&fresh->idle);
	hlist_add_head_rcu(&fresh->node, bucket_of(ledger, where->port));
	hlist_add_head_rcu(&fresh->by_id, id_bucket_of(ledger, fresh->id));
	list_add_tail_rcu(&fresh->list, &ledger->endpoints);
	ledger->nr_endpoints++;
	return fresh;
}

/**
 * lq_endpoint_rest() - its last listener is gone, and nobody has taken it over
 * @ledger: of its network namespace
 * @ep: the endpoint
 *
 * Context: with the ledger's lock held.
 */
void lq_endpoint_rest(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	if (ep->queue)
		return;
	list_add_tail(&ep->idle, &ledger->idle);
	if (++ledger->nr_idle <= MOST_IDLE)
		return;
	drop(ledger, list_first_entry(&ledger->idle, struct lq_endpoint, idle));
	ledger->forgotten++;
}

/* Could a listener there have taken the connection? */
static bool may_take(const struct lq_address *where, const struct lq_flow *flow)
{
	const struct in6_addr *addr = (const struct in6_addr *)where->addr;

	if (where->port != flow->sport ||
	    (where->family != flow->family && (where->family == 4 || where->v6only)))
		return false;
	if (where->family == 6 && flow->family == 4 && ipv6_addr_v4mapped(addr))
		return !memcmp(&addr->s6_addr32[3], flow->saddr, sizeof(__be32));
	return !memchr_inv(where->addr, 0, sizeof(where->addr)) ||
	       !memcmp(where->addr, flow->saddr, sizeof(where->addr));
}

/**
 * lq_endpoint_ignores() - is a connection of nobody knows which listener to be ignored?
 * @net: its network namespace
 * @flow: the connection
 *
 * Nothing was noted of the segments that made it, so that its address has to tell.
 *
 * Context: any.
 * Return: whether an ignored endpoint could have taken it.
 */
bool lq_endpoint_ignores(struct net *net, const struct lq_flow *flow)
{
	struct lq_endpoint *ep;
	bool ignores = false;

	rcu_read_lock();
	hlist_for_each_entry_rcu(ep, bucket_of(lq_ledger_of(net), flow->sport), node)
		if (READ_ONCE(ep->ignored) && may_take(&ep->where, flow))
			ignores = true;
	rcu_read_unlock();
	return ignores;
}

/**
 * lq_endpoint_queue() - a SYN queue that may have the record of a flow
 * @net: network namespace
 * @key: the flow
 * @after: number of the endpoint whose queue was the last answer, 0: begin
 *
 * By its address, for want of a listener. Several endpoints may have taken SYNs of an
 * address: those of one address, of all, of a device, and of those before them.
 *
 * Context: under RCU; the queue lives as long.
 * Return: the next queue, or NULL when no such endpoint is taken over.
 */
struct lq_synq *lq_endpoint_queue(struct net *net, const struct lq_key *key, u32 after)
{
	struct lq_flow flow = { .family = 4, .sport = (__force __be16)key->sport };
	struct lq_synq *q = NULL, *some;
	struct lq_endpoint *ep;

	memcpy(flow.saddr, &key->saddr, sizeof(key->saddr));
	hlist_for_each_entry_rcu(ep, bucket_of(lq_ledger_of(net), flow.sport), node) {
		some = READ_ONCE(ep->queue);
		if (!some || ep->id <= after || (q && ep->id > q->id))
			continue;
		if (may_take(&ep->where, &flow) &&
		    (!ep->where.ifindex || ep->where.ifindex == key->iif))
			q = some;
	}
	return q;
}

/**
 * lq_endpoint_is_meant() - is it one that a command speaks of?
 * @ep: the endpoint
 * @where: address in the command, NULL: all endpoints are meant
 * @any: all addresses of its port
 *
 * Return: whether it is.
 */
bool lq_endpoint_is_meant(const struct lq_endpoint *ep, const struct lq_address *where,
			  bool any)
{
	if (!where)
		return true;
	return ep->where.port == where->port &&
	       (any || (ep->where.family == where->family &&
			!memcmp(ep->where.addr, where->addr, sizeof(where->addr))));
}

/**
 * lq_endpoint_next() - the next endpoint that is meant
 * @ledger: of its network namespace
 * @where: its address
 * @any: all addresses of that port, or all
 * @id: number of the one before, 0 for the first
 *
 * Where @id is gone meanwhile, all are looked through.
 *
 * Context: with the ledger's lock held.
 * Return: the endpoint, or NULL.
 */
struct lq_endpoint *lq_endpoint_next(struct lq_ledger *ledger, const struct lq_address *where,
				     bool any, u32 id)
{
	struct lq_endpoint *ep = id ? lq_endpoint_find(ledger, id) : NULL;

	ep = ep ?: list_entry(&ledger->endpoints, struct lq_endpoint, list);
	list_for_each_entry_continue(ep, &ledger->endpoints, list)
		if (ep->id > id && lq_endpoint_is_meant(ep, where, any))
			return ep;
	return NULL;
}

/**
 * lq_endpoint_set_ignored() - look at an endpoint's segments, or don't
 * @ledger: of its network namespace
 * @where: its address; the same address on several devices is meant as a whole
 * @any: all addresses of that port are meant
 * @ignored: what is to be
 *
 * Context: any.
 * Return: 0, or -ENOENT when nobody has listened there.
 */
int lq_endpoint_set_ignored(struct lq_ledger *ledger, const struct lq_address *where, bool any,
			    bool ignored)
{
	struct lq_endpoint *ep;
	struct lq_listener *l;
	unsigned long flags;
	int found = 0;

	xa_lock_irqsave(&ledger->listeners, flags);
	list_for_each_entry(ep, &ledger->endpoints, list) {
		if (!lq_endpoint_is_meant(ep, where, any))
			continue;
		found++;
		WRITE_ONCE(ep->ignored, ignored);
		list_for_each_entry(l, &ep->listeners, sibling)
			WRITE_ONCE(l->ignored, ignored);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
	return found ? 0 : -ENOENT;
}

/**
 * lq_endpoints_free() - forget all endpoints of a network namespace
 * @ledger: its listeners are gone
 */
void lq_endpoints_free(struct lq_ledger *ledger)
{
	struct lq_endpoint *ep, *next;
	unsigned long flags;

	xa_lock_irqsave(&ledger->listeners, flags);
	list_for_each_entry_safe(ep, next, &ledger->endpoints, list)
		drop(ledger, ep);
	xa_unlock_irqrestore(&ledger->listeners, flags);
}
