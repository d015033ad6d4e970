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

#include "ledger/counts.h"
#include "ledger/endpoint.h"

/* Endpoints without a listener that are remembered, per network namespace. */
#define MOST_IDLE 4096

/**
 * lq_endpoint_bucket() - where the endpoints of a port are
 * @ledger: of their network namespace
 * @port: network order
 *
 * Return: the bucket, in which there are others too.
 */
struct hlist_head *lq_endpoint_bucket(struct lq_ledger *ledger, __be16 port)
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

/**
 * lq_endpoint_closed() - where to count what is left of an endpoint's closed listeners
 * @ledger: of its network namespace
 * @id: its number
 *
 * Context: under RCU, or with the ledger's lock held; what is returned lives as long.
 * Return: the totals; NULL: the endpoint has been forgotten.
 */
struct lq_totals *lq_endpoint_closed(struct lq_ledger *ledger, u32 id)
{
	struct lq_endpoint *ep = lq_endpoint_find(ledger, id);

	return ep ? &ep->closed : NULL;
}

/**
 * lq_endpoint_at() - the endpoint of that address
 * @ledger: of its network namespace
 * @where: its address
 *
 * Context: under RCU, or with the ledger's lock held.
 * Return: the endpoint, or NULL.
 */
struct lq_endpoint *lq_endpoint_at(struct lq_ledger *ledger, const struct lq_address *where)
{
	struct lq_endpoint *ep;

	hlist_for_each_entry_rcu(ep, lq_endpoint_bucket(ledger, where->port), node, true)
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
	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (list_empty(&ep->idle))
		return;
	list_del_init(&ep->idle);
	ledger->nr_idle--;
}

/* With the ledger's lock held. */
static void drop(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	lockdep_assert_held(&ledger->listeners.xa_lock);
	lq_endpoint_wake(ledger, ep);
	list_del(&ep->wanted);
	hlist_del_rcu(&ep->node);
	hlist_del_rcu(&ep->by_id);
	list_del_rcu(&ep->list);
	ledger->nr_endpoints--;
	/* Readers may still have it, and look with the lock held. */
	put_pid(ep->closer.pid);
	ep->closer.pid = NULL;
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
	struct lq_endpoint *ep = lq_endpoint_at(ledger, where);

	lockdep_assert_held(&ledger->listeners.xa_lock);
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
	INIT_LIST_HEAD(&fresh->wanted);
	hlist_add_head_rcu(&fresh->node, lq_endpoint_bucket(ledger, where->port));
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
	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (ep->queue)
		return;
	list_add_tail(&ep->idle, &ledger->idle);
	if (++ledger->nr_idle <= MOST_IDLE)
		return;
	drop(ledger, list_first_entry(&ledger->idle, struct lq_endpoint, idle));
	ledger->forgotten++;
}

/**
 * lq_endpoint_may_take() - could a listener there have taken the connection?
 * @ep: where it listens
 * @flow: the connection
 *
 * Return: whether its address says so; its device is not asked.
 */
bool lq_endpoint_may_take(const struct lq_endpoint *ep, const struct lq_flow *flow)
{
	const struct lq_address *where = &ep->where;
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
	hlist_for_each_entry_rcu(ep, lq_endpoint_bucket(lq_ledger_of(net), flow->sport), node)
		if (READ_ONCE(ep->ignored) && lq_endpoint_may_take(ep, flow))
			ignores = true;
	rcu_read_unlock();
	return ignores;
}

/* Of two that may have taken a flow: one for all addresses gives way. */
static bool is_closer(const struct lq_endpoint *ep, const struct lq_endpoint *other)
{
	return !other || !memchr_inv(other->where.addr, 0, sizeof(other->where.addr));
}

/**
 * lq_endpoint_totals() - where to count what nobody knows the listener of
 * @net: its network namespace
 * @flow: whose it is; its address has to tell
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the totals of the closed listeners of the endpoint that may have taken it; NULL:
 * there is none.
 */
struct lq_totals *lq_endpoint_totals(struct net *net, const struct lq_flow *flow)
{
	struct lq_endpoint *ep, *best = NULL;

	hlist_for_each_entry_rcu(ep, lq_endpoint_bucket(lq_ledger_of(net), flow->sport), node,
				 true)
		if (lq_endpoint_may_take(ep, flow) && is_closer(ep, best))
			best = ep;
	return best ? &best->closed : NULL;
}

/**
 * lq_endpoint_is_meant() - is it one that a command speaks of?
 * @ep: the endpoint
 * @where: address in the command, without a device: on every one; NULL: all endpoints are
 *	meant
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
	       (!where->ifindex || ep->where.ifindex == where->ifindex) &&
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

	lockdep_assert_held(&ledger->listeners.xa_lock);
	ep = ep ?: list_entry(&ledger->endpoints, struct lq_endpoint, list);
	list_for_each_entry_continue(ep, &ledger->endpoints, list)
		if (ep->id > id && lq_endpoint_is_meant(ep, where, any))
			return ep;
	return NULL;
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
