// SPDX-License-Identifier: GPL-2.0
/*
 * cookie.c - the ACK of a SYN cookie that meets a full accept queue (overflow=park)
 *
 *   no record ─▶ must it wait? ─▶ a good cookie? ─▶ record, parked (park.c)
 *                    └ no             └ no
 *                      ▼                ▼
 *               stock: cookie_v4_check makes the connection, or refuses it
 *
 * The server has kept nothing of such a handshake: once its ACK is thrown away, no SYN-ACK
 * is repeated and nobody tells the client. So a record is made of the cookie, in the steps of
 * cookie_v4_check, with what the connection would have had. What can't be parked (no room or
 * memory left, something that a record can't carry, a security module's no) goes to the stock
 * kernel untouched, as without us.
 *
 * Nothing is spent on an ACK before its cookie is known to be good: a record costs its sender a
 * round trip, as one of a SYN does.
 */
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/ksym.h"
#include "ledger/attempt.h"
#include "path/cookie.h"
#include "path/park.h"
#include "queue/lookup.h"
#include "queue/memory.h"
#include "queue/parking.h"
#include "queue/record.h"
#include "queue/settings.h"
#include "queue/synack.h"

/* The low bits of the timestamp in a cookie's SYN-ACK (cookie_init_timestamp). */
#define OPT_WSCALE	0xfU	/* 0xf: none */
#define OPT_SACK	BIT(4)
#define OPT_ECN		BIT(5)

/* Older than any cookie that is still good, ms: the echo is no timestamp of ours. */
#define MOST_AGE_MS	(5 * 60 * MSEC_PER_SEC)

/* May it be a cookie at all, and one for us? In the order of cookie_v4_check. */
static bool may_be_cookie(const struct lq_job *job)
{
	const struct tcphdr *th = tcp_hdr(job->skb);

	return READ_ONCE(sock_net(job->sk)->ipv4.sysctl_tcp_syncookies) && th->ack && !th->rst &&
	       !lq_cookie_by_bpf(job->skb) && !tcp_synq_no_recent_overflow(job->sk);
}

/* cookie_timestamp_decode(); false: an option is off by now, or the echo is not ours. */
static bool read_options(struct lq_job *job, struct request_sock *req, u64 *sent_us)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct net *net = sock_net(job->sk);
	struct tcp_options_received opt lq_uninitialized;
	u32 bits, age;

	memset(&opt, 0, sizeof(opt));
	tcp_parse_options(net, job->skb, &opt, 0, NULL);
	ireq->tstamp_ok = opt.saw_tstamp;
	req->ts_recent = 0;
	ireq->sack_ok = 0;
	ireq->wscale_ok = 0;
	ireq->ecn_ok = 0;
	ireq->snd_wscale = 0;
	*sent_us = tcp_clock_us();
	if (!opt.saw_tstamp)
		return true;
	req->ts_recent = opt.rcv_tsval;
	lq_init_seq_and_ts_off(tcp_rsk(req)->af_specific, net, job->skb, NULL,
			       &tcp_rsk(req)->ts_off);
	age = lq_tsval(false, *sent_us, tcp_rsk(req)->ts_off) - opt.rcv_tsecr;
	if (!opt.rcv_tsecr || age > MOST_AGE_MS)
		return false;
	*sent_us -= (u64)age * USEC_PER_MSEC;
	bits = opt.rcv_tsecr - tcp_rsk(req)->ts_off;
	ireq->sack_ok = !!(bits & OPT_SACK);
	ireq->ecn_ok = !!(bits & OPT_ECN);
	ireq->wscale_ok = (bits & OPT_WSCALE) != OPT_WSCALE;
	ireq->snd_wscale = ireq->wscale_ok ? bits & OPT_WSCALE : 0;
	return !(ireq->sack_ok && !READ_ONCE(net->ipv4.sysctl_tcp_sack)) &&
	       !(ireq->wscale_ok && !READ_ONCE(net->ipv4.sysctl_tcp_window_scaling));
}

static void read_ack(struct lq_job *job, struct request_sock *req, u16 mss)
{
	const struct lq_segment *s = &job->event.facts.segment;
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);

	req->mss = mss;
	treq->rcv_isn = s->seq - 1;
	treq->rcv_nxt = s->seq;
	treq->snt_isn = s->ack_seq - 1;
	/* As who sent the cookie chose it (conn_request.c). */
	treq->txhash = treq->snt_isn ?: 1;
	treq->snt_synack = 0;
	treq->ts_off = 0;
	treq->last_oow_ack_time = 0;
	treq->syn_tos = TCP_SKB_CB(job->skb)->ip_dsfield;
	sk_rcv_saddr_set(req_to_sk(req), (__force __be32)job->key.saddr);
	sk_daddr_set(req_to_sk(req), (__force __be32)job->key.daddr);
	ireq->ir_num = ntohs((__force __be16)job->key.sport);
	ireq->ir_rmt_port = (__force __be16)job->key.dport;
	ireq->ir_mark = inet_request_mark(job->sk, job->skb);
	ireq->ir_iif = job->key.iif;
	ireq->no_srccheck = lq_is_transparent(job->sk);
	ireq->acked = 0;
}

