// SPDX-License-Identifier: GPL-2.0
/*
 * decide.c - the rules: what happens to a segment on the listen path, and why
 *
 *   do_rcv ─▶ hnd_req ─▶ cookie ─▶ connection        (no SYN)
 *      └────▶ conn_request ─▶ request or cookie      (SYN)
 *   check_req ─▶ connection, answer, end of request, or back to do_rcv
 *
 * Pure: facts in, verdict out; no locks, no kernel calls, no state. One block per
 * branch of Linux 4.1's functions, in the order in which the kernel asks: a later
 * question is not put when an earlier one has settled the matter.
 *
 * Whoever acts on the rules asks them with the answers that he has, does what the
 * verdict says, and asks again when somebody objected. Whoever watches asks them
 * with the answers that were seen, and compares.
 */
#include "core/decide.h"

/* TCP_PAWS_24DAYS, TCP_PAWS_MSL (RFC 7323 5.5; tcp_paws_check, tcp_paws_reject) */
#define PAWS_24DAYS_S	(60 * 60 * 24 * 24)
#define PAWS_MSL_S	60

/* Sequence space comparison (RFC 9293 3.4). */
static bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static bool synq_full(const struct lq_facts *f, const struct lq_reading *r)
{
	return lq_synq_full(f->kernel, r->queues.synq, r->queues.synq_limit);
}

/*
 * A backlog of n holds n + 1 connections (sk_acceptq_is_full). SMC looks at its own
 * queue first, and refuses without looking here (smc_tcp_syn_recv_sock).
 */
static bool acceptq_full(const struct lq_reading *r)
{
	return r->queues.acceptq > r->queues.acceptq_limit;
}

/*
 * The last quarter of tcp_max_syn_backlog is for clients that were here before
 * (tcp_conn_request: "kill the following clause, if you dislike this way").
 */
static bool in_last_quarter(const struct lq_facts *f, const struct lq_reading *r)
{
	s32 most = f->max_syn_backlog, room = f->max_syn_backlog - r->queues.synq;

	return room < most >> 2;
}

/* An unacceptable segment was answered lately (tcp_oow_rate_limited). */
static bool answered_lately(const struct lq_facts *f, const struct lq_reading *r)
{
	s32 elapsed = r->now - r->last_oow;

	return r->last_oow && elapsed >= 0 && elapsed < (s32)f->ratelimit;
}

/* Data without SYN cannot be part of an ACK loop: it is always answered. */
static bool rate_limited(const struct lq_facts *f, const struct lq_reading *r)
{
	const struct lq_segment *s = &f->segment;

	if (lq_end_seq(s) != s->seq && !(s->flags & LQ_SYN))
		return false;
	return answered_lately(f, r);
}

/* RFC 7323 5.3 R1, softer for RST (tcp_paws_reject). */
static bool paws_rejects(const struct lq_facts *f, const struct lq_reading *r)
{
	if (!f->segment.has_ts || (s32)(r->ts_recent - f->segment.tsval) <= 0 ||
	    !r->ts_recent || f->req.stamp_age_s >= PAWS_24DAYS_S)
		return false;
	return !(f->segment.flags & LQ_RST) || f->req.stamp_age_s < PAWS_MSL_S;
}

/* An echo of what was never sent (tcp_check_req; RFC 7323 3.2). */
static bool tsecr_rejects(const struct lq_facts *f)
{
	const struct lq_pending *req = &f->req;

	if (!f->kernel->checks_tsecr || !f->segment.has_ts || !f->segment.tsecr ||
	    !req->tstamp_ok || req->fastopen)
		return false;
	return req->tsval_last - req->tsval_first < f->segment.tsecr - req->tsval_first;
}

