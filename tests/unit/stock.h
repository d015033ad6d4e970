/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stock.h - the stock functions in small: a second implementation of the rules
 *
 * Written from the kernel's source, with its control flow, names and labels, and never
 * from decide.c: where both differ, one of them is wrong. Net of what no rule needs
 * (memory, locks, statistics of others); 6.1, and the places where 5.10 and 7.2 differ.
 *
 * Each function takes a world, gives the verdict, and leaves counters and marks in a
 * struct lq_outcome as frame.c would find them.
 */
#ifndef LISTENQ_STOCK_H
#define LISTENQ_STOCK_H

#include "world.h"

/* inet_csk_reqsk_queue_is_full: ">=" in 5.10, ">" since 5.11 */
static inline bool stock_synq_is_full(const struct world *w)
{
	const struct lq_lengths *q = &w->reading.queues;

	if (w->kernel.synq_full_at_limit)
		return q->synq >= q->synq_limit;
	return q->synq > q->synq_limit;
}

/* tcp_v4_route_req, subflow_v4_route_req */
static inline enum lq_verdict stock_route_req(const struct world *w, struct lq_outcome *o)
{
	o->lsm_asked = true;
	if (w->others.denied) {
		o->lsm_denied = true;
		return LQ_V_syn_security;
	}
	if (w->others.no_route) {
		o->moved |= w->ipv6 ? 0 : MOVED(NO_ROUTES);
		return LQ_V_syn_no_route;
	}
	return w->others.refused ? LQ_V_syn_upper_refused : LQ_V_none;
}

static inline enum lq_verdict stock_enqueue(const struct world *w, struct lq_outcome *o,
					    bool want_cookie)
{
	if (!want_cookie && w->reading.taken)
		return LQ_V_syn_lost_race;
	o->synack = want_cookie ? LQ_SYNACK_COOKIE : LQ_SYNACK_REQUEST;
	o->synack_failed = w->others.unsent;
	if (want_cookie && o->synack_failed)
		return LQ_V_syn_cookie_unsent;
	if (want_cookie)
		return w->facts.syncookies == 2 ? LQ_V_syn_cookie_always : LQ_V_syn_cookie;
	if (o->synack_failed)
		return LQ_V_syn_queued_unsent;
	return w->facts.timewait ? LQ_V_syn_queued_timewait : LQ_V_syn_queued;
}

/* From "if (fastopen_sk)" on, and tcp_try_fastopen before it. */
static inline enum lq_verdict stock_answer_syn(const struct world *w, struct lq_outcome *o,
					       bool want_cookie)
{
	if (!want_cookie && w->others.fastopen) {
		o->synack = LQ_SYNACK_FASTOPEN;
		o->synack_failed = w->others.unsent;
		o->moved |= MOVED(PASSIVE_OPENS);
		if (w->reading.closed) {
			o->moved |= MOVED(LISTEN_DROPS);
			return LQ_V_syn_fastopen_closed;
		}
		return LQ_V_syn_fastopen;
	}
	if (!want_cookie && w->fastopen_failed)
		o->moved |= MOVED(LISTEN_DROPS);
	return stock_enqueue(w, o, want_cookie);
}

/* tcp_conn_request */
static inline enum lq_verdict stock_conn_request(const struct world *w, struct lq_outcome *o)
{
	const struct lq_lengths *q = &w->reading.queues;
	int max_syn_backlog = w->facts.max_syn_backlog;
	bool want_cookie = false, isn = w->facts.timewait;
	u8 syncookies = w->facts.syncookies;
	enum lq_verdict v;

	if ((syncookies == 2 || stock_synq_is_full(w)) && !isn) {
		want_cookie = syncookies;
		v = LQ_V_syn_queue_full;
		o->moved |= want_cookie ? 0 : MOVED(REQQ_FULL_DROP);
		if (!want_cookie)
			goto drop;
	}
	if (full(w)) {
		o->moved |= MOVED(LISTEN_OVERFLOWS);
		v = LQ_V_syn_accept_full;
		goto drop;
	}
	v = LQ_V_syn_no_memory;
	if (w->others.no_request)
		goto drop;
	v = stock_route_req(w, o);
	if (v != LQ_V_none)
		goto drop;
	if (!want_cookie && !isn) {
		/* As the kernel's -fno-strict-overflow has it. */
		if (!syncookies &&
		    (int)((u32)max_syn_backlog - q->synq) < (max_syn_backlog >> 2)) {
			o->proven_asked = true;
			v = LQ_V_syn_last_quarter;
			if (w->others.unproven)
				goto drop;
		}
	}
	return stock_answer_syn(w, o, want_cookie);
drop:
	o->moved |= MOVED(LISTEN_DROPS);
	return v;
}

