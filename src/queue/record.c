// SPDX-License-Identifier: GPL-2.0
/*
 * record.c - a record of our SYN queue as the kernel's struct request_sock, and back
 *
 * The kernel's functions that route, sign, answer and make connections want a request.
 * While a segment is worked on they get the *scratch*, one request per processor that is
 * never in a hash, never has a timer and never belongs to a socket buffer: it holds still
 * with bottom halves off and is over when they are on again. A connection gets a request
 * of the kernel's own slab, because accept() frees it there.
 */
#include <linux/bitops.h>
#include <linux/percpu.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/facts.h"
#include "queue/record.h"

/* Pending handshakes are many: two lines of cache each, where a request has five. */
static_assert(sizeof(struct lq_record) <= 128);

/* Enough that what holds and puts it never frees it. */
#define SCRATCH_REFS 1000000

static struct tcp_request_sock __percpu *scratch;
/* tcp_request_sock_ipv4_ops, which has no symbol for modules. */
static const struct tcp_request_sock_ops *ipv4_ops;

/**
 * lq_records_init() - make the scratch requests
 *
 * Return: 0 or -ENOMEM.
 */
int lq_records_init(void)
{
	scratch = alloc_percpu(struct tcp_request_sock);
	return scratch ? 0 : -ENOMEM;
}

/**
 * lq_records_exit() - free the scratch requests
 *
 * Context: process. Nothing is diverted any more.
 */
void lq_records_exit(void)
{
	free_percpu(scratch);
}

/**
 * lq_records_learn() - remember the kernel's table for IPv4 requests
 * @af_ops: as tcp_conn_request got it for an IPv4 SYN of a plain TCP listener
 *
 * Before the first record: each record came with a SYN.
 */
void lq_records_learn(const struct tcp_request_sock_ops *af_ops)
{
	if (unlikely(READ_ONCE(ipv4_ops) != af_ops))
		WRITE_ONCE(ipv4_ops, af_ops);
}

/* As inet_reqsk_alloc() leaves it, but for the listener. */
static void begin(struct request_sock *req, struct sock *sk)
{
	struct inet_request_sock *ireq = inet_rsk(req);

	req->rsk_ops = tcp_prot.rsk_prot;
	req_to_sk(req)->sk_prot = sk->sk_prot;
	sk_node_init(&req_to_sk(req)->sk_node);
	sk_tx_queue_clear(req_to_sk(req));
	req->saved_syn = NULL;
	req->sk = NULL;
	req->num_timeout = 0;
	req->num_retrans = 0;
	req->syncookie = 0;
	req->secid = 0;
	req->peer_secid = 0;
	RCU_INIT_POINTER(ireq->ireq_opt, NULL);
	atomic64_set(&ireq->ir_cookie, 0);
	ireq->ireq_state = TCP_NEW_SYN_RECV;
	write_pnet(&ireq->ireq_net, sock_net(sk));
	ireq->ireq_family = sk->sk_family;
	ireq->smc_ok = 0;
	tcp_rsk(req)->af_specific = READ_ONCE(ipv4_ops);
	tcp_rsk(req)->tfo_listener = false;
	tcp_rsk(req)->is_mptcp = 0;
	lq_begin_request(req);
}

/**
 * lq_scratch() - this processor's request, empty
 * @sk: the listener, borrowed
 *
 * Context: bottom halves off until the last use. A SYN-ACK may come straight back to
 * this processor: nothing in it counts any more once something is sent.
 * Return: the request.
 */
struct request_sock *lq_scratch(struct sock *sk)
{
	struct request_sock *req = (struct request_sock *)this_cpu_ptr(scratch);

	req->rsk_listener = sk;
	refcount_set(&req->rsk_refcnt, SCRATCH_REFS);
	begin(req, sk);
	return req;
}

/**
 * lq_request_of() - a request of the kernel's own for a record
 * @sk: the listener
 * @r: the record
 *
 * Its reference count is 0, its timer set up but never armed.
 *
 * Context: bottom halves off.
 * Return: the request, or NULL without memory or when @sk goes away.
 */
struct request_sock *lq_request_of(struct sock *sk, const struct lq_record *r)
{
	const struct request_sock_ops *ops = tcp_prot.rsk_prot;
	struct request_sock *req;