/* RFC 9293 3.10.7.4, "first, check sequence number" (tcp_in_window). */
static bool in_window(const struct lq_facts *f)
{
	const struct lq_pending *req = &f->req;
	u32 window = req->rcv_wnd < f->kernel->most_window ? req->rcv_wnd :
							     f->kernel->most_window;
	u32 seq = f->segment.seq, end_seq = lq_end_seq(&f->segment);
	u32 right = req->rcv_nxt + window;

	if (seq == req->rcv_nxt)
		return true;
	if (before(req->rcv_nxt, end_seq) && before(seq, right))
		return true;
	return seq == right && seq == end_seq;
}

/**
 * lq_decide_do_rcv() - rules of tcp_v4_do_rcv and tcp_v6_do_rcv, state LISTEN
 * @segment: the segment
 * @a: what is known of checksum and addresses
 *
 * With tcp_rcv_state_process and tcp_v4/6_conn_request up to tcp_conn_request.
 *
 * Return: a verdict, or LQ_V_none: on to hnd_req (without SYN) or conn_request.
 */
enum lq_verdict lq_decide_do_rcv(const struct lq_segment *segment,
				 const struct lq_answers *a)
{
	u8 flags = segment->flags;

	if (a->checksum_bad)
		return LQ_V_bad_checksum;
	if (!(flags & LQ_SYN))
		return LQ_V_none;
	/* A RST is never answered (tcp_v4_send_reset). */
	if (flags & LQ_ACK)
		return flags & LQ_RST ? LQ_V_stray_rst : LQ_V_synack_to_listener;
	if (flags & LQ_RST)
		return LQ_V_syn_rst;
	if (flags & LQ_FIN)
		return LQ_V_syn_fin;
	if (a->not_unicast)
		return LQ_V_syn_broadcast;
	return a->mapped_source ? LQ_V_syn_mapped_source : LQ_V_none;
}

/* Somebody else has to agree, too: the kernel asks in this order. */
static enum lq_verdict syn_objections(const struct lq_answers *a)
{
	if (a->no_request)
		return LQ_V_syn_no_memory;
	if (a->denied)
		return LQ_V_syn_security;
	if (a->no_route)
		return LQ_V_syn_no_route;
	return a->refused ? LQ_V_syn_upper_refused : LQ_V_none;
}

static enum lq_verdict syn_cookie(const struct lq_facts *f, const struct lq_answers *a)
{
	if (a->unsent)
		return LQ_V_syn_cookie_unsent;
	return f->syncookies == 2 ? LQ_V_syn_cookie_always : LQ_V_syn_cookie;
}

/**
 * lq_decide_conn_request() - rules of tcp_conn_request: a SYN
 * @f: facts
 * @r: reading
 * @a: answers
 *
 * Return: one of LQ_V_syn_*.
 */
enum lq_verdict lq_decide_conn_request(const struct lq_facts *f,
				       const struct lq_reading *r,
				       const struct lq_answers *a)
{
	enum lq_verdict objection;
	bool cookie = false;

	/* TIME_WAIT's successor proves itself by its past: no limits, no cookie. */
	if (!f->timewait && (f->syncookies == 2 || synq_full(f, r))) {
		if (!f->syncookies)
			return LQ_V_syn_queue_full;
		cookie = true;
	}
	if (acceptq_full(r))
		return LQ_V_syn_accept_full;
	objection = syn_objections(a);
	if (objection != LQ_V_none)
		return objection;
	if (cookie)
		return syn_cookie(f, a);
	if (!f->timewait && !f->syncookies && in_last_quarter(f, r) && a->unproven)
		return LQ_V_syn_last_quarter;
	if (a->fastopen)
		return r->closed ? LQ_V_syn_fastopen_closed : LQ_V_syn_fastopen;
	if (r->taken)
		return LQ_V_syn_lost_race;
	if (a->unsent)
		return LQ_V_syn_queued_unsent;
	return f->timewait ? LQ_V_syn_queued_timewait : LQ_V_syn_queued;
}

