// SPDX-License-Identifier: GPL-2.0
/*
 * steered.c - does a segment come to its listener by its addresses alone?
 *
 * The kernel finds a pending request by its flow, before it looks for a listener, and so do
 * conntrack's rules, TPROXY, nft's socket and BPF programs: they lead a SYN to a listener and
 * leave what follows to what is known of its flow. Of a record nothing is known but to the
 * listeners of its endpoint: its last ACK has to come to one of them by itself. So a SYN is
 * ours only if it would have come to the same endpoint had nobody led it:
 *
 *   bound to its address, port, device? ── no ──▶ TPROXY, sk_lookup, bpf_sk_assign
 *     │ yes: another listener could only be a better match
 *   can it have been led here all the same? ── no ──▶ by itself
 *     │ transparent (TPROXY asks for that), or a program where it came in (bpf_sk_assign)
 *   the kernel's own lookup ── another endpoint ──▶ led
 */
#include <linux/inetdevice.h>
#include <linux/rtnetlink.h>
#include <net/route.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "queue/filters.h"
#include "queue/lookup.h"
#include "queue/steered.h"

/* As compute_score() in the kernel's lookup; of a group all are. */
static bool is_bound_there(const struct sock *sk, struct sk_buff *skb,
			   const struct lq_v4_flow *key)
{
	__be32 address = sk->sk_rcv_saddr;

	return sk->sk_num == ntohs((__force __be16)key->sport) &&
	       (!address || address == (__force __be32)key->saddr) && !ipv6_only_sock(sk) &&
	       inet_sk_bound_dev_eq(sock_net(sk), READ_ONCE(sk->sk_bound_dev_if), inet_iif(skb),
				    tcp_v4_sdif(skb));
}

/*
 * A listener on all addresses may get what is for none of ours, if a rule says so; what
 * follows gets to us at all only while the rule knows its flow.
 */
static bool is_foreign(const struct sock *sk, const struct sk_buff *skb,
		       const struct lq_v4_flow *key)
{
	struct net *net = sock_net(sk);
	/* A VRF has its addresses in a table of its own. */
	struct net_device *dev = dev_get_by_index_rcu(net, skb->skb_iif);
	__be32 address = (__force __be32)key->saddr;

	return !sk->sk_rcv_saddr &&
	       (dev ? inet_addr_type_dev_table(net, dev, address) :
		      inet_addr_type(net, address)) != RTN_LOCAL;
}

static bool may_be_led(const struct sock *sk, const struct sk_buff *skb)
{
	struct net_device *dev;

	if (lq_is_transparent(sk))
		return true;
	dev = dev_get_by_index_rcu(sock_net(sk), skb->skb_iif);
	return !dev || lq_filters_in(dev);
}

static bool comes_by_itself(const struct lq_synq *q, const struct sock *sk, struct sk_buff *skb,
			    const struct lq_v4_flow *key)
{
	struct sock *found = lq_lookup_listener_at(sock_net(sk), key, inet_iif(skb),
						   tcp_v4_sdif(skb));
	struct lq_listener *l;

	if (found == sk)
		return true;
	l = found ? lq_listener_find(lq_sock_cookie(found)) : NULL;
	return l && rcu_access_pointer(l->queue) == q;
}

/**
 * lq_is_steered() - does a segment come to its listener by its addresses alone?
 * @q: the endpoint's SYN queue
 * @sk: the listener
 * @skb: the segment, as tcp_v4_do_rcv gets it
 * @key: its flow
 *
 * Where a program chooses between two listeners that are both bound to the address and port
 * (sk_lookup), it is taken at its word: it is asked for the last ACK, too.
 *
 * Context: under RCU, bottom halves off.
 * Return: true when something else leads it, which may lead its last ACK elsewhere.
 */
bool lq_is_steered(const struct lq_synq *q, struct sock *sk, struct sk_buff *skb,
		   const struct lq_v4_flow *key)
{
	if (unlikely(!is_bound_there(sk, skb, key)))
		return true;
	if (likely(!may_be_led(sk, skb)))
		return false;
	return (lq_is_transparent(sk) && is_foreign(sk, skb, key)) ||
	       !comes_by_itself(q, sk, skb, key);
}