	req = kmem_cache_alloc(ops->slab, GFP_ATOMIC | __GFP_NOWARN);
	if (!req)
		return NULL;
	if (unlikely(!refcount_inc_not_zero(&sk->sk_refcnt))) {
		kmem_cache_free(ops->slab, req);
		return NULL;
	}
	req->rsk_listener = sk;
	refcount_set(&req->rsk_refcnt, 0);
	begin(req, sk);
	lq_unpack(req, r);
	/* inet_csk_reqsk_queue_drop and the like stop it whether it was armed or not. */
	timer_setup(&req->rsk_timer, NULL, 0);
	return req;
}

/**
 * lq_request_like() - a request of the kernel's own that stands for the scratch
 * @sk: the listener
 * @req: the scratch
 *
 * For a SYN-ACK that programs are to see as the kernel's: with the flow and the cookie of the
 * connection to come.
 *
 * Context: bottom halves off.
 * Return: the request, with a reference; or NULL without memory or when @sk goes away.
 */
struct request_sock *lq_request_like(struct sock *sk, const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct request_sock *like;
	struct lq_record r = {
		.key.saddr = (__force u32)ireq->ir_loc_addr,
		.key.daddr = (__force u32)ireq->ir_rmt_addr,
		.key.sport = (__force u16)htons(ireq->ir_num),
		.key.dport = (__force u16)ireq->ir_rmt_port,
		.key.iif = ireq->ir_iif,
	};

	lq_pack(&r, req);
	like = lq_request_of(sk, &r);
	if (!like)
		return NULL;
	sk_rx_queue_clear(req_to_sk(like));
	refcount_set(&like->rsk_refcnt, 1);
	return like;
}

/* The kernel counts up from 0, and now and then down from 0 (gen_cookie_next). */
static u64 sock_cookie_of(const struct lq_record *r)
{
	return sign_extend64((u64)r->sock_cookie_high << 32 | r->sock_cookie, 47);
}

/* Timestamp of the SYN-ACK that is about to be sent, as on the wire; snt_synack says now. */
static u32 tsval_of(const struct request_sock *req)
{
	const struct tcp_request_sock *treq = tcp_rsk(req);

	return lq_tsval(lq_usec_ts(req), treq->snt_synack, treq->ts_off);
}

/**
 * lq_unpack() - fill a request from a record
 * @req: the scratch, or a request that was begun
 * @r: the record
 */
void lq_unpack(struct request_sock *req, const struct lq_record *r)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);
	u32 first, last;

	sk_rcv_saddr_set(req_to_sk(req), (__force __be32)r->key.saddr);
	sk_daddr_set(req_to_sk(req), (__force __be32)r->key.daddr);
	ireq->ir_num = ntohs((__force __be16)r->key.sport);
	ireq->ir_rmt_port = (__force __be16)r->key.dport;
	ireq->ir_iif = r->key.iif;
	ireq->ir_mark = r->mark;
	ireq->snd_wscale = r->snd_wscale;
	ireq->rcv_wscale = r->rcv_wscale;
	ireq->tstamp_ok = r->tstamp_ok;
	ireq->sack_ok = r->sack_ok;
	ireq->wscale_ok = r->wscale_ok;
	ireq->ecn_ok = r->ecn_ok;
	ireq->acked = r->acked;
	ireq->no_srccheck = r->no_srccheck;
	atomic64_set(&ireq->ir_cookie, sock_cookie_of(r));
	req->mss = r->mss;
	req->ts_recent = r->ts_recent;
	req->num_timeout = r->timeouts;
	req->num_retrans = r->retrans;
	req->rsk_rcv_wnd = r->rcv_wnd;
	req->rsk_window_clamp = r->window_clamp;
	req->secid = r->secid;
	req->peer_secid = r->peer_secid;
	treq->rcv_isn = r->rcv_isn;
	treq->rcv_nxt = r->rcv_isn + 1;
	treq->snt_isn = r->snt_isn;
	/* Of a cookie it is known from the echo of its timestamp alone. */
	treq->snt_synack = r->cookie && !r->tstamp_ok ? 0 : r->snt_synack;
	treq->ts_off = r->ts_off;
	treq->txhash = r->txhash;
	treq->last_oow_ack_time = r->last_oow;
	treq->syn_tos = r->tos;
	lq_set_usec_ts(req, r->usec_ts);
	lq_sent_tsvals_of(req->rsk_listener, r, &first, &last);
	lq_set_sent_tsvals(req, first, last);
}

/**
 * lq_unpack_again() - fill a request whose SYN-ACK is to be repeated now
 * @part: the record's, locked
 * @req: the scratch
 * @r: the record
 *
 * The record knows before it is sent that there is one more, and its timestamp: the answer
 * may come straight back, and no round-trip time is taken of it. With a new hash it may
 * take another way; the connection stays on it.
 */