/* Nobody's segment: what tcp_rcv_state_process does with it (RFC 9293 3.10.7.2). */
static enum lq_verdict stray(const struct lq_facts *f, const struct lq_answers *a)
{
	if (a->cookie == LQ_COOKIE_OPTIONS_OFF)
		return LQ_V_cookie_options_off;
	if (f->via_check_req)
		return LQ_V_req_bad_ack;
	return a->cookie == LQ_COOKIE_INVALID ? LQ_V_cookie_invalid : LQ_V_stray_ack;
}

/* A connection of a valid cookie (tcp_get_cookie_sock, tcp_v4_syn_recv_sock). */
static enum lq_verdict cookie_child(const struct lq_reading *r, const struct lq_answers *a)
{
	if (acceptq_full(r) && a->child != LQ_CHILD_REFUSED)
		return LQ_V_cookie_accept_full;
	switch (a->child) {
	case LQ_CHILD_NO_MEMORY:
	case LQ_CHILD_NO_COPY:
		return LQ_V_cookie_no_memory;
	case LQ_CHILD_NO_ROUTE:
		return LQ_V_cookie_no_route;
	case LQ_CHILD_NO_BUCKET:
		/* A closing listener gives its port back before it stops. */
		return r->closed ? LQ_V_cookie_listener_closed : LQ_V_cookie_no_bucket;
	case LQ_CHILD_REFUSED:
		return LQ_V_cookie_upper_refused;
	case LQ_CHILD_MADE:
		break;
	}
	/* Neither needs the accept queue (rsk_drop_req). */
	if (a->child_dead)
		return LQ_V_cookie_upper_refused;
	if (a->joined)
		return LQ_V_req_mptcp_joined;
	if (r->closed)
		return LQ_V_cookie_listener_closed;
	return r->taken ? LQ_V_cookie_lost_race : LQ_V_cookie_accepted;
}

/**
 * lq_decide_hnd_req() - rules of tcp_v4_hnd_req, today cookie_v4/6_check, and of what
 * tcp_rcv_state_process does with what they give back: a segment without SYN
 * @f: facts
 * @r: reading
 * @a: answers
 *
 * Return: one of LQ_V_stray_*, LQ_V_cookie_*, LQ_V_req_bad_ack or
 * LQ_V_req_mptcp_joined.
 */
enum lq_verdict lq_decide_hnd_req(const struct lq_facts *f, const struct lq_reading *r,
				  const struct lq_answers *a)
{
	static const struct lq_answers nobody_asked;

	if (f->segment.flags & LQ_RST)
		return LQ_V_stray_rst;
	if (!(f->segment.flags & LQ_ACK))
		return LQ_V_stray_no_ack;
	if (!f->syncookies || !(r->cookies_lately || f->cookie_by_bpf))
		return stray(f, &nobody_asked);
	if (a->cookie != LQ_COOKIE_VALID)
		return stray(f, a);

	if (a->no_request)
		return LQ_V_cookie_no_memory;
	if (a->refused)
		return LQ_V_cookie_upper_refused;
	if (a->denied)
		return LQ_V_cookie_security;
	if (a->no_route)
		return LQ_V_cookie_no_route;
	return cookie_child(r, a);
}

/* Not acceptable: answered by an ACK, but not too often; a RST is ignored. */
static enum lq_verdict unacceptable(const struct lq_facts *f, const struct lq_reading *r,
				    enum lq_verdict acked, enum lq_verdict limited,
				    enum lq_verdict rst)
{
	if (f->segment.flags & LQ_RST)
		return rst;
	return rate_limited(f, r) ? limited : acked;
}

/* tcp_reqsk_send_challenge_ack */
static enum lq_verdict challenge(const struct lq_facts *f, const struct lq_reading *r,
				 const struct lq_answers *a)
{
	if (answered_lately(f, r))
		return LQ_V_req_challenge_limited;
	return a->quota_used_up ? LQ_V_req_challenge_quota : LQ_V_req_challenge;
}

