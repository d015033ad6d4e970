// SPDX-License-Identifier: GPL-2.0
/*
 * elsewhere.c - queues that may have a flow's record, found by its address
 *
 * The kernel finds a request in its established hash, before it looks for a listener: whose an
 * ICMP error is, or that by now another listener's address or device matches better, makes no
 * difference. A record is in the queue of the endpoint that took its SYN.
 */
#include <net/tcp.h>

#include "ledger/counts.h"
#include "queue/elsewhere.h"
#include "queue/home.h"
#include "queue/lookup.h"
#include "queue/part.h"

/**
 * lq_synqs_of() - the queues that may have taken a flow's SYN
 * @net: its network namespace
 * @key: the flow, with the device that it came in at
 * @sdif: that is a VRF: the device in it
 * @found: is set to them
 *
 * Those of one address, of all, of a device, and of those before them, however many there are.
 *
 * Context: any, under RCU; what is found lives as long.
 * Return: how many were found.
 */
unsigned int lq_synqs_of(struct net *net, const struct lq_v4_flow *key, int sdif,
			 struct lq_synq *found[LQ_CANDIDATES])
{
	struct lq_flow flow = { .family = 4, .sport = (__force __be16)key->sport };
	int devices[LQ_FLOW_DEVICES] = { 0 };
	struct lq_endpoint *eps[LQ_CANDIDATES];
	unsigned int i, n = 1, nr = 0;
	struct lq_synq *q;

	if (key->iif)
		devices[n++] = key->iif;
	if (sdif && sdif != key->iif)
		devices[n++] = sdif;
	memcpy(flow.saddr, &key->saddr, sizeof(key->saddr));
	n = lq_endpoint_candidates(lq_ledger_of(net), &flow, devices, n, eps);
	for (i = 0; i < n; i++) {
		q = READ_ONCE(eps[i]->queue);
		if (q)
			found[nr++] = q;
	}
	return nr;
}

static struct lq_listener *taker_in(struct lq_synq *q, const struct lq_v4_flow *key)
{
	u32 hash = lq_synq_hash(key);
	struct lq_listener *l = NULL;
	struct lq_part *part;
	struct lq_record *r;

	local_bh_disable();
	if (lq_home_lock(q, hash, &part)) {
		__acquire(&part->lock);
		r = lq_shard_find(&part->shard, hash, key);
		if (r)
			l = lq_synq_taker(q, r);
		spin_unlock(&part->lock);
	}
	local_bh_enable();
	return l;
}

/**
 * lq_record_devices() - as records of which devices a segment's may be found (INET_MATCH)
 * @net: its network namespace
 * @dif: where it came in
 * @sdif: that is a VRF: the device in it
 * @devices: is set to them; 0: of none, but what comes from a VRF may be for that alone
 *
 * Return: how many there are.
 */
unsigned int lq_record_devices(struct net *net, int dif, int sdif, int devices[LQ_FLOW_DEVICES])
{
	unsigned int n = 0;

	if (inet_sk_bound_dev_eq(net, 0, dif, sdif))
		devices[n++] = 0;
	if (dif)
		devices[n++] = dif;
	if (sdif && sdif != dif)
		devices[n++] = sdif;
	return n;
}

static struct lq_listener *taker_on(struct lq_synq *q, const struct lq_v4_flow *key,
				    const int *devices, unsigned int n)
{
	struct lq_v4_flow bound = *key;
	struct lq_listener *l = NULL;
	unsigned int i;

	for (i = 0; i < n && !l; i++) {
		bound.iif = devices[i];
		l = taker_in(q, &bound);
	}
	return l;
}

/*
 * Its record may have become a connection or the kernel's request since the kernel looked for
 * one: whoever listens there now looks again, as tcp_v4_rcv has done.
 */
static struct lq_listener *of_established(struct net *net, struct lq_synq *const *found,
					  unsigned int n, const struct lq_v4_flow *key,
					  struct sk_buff *skb)
{
	struct lq_listener *l = NULL;
	unsigned int i;

	if (!n || !lq_is_established(net, key, skb))
		return NULL;
	for (i = 0; i < n && !l; i++)
		l = rcu_dereference(found[i]->sender);
	return l;
}

/**
 * lq_taker_among() - lq_taker_elsewhere(), where there are other queues at that port
 * @sk: the listener that the segment has reached
 * @skb: the segment
 * @own: the SYN queue of @sk, or NULL
 *
 * Where @sk has no queue, nobody else looks whether the flow is in the established hash by now.
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the listener if it is still open, or of a flow that is established one to look at;
 * or NULL.
 */
struct lq_listener *lq_taker_among(const struct sock *sk, struct sk_buff *skb,
				   const struct lq_synq *own)
{
	const struct lq_v4_flow key = {
		.saddr = (__force u32)ip_hdr(skb)->daddr,
		.daddr = (__force u32)ip_hdr(skb)->saddr,
		.sport = (__force u16)tcp_hdr(skb)->dest,
		.dport = (__force u16)tcp_hdr(skb)->source,
		.iif = inet_iif(skb),
	};
	struct lq_synq *found[LQ_CANDIDATES];
	int devices[LQ_FLOW_DEVICES];
	struct net *net = sock_net(sk);
	struct lq_listener *l = NULL;
	unsigned int i, n, nr_devices;

	n = lq_synqs_of(net, &key, tcp_v4_sdif(skb), found);
	nr_devices = lq_record_devices(net, key.iif, tcp_v4_sdif(skb), devices);
	for (i = 0; i < n && !l; i++)
		if (found[i] != own && atomic_read(&found[i]->len))
			l = taker_on(found[i], &key, devices, nr_devices);
	return l || own ? l : of_established(net, found, n, &key, skb);
}