/* What syn_recv_sock gives back. */
enum stock_child { NO_CHILD_FULL, NO_CHILD, DUPLICATE, NEW_CHILD };

/* smc_tcp_syn_recv_sock, then tcp_v4_syn_recv_sock or tcp_v6_syn_recv_sock */
static inline enum stock_child stock_syn_recv_sock(const struct world *w,
						   struct lq_outcome *o, bool cookie)
{
	enum lq_child ends = w->others.child;

	if (w->upper == SMC && ends == LQ_CHILD_REFUSED) {
		o->moved |= w->smc_counts ? MOVED(LISTEN_OVERFLOWS) : 0;
		goto exit;
	}
	if (full(w)) {
		o->moved |= MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS);
		return NO_CHILD_FULL;
	}
	if (w->ipv6 && ends == LQ_CHILD_NO_ROUTE)
		goto exit;
	o->child_asked = true;
	if (ends == LQ_CHILD_NO_MEMORY)
		goto exit;
	o->moved |= MOVED(PASSIVE_OPENS);
	if (ends == LQ_CHILD_NO_ROUTE) {
		o->moved |= MOVED(NO_ROUTES);
		goto exit;
	}
	if (ends == LQ_CHILD_NO_BUCKET)
		goto exit;
	/* inet_ehash_nolisten: whoever comes second has no child to show. */
	return w->reading.taken && cookie ? DUPLICATE : NEW_CHILD;
exit:
	o->moved |= MOVED(LISTEN_DROPS);
	return NO_CHILD;
}

/* tcp_get_cookie_sock */
static inline enum lq_verdict stock_get_cookie_sock(const struct world *w,
						    struct lq_outcome *o)
{
	bool closed = w->reading.closed;

	switch (stock_syn_recv_sock(w, o, true)) {
	case NO_CHILD_FULL:
		return LQ_V_cookie_accept_full;
	case NO_CHILD:
		if (w->others.child == LQ_CHILD_NO_MEMORY)
			return LQ_V_cookie_no_memory;
		if (w->others.child == LQ_CHILD_REFUSED)
			return LQ_V_cookie_upper_refused;
		return closed ? LQ_V_cookie_listener_closed : LQ_V_cookie_no_bucket;
	case DUPLICATE:
		/* Both are true, and leave the same behind. */
		return closed ? LQ_V_cookie_listener_closed : LQ_V_cookie_lost_race;
	case NEW_CHILD:
		break;
	}
	o->child_dead = w->others.child_dead;
	o->joined = w->others.joined;
	if (o->child_dead || o->joined) {
		o->returned = LQ_RET_CHILD;
		return o->joined ? LQ_V_req_mptcp_joined : LQ_V_cookie_upper_refused;
	}
	if (closed)
		return LQ_V_cookie_listener_closed;
	o->returned = LQ_RET_CHILD;
	return LQ_V_cookie_accepted;
}

/* cookie_v4_check up to the request; true: "goto out" with the listener */
static inline bool stock_cookie_fails(const struct world *w, struct lq_outcome *o)
{
	u8 flags = w->facts.segment.flags;

	if (!w->facts.syncookies || !(flags & LQ_ACK) || (flags & LQ_RST))
		return true;
	if (w->facts.cookie_by_bpf)
		return false;
	if (!w->reading.cookies_lately)
		return true;
	if (w->others.cookie == LQ_COOKIE_INVALID) {
		o->moved |= MOVED(COOKIES_FAILED);
		return true;
	}
	o->moved |= MOVED(COOKIES_RECV);
	return w->others.cookie == LQ_COOKIE_OPTIONS_OFF;
}

/* tcp_rcv_state_process, state LISTEN, and whoever counts its answer */
static inline enum lq_verdict stock_rcv_listen(const struct world *w,
					       const struct lq_outcome *o)
{
	u8 flags = w->facts.segment.flags;

	if (!(flags & LQ_ACK))
		return flags & LQ_RST ? LQ_V_stray_rst : LQ_V_stray_no_ack;
	if (flags & LQ_RST)	/* tcp_v4_send_reset: never send a reset in response */
		return LQ_V_stray_rst;
	if (o->moved & MOVED(COOKIES_RECV))
		return LQ_V_cookie_options_off;
	if (w->facts.via_check_req)
		return LQ_V_req_bad_ack;
	return o->moved & MOVED(COOKIES_FAILED) ? LQ_V_cookie_invalid : LQ_V_stray_ack;
}

