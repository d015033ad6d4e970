// SPDX-License-Identifier: GPL-2.0
/*
 * endpoint.c - where listeners are: an address and port of a network namespace
 *
 * An endpoint outlives its listeners, so that a server which closes and reopens keeps
 * what was counted of it. Those without a listener are forgotten when there are too many.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/ipv6.h>

#include "ledger/counts.h"
#include "ledger/endpoint.h"

/* Endpoints without a listener that are remembered, per network namespace. */
#define MOST_IDLE 4096

/*
 * All endpoints of all namespaces by address, port and device. Written with address_lock held,
 * which nests in a ledger's lock. Keyed: users choose the addresses.
 */
#define TABLE_BITS 14
static struct hlist_head *table;
static DEFINE_RAW_SPINLOCK(address_lock);
static hsiphash_key_t secret __read_mostly;

/**
 * struct place - what chooses an endpoint's bucket
 * @addr: IPv4 as IPv6 writes it (::ffff:1.2.3.4), all addresses of either family as ::
 * @ledger: of its network namespace
 * @ifindex: device it is bound to, 0 any
 * @port: network order
 * @zero: no padding
 *
 * Both families in one: an IPv6 listener takes IPv4, too. So three endpoints at most are in the
 * same place: one of IPv4, one of IPv6, one of IPv6 alone.
 */
struct place {
	struct in6_addr addr;
	const struct lq_ledger *ledger;
	int ifindex;
	__be16 port;
	u16 zero;
};

#define SAME_PLACE 3

static void set_address(struct place *place, u8 family, const u8 *addr)
{
	__be32 v4;

	if (family == 6) {
		memcpy(&place->addr, addr, sizeof(place->addr));
		return;
	}
	memcpy(&v4, addr, sizeof(v4));
	if (v4)
		ipv6_addr_set_v4mapped(v4, &place->addr);
	else
		memset(&place->addr, 0, sizeof(place->addr));
}

static struct hlist_head *bucket_of(const struct place *place)
{
	return &table[hsiphash(place, sizeof(*place), &secret) >> (32 - TABLE_BITS)];
}

static struct place place_of(const struct lq_ledger *ledger, const struct lq_address *where)
{
	struct place place = { .ledger = ledger, .ifindex = where->ifindex, .port = where->port };

	set_address(&place, where->family, where->addr);
	return place;
}

static struct hlist_head *bucket_at(struct lq_ledger *ledger, const struct lq_address *where)
{
	struct place place = place_of(ledger, where);

	return bucket_of(&place);
}

/* In its bucket there may be others. */
static bool is_at(const struct lq_endpoint *ep, const struct place *place)
{
	struct place its = place_of(ep->ledger, &ep->where);

	return !memcmp(&its, place, sizeof(its));
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
	return xa_load(&ledger->endpoints, id);
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

	hlist_for_each_entry_rcu(ep, bucket_at(ledger, where), node, true)
		if (ep->ledger == ledger && !memcmp(&ep->where, where, sizeof(*where)))
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
	raw_spin_lock(&address_lock);
	hlist_del_rcu(&ep->node);
	raw_spin_unlock(&address_lock);
	xa_erase(&ledger->endpoints, ep->id);
	ledger->nr_endpoints--;
	/* Readers may still have it, and look with the lock held. */
	put_pid(ep->closer.pid);
	ep->closer.pid = NULL;
	kfree_rcu(ep, rcu);
}

/* Its number is not 0, the first one's predecessor. With the ledger's lock held. */
static int add(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	int err;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	ep->id = ++ledger->last_id ?: ++ledger->last_id;
	err = xa_insert(&ledger->endpoints, ep->id, ep, GFP_ATOMIC | __GFP_NOWARN);
	if (err)
		return err;
	raw_spin_lock(&address_lock);
	hlist_add_head_rcu(&ep->node, bucket_at(ledger, &ep->where));
	raw_spin_unlock(&address_lock);
	ledger->nr_endpoints++;
	return 0;
}

/**
 * lq_endpoint_get() - the endpoint of a new listener
 * @ledger: of its network namespace
 * @where: its address
 * @fresh: becomes the endpoint when there is none yet, and is NULL then
 *
 * Context: with the ledger's lock held.
 * Return: the endpoint, or NULL: there was no memory.
 */
struct lq_endpoint *lq_endpoint_get(struct lq_ledger *ledger, const struct lq_address *where,
				    struct lq_endpoint **fresh)
{
	struct lq_endpoint *ep = lq_endpoint_at(ledger, where);

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (ep) {
		lq_endpoint_wake(ledger, ep);
		return ep;
	}
	ep = *fresh;
	ep->ledger = ledger;
	ep->where = *where;
	ep->since = ktime_get_real_ns();
	xa_init(&ep->listeners);
	INIT_LIST_HEAD(&ep->idle);
	INIT_LIST_HEAD(&ep->wanted);
	if (add(ledger, ep))
		return NULL;
	*fresh = NULL;
	return ep;
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

static unsigned int add_candidates(const struct place *place, const struct lq_flow *flow,
				   struct lq_endpoint **found)
{
	struct lq_endpoint *ep;
	unsigned int n = 0;

	hlist_for_each_entry_rcu(ep, bucket_of(place), node, true)
		if (is_at(ep, place) && lq_endpoint_may_take(ep, flow) && n < SAME_PLACE)
			found[n++] = ep;
	return n;
}

/**
 * lq_endpoint_candidates() - the endpoints whose listener could have taken a connection
 * @ledger: of its network namespace
 * @flow: the connection; its own side alone is looked at
 * @devices: that they may be bound to, none twice; 0: to none
 * @n: how many, LQ_FLOW_DEVICES at most
 * @found: is set to them, device after device; room for LQ_CANDIDATES
 *
 * However many endpoints there are: a few buckets are looked at.
 *
 * Context: any, under RCU; what is found lives as long.
 * Return: how many were found.
 */
unsigned int lq_endpoint_candidates(struct lq_ledger *ledger, const struct lq_flow *flow,
				    const int *devices, unsigned int n,
				    struct lq_endpoint **found)
{
	struct place one = { .ledger = ledger, .port = flow->sport }, any = one;
	unsigned int i, nr = 0;

