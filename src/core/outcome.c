// SPDX-License-Identifier: GPL-2.0
/*
 * outcome.c - from what was seen to the one verdict that names it
 *
 * The stock functions return NULL or 0 for a dozen different reasons. What tells
 * them apart is which inner functions they reached and which counters they
 * moved. Each function below walks the ways out of one stock function in the
 * order of its source, and its last line is the only way left: there is no
 * catch-all.
 *
 * Pure: no locks, no kernel calls, no state. The caller has collected the facts
 * (see observe.c); nothing here predicts what the kernel should have done.
 */
#include "core/outcome.h"

static bool moved(const struct lq_outcome *o, enum lq_counter counter)
{
	return o->moved & (1U << counter);
}

/*
 * syn_recv_sock counted an overflow. SMC counts its own handshakes' overflow there
 * too (smc_tcp_syn_recv_sock), with room in the listener's queue.
 */
static bool accept_queue_full(const struct lq_outcome *o)
{
	return moved(o, LQ_C_LISTEN_OVERFLOWS) && (!o->upper || o->queue_full);
}

/*
 * Why syn_recv_sock made no child although the accept queue had room (Linux
 * 4.1: tcp_v4_syn_recv_sock; tcp_v6_syn_recv_sock looks for the route first).
 */
static enum lq_child why_childless(const struct lq_outcome *o)
{
	if (moved(o, LQ_C_PASSIVE_OPENS)) {
		/*
		 * The child was there and had to go again. Uncounted, it is an
		 * upper protocol's doing, or the copy of the request for another
		 * listener could not be made (inet_reqsk_clone).
		 */
		if (!moved(o, LQ_C_LISTEN_DROPS))
			return o->upper ? LQ_CHILD_REFUSED : LQ_CHILD_NO_COPY;
		return moved(o, LQ_C_NO_ROUTES) ? LQ_CHILD_NO_ROUTE : LQ_CHILD_NO_BUCKET;
	}
	if (o->child_asked)
		return LQ_CHILD_NO_MEMORY;
	if (o->upper && !moved(o, LQ_C_NO_ROUTES))
		return LQ_CHILD_REFUSED;
	/* Only tcp_v6_syn_recv_sock can fail before it asks for the child. */
	return LQ_CHILD_NO_ROUTE;
}

/**
 * lq_outcome_conn_request() - verdict on a SYN that went through tcp_conn_request
 * @o: what was seen
 *
 * Return: one of LQ_V_syn_*.
 */
enum lq_verdict lq_outcome_conn_request(const struct lq_outcome *o)
{
	switch (o->synack) {
	case LQ_SYNACK_COOKIE:
		if (o->synack_failed)
			return LQ_V_syn_cookie_unsent;
		return o->cookies_always ? LQ_V_syn_cookie_always : LQ_V_syn_cookie;
	case LQ_SYNACK_FASTOPEN:
		return moved(o, LQ_C_LISTEN_DROPS) ? LQ_V_syn_fastopen_closed :
						     LQ_V_syn_fastopen;
	case LQ_SYNACK_REQUEST:
		if (o->synack_failed)
			return LQ_V_syn_queued_unsent;
		return o->timewait ? LQ_V_syn_queued_timewait : LQ_V_syn_queued;
	case LQ_SYNACK_NONE:
		break;
	}

	if (moved(o, LQ_C_REQQ_FULL_DROP))
		return LQ_V_syn_queue_full;
	if (moved(o, LQ_C_LISTEN_OVERFLOWS))
		return LQ_V_syn_accept_full;
	/* Every other drop is counted; only the lost race is not (5.18). */
	if (!moved(o, LQ_C_LISTEN_DROPS))
		return LQ_V_syn_lost_race;
	if (!o->lsm_asked)
		return LQ_V_syn_no_memory;
	if (o->lsm_denied)
		return LQ_V_syn_security;
	if (o->proven_asked)
		return LQ_V_syn_last_quarter;
	if (o->upper && !moved(o, LQ_C_NO_ROUTES))
		return LQ_V_syn_upper_refused;
	return LQ_V_syn_no_route;
}

