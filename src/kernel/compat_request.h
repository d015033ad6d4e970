/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat_request.h - requests of the kernel, made and read by us, in one spelling
 */
#ifndef LISTENQ_COMPAT_REQUEST_H
#define LISTENQ_COMPAT_REQUEST_H

#include <linux/security.h>
#include <net/busy_poll.h>
#include <net/tcp.h>

#include "kernel/compat.h"

#if LQ_HAVE_ACCECN
#include <net/tcp_ecn.h>
#endif

/* 6.1.190, 6.12.111: at least TCP_MIN_MSS. */
static inline u32 lq_dst_advmss(const struct dst_entry *dst)
{
#if LQ_HAVE_DST_ADVMSS
	return tcp_dst_advmss(dst);
#else
	return dst_metric_advmss(dst);
#endif
}

/*
 * Addresses, security modules, the way. 5.10 has three functions for them; 6.12 wants
 * the ISN of a TIME_WAIT socket (0: none), but for IPv6 only.
 */
static inline struct dst_entry *lq_route_req(const struct tcp_request_sock_ops *af_ops,
					     struct sock *sk, struct sk_buff *skb,
					     struct flowi *fl, struct request_sock *req,
					     u32 tw_isn)
{
#if LQ_HAVE_ROUTE_REQ_ISN
	return af_ops->route_req(sk, skb, fl, req, tw_isn);
#elif LQ_HAVE_ROUTE_REQ_SKB
	return af_ops->route_req(sk, skb, fl, req);
#else
	af_ops->init_req(req, sk, skb);
	return security_inet_conn_request(sk, skb, req) ? NULL :
	       af_ops->route_req(sk, fl, req);
#endif
}

/* 6.1.192: one function makes both. @isn may be NULL when it is not wanted. */
static inline void lq_init_seq_and_ts_off(const struct tcp_request_sock_ops *af_ops,
					  const struct net *net, const struct sk_buff *skb,
					  u32 *isn, u32 *ts_off)
{
#if LQ_HAVE_SEQ_AND_TS_OFF
	union tcp_seq_and_ts_off st = af_ops->init_seq_and_ts_off(net, skb);

	if (isn)
		*isn = st.seq;
	*ts_off = st.ts_off;
#else
	if (isn)
		*isn = af_ops->init_seq(skb);
	*ts_off = af_ops->init_ts_off(net, skb);
#endif
}

/* 6.1.190, 6.12.111: a function that begins the child, for IPv6 and MPTCP only. */
static inline struct sock *lq_syn_recv_sock(struct sock *sk, struct sk_buff *skb,
					    struct request_sock *req, bool *own)
{
	const struct inet_connection_sock_af_ops *af_ops = inet_csk(sk)->icsk_af_ops;

#if LQ_HAVE_CHILD_INIT
	return af_ops->syn_recv_sock(sk, skb, req, NULL, NULL, own, NULL);
#else
	return af_ops->syn_recv_sock(sk, skb, req, NULL, NULL, own);
#endif
}

/* 6.10: with a reason, here the one that tcp_check_req gives. */
static inline void lq_send_reset(struct sock *sk, struct sk_buff *skb)
{
#if LQ_HAVE_RESET_REASON
	tcp_prot.rsk_prot->send_reset(sk, skb, SK_RST_REASON_INVALID_SYN);
#else
	tcp_prot.rsk_prot->send_reset(sk, skb);
#endif
}

/* 6.9: cookie_v4_check frees a segment that it ends; before, its caller does. */
static inline void lq_hnd_req_ended(struct sk_buff *skb)
{
#if LQ_HAVE_STATE_PROCESS_REASON
	kfree_skb(skb);
#endif
}

/* Are there keys that segments must be signed with? */
static inline bool lq_has_tcp_keys(const struct tcp_sock *tp)
{
#ifdef CONFIG_TCP_MD5SIG
	if (rcu_access_pointer(tp->md5sig_info))
		return true;
#endif
#ifdef CONFIG_TCP_AO
	if (rcu_access_pointer(tp->ao_info))
		return true;
#endif
	return false;
}

/* 6.17: named like what it adds. */
#if !LQ_HAVE_DROPS_SKBADD
#define sk_drops_skbadd(sk, skb) sk_drops_add(sk, skb)
#endif

/* 5.18: a new connection's NAPI is set, not compared first. */
static inline void lq_mark_napi_id(struct sock *sk, const struct sk_buff *skb)
{
#if LQ_HAVE_NAPI_ID_SET
	sk_mark_napi_id_set(sk, skb);
#else
	sk_mark_napi_id(sk, skb);
#endif
}

/* As lq_tw_isn(), for who answers the SYN: some 6.12 keep it for the CPU's next one. */
static inline u32 lq_take_tw_isn(const struct sk_buff *skb)
{
	u32 isn = lq_tw_isn(skb);

#if LQ_HAVE_TW_ISN_PERCPU
	__this_cpu_write(tcp_tw_isn, 0);
#endif
	return isn;
}

/* Undoes lq_take_tw_isn(): the SYN is somebody else's after all. */
static inline void lq_give_tw_isn_back(u32 isn)
{
#if LQ_HAVE_TW_ISN_PERCPU
	__this_cpu_write(tcp_tw_isn, isn);
#endif
}

/* 6.6: a bit of inet_flags. */
static inline bool lq_is_transparent(const struct sock *sk)
{
#if LQ_HAVE_INET_TEST_BIT
	return inet_test_bit(TRANSPARENT, sk);
#else
	return inet_sk(sk)->transparent;
#endif
}

