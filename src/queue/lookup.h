/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lookup.h - the kernel's own tables of connections, requests and listeners
 */
#ifndef LISTENQ_LOOKUP_H
#define LISTENQ_LOOKUP_H

#include <net/inet_hashtables.h>
#include <net/tcp.h>

#include "core/synq.h"
#include "kernel/compat.h"
#include "kernel/established.h"
#include "kernel/ksym.h"

static inline struct sock *lq_lookup_established(struct net *net, const struct lq_v4_flow *key,
						 struct sk_buff *skb)
{
	return lq_lookup(net, (__force __be32)key->saddr, (__force __be16)key->sport,
			 (__force __be32)key->daddr, (__force __be16)key->dport,
			 inet_iif(skb), tcp_v4_sdif(skb));
}

/* Or a request of the kernel's, or TIME_WAIT. */
static inline bool lq_is_established(struct net *net, const struct lq_v4_flow *key,
				     struct sk_buff *skb)
{
	struct sock *sk = lq_lookup_established(net, key, skb);

	if (sk)
		sock_gen_put(sk);
	return sk;
}

/* Which listener gets that flow's segments when they come in at @dif, a slave's at @sdif. */
static inline struct sock *lq_lookup_listener_at(struct net *net, const struct lq_v4_flow *key,
						 int dif, int sdif)
{
	__be32 saddr = (__force __be32)key->saddr, daddr = (__force __be32)key->daddr;
	__be16 sport = (__force __be16)key->sport, dport = (__force __be16)key->dport;

#if LQ_HAVE_LOOKUP_NET
	return static_call(lq_listener_lookup)(net, NULL, 0, daddr, dport, saddr, ntohs(sport),
					       dif, sdif);
#else
	return static_call(lq_listener_lookup)(net, net->ipv4.tcp_death_row.hashinfo, NULL, 0,
					       daddr, dport, saddr, ntohs(sport), dif, sdif);
#endif
}

/* The same, as far as a record knows where they come in; under RCU. */
static inline struct sock *lq_lookup_listener(struct net *net, const struct lq_v4_flow *key)
{
	return lq_lookup_listener_at(net, key, key->iif, 0);
}

/* What 5.10 does not ask before it hashes a request: is the flow there already? */
static inline bool lq_is_hashed(struct sock *sk, const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct sock *found;

	found = lq_lookup(sock_net(sk), ireq->ir_loc_addr, htons(ireq->ir_num),
			  ireq->ir_rmt_addr, ireq->ir_rmt_port, ireq->ir_iif,
			  ireq->ir_iif);
	if (found)
		sock_gen_put(found);
	return found;
}

/* 5.10 says nothing of duplicates; 7.x starts the timer with a timeout of its own. */
static inline bool lq_reqsk_hash_add(struct sock *sk, struct request_sock *req,
				     unsigned long timeout)
{
#if LQ_HAVE_HASH_ADD_UNTIMED
	if (!static_call(lq_stock_hash_add)(sk, req))
		return false;
	mod_timer_pending(&req->rsk_timer, jiffies + timeout);
	return true;
#elif LQ_HAVE_HASH_ADD_BOOL
	return static_call(lq_stock_hash_add)(sk, req, timeout);
#else
	if (lq_is_hashed(sk, req))
		return false;
	static_call(lq_stock_hash_add)(sk, req, timeout);
	return true;
#endif
}

#endif