/* cookie_v4_check */
static inline enum lq_verdict stock_hnd_req(const struct world *w, struct lq_outcome *o)
{
	if (stock_cookie_fails(w, o)) {
		o->returned = LQ_RET_LISTENER;
		return stock_rcv_listen(w, o);
	}
	if (w->others.no_request)
		return LQ_V_cookie_no_memory;
	if (w->others.refused)
		return LQ_V_cookie_upper_refused;
	o->lsm_asked = true;
	o->lsm_denied = w->others.denied;
	if (o->lsm_denied)
		return LQ_V_cookie_security;
	if (w->others.no_route)
		return LQ_V_cookie_no_route;
	return stock_get_cookie_sock(w, o);
}

static inline bool time_before32(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/* tcp_paws_reject, tcp_paws_check; any clock will do */
static inline bool stock_paws_reject(const struct world *w)
{
	const struct lq_segment *s = &w->facts.segment;
	u32 now = w->reading.now, ts_recent_stamp = now - w->facts.req.stamp_age_s;
	u32 ts_recent = w->reading.ts_recent;

	if (!s->has_ts)
		return false;
	if ((s32)(ts_recent - s->tsval) <= 0)
		return false;
	if (!time_before32(now, ts_recent_stamp + PAWS_AGE))
		return false;
	if (!ts_recent)
		return false;
	if ((s->flags & LQ_RST) && !time_before32(now, ts_recent_stamp + 60))
		return false;
	return true;
}

static inline bool between(u32 seq1, u32 seq2, u32 seq3)
{
	return seq3 - seq2 >= seq1 - seq2;
}

static inline bool stock_tsecr_reject(const struct world *w)
{
	const struct lq_pending *req = &w->facts.req;
	const struct lq_segment *s = &w->facts.segment;

	if (w->kernel.checks_tsecr && s->has_ts && s->tsecr)
		if (req->tstamp_ok && !req->fastopen)
			return !between(s->tsecr, req->tsval_first, req->tsval_last);
	return false;
}

static inline u32 stock_end_seq(const struct lq_segment *s)
{
	u32 end_seq = s->seq + s->len;

	if (s->flags & LQ_SYN)
		end_seq++;
	if (s->flags & LQ_FIN)
		end_seq++;
	return end_seq;
}

static inline bool stock_tcp_in_window(u32 seq, u32 end_seq, u32 s_win, u32 e_win)
{
	if (seq == s_win)
		return true;
	if (time_before32(s_win, end_seq) && time_before32(seq, e_win))
		return true;
	return seq == e_win && seq == end_seq;
}

static inline bool stock_in_window(const struct world *w)
{
	const struct lq_pending *req = &w->facts.req;
	const struct lq_segment *s = &w->facts.segment;
	u32 window = req->rcv_wnd;

	if (window > w->kernel.most_window)	/* tcp_synack_window */
		window = w->kernel.most_window;
	return stock_tcp_in_window(s->seq, stock_end_seq(s), req->rcv_nxt,
				   req->rcv_nxt + window);
}

/* __tcp_oow_rate_limited */
static inline bool __stock_oow_rate_limited(const struct world *w, struct lq_outcome *o,
					    u32 counter)
{
	u32 val = w->reading.last_oow;

	if (val) {
		s32 elapsed = (s32)(w->reading.now - val);

		if (elapsed >= 0 && elapsed < (s32)w->facts.ratelimit) {
			o->moved |= counter;
			return true;
		}
	}
	return false;
}

/* tcp_oow_rate_limited */
static inline bool stock_oow_rate_limited(const struct world *w, struct lq_outcome *o)
{
	const struct lq_segment *s = &w->facts.segment;

	if (s->seq != stock_end_seq(s) && !(s->flags & LQ_SYN))
		return false;
	return __stock_oow_rate_limited(w, o, MOVED(SKIPPED_SYN_RECV));
}

static inline enum lq_verdict stock_syn_again(const struct world *w, struct lq_outcome *o)
{
	if (stock_oow_rate_limited(w, o))
		return LQ_V_req_syn_again_limited;
	o->synack = LQ_SYNACK_REQUEST;
	o->synack_failed = w->others.unsent;
	if (o->synack_failed)
		return LQ_V_req_syn_again_unsent;
	o->moved |= MOVED(SYN_RETRANS);
	return LQ_V_req_syn_again;
}

/* "Out of window: send ACK and drop", whichever of three brought it there. */
static inline enum lq_verdict stock_out_of_window(const struct world *w,
						  struct lq_outcome *o, int why)
{
	static const enum lq_verdict verdicts[][3] = {
		{ LQ_V_req_paws, LQ_V_req_paws_limited, LQ_V_req_paws_rst },
		{ LQ_V_req_tsecr, LQ_V_req_tsecr_limited, LQ_V_req_tsecr_rst },
		{ LQ_V_req_out_of_window, LQ_V_req_out_of_window_limited,
		  LQ_V_req_out_of_window_rst },
	};
	bool rst = w->facts.segment.flags & LQ_RST;

	if (!rst && !stock_oow_rate_limited(w, o))
		o->ack_sent = true;
	o->moved |= why == 0 ? MOVED(PAWS_ESTAB) : why == 1 ? MOVED(TSECR) : 0;
	return verdicts[why][rst ? 2 : o->ack_sent ? 0 : 1];
}

/* tcp_reqsk_send_challenge_ack */
static inline enum lq_verdict stock_challenge_ack(const struct world *w,
						  struct lq_outcome *o)
{
	o->challenge_asked = true;
	if (__stock_oow_rate_limited(w, o, MOVED(SKIPPED_CHALLENGE)))
		return LQ_V_req_challenge_limited;
	if (w->others.quota_used_up)
		return LQ_V_req_challenge_quota;
	o->moved |= MOVED(CHALLENGE_ACK);
	o->ack_sent = true;
	return LQ_V_req_challenge;
}

/* Label embryonic_reset of tcp_check_req: @v, if the request is still ours to end. */
static inline enum lq_verdict stock_embryonic_reset(const struct world *w,
						    struct lq_outcome *o, enum lq_verdict v)
{
	if (w->facts.req.fastopen)
		return v;
	if (w->reading.taken) {
		o->stolen = true;
		return LQ_V_req_reset_lost_race;
	}
	o->moved |= MOVED(EMBRYONIC_RSTS);
	return v;
}

/* Label listen_overflow of tcp_check_req */
static inline enum lq_verdict stock_listen_overflow(const struct world *w,
						    struct lq_outcome *o,
						    enum stock_child why)
{
	static const enum lq_verdict verdicts[][2] = {
		[LQ_CHILD_MADE] = { LQ_V_req_accept_full, LQ_V_req_accept_full_reset },
		[LQ_CHILD_NO_MEMORY] = { LQ_V_req_no_memory, LQ_V_req_no_memory_reset },
		[LQ_CHILD_NO_ROUTE] = { LQ_V_req_no_route, LQ_V_req_no_route_reset },
		[LQ_CHILD_NO_BUCKET] = { LQ_V_req_no_bucket, LQ_V_req_no_bucket_reset },
		[LQ_CHILD_REFUSED] = { LQ_V_req_upper_refused,
				       LQ_V_req_upper_refused_reset },
	};
	bool reset = w->facts.abort_on_overflow;
	enum lq_child ends = why == NO_CHILD_FULL ? LQ_CHILD_MADE : w->others.child;
	enum lq_verdict v = verdicts[ends][reset];

	if (ends == LQ_CHILD_NO_BUCKET && w->reading.closed)
		v = LQ_V_req_listener_closed;
	return reset ? stock_embryonic_reset(w, o, v) : v;
}

/* inet_csk_complete_hashdance */
static inline enum lq_verdict stock_complete_hashdance(const struct world *w,
						       struct lq_outcome *o)
{
	o->stolen = w->reading.taken;
	if (o->stolen)
		return LQ_V_req_lost_race;
	if (w->migrates && w->others.child == LQ_CHILD_NO_COPY)
		return LQ_V_req_no_memory;
	if (w->reading.closed)
		return LQ_V_req_listener_closed;
	o->returned = LQ_RET_CHILD;
	if (!w->migrates)
		return LQ_V_req_completed;
	o->moved |= MOVED(MIGRATED);
	return LQ_V_req_migrated;
}

/* tcp_check_req from TCP_DEFER_ACCEPT on */
static inline enum lq_verdict stock_last_ack(const struct world *w, struct lq_outcome *o)
{
	enum stock_child child;

	if (w->reading.timeouts < w->facts.defer_accept &&
	    stock_end_seq(&w->facts.segment) == w->facts.req.rcv_isn + 1) {
		o->moved |= MOVED(DEFER_ACCEPT);
		return LQ_V_req_deferred;
	}
	child = stock_syn_recv_sock(w, o, false);
	if (child != NEW_CHILD)
		return stock_listen_overflow(w, o, child);
	/* own_req && rsk_drop_req(req) */
	if (!w->reading.taken && w->others.joined) {
		o->joined = true;
		o->returned = LQ_RET_CHILD;
		o->child_dead = w->others.child_dead;
		return o->child_dead ? LQ_V_req_upper_refused_reset : LQ_V_req_mptcp_joined;
	}
	return stock_complete_hashdance(w, o);
}

/* tcp_check_req after "In sequence, PAWS is OK" */
static inline enum lq_verdict stock_in_sequence(const struct world *w, struct lq_outcome *o)
{
	const struct lq_pending *req = &w->facts.req;
	const struct lq_segment *s = &w->facts.segment;
	u8 flg = s->flags;

	if (s->seq == req->rcv_isn)
		flg &= ~LQ_SYN;
	if (w->kernel.challenge_acks && (flg & LQ_RST) && s->seq != req->rcv_nxt)
		return stock_challenge_ack(w, o);
	if (flg & (LQ_RST | LQ_SYN)) {
		o->moved |= MOVED(ATTEMPT_FAILS);
		return stock_embryonic_reset(w, o, flg & LQ_RST ? LQ_V_req_rst :
								  LQ_V_req_new_syn);
	}
	if (!(flg & LQ_ACK))
		return LQ_V_req_no_ack;
	if (req->fastopen) {
		o->returned = LQ_RET_LISTENER;
		return LQ_V_req_fastopen_passed;
	}
	return stock_last_ack(w, o);
}

/* tcp_check_req */
static inline enum lq_verdict stock_check_req(const struct world *w, struct lq_outcome *o)
{
	const struct lq_pending *req = &w->facts.req;
	const struct lq_segment *s = &w->facts.segment;
	u8 flg = s->flags & (LQ_RST | LQ_SYN | LQ_ACK);
	bool paws_reject = stock_paws_reject(w);

	if (s->seq == req->rcv_isn && flg == LQ_SYN && !paws_reject)
		return stock_syn_again(w, o);
	if ((flg & LQ_ACK) && (w->kernel.rst_ack_counts || !(flg & LQ_RST)) &&
	    !req->fastopen && s->ack_seq != req->snt_isn + 1) {
		o->returned = LQ_RET_LISTENER;
		return LQ_V_none;
	}
	if (paws_reject)
		return stock_out_of_window(w, o, 0);
	if (stock_tsecr_reject(w))
		return stock_out_of_window(w, o, 1);
	if (!stock_in_window(w))
		return stock_out_of_window(w, o, 2);
	return stock_in_sequence(w, o);
}

/* One call, and what is seen of it. */
/* syn_ack_recalc */
static inline void stock_recalc(const struct lq_timer *t, int max_retries, bool *expire,
				bool *resend)
{
	int num_timeout = t->timeouts, defer_accept = t->defer_accept;

	*expire = num_timeout >= max_retries;
	*resend = true;
	if (!defer_accept)
		return;
	if (t->acked && num_timeout < defer_accept)
		*expire = false;
	if (t->acked && num_timeout < defer_accept - 1)
		*resend = false;
}

/* reqsk_timer_handler, from max_syn_ack_retries on */
static inline enum lq_timer_end stock_timer(const struct lq_timer *t)
{
	int max_retries = t->retries, qlen = t->synq;
	bool expire, resend;

	if ((u32)(qlen * 2) > (t->synq_limit < 8 ? 8 : t->synq_limit)) {
		int young = t->young * 2;

		while (max_retries > 2) {
			if (qlen < young)
				break;
			max_retries--;
			young *= 2;
		}
	}
	stock_recalc(t, max_retries, &expire, &resend);
	if (expire)
		return LQ_TIMER_EXPIRE;
	return resend ? LQ_TIMER_RESEND : LQ_TIMER_WAIT;
}

static inline enum lq_verdict stock(enum stage stage, const struct world *w,
				    struct lq_outcome *o)
{
	*o = (struct lq_outcome) {
		.flags = w->facts.segment.flags,
		.cookies_always = w->facts.syncookies == 2,
		.timewait = w->facts.timewait,
		.repeats_syn = stage == CHECK_REQ &&
			       w->facts.segment.seq == w->facts.req.rcv_isn,
		.via_check_req = w->facts.via_check_req,
		.fastopen = stage == CHECK_REQ && w->facts.req.fastopen,
		.queue_full = full(w),
		.closed = w->reading.closed,
		.upper = w->upper != PLAIN,
	};
	switch (stage) {
	case CONN_REQUEST:
		return stock_conn_request(w, o);
	case HND_REQ:
		return stock_hnd_req(w, o);
	default:
		return stock_check_req(w, o);
	}
}

#endif
