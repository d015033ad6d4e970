/* SPDX-License-Identifier: GPL-2.0 */
/*
 * elsewhere.h - queues that may have a flow's record, found by its address
 */
#ifndef LISTENQ_ELSEWHERE_H
#define LISTENQ_ELSEWHERE_H

#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "queue/types.h"

unsigned int lq_synqs_of(struct net *net, const struct lq_v4_flow *key, int sdif,
			 struct lq_synq *found[LQ_CANDIDATES]);
unsigned int lq_record_devices(struct net *net, int dif, int sdif, int devices[LQ_FLOW_DEVICES]);
struct lq_listener *lq_taker_among(const struct sock *sk, struct sk_buff *skb,
				   const struct lq_synq *own);

/* Are there queues at that port, or at one that is counted with it, but for @own? */
static inline bool lq_synqs_at(struct net *net, __be16 port, const struct sock *sk,
			       const struct lq_synq *own)
{
	u32 mine = own && sk->sk_num == ntohs(port);

	return lq_net_counts(net) &&
	       READ_ONCE(lq_ledger_of(net)->queues_at[lq_port_slot(port)]) > mine;
}

/**
 * lq_taker_elsewhere() - has another endpoint's listener taken the SYN of a segment's flow?
 * @sk: the listener that the segment has reached
 * @skb: the segment, as tcp_v4_do_rcv gets it
 * @own: the SYN queue of @sk, which has no record of it; NULL: it has none
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the listener if it is still open, or of a flow that is established one to look at;
 * or NULL.
 */
static inline struct lq_listener *lq_taker_elsewhere(const struct sock *sk, struct sk_buff *skb,
						     const struct lq_synq *own)
{
	return unlikely(lq_synqs_at(sock_net(sk), tcp_hdr(skb)->dest, sk, own)) ?
	       lq_taker_among(sk, skb, own) : NULL;
}

#endif
