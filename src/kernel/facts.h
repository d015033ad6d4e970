/* SPDX-License-Identifier: GPL-2.0 */
/*
 * facts.h - read the kernel's structures into our own
 *
 * Readers only: no locks, no references, nothing is changed. The caller makes sure
 * that what it passes stays (the segment's path holds the listener under RCU or by
 * reference, and the request by reference).
 */
#ifndef LISTENQ_FACTS_H
#define LISTENQ_FACTS_H

#include <linux/ipv6.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "core/event.h"
#include "core/options.h"
#include "kernel/compat.h"
#include "kernel/ksym.h"

/* As it is on the wire; the other twelve bytes of @to stay. */
static inline void lq_put_v4(u8 *to, __be32 addr)
{
	memcpy(to, &addr, sizeof(addr));
}

/* @family is the packet's: skb->protocol says which header is in front. */
static inline void lq_flow_of_skb(struct lq_flow *flow, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	memset(flow, 0, sizeof(*flow));
	flow->sport = th->dest;
	flow->dport = th->source;
	if (skb->protocol == htons(ETH_P_IP)) {
		flow->family = 4;
		lq_put_v4(flow->saddr, ip_hdr(skb)->daddr);
		lq_put_v4(flow->daddr, ip_hdr(skb)->saddr);
		return;
	}
	flow->family = 6;
	memcpy(flow->saddr, &ipv6_hdr(skb)->daddr, 16);
	memcpy(flow->daddr, &ipv6_hdr(skb)->saddr, 16);
}

/*
 * rsk_ops->family, not ireq_family: the latter is the listener's, and an IPv4
 * request of a dual-stack listener has its addresses in the IPv4 fields.
 */
static inline void lq_flow_of_req(struct lq_flow *flow, const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);

	memset(flow, 0, sizeof(*flow));
	flow->sport = htons(ireq->ir_num);
	flow->dport = ireq->ir_rmt_port;
	if (req->rsk_ops->family == PF_INET) {
		flow->family = 4;
		lq_put_v4(flow->saddr, ireq->ir_loc_addr);
		lq_put_v4(flow->daddr, ireq->ir_rmt_addr);
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
	flow->family = 6;
	memcpy(flow->saddr, &ireq->ir_v6_loc_addr, 16);
	memcpy(flow->daddr, &ireq->ir_v6_rmt_addr, 16);
#endif
}

/* A full socket; an IPv4 connection of a dual-stack listener counts as IPv4. */
static inline void lq_flow_of_sock(struct lq_flow *flow, const struct sock *sk)
{
	memset(flow, 0, sizeof(*flow));
	flow->sport = htons(sk->sk_num);
	flow->dport = sk->sk_dport;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && !ipv6_addr_v4mapped(&sk->sk_v6_daddr)) {
		flow->family = 6;
		memcpy(flow->saddr, &sk->sk_v6_rcv_saddr, 16);
		memcpy(flow->daddr, &sk->sk_v6_daddr, 16);
		return;
	}
#endif
	flow->family = 4;
	lq_put_v4(flow->saddr, sk->sk_rcv_saddr);
	lq_put_v4(flow->daddr, sk->sk_daddr);
}

/* Where a socket listens; no client's side. */
static inline void lq_flow_of_listener(struct lq_flow *flow, const struct sock *sk)
{
	memset(flow, 0, sizeof(*flow));
	/* Not sk_num: closing has given an automatic port back already. */
	flow->sport = inet_sk(sk)->inet_sport;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		flow->family = 6;
		memcpy(flow->saddr, &sk->sk_v6_rcv_saddr, 16);
		return;
	}
#endif
	flow->family = 4;
	lq_put_v4(flow->saddr, sk->sk_rcv_saddr);
}

/* Of the stock kernel's queues: one limit, the backlog, is for both. */
static inline void lq_lengths_of(struct lq_lengths *q, const struct sock *sk)
{
	const struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;

	q->synq = reqsk_queue_len(queue);
	q->young = reqsk_queue_len_young(queue);
	q->acceptq = READ_ONCE(sk->sk_ack_backlog);
	q->acceptq_limit = READ_ONCE(sk->sk_max_ack_backlog);
	q->synq_limit = q->acceptq_limit;
}