/**
 * lq_outcome_hnd_req() - verdict on a segment without SYN that reached a listener
 * @o: what was seen of tcp_v4_hnd_req, or of cookie_v4_check or cookie_v6_check
 *
 * When the function gives the listener back, what follows is fixed by the flags
 * alone (tcp_rcv_state_process, state LISTEN: ACK is answered by RST, RST and
 * everything else is thrown away; a RST never answers a RST).
 *
 * Return: one of LQ_V_stray_*, LQ_V_cookie_*, LQ_V_req_bad_ack or
 * LQ_V_req_mptcp_joined.
 */
enum lq_verdict lq_outcome_hnd_req(const struct lq_outcome *o)
{
	if (o->returned == LQ_RET_CHILD) {
		if (o->child_dead)
			return LQ_V_cookie_upper_refused;
		return o->joined ? LQ_V_req_mptcp_joined : LQ_V_cookie_accepted;
	}

	if (o->returned == LQ_RET_LISTENER) {
		if (o->flags & LQ_RST)
			return LQ_V_stray_rst;
		if (!(o->flags & LQ_ACK))
			return LQ_V_stray_no_ack;
		if (moved(o, LQ_C_COOKIES_RECV))
			return LQ_V_cookie_options_off;
		if (o->via_check_req)
			return LQ_V_req_bad_ack;
		return moved(o, LQ_C_COOKIES_FAILED) ? LQ_V_cookie_invalid :
						       LQ_V_stray_ack;
	}

	if (accept_queue_full(o))
		return LQ_V_cookie_accept_full;
	/* MPTCP may refuse while the request is made (mptcp_subflow_init_cookie_req). */
	if (!o->lsm_asked)
		return o->upper ? LQ_V_cookie_upper_refused : LQ_V_cookie_no_memory;
	if (o->lsm_denied)
		return LQ_V_cookie_security;
	if (!moved(o, LQ_C_LISTEN_DROPS)) {
		/* Neither is counted, and both had a child in hand. */
		if (moved(o, LQ_C_PASSIVE_OPENS))
			return o->closed ? LQ_V_cookie_listener_closed :
					   LQ_V_cookie_lost_race;
		return LQ_V_cookie_no_route;
	}

	switch (why_childless(o)) {
	case LQ_CHILD_NO_MEMORY:
	case LQ_CHILD_NO_COPY:
		return LQ_V_cookie_no_memory;
	case LQ_CHILD_REFUSED:
		return LQ_V_cookie_upper_refused;
	case LQ_CHILD_NO_BUCKET:
		return o->closed ? LQ_V_cookie_listener_closed : LQ_V_cookie_no_bucket;
	case LQ_CHILD_NO_ROUTE:
	case LQ_CHILD_MADE:
		break;
	}
	return LQ_V_cookie_no_route;
}

/* Label listen_overflow of tcp_check_req: no child for a good last ACK. */
static enum lq_verdict no_child(const struct lq_outcome *o)
{
	/* Only tcp_abort_on_overflow ends the request here. */
	bool reset = moved(o, LQ_C_EMBRYONIC_RSTS);

	if (accept_queue_full(o))
		return reset ? LQ_V_req_accept_full_reset : LQ_V_req_accept_full;

	switch (why_childless(o)) {
	case LQ_CHILD_NO_MEMORY:
	case LQ_CHILD_NO_COPY:
		return reset ? LQ_V_req_no_memory_reset : LQ_V_req_no_memory;
	case LQ_CHILD_NO_BUCKET:
		/* A closing listener gives its port back before it stops. */
		if (o->closed)
			return LQ_V_req_listener_closed;
		return reset ? LQ_V_req_no_bucket_reset : LQ_V_req_no_bucket;
	case LQ_CHILD_NO_ROUTE:
		return reset ? LQ_V_req_no_route_reset : LQ_V_req_no_route;
	case LQ_CHILD_REFUSED:
	case LQ_CHILD_MADE:
		break;
	}
	return reset ? LQ_V_req_upper_refused_reset : LQ_V_req_upper_refused;
}