	static_assert(LQ_CANDIDATES == 2 * SAME_PLACE * LQ_FLOW_DEVICES);
	set_address(&one, flow->family, flow->saddr);
	for (i = 0; i < n; i++) {
		one.ifindex = devices[i];
		any.ifindex = devices[i];
		if (!ipv6_addr_any(&one.addr))
			nr += add_candidates(&one, flow, found + nr);
		nr += add_candidates(&any, flow, found + nr);
	}
	return nr;
}

/* Of a connection on @device, which its listener was bound to, or not. */
static unsigned int candidates_on(struct net *net, const struct lq_flow *flow, int device,
				  struct lq_endpoint **found)
{
	const int devices[] = { device, 0 };

	return lq_endpoint_candidates(lq_ledger_of(net), flow, devices, device ? 2 : 1, found);
}

/**
 * lq_endpoint_ignores() - is a connection of nobody knows which listener to be ignored?
 * @net: its network namespace
 * @flow: the connection
 * @device: that it is bound to, 0 none
 *
 * Nothing was noted of the segments that made it, so that its address has to tell.
 *
 * Context: any.
 * Return: whether an ignored endpoint could have taken it.
 */
bool lq_endpoint_ignores(struct net *net, const struct lq_flow *flow, int device)
{
	struct lq_endpoint *found[LQ_CANDIDATES];
	unsigned int i, n;
	bool ignores = false;

	rcu_read_lock();
	n = candidates_on(net, flow, device, found);
	for (i = 0; i < n; i++)
		if (READ_ONCE(found[i]->ignored))
			ignores = true;
	rcu_read_unlock();
	return ignores;
}

static bool is_any(const struct lq_endpoint *ep)
{
	return !memchr_inv(ep->where.addr, 0, sizeof(ep->where.addr));
}

/**
 * lq_endpoint_totals() - where to count what nobody knows the listener of
 * @net: its network namespace
 * @flow: whose it is; its address has to tell
 * @device: that it is bound to, 0 none
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the totals of the closed listeners of the endpoint that may have taken it, one for
 * all addresses only if there is no other; NULL: there is none.
 */
struct lq_totals *lq_endpoint_totals(struct net *net, const struct lq_flow *flow, int device)
{
	struct lq_endpoint *found[LQ_CANDIDATES], *best;
	unsigned int i, n = candidates_on(net, flow, device, found);

	if (!n)
		return NULL;
	best = found[0];
	for (i = 1; i < n; i++)
		if (is_any(best) && !is_any(found[i]))
			best = found[i];
	return &best->closed;
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

/* Endpoints that are passed over with the lock held */
#define PIECE 64

/**
 * lq_endpoint_next() - the next endpoint that is meant
 * @ledger: of its network namespace
 * @where: its address
 * @any: all addresses of that port, or all
 * @id: number of the one before, 0 for the first
 *
 * There may be many, and users make them: each call gives the lock away for a moment.
 *
 * Context: process, sleeps, with the ledger's lock held, which others may have in between.
 * Return: the endpoint, or NULL.
 */
struct lq_endpoint *lq_endpoint_next(struct lq_ledger *ledger, const struct lq_address *where,
				     bool any, u32 id)
	__must_hold(&ledger->listeners.xa_lock)
{
	unsigned long at = id;
	struct lq_endpoint *ep;
	int n = 0;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	do {
		if (!(n++ % PIECE)) {
			xa_unlock_irq(&ledger->listeners);
			cond_resched();
			xa_lock_irq(&ledger->listeners);
		}
		ep = xa_find_after(&ledger->endpoints, &at, U32_MAX, XA_PRESENT);
	} while (ep && !lq_endpoint_is_meant(ep, where, any));
	return ep;
}

/**
 * lq_endpoints_begin() - a network namespace has no endpoints yet
 * @ledger: its ledger
 *
 * Its lock has a class of its own: it nests in that of @ledger's listeners, which another file
 * makes.
 */
void lq_endpoints_begin(struct lq_ledger *ledger)
{
	xa_init(&ledger->endpoints);
	INIT_LIST_HEAD(&ledger->idle);
}

/**
 * lq_endpoints_free() - forget all endpoints of a network namespace
 * @ledger: its listeners are gone
 *
 * Context: process, sleeps.
 */
void lq_endpoints_free(struct lq_ledger *ledger)
{
	struct lq_endpoint *ep;
	unsigned long id;

	xa_for_each(&ledger->endpoints, id, ep) {
		xa_lock_irq(&ledger->listeners);
		drop(ledger, ep);
		xa_unlock_irq(&ledger->listeners);
		cond_resched();
	}
	xa_destroy(&ledger->endpoints);
}

/**
 * lq_endpoints_init() - make the table of all endpoints
 *
 * Return: 0 or -ENOMEM.
 */
int lq_endpoints_init(void)
{
	get_random_bytes(&secret, sizeof(secret));
	table = kvcalloc(BIT(TABLE_BITS), sizeof(*table), GFP_KERNEL);
	return table ? 0 : -ENOMEM;
}

/**
 * lq_endpoints_exit() - free the table of all endpoints
 *
 * Context: process, sleeps. After the last ledger was freed.
 */
void lq_endpoints_exit(void)
{
	kvfree(table);
	table = NULL;
}