void lq_unpack_again(struct lq_part *part, struct request_sock *req, struct lq_record *r)
{
	lockdep_assert_held(&part->lock);
	if (lq_rehashes(req->rsk_listener))
		r->txhash = net_tx_rndhash();
	lq_unpack(req, r);
	tcp_rsk(req)->snt_synack = tcp_clock_us();
	r->tsval_last = tsval_of(req);
	r->retrans++;
}

/**
 * lq_sent_tsvals_of() - the timestamps that the peer may echo
 * @sk: the listener
 * @r: the record
 * @first: set to that of the first SYN-ACK, as on the wire
 * @last: of the last one; both 0 in a kernel that does not compare
 */
void lq_sent_tsvals_of(const struct sock *sk, const struct lq_record *r, u32 *first,
		       u32 *last)
{
	*first = 0;
	*last = 0;
	if (!LQ_HAS_TSECR)
		return;
	*first = lq_tsval(r->usec_ts, r->snt_synack, r->ts_off);
	*last = likely(!lq_synack_is_unusual(sk)) ? r->tsval_last :
		lq_tsval(r->usec_ts, tcp_clock_us(), r->ts_off);
}

/**
 * lq_pack() - fill a record from a request whose SYN-ACK is about to be sent
 * @r: the record; its key, links and times are the caller's
 * @req: the request
 */
void lq_pack(struct lq_record *r, const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	const struct tcp_request_sock *treq = tcp_rsk(req);
	u64 sock_cookie = atomic64_read(&ireq->ir_cookie);

	r->mark = ireq->ir_mark;
	r->snd_wscale = ireq->snd_wscale;
	r->rcv_wscale = ireq->rcv_wscale;
	r->tstamp_ok = ireq->tstamp_ok;
	r->sack_ok = ireq->sack_ok;
	r->wscale_ok = ireq->wscale_ok;
	r->ecn_ok = ireq->ecn_ok;
	r->acked = 0;
	r->cookie = 0;
	r->no_srccheck = ireq->no_srccheck;
	r->sock_cookie = (u32)sock_cookie;
	r->sock_cookie_high = (u16)(sock_cookie >> 32);
	r->usec_ts = lq_usec_ts(req);
	r->mss = req->mss;
	r->ts_recent = req->ts_recent;
	r->timeouts = 0;
	r->retrans = 0;
	r->rcv_wnd = req->rsk_rcv_wnd;
	r->window_clamp = req->rsk_window_clamp;
	r->secid = req->secid;
	r->peer_secid = req->peer_secid;
	r->rcv_isn = treq->rcv_isn;
	r->snt_isn = treq->snt_isn;
	r->snt_synack = treq->snt_synack;
	r->ts_off = treq->ts_off;
	r->tsval_last = tsval_of(req);
	r->txhash = treq->txhash;
	r->last_oow = 0;
	r->tos = treq->syn_tos;
	r->parked = NULL;
}

/*
 * The last listener has closed since, and what a client answered meanwhile nobody saw. Who had not
 * answered the first SYN-ACK in all its time is not known to have done so later.
 */
static bool was_left_alone(const struct lq_synq *q, const struct lq_record *r)
{
	u64 alone;
	int i;

	for (i = 0; i < LQ_LEFT_ALONE; i++) {
		alone = READ_ONCE(q->alone_us[i]);
		if (likely(!alone))
			return false;
		if (r->snt_synack && alone - r->snt_synack < jiffies_to_usecs(TCP_TIMEOUT_INIT))
			return true;
	}
	return false;
}

/**
 * lq_event_of_record() - what an event says of a record
 * @event: filled with it
 * @q: its queue
 * @r: the record
 */
void lq_event_of_record(struct lq_event *event, const struct lq_synq *q,
			const struct lq_record *r)
{
	event->flow.family = 4;
	event->flow.zero = 0;
	event->flow.sport = (__force __be16)r->key.sport;
	event->flow.dport = (__force __be16)r->key.dport;
	memset(event->flow.saddr, 0, sizeof(event->flow.saddr));
	memset(event->flow.daddr, 0, sizeof(event->flow.daddr));
	lq_put_v4(event->flow.saddr, (__force __be32)r->key.saddr);
	lq_put_v4(event->flow.daddr, (__force __be32)r->key.daddr);
	event->age_us = r->snt_synack ? tcp_clock_us() - r->snt_synack : 0;
	event->retrans = r->retrans;
	event->reading.timeouts = r->timeouts;
	event->acked = r->acked;
	event->left_alone = was_left_alone(q, r);
}