/*
 * TCP_SKB_CB must be filled: true from tcp_v4_do_rcv and tcp_check_req on. Timestamps
 * are left out: see lq_facts_of_req().
 */
static inline void lq_segment_of(struct lq_segment *segment, const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	segment->seq = TCP_SKB_CB(skb)->seq;
	segment->ack_seq = ntohl(th->ack_seq);
	segment->len = TCP_SKB_CB(skb)->end_seq - segment->seq - th->syn - th->fin;
	segment->flags = ((const u8 *)th)[13];
}

/* What the rules ask of a request; the segment is there already. */
static inline void lq_facts_of_req(struct lq_facts *facts, const struct sock *sk,
				   const struct sk_buff *skb, struct request_sock *req)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);
	const struct tcphdr *th = tcp_hdr(skb);
	struct net *net = sock_net(sk);

	facts->req.rcv_isn = treq->rcv_isn;
	facts->req.rcv_nxt = treq->rcv_nxt;
	facts->req.snt_isn = treq->snt_isn;
	facts->req.rcv_wnd = req->rsk_rcv_wnd;
	facts->ratelimit = READ_ONCE(net->ipv4.sysctl_tcp_invalid_ratelimit);
	facts->defer_accept = READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
	facts->abort_on_overflow = READ_ONCE(net->ipv4.sysctl_tcp_abort_on_overflow);
	if (th->doff == sizeof(*th) / 4 || !READ_ONCE(net->ipv4.sysctl_tcp_timestamps) ||
	    !lq_parse_timestamps(&facts->segment, (const u8 *)(th + 1), th->doff * 4 - sizeof(*th)))
		return;
	facts->req.tstamp_ok = inet_rsk(req)->tstamp_ok;
	facts->req.stamp_age_s = lq_req_timeout(req) / HZ;
	lq_sent_tsvals(req, &facts->req.tsval_first, &facts->req.tsval_last);
}

/* What other CPUs may change; @req may be NULL. */
static inline void lq_read_shared(struct lq_reading *reading, const struct sock *sk,
				  const struct request_sock *req)
{
	lq_lengths_of(&reading->queues, sk);
	reading->now = tcp_jiffies32;
	reading->closed = inet_sk_state_load(sk) != TCP_LISTEN;
	if (!req)
		return;
	reading->last_oow = READ_ONCE(tcp_rsk(req)->last_oow_ack_time);
	reading->ts_recent = READ_ONCE(req->ts_recent);
	reading->timeouts = req->num_timeout;
}

/* snt_synack is the time of the first SYN-ACK, 0 until it was built. */
static inline u64 lq_age_us(const struct request_sock *req)
{
	u64 sent = READ_ONCE(tcp_rsk(req)->snt_synack);

	return sent ? tcp_clock_us() - sent : 0;
}

/* How old a request is and what has become of it; the rest of @event stays. */
static inline void lq_event_of_req(struct lq_event *event, const struct request_sock *req)
{
	event->age_us = lq_age_us(req);
	event->retrans = req->num_retrans;
	event->reading.timeouts = req->num_timeout;
	event->acked = inet_rsk(req)->acked;
}

/* @sk is the listener. */
static inline void lq_event_of_listener(struct lq_event *event, struct sock *sk)
{
	event->netns = sock_net(sk)->ns.inum;
	event->listener = lq_sock_cookie(sk);
	lq_lengths_of(&event->reading.queues, sk);
}

/* All that is known of a request without a segment; @sk is its listener. */
static inline void lq_event_of_pending(struct lq_event *event, const struct request_sock *req,
				       struct sock *sk)
{
	memset(event, 0, sizeof(*event));
	lq_flow_of_req(&event->flow, req);
	lq_event_of_req(event, req);
	lq_event_of_listener(event, sk);
}

#endif