/* Label listen_overflow of tcp_check_req: is the request ended by a RST? */
static enum lq_verdict overflow(const struct lq_facts *f, const struct lq_reading *r,
				enum lq_verdict stays, enum lq_verdict reset)
{
	if (!f->abort_on_overflow)
		return stays;
	return r->taken ? LQ_V_req_reset_lost_race : reset;
}

/* A good last ACK: syn_recv_sock, inet_csk_complete_hashdance. */
static enum lq_verdict last_ack(const struct lq_facts *f, const struct lq_reading *r,
				const struct lq_answers *a)
{
	if (acceptq_full(r) && a->child != LQ_CHILD_REFUSED)
		return overflow(f, r, LQ_V_req_accept_full, LQ_V_req_accept_full_reset);
	switch (a->child) {
	case LQ_CHILD_NO_MEMORY:
		return overflow(f, r, LQ_V_req_no_memory, LQ_V_req_no_memory_reset);
	case LQ_CHILD_NO_ROUTE:
		return overflow(f, r, LQ_V_req_no_route, LQ_V_req_no_route_reset);
	case LQ_CHILD_NO_BUCKET:
		if (r->closed)
			return overflow(f, r, LQ_V_req_listener_closed,
					LQ_V_req_listener_closed);
		return overflow(f, r, LQ_V_req_no_bucket, LQ_V_req_no_bucket_reset);
	case LQ_CHILD_REFUSED:
		return overflow(f, r, LQ_V_req_upper_refused,
				LQ_V_req_upper_refused_reset);
	case LQ_CHILD_NO_COPY:
		/* Past listen_overflow: no RST (inet_csk_complete_hashdance). */
		return LQ_V_req_no_memory;
	case LQ_CHILD_MADE:
		break;
	}
	if (r->taken)
		return LQ_V_req_lost_race;
	if (a->joined)
		return a->child_dead ? LQ_V_req_upper_refused_reset : LQ_V_req_mptcp_joined;
	if (a->migrated)
		return LQ_V_req_migrated;
	return r->closed ? LQ_V_req_listener_closed : LQ_V_req_completed;
}

/**
 * lq_decide_check_req() - rules of tcp_check_req: a segment for a pending request
 * @f: facts
 * @r: reading
 * @a: answers
 *
 * The order is the kernel's, RFC 9293 3.10.7.4 for SYN-RECEIVED, with its own ideas:
 * a repeated SYN before anything else, the acknowledgment before the window.
 *
 * Return: one of LQ_V_req_*, or LQ_V_none: back to the listener, and on to do_rcv.
 */
enum lq_verdict lq_decide_check_req(const struct lq_facts *f, const struct lq_reading *r,
				    const struct lq_answers *a)
{
	const struct lq_segment *s = &f->segment;
	u8 flags = s->flags & (LQ_RST | LQ_SYN | LQ_ACK);
	bool paws = paws_rejects(f, r);

	/* The SYN again: the SYN-ACK was lost (RFC 1122 4.2.2.20 (e)). */
	if (flags == LQ_SYN && s->seq == f->req.rcv_isn && !paws) {
		if (rate_limited(f, r))
			return LQ_V_req_syn_again_limited;
		return a->unsent ? LQ_V_req_syn_again_unsent : LQ_V_req_syn_again;
	}
	/* An ACK of what was never sent: the listener answers it by RST. */
	if ((flags & LQ_ACK) && !f->req.fastopen && s->ack_seq != f->req.snt_isn + 1 &&
	    (!(flags & LQ_RST) || f->kernel->rst_ack_counts))
		return LQ_V_none;

	/* First, check sequence number. */
	if (paws)
		return unacceptable(f, r, LQ_V_req_paws, LQ_V_req_paws_limited,
				    LQ_V_req_paws_rst);
	if (tsecr_rejects(f))
		return unacceptable(f, r, LQ_V_req_tsecr, LQ_V_req_tsecr_limited,
				    LQ_V_req_tsecr_rst);
	if (!in_window(f))
		return unacceptable(f, r, LQ_V_req_out_of_window,
				    LQ_V_req_out_of_window_limited,
				    LQ_V_req_out_of_window_rst);

	/* Second and fourth: RST and SYN. The SYN's own number is left of the window. */
	if (s->seq == f->req.rcv_isn)
		flags &= ~LQ_SYN;
	if ((flags & LQ_RST) && s->seq != f->req.rcv_nxt && f->kernel->challenge_acks)
		return challenge(f, r, a);
	if (flags & (LQ_RST | LQ_SYN)) {
		if (r->taken && !f->req.fastopen)
			return LQ_V_req_reset_lost_race;
		return flags & LQ_RST ? LQ_V_req_rst : LQ_V_req_new_syn;
	}

	/* Fifth: ACK. */
	if (!(flags & LQ_ACK))
		return LQ_V_req_no_ack;
	if (f->req.fastopen)
		return LQ_V_req_fastopen_passed;
	/* TCP_DEFER_ACCEPT: only data makes a connection (tcp(7)). */
	if (r->timeouts < f->defer_accept && lq_end_seq(s) == f->req.rcv_isn + 1)
		return LQ_V_req_deferred;
	return last_ack(f, r, a);
}