/* A SYN with the request's own sequence number: is the SYN-ACK sent again? */
static enum lq_verdict syn_again(const struct lq_outcome *o)
{
	if (moved(o, LQ_C_SYN_RETRANS))
		return LQ_V_req_syn_again;
	return o->synack != LQ_SYNACK_NONE ? LQ_V_req_syn_again_unsent :
					     LQ_V_req_syn_again_limited;
}

/* Not acceptable: answered by ACK, held back, or a RST that is ignored. */
static enum lq_verdict answered(const struct lq_outcome *o, enum lq_verdict acked,
				enum lq_verdict limited, enum lq_verdict rst)
{
	if (o->flags & LQ_RST)
		return rst;
	return moved(o, LQ_C_SKIPPED_SYN_RECV) ? limited : acked;
}

static enum lq_verdict challenge(const struct lq_outcome *o)
{
	if (moved(o, LQ_C_CHALLENGE_ACK))
		return LQ_V_req_challenge;
	return moved(o, LQ_C_SKIPPED_CHALLENGE) ? LQ_V_req_challenge_limited :
						  LQ_V_req_challenge_quota;
}

/* tcp_check_req returned NULL and did not try to make a child. */
static enum lq_verdict request_stays_or_ends(const struct lq_outcome *o)
{
	bool pure_syn = (o->flags & (LQ_SYN | LQ_ACK | LQ_RST)) == LQ_SYN;

	if (moved(o, LQ_C_PAWS_ESTAB))
		return answered(o, LQ_V_req_paws, LQ_V_req_paws_limited,
				LQ_V_req_paws_rst);
	if (pure_syn && o->repeats_syn)
		return syn_again(o);
	if (moved(o, LQ_C_TSECR))
		return answered(o, LQ_V_req_tsecr, LQ_V_req_tsecr_limited,
				LQ_V_req_tsecr_rst);
	if (o->ack_sent && !o->challenge_asked)
		return LQ_V_req_out_of_window;
	if (moved(o, LQ_C_SKIPPED_SYN_RECV))
		return LQ_V_req_out_of_window_limited;
	if (o->challenge_asked)
		return challenge(o);
	if (moved(o, LQ_C_ATTEMPT_FAILS))
		return o->flags & LQ_RST ? LQ_V_req_rst : LQ_V_req_new_syn;
	if (o->flags & LQ_RST)
		return LQ_V_req_out_of_window_rst;
	if (!(o->flags & LQ_ACK))
		return LQ_V_req_no_ack;
	if (moved(o, LQ_C_DEFER_ACCEPT))
		return LQ_V_req_deferred;
	/* A good last ACK, and an upper protocol that never asked for a child. */
	return no_child(o);
}

/**
 * lq_outcome_check_req() - verdict on a segment that found a pending request
 * @o: what was seen of tcp_check_req
 *
 * Return: one of LQ_V_req_*, or LQ_V_none when the segment was given back to the
 * listener: the stage that sees it next decides.
 */
enum lq_verdict lq_outcome_check_req(const struct lq_outcome *o)
{
	if (o->returned == LQ_RET_LISTENER)
		return o->fastopen ? LQ_V_req_fastopen_passed : LQ_V_none;

	if (o->returned == LQ_RET_CHILD) {
		if (o->joined)
			return o->child_dead ? LQ_V_req_upper_refused_reset :
					       LQ_V_req_mptcp_joined;
		return moved(o, LQ_C_MIGRATED) ? LQ_V_req_migrated :
						 LQ_V_req_completed;
	}

	if (o->stolen)
		/* On its way to embryonic_reset, or of the child that came too late? */
		return moved(o, LQ_C_ATTEMPT_FAILS) || moved(o, LQ_C_LISTEN_DROPS) ?
			       LQ_V_req_reset_lost_race : LQ_V_req_lost_race;