/* "Try to redo what tcp_v4_send_synack did", as cookie_v4_check says. */
static bool choose_window(struct lq_job *job, struct request_sock *req)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct net *net = sock_net(job->sk);
	struct dst_entry *dst;
	struct flowi4 fl4 lq_uninitialized;
	u8 wscale;

	dst = static_call(lq_csk_route_req)(job->sk, &fl4, req);
	if (!dst)
		return false;
	req->rsk_window_clamp = lq_synack_window_clamp(job->sk, dst);
	req->rsk_rcv_wnd = 0;
	static_call(lq_select_initial_window)(job->sk, tcp_full_space(job->sk), req->mss,
					      &req->rsk_rcv_wnd, &req->rsk_window_clamp,
					      ireq->wscale_ok, &wscale,
					      dst_metric(dst, RTAX_INITRWND));
	ireq->rcv_wscale = wscale;
	ireq->ecn_ok &= READ_ONCE(net->ipv4.sysctl_tcp_ecn) || dst_feature(dst, RTAX_FEATURE_ECN);
	dst_release(dst);
	return !ireq->ecn_ok || !lq_cookie_has_accecn(job->skb);
}

/* As conn_request.c does it for a SYN; the established hash is asked with the part locked. */
static enum lq_cookie_end insert(struct lq_job *job, const struct request_sock *req, u64 sent_us)
{
	enum lq_cookie_end end = LQ_COOKIE_LEFT;
	struct lq_record *r;

	lq_job_lock_new(job);
	if (lq_shard_find(&job->part->shard, job->hash, &job->key) ||
	    lq_is_established(sock_net(job->sk), &job->key, job->skb)) {
		end = LQ_COOKIE_RACED;
		goto unlock;
	}
	r = lq_shard_take(&job->part->shard);
	if (!r)
		goto unlock;
	lq_job_write_record(job, r, req);
	r->cookie = 1;
	r->snt_synack = sent_us;
	/* A SYN-ACK may have been sent again since then: any up to now. */
	r->tsval_last = lq_tsval(false, tcp_clock_us(), r->ts_off);
	lq_part_add(job->part, r, job->hash);
	if (lq_job_park_new(job, r)) {
		lq_job_read_record(job, r);
		end = LQ_COOKIE_PARKED;
	} else {
		lq_part_remove(job->part, r, job->hash);
	}
unlock:
	lq_home_unlock_new(job->part, job->hash);
	lq_memory_check(job->q, job->part);
	return end;
}

/* Without a lock: lq_job_must_wait() knows. */
static bool may_have_to_wait(const struct lq_job *job)
{
	return sk_acceptq_is_full(job->sk) || atomic_read(&job->q->parking.n);
}

/* Room for one more, as far as that can be known before anything is asked. */
static bool has_room(const struct lq_job *job)
{
	const struct lq_parking *parking = &job->q->parking;

	return atomic_read(&parking->n) < lq_parking_limit(job->q, job->sk) &&
	       atomic64_read(&parking->bytes) < READ_ONCE(parking->room);
}

/**
 * lq_cookie_park() - the ACK of a SYN cookie that would be refused now: park it
 * @job: a segment without SYN, that no record and no connection is there for
 *
 * Context: under RCU, bottom halves off, no lock of ours held.
 * Return: see enum lq_cookie_end.
 */
enum lq_cookie_end lq_cookie_park(struct lq_job *job)
{
	atomic64_t *tallies = job->q->tallies;
	enum lq_cookie_end end;
	struct request_sock *req;
	u64 sent_us;
	u16 mss;

	/* What costs a lock shared by all comes after what a stranger can't forge. */
	if (likely(!may_have_to_wait(job)) || !may_be_cookie(job))
		return LQ_COOKIE_LEFT;
	mss = lq_cookie_mss(job->skb);
	if (!mss || !lq_job_must_wait(job))
		return LQ_COOKIE_LEFT;
	if (!has_room(job)) {
		atomic64_inc(&tallies[LQ_SYNQ_TALLY_cookies_no_room]);
		return LQ_COOKIE_LEFT;
	}
	req = lq_scratch(job->sk);
	read_ack(job, req, mss);
	if (!tcp_rsk(req)->af_specific || lq_job_why_stock(job) != LQ_OURS ||
	    !read_options(job, req, &sent_us) || !choose_window(job, req) ||
	    lq_job_ask_security(job, req)) {
		atomic64_inc(&tallies[LQ_SYNQ_TALLY_cookies_unfit]);
		return LQ_COOKIE_LEFT;
	}
	end = insert(job, req, sent_us);
	if (end == LQ_COOKIE_LEFT && lq_job_must_wait(job))
		atomic64_inc(&tallies[LQ_SYNQ_TALLY_cookies_no_room]);
	if (end != LQ_COOKIE_PARKED)
		return end;
	atomic64_inc(&tallies[LQ_SYNQ_TALLY_cookies_parked]);
	lq_attempt_cookie_kept(job->l, &job->event);
	__NET_INC_STATS(sock_net(job->sk), LINUX_MIB_SYNCOOKIESRECV);
	lq_job_report(job, LQ_V_req_parked);
	return end;
}