/* 5.18: SO_TXREHASH may say no. */
static inline bool lq_rehashes(const struct sock *sk)
{
#if LQ_HAVE_TXREHASH
	return READ_ONCE(sk->sk_txrehash) == SOCK_TXREHASH_ENABLED;
#else
	return true;
#endif
}

/* 5.18: a function, 6.11: with a choice of clocks. */
static inline void lq_set_departure(struct sk_buff *skb, u64 ns)
{
#if LQ_HAVE_TSTAMP_TYPE
	skb_set_delivery_time(skb, ns, SKB_CLOCK_MONOTONIC);
#elif LQ_HAVE_DELIVERY_TIME
	skb_set_delivery_time(skb, ns, true);
#else
	skb->skb_mstamp_ns = ns;
#endif
}

/* 6.15: tcp_rto_max_ms; before, always 120 s. */
static inline unsigned long lq_rto_max(const struct net *net)
{
#if LQ_HAVE_RTO_MAX_MS
	return msecs_to_jiffies(READ_ONCE(net->ipv4.sysctl_tcp_rto_max_ms));
#else
	return TCP_RTO_MAX;
#endif
}

/* 6.15: TCP_RTO_MAX_MS of a listener. */
static inline unsigned long lq_rto_max_of(const struct sock *sk)
{
#if LQ_HAVE_RTO_MAX_MS
	return tcp_rto_max(sk);
#else
	return TCP_RTO_MAX;
#endif
}

/* Fields that come and go: as inet_reqsk_alloc() and tcp_conn_request() leave them. */
static inline void lq_begin_request(struct request_sock *req)
{
#if LQ_HAVE_REQUEST_TIMEOUT
	req->timeout = TCP_TIMEOUT_INIT;
#endif
#if IS_ENABLED(CONFIG_IPV6)
	inet_rsk(req)->pktopts = NULL;
#endif
#if IS_ENABLED(CONFIG_MPTCP)
	tcp_rsk(req)->drop_req = false;
#endif
#if LQ_HAVE_USEC_TS
	tcp_rsk(req)->req_usec_ts = false;
#endif
#if LQ_HAVE_MIB_TSECR
	tcp_rsk(req)->snt_tsval_first = 0;
	tcp_rsk(req)->snt_tsval_last = 0;
#endif
#if LQ_HAVE_ACCECN
	tcp_rsk(req)->accecn_ok = false;
	tcp_rsk(req)->syn_ect_snt = 0;
	tcp_rsk(req)->syn_ect_rcv = 0;
	tcp_rsk(req)->accecn_fail_mode = 0;
	tcp_rsk(req)->saw_accecn_opt = TCP_ACCECN_OPT_NOT_SEEN;
#endif
#ifdef CONFIG_TCP_AO
	tcp_rsk(req)->used_tcp_ao = false;
#endif
}

/* 6.7: a route may want timestamps that count microseconds. */
static inline bool lq_dst_usec_ts(const struct dst_entry *dst)
{
#if LQ_HAVE_USEC_TS
	return dst_tcp_usec_ts(dst);
#else
	return false;
#endif
}

static inline bool lq_usec_ts(const struct request_sock *req)
{
#if LQ_HAVE_USEC_TS
	return tcp_rsk(req)->req_usec_ts;
#else
	return false;
#endif
}

static inline void lq_set_usec_ts(struct request_sock *req, bool usec_ts)
{
#if LQ_HAVE_USEC_TS
	tcp_rsk(req)->req_usec_ts = usec_ts;
#endif
}

/* Our timestamp at a time in us, as on the wire. Who compares echoes sends no 0. */
static inline u32 lq_tsval(bool usec_ts, u64 us, u32 ts_off)
{
#if LQ_HAVE_USEC_TS
	u32 tsval = tcp_ns_to_ts(usec_ts, us * NSEC_PER_USEC);
#else
	u32 tsval = tcp_ns_to_ts(us * NSEC_PER_USEC);
#endif

	tsval += ts_off;
	return LQ_HAS_TSECR && !tsval ? U32_MAX : tsval;
}

/* 7.x: a stock request knows what it sent. */
static inline void lq_set_sent_tsvals(struct request_sock *req, u32 first, u32 last)
{
#if LQ_HAVE_MIB_TSECR
	tcp_rsk(req)->snt_tsval_first = first;
	tcp_rsk(req)->snt_tsval_last = last;
#endif
}

/* 6.15: AE is none of them any more. */
static inline bool lq_has_reserved_bits(const struct tcphdr *th)
{
#if LQ_HAVE_AE_BIT
	return th->res1 || th->ae;
#else
	return th->res1;
#endif
}

/* The MSS that a SYN cookie stands for; 0: it is none of ours. 6.8 finds it itself. */
static inline u16 lq_cookie_mss(const struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

#if LQ_HAVE_COOKIE_FOUND
	return __cookie_v4_check(ip_hdr(skb), th);
#else
	return __cookie_v4_check(ip_hdr(skb), th, ntohl(th->ack_seq) - 1);
#endif
}

/* 7.x: would cookie_v4_check go on with AccECN, where ECN was agreed on? */
static inline bool lq_cookie_has_accecn(const struct sk_buff *skb)
{
#if LQ_HAVE_ACCECN
	return cookie_accecn_ok(tcp_hdr(skb));
#else
	return false;
#endif
}

/* 7.x: would tcp_conn_request agree on AccECN? */
static inline bool lq_agrees_on_accecn(const struct sock *sk, const struct sk_buff *skb)
{
#if LQ_HAVE_ACCECN
	return tcp_accecn_syn_requested(tcp_hdr(skb)) &&
	       (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_ecn) >= 3 ||
		tcp_ca_needs_accecn(sk));
#else
	return false;
#endif
}

#endif