	if (moved(o, LQ_C_LISTEN_DROPS))
		return no_child(o);
	/* inet_csk_complete_hashdance: the child found no accept queue. */
	if (moved(o, LQ_C_PASSIVE_OPENS))
		return o->closed ? LQ_V_req_listener_closed : no_child(o);
	return request_stays_or_ends(o);
}

/**
 * lq_answers_conn_request() - what others said to tcp_conn_request
 * @o: what was seen
 * @a: filled
 *
 * Who was not asked is taken to object, so that rules that would have asked differ
 * from what was seen.
 */
void lq_answers_conn_request(const struct lq_outcome *o, struct lq_answers *a)
{
	bool routed = o->synack != LQ_SYNACK_NONE || o->proven_asked ||
		      !moved(o, LQ_C_LISTEN_DROPS);
	bool refused = o->upper && !moved(o, LQ_C_NO_ROUTES);

	memset(a, 0, sizeof(*a));
	a->no_request = !o->lsm_asked;
	a->denied = o->lsm_denied;
	a->no_route = !routed && !refused;
	a->refused = !routed && refused;
	a->unproven = !o->proven_asked ||
		      (o->synack == LQ_SYNACK_NONE && moved(o, LQ_C_LISTEN_DROPS));
	a->fastopen = o->synack == LQ_SYNACK_FASTOPEN;
	a->unsent = o->synack_failed;
}

/**
 * lq_answers_hnd_req() - what others said to cookie_v4_check or cookie_v6_check
 * @o: what was seen
 * @a: filled
 */
void lq_answers_hnd_req(const struct lq_outcome *o, struct lq_answers *a)
{
	bool child = o->returned == LQ_RET_CHILD || moved(o, LQ_C_PASSIVE_OPENS) ||
		     moved(o, LQ_C_LISTEN_DROPS);

	memset(a, 0, sizeof(*a));
	/* Not given back: it was valid, whoever has checked it (BPF counts nothing). */
	if (o->returned != LQ_RET_LISTENER)
		a->cookie = LQ_COOKIE_VALID;
	else if (moved(o, LQ_C_COOKIES_RECV))
		a->cookie = LQ_COOKIE_OPTIONS_OFF;
	else if (moved(o, LQ_C_COOKIES_FAILED))
		a->cookie = LQ_COOKIE_INVALID;
	a->no_request = !o->lsm_asked && !o->upper;
	a->refused = !o->lsm_asked && o->upper;
	a->denied = o->lsm_denied;
	a->no_route = !child;
	/* Neither a lost race nor a closed listener counts a drop. */
	if (moved(o, LQ_C_LISTEN_DROPS) && !accept_queue_full(o))
		a->child = why_childless(o);
	a->joined = o->joined;
	a->child_dead = o->child_dead;
}

/**
 * lq_answers_check_req() - what others said to tcp_check_req
 * @o: what was seen
 * @a: filled
 */
void lq_answers_check_req(const struct lq_outcome *o, struct lq_answers *a)
{
	bool dropped = moved(o, LQ_C_LISTEN_DROPS);
	/* Lost to another CPU: the child, or only the request of a child not made. */
	bool made = o->returned == LQ_RET_CHILD || accept_queue_full(o) ||
		    (!dropped && (o->stolen ||
				  (moved(o, LQ_C_PASSIVE_OPENS) && o->closed)));

	memset(a, 0, sizeof(*a));
	/* An upper protocol may refuse without a trace. */
	if (!made && (dropped || moved(o, LQ_C_PASSIVE_OPENS) || o->upper))
		a->child = why_childless(o);
	a->unsent = !moved(o, LQ_C_SYN_RETRANS);
	a->quota_used_up = !o->ack_sent;
	a->joined = o->joined;
	a->child_dead = o->child_dead;
	a->migrated = moved(o, LQ_C_MIGRATED);
}