/* A SYN queue of a few is never too full (reqsk_timer_handler). */
#define FEW_PENDING	8U

/* A SYN-ACK is sent again at least so often, however full the queue. */
#define LEAST_RETRIES	2

/*
 * Half of the queue is kept for young requests: when it is more than half full, old ones
 * are given up earlier, the earlier the fewer are young (reqsk_timer_handler).
 */
static s32 retries_left(const struct lq_timer *t)
{
	u32 limit = t->synq_limit > FEW_PENDING ? t->synq_limit : FEW_PENDING;
	u32 young = t->young << 1;
	s32 retries = t->retries;

	if (t->synq << 1 <= limit)
		return retries;
	for (; retries > LEAST_RETRIES && t->synq >= young; young <<= 1)
		retries--;
	return retries;
}

/**
 * lq_decide_timer() - rules of reqsk_timer_handler and syn_ack_recalc
 * @t: the request and its queue, before this timer is counted
 *
 * TCP_DEFER_ACCEPT waits in silence once the client has acknowledged, but for one SYN-ACK
 * at the end, a last call for its data. A SYN-ACK that cannot be sent ends the request,
 * too, unless it was acknowledged: that is for the caller to see.
 *
 * Return: what becomes of the request.
 */
enum lq_timer_end lq_decide_timer(const struct lq_timer *t)
{
	bool deferred = t->acked && t->timeouts < t->defer_accept;

	if (!deferred && t->timeouts >= retries_left(t))
		return LQ_TIMER_EXPIRE;
	if (deferred && t->timeouts + 1 < t->defer_accept)
		return LQ_TIMER_WAIT;
	return LQ_TIMER_RESEND;
}

/**
 * lq_decide_park() - rules of parking: a good last ACK that may have to wait
 * @p: its handshake, and others
 * @s: the segment
 *
 * What is kept has no gaps, so that the connection can take it as it came. Of a segment
 * that begins before what comes next, the connection takes the rest.
 *
 * Return: req_parked, req_parked_data: it is to be kept; req_parked_again: it brings
 * nothing new; LQ_V_none: it is not for parking.
 */
enum lq_verdict lq_decide_park(const struct lq_park *p, const struct lq_segment *s)
{
	u32 end = lq_end_seq(s);

	if (p->parked && (end == s->seq || !before(p->next, end)))
		return LQ_V_req_parked_again;
	if (before(p->next, s->seq) || s->len + p->payload > p->most_payload)
		return LQ_V_none;
	if (p->parked)
		return LQ_V_req_parked_data;
	return p->must_wait && p->records < p->limit ? LQ_V_req_parked : LQ_V_none;
}
