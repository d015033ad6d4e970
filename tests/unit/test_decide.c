// SPDX-License-Identifier: GPL-2.0
/*
 * test_decide.c - twin of src/core/decide.c
 *
 *   cases      both sides of every comparison, in the order of the source
 *   coverage   the cases give every verdict that these rules can give
 *   worlds     random ones: the rules say what stock.h, the kernel in small, does
 *
 * A case starts from a situation in which nobody objects, and changes what it is about.
 * With the argument "cases" the named cases run alone, as 'make coverage' wants.
 */
#include <string.h>

#include "core/effect.h"
#include "stock.h"
#include "tap.h"

#define RANDOM_WORLDS 400000

/* The situation at hand. */
static struct lq_kernel kernel;
static struct lq_facts facts;
static struct lq_reading reading;
static struct lq_answers answers;
static struct lq_segment *const seg = &facts.segment;
static struct lq_pending *const req = &facts.req;
static struct lq_lengths *const queues = &reading.queues;

static bool gave[LQ_V_count];

static void told(const char *name, enum lq_verdict v, enum lq_verdict expected)
{
	if (!ok(v == expected, "%s", name))
		diag("%s, expected %s", verdict_names[v], verdict_names[expected]);
	gave[v] = true;
}

/* The numbers of the request; its window ends at 19, just behind the wrap. */
#define ISN	0xffffffeeU
#define NXT	(ISN + 1)
#define OURS	0x7fffffffU
#define WND	36U
#define NOW	5000U
#define LIMIT	125U
#define TSVAL	0xfffffff0U
#define TSECR	700U

static void quiet_system(void)
{
	kernel = (struct lq_kernel) { .challenge_acks = true, .most_window = ~0U };
	facts = (struct lq_facts) {
		.kernel = &kernel, .max_syn_backlog = 128, .ratelimit = LIMIT,
	};
	reading = (struct lq_reading) {
		.queues = { .synq_limit = 10, .acceptq_limit = 10 }, .now = NOW,
	};
	answers = (struct lq_answers) { 0 };
}

static void good_syn(void)
{
	quiet_system();
	*seg = (struct lq_segment) { .flags = LQ_SYN, .seq = ISN };
}

static void good_cookie(void)
{
	quiet_system();
	*seg = (struct lq_segment) { .flags = LQ_ACK, .seq = NXT, .ack_seq = OURS + 1 };
	facts.syncookies = 1;
	reading.cookies_lately = true;
	answers.cookie = LQ_COOKIE_VALID;
}

static void good_last_ack(void)
{
	quiet_system();
	*seg = (struct lq_segment) { .flags = LQ_ACK, .seq = NXT, .ack_seq = OURS + 1 };
	*req = (struct lq_pending) {
		.rcv_isn = ISN, .rcv_nxt = NXT, .snt_isn = OURS, .rcv_wnd = WND,
		.tsval_first = TSECR, .tsval_last = TSECR + 10,
	};
}

/* With timestamps: the client's clock went on, the echo is the first one sent. */
static void good_timestamps(void)
{
	good_last_ack();
	seg->has_ts = true;
	seg->tsval = TSVAL + 1;
	seg->tsecr = TSECR;
	req->tstamp_ok = true;
	reading.ts_recent = TSVAL;
	kernel.checks_tsecr = true;
}

static void exact_rst(void)
{
	good_last_ack();
	seg->flags = LQ_RST;
}

static void repeated_syn(void)
{
	good_last_ack();
	*seg = (struct lq_segment) { .flags = LQ_SYN, .seq = ISN };
}

/* Out of window, by its sequence number alone. */
static void old_segment(void)
{
	good_last_ack();
	seg->seq = NXT - 1;
}

/* The function with the comparison and the case; the verdict; what is changed. */
#define CASE(function, way, expected, decide, situation, ...)			\
	do {									\
		situation();							\
		__VA_ARGS__;							\
		told(#function "__" #way, decide, LQ_V_##expected);		\
	} while (0)

#define DO_RCV(function, way, expected, ...) \
	CASE(function, way, expected, lq_decide_do_rcv(seg, &answers), good_syn, __VA_ARGS__)

#define SYN(function, way, expected, ...)					\
	CASE(function, way, expected,						\
	     lq_decide_conn_request(&facts, &reading, &answers), good_syn, __VA_ARGS__)

#define COOKIE(function, way, expected, ...)					\
	CASE(function, way, expected,						\
	     lq_decide_hnd_req(&facts, &reading, &answers), good_cookie, __VA_ARGS__)

#define REQ(function, way, expected, situation, ...)				\
	CASE(function, way, expected,						\
	     lq_decide_check_req(&facts, &reading, &answers), situation, __VA_ARGS__)

#define LAST_ACK(function, way, expected, ...) \
	REQ(function, way, expected, good_last_ack, __VA_ARGS__)

#define TIMESTAMPS(function, way, expected, ...) \
	REQ(function, way, expected, good_timestamps, __VA_ARGS__)

static void test_synq_full(void)
{
	SYN(synq_full, at_limit, syn_queued, queues->synq = 10);
	SYN(synq_full, above_limit, syn_queue_full, queues->synq = 11);
	SYN(synq_full, below_limit_5_10, syn_queued, kernel.synq_full_at_limit = true,
	    queues->synq = 9);
	SYN(synq_full, at_limit_5_10, syn_queue_full, kernel.synq_full_at_limit = true,
	    queues->synq = 10);
	SYN(synq_full, limit_of_none, syn_queued, queues->synq_limit = 0);
	SYN(synq_full, limit_of_none_5_10, syn_queue_full, kernel.synq_full_at_limit = true,
	    queues->synq_limit = 0);
	SYN(synq_full, listens_without_limit, syn_queued, queues->synq_limit = ~0U);
	SYN(synq_full, own_limit, syn_queue_full, queues->synq = 10,
	    queues->synq_limit = 9);
}

static void test_acceptq_full(void)
{
	SYN(acceptq_full, at_limit, syn_queued, queues->acceptq = 10);
	SYN(acceptq_full, above_limit, syn_accept_full, queues->acceptq = 11);
	SYN(acceptq_full, own_limit, syn_queued, queues->acceptq = 10,
	    queues->synq_limit = 9);
	SYN(acceptq_full, limit_of_none, syn_queued, queues->acceptq_limit = 0);
	SYN(acceptq_full, limit_of_none_and_one, syn_accept_full, queues->acceptq_limit = 0,
	    queues->acceptq = 1);
	LAST_ACK(acceptq_full, last_ack_at_limit, req_completed, queues->acceptq = 10);
	LAST_ACK(acceptq_full, last_ack_above_limit, req_accept_full, queues->acceptq = 11);
	COOKIE(acceptq_full, cookie_at_limit, cookie_accepted, queues->acceptq = 10);
	COOKIE(acceptq_full, cookie_above_limit, cookie_accept_full, queues->acceptq = 11);
}

/* @most of tcp_max_syn_backlog, @synq requests, a client that nobody knows */
#define CROWD(most, requests)							\
	(facts.max_syn_backlog = (most), queues->synq = (requests),		\
	 queues->synq_limit = 4096, answers.unproven = true)

static void test_in_last_quarter(void)
{
	SYN(in_last_quarter, one_before, syn_queued, CROWD(128, 95));
	SYN(in_last_quarter, at_its_edge, syn_queued, CROWD(128, 96));
	SYN(in_last_quarter, begins, syn_last_quarter, CROWD(128, 97));
	SYN(in_last_quarter, above_all, syn_last_quarter, CROWD(128, 129));
	SYN(in_last_quarter, odd_edge, syn_queued, CROWD(7, 6));
	SYN(in_last_quarter, odd_begins, syn_last_quarter, CROWD(7, 7));
	SYN(in_last_quarter, quarter_of_three, syn_queued, CROWD(3, 3));
	SYN(in_last_quarter, beyond_three, syn_last_quarter, CROWD(3, 4));
	SYN(in_last_quarter, no_backlog, syn_queued, CROWD(0, 0));
	SYN(in_last_quarter, beyond_no_backlog, syn_last_quarter, CROWD(0, 1));
	/* -1 - 0 < -1 is false: the shift keeps the sign. */
	SYN(in_last_quarter, negative_backlog, syn_queued, CROWD(-1, 0));
	SYN(in_last_quarter, least_backlog, syn_last_quarter, CROWD(0x80000000, 0));
	SYN(in_last_quarter, least_backlog_wraps, syn_queued, CROWD(0x80000000, 1));
	SYN(in_last_quarter, proven, syn_queued, CROWD(128, 97), answers.unproven = false);
	SYN(in_last_quarter, not_with_cookies, syn_queued, CROWD(128, 97),
	    facts.syncookies = 1);
	SYN(in_last_quarter, not_after_timewait, syn_queued_timewait, CROWD(128, 97),
	    facts.timewait = true);
}

static void test_answered_lately(void)
{
	REQ(answered_lately, never, req_out_of_window, old_segment, reading.now = 0);
	REQ(answered_lately, now, req_out_of_window_limited, old_segment,
	    reading.last_oow = NOW);
	REQ(answered_lately, in_the_future, req_out_of_window, old_segment,
	    reading.last_oow = NOW + 1);
	REQ(answered_lately, just_within, req_out_of_window_limited, old_segment,
	    reading.last_oow = NOW - LIMIT + 1);
	REQ(answered_lately, just_over, req_out_of_window, old_segment,
	    reading.last_oow = NOW - LIMIT);
	REQ(answered_lately, within_across_wrap, req_out_of_window_limited, old_segment,
	    reading.now = 10, reading.last_oow = 11 - LIMIT);
	REQ(answered_lately, over_across_wrap, req_out_of_window, old_segment,
	    reading.now = 10, reading.last_oow = 10 - LIMIT);
	REQ(answered_lately, at_jiffies_zero, req_out_of_window, old_segment,
	    reading.now = 10, reading.last_oow = 0);
	REQ(answered_lately, unlimited, req_out_of_window, old_segment,
	    reading.last_oow = NOW, facts.ratelimit = 0);
}

static void test_rate_limited(void)
{
	REQ(rate_limited, data, req_out_of_window, old_segment, reading.last_oow = NOW,
	    seg->seq = NXT + WND, seg->len = 1);
	REQ(rate_limited, fin_is_data, req_out_of_window, old_segment,
	    reading.last_oow = NOW, seg->seq--, seg->flags |= LQ_FIN);
	REQ(rate_limited, syn_is_none, req_out_of_window_limited, old_segment,
	    reading.last_oow = NOW, seg->seq = NXT + WND, seg->flags = LQ_SYN);
	REQ(rate_limited, syn_with_data, req_syn_again_limited, repeated_syn,
	    reading.last_oow = NOW, seg->len = 1);
	REQ(rate_limited, over, req_out_of_window, old_segment,
	    reading.last_oow = NOW - LIMIT);
}

static void test_paws_rejects(void)
{
	TIMESTAMPS(paws_rejects, newer, req_completed, seg->tsval = TSVAL + 1);
	TIMESTAMPS(paws_rejects, same, req_completed, seg->tsval = TSVAL);
	TIMESTAMPS(paws_rejects, older, req_paws, seg->tsval = TSVAL - 1);
	TIMESTAMPS(paws_rejects, newer_across_wrap, req_completed, seg->tsval = 5);
	TIMESTAMPS(paws_rejects, older_across_wrap, req_paws, reading.ts_recent = 5);
	TIMESTAMPS(paws_rejects, half_a_turn_less_one, req_completed,
		   seg->tsval = TSVAL + 0x7fffffff);
	TIMESTAMPS(paws_rejects, half_a_turn, req_completed, seg->tsval = TSVAL + 0x80000000);
	TIMESTAMPS(paws_rejects, half_a_turn_and_one, req_paws,
		   seg->tsval = TSVAL + 0x80000001);
	TIMESTAMPS(paws_rejects, without_timestamps, req_completed, seg->has_ts = false,
		   seg->tsval = TSVAL - 1);
	TIMESTAMPS(paws_rejects, nothing_to_compare, req_completed, reading.ts_recent = 0,
		   seg->tsval = 0xfffffff0);
	TIMESTAMPS(paws_rejects, before_24_days, req_paws, seg->tsval = TSVAL - 1,
		   req->stamp_age_s = PAWS_AGE - 1);
	TIMESTAMPS(paws_rejects, after_24_days, req_completed, seg->tsval = TSVAL - 1,
		   req->stamp_age_s = PAWS_AGE);
	TIMESTAMPS(paws_rejects, rst_before_60_s, req_paws_rst, seg->tsval = TSVAL - 1,
		   seg->flags = LQ_RST, req->stamp_age_s = 59);
	TIMESTAMPS(paws_rejects, rst_after_60_s, req_rst, seg->tsval = TSVAL - 1,
		   seg->flags = LQ_RST, req->stamp_age_s = 60);
	TIMESTAMPS(paws_rejects, ack_after_60_s, req_paws, seg->tsval = TSVAL - 1,
		   req->stamp_age_s = 60);
}

static void test_tsecr_rejects(void)
{
	TIMESTAMPS(tsecr_rejects, first, req_completed, seg->tsecr = TSECR);
	TIMESTAMPS(tsecr_rejects, before_first, req_tsecr, seg->tsecr = TSECR - 1);
	TIMESTAMPS(tsecr_rejects, last, req_completed, seg->tsecr = TSECR + 10);
	TIMESTAMPS(tsecr_rejects, after_last, req_tsecr, seg->tsecr = TSECR + 11);
	TIMESTAMPS(tsecr_rejects, across_wrap, req_completed, req->tsval_first = -5,
		   req->tsval_last = 5, seg->tsecr = 1);
	TIMESTAMPS(tsecr_rejects, across_wrap_first, req_completed, req->tsval_first = -5,
		   req->tsval_last = 5, seg->tsecr = -5);
	TIMESTAMPS(tsecr_rejects, across_wrap_last, req_completed, req->tsval_first = -5,
		   req->tsval_last = 5, seg->tsecr = 5);
	TIMESTAMPS(tsecr_rejects, across_wrap_before, req_tsecr, req->tsval_first = -5,
		   req->tsval_last = 5, seg->tsecr = -6);
	TIMESTAMPS(tsecr_rejects, across_wrap_after, req_tsecr, req->tsval_first = -5,
		   req->tsval_last = 5, seg->tsecr = 6);
	TIMESTAMPS(tsecr_rejects, sent_once, req_tsecr, req->tsval_last = TSECR,
		   seg->tsecr = TSECR + 1);
	TIMESTAMPS(tsecr_rejects, none, req_completed, seg->tsecr = 0);
	TIMESTAMPS(tsecr_rejects, old_kernel, req_completed, seg->tsecr = 1,
		   kernel.checks_tsecr = false);
	TIMESTAMPS(tsecr_rejects, without_timestamps, req_completed, seg->tsecr = 1,
		   seg->has_ts = false);
	TIMESTAMPS(tsecr_rejects, not_agreed_on, req_completed, seg->tsecr = 1,
		   req->tstamp_ok = false);
	TIMESTAMPS(tsecr_rejects, fastopen, req_fastopen_passed, seg->tsecr = 1,
		   req->fastopen = true);
}

static void test_in_window(void)
{
	LAST_ACK(in_window, left_edge, req_completed, seg->seq = NXT);
	LAST_ACK(in_window, left_edge_with_data, req_completed, seg->len = WND + 1);
	LAST_ACK(in_window, left_of_it, req_out_of_window, seg->seq = NXT - 1);
	LAST_ACK(in_window, data_up_to_left_edge, req_out_of_window, seg->seq = NXT - 1,
		 seg->len = 1);
	LAST_ACK(in_window, data_across_left_edge, req_completed, seg->seq = NXT - 1,
		 seg->len = 2);
	LAST_ACK(in_window, fin_across_left_edge, req_completed, seg->seq = NXT - 1,
		 seg->len = 1, seg->flags |= LQ_FIN);
	LAST_ACK(in_window, far_left, req_out_of_window, seg->seq = NXT - 0x40000000);
	LAST_ACK(in_window, second_byte, req_completed, seg->seq = NXT + 1);
	LAST_ACK(in_window, before_right_edge, req_completed, seg->seq = NXT + WND - 1);
	LAST_ACK(in_window, data_across_right_edge, req_completed,
		 seg->seq = NXT + WND - 1, seg->len = 9);
	LAST_ACK(in_window, right_edge, req_completed, seg->seq = NXT + WND);
	LAST_ACK(in_window, right_edge_with_data, req_out_of_window, seg->seq = NXT + WND,
		 seg->len = 1);
	LAST_ACK(in_window, right_edge_with_fin, req_out_of_window, seg->seq = NXT + WND,
		 seg->flags |= LQ_FIN);
	LAST_ACK(in_window, beyond_right_edge, req_out_of_window, seg->seq = NXT + WND + 1);
	LAST_ACK(in_window, far_right, req_out_of_window, seg->seq = NXT + 0x40000000);
	LAST_ACK(in_window, no_window, req_completed, req->rcv_wnd = 0);
	LAST_ACK(in_window, no_window_with_data, req_completed, req->rcv_wnd = 0,
		 seg->len = 1);
	LAST_ACK(in_window, no_window_one_beyond, req_out_of_window, req->rcv_wnd = 0,
		 seg->seq = NXT + 1);
	LAST_ACK(in_window, capped_edge, req_completed, kernel.most_window = 65535,
		 req->rcv_wnd = 65536, seg->seq = NXT + 65535);
	LAST_ACK(in_window, capped_beyond, req_out_of_window, kernel.most_window = 65535,
		 req->rcv_wnd = 65536, seg->seq = NXT + 65536);
	LAST_ACK(in_window, smaller_than_cap, req_out_of_window, kernel.most_window = 65535,
		 seg->seq = NXT + WND + 1);
	LAST_ACK(in_window, not_capped, req_completed, req->rcv_wnd = 65536,
		 seg->seq = NXT + 65536);
}

static void test_do_rcv(void)
{
	DO_RCV(lq_decide_do_rcv, syn, none, seg->len = 5);
	DO_RCV(lq_decide_do_rcv, syn_ecn, none, seg->flags |= LQ_ECE | LQ_CWR | LQ_PSH);
	DO_RCV(lq_decide_do_rcv, bad_checksum, bad_checksum, answers.checksum_bad = true,
	       seg->flags |= LQ_ACK);
	DO_RCV(lq_decide_do_rcv, bad_checksum_ack, bad_checksum, seg->flags = LQ_ACK,
	       answers.checksum_bad = true);
	DO_RCV(lq_decide_do_rcv, ack, none, seg->flags = LQ_ACK,
	       answers.not_unicast = true);
	DO_RCV(lq_decide_do_rcv, rst, none, seg->flags = LQ_RST);
	DO_RCV(lq_decide_do_rcv, fin, none, seg->flags = LQ_FIN);
	DO_RCV(lq_decide_do_rcv, synack, synack_to_listener, seg->flags |= LQ_ACK | LQ_FIN);
	DO_RCV(lq_decide_do_rcv, synack_rst, stray_rst, seg->flags |= LQ_ACK | LQ_RST);
	DO_RCV(lq_decide_do_rcv, syn_rst, syn_rst, seg->flags |= LQ_RST | LQ_FIN);
	DO_RCV(lq_decide_do_rcv, syn_fin, syn_fin, seg->flags |= LQ_FIN,
	       answers.not_unicast = true);
	DO_RCV(lq_decide_do_rcv, broadcast, syn_broadcast, answers.not_unicast = true,
	       answers.mapped_source = true);
	DO_RCV(lq_decide_do_rcv, mapped_source, syn_mapped_source,
	       answers.mapped_source = true);
}

static void test_syn_objections(void)
{
	SYN(syn_objections, no_memory, syn_no_memory, answers.no_request = true,
	    answers.denied = true);
	SYN(syn_objections, security, syn_security, answers.denied = true,
	    answers.no_route = true);
	SYN(syn_objections, no_route, syn_no_route, answers.no_route = true,
	    answers.refused = true);
	SYN(syn_objections, upper, syn_upper_refused, answers.refused = true,
	    answers.fastopen = true);
	SYN(syn_objections, before_last_quarter, syn_no_route, CROWD(128, 97),
	    answers.no_route = true);
	SYN(syn_objections, before_cookie, syn_security, facts.syncookies = 2,
	    answers.denied = true);
	SYN(syn_objections, before_race, syn_no_memory, reading.taken = true,
	    answers.no_request = true);
}

static void test_syn_cookie(void)
{
	SYN(syn_cookie, queue_full, syn_cookie, facts.syncookies = 1, queues->synq = 11);
	SYN(syn_cookie, always, syn_cookie_always, facts.syncookies = 2);
	SYN(syn_cookie, always_and_full, syn_cookie_always, facts.syncookies = 2,
	    queues->synq = 11);
	SYN(syn_cookie, three_is_on_demand, syn_queued, facts.syncookies = 3);
	SYN(syn_cookie, three_and_full, syn_cookie, facts.syncookies = 3,
	    queues->synq = 11);
	SYN(syn_cookie, unsent, syn_cookie_unsent, facts.syncookies = 1, queues->synq = 11,
	    answers.unsent = true);
	SYN(syn_cookie, always_unsent, syn_cookie_unsent, facts.syncookies = 2,
	    answers.unsent = true);
}

static void test_conn_request(void)
{
	SYN(lq_decide_conn_request, queued, syn_queued, seg->len = 0);
	SYN(lq_decide_conn_request, on_demand_with_room, syn_queued, facts.syncookies = 1);
	SYN(lq_decide_conn_request, queue_full, syn_queue_full, queues->synq = 11,
	    queues->acceptq = 11);
	SYN(lq_decide_conn_request, full_after_timewait, syn_queued_timewait,
	    queues->synq = 11, facts.timewait = true);
	SYN(lq_decide_conn_request, always_after_timewait, syn_queued_timewait,
	    facts.syncookies = 2, facts.timewait = true);
	SYN(lq_decide_conn_request, accept_full, syn_accept_full, queues->acceptq = 11,
	    answers.no_request = true);
	SYN(lq_decide_conn_request, accept_full_after_timewait, syn_accept_full,
	    queues->acceptq = 11, facts.timewait = true);
	SYN(lq_decide_conn_request, accept_full_with_cookies, syn_accept_full,
	    queues->acceptq = 11, facts.syncookies = 2);
	SYN(lq_decide_conn_request, last_quarter, syn_last_quarter, CROWD(4, 4),
	    answers.fastopen = true);
	SYN(lq_decide_conn_request, cookie_without_fastopen, syn_cookie_always,
	    facts.syncookies = 2, answers.fastopen = true, reading.taken = true);
	SYN(lq_decide_conn_request, fastopen, syn_fastopen, answers.fastopen = true,
	    reading.taken = true, answers.unsent = true);
	SYN(lq_decide_conn_request, fastopen_closed, syn_fastopen_closed,
	    answers.fastopen = true, reading.closed = true);
	SYN(lq_decide_conn_request, closed, syn_queued, reading.closed = true);
	SYN(lq_decide_conn_request, lost_race, syn_lost_race, reading.taken = true,
	    answers.unsent = true);
	SYN(lq_decide_conn_request, unsent, syn_queued_unsent, answers.unsent = true);
	SYN(lq_decide_conn_request, unsent_timewait, syn_queued_unsent,
	    answers.unsent = true, facts.timewait = true);
	SYN(lq_decide_conn_request, timewait, syn_queued_timewait, facts.timewait = true);
}

static void test_stray(void)
{
	COOKIE(stray, ack, stray_ack, facts.syncookies = 0);
	COOKIE(stray, not_asked, stray_ack, answers.cookie = LQ_COOKIE_NOT_ASKED);
	COOKIE(stray, invalid, cookie_invalid, answers.cookie = LQ_COOKIE_INVALID);
	COOKIE(stray, invalid_for_a_request, req_bad_ack,
	       answers.cookie = LQ_COOKIE_INVALID, facts.via_check_req = true);
	COOKIE(stray, options_off, cookie_options_off,
	       answers.cookie = LQ_COOKIE_OPTIONS_OFF);
	COOKIE(stray, options_off_for_a_request, cookie_options_off,
	       answers.cookie = LQ_COOKIE_OPTIONS_OFF, facts.via_check_req = true);
	COOKIE(stray, bad_ack, req_bad_ack, facts.syncookies = 0,
	       facts.via_check_req = true);
}

static void test_cookie_child(void)
{
	COOKIE(cookie_child, full_before_memory, cookie_accept_full, queues->acceptq = 11,
	       answers.child = LQ_CHILD_NO_MEMORY);
	COOKIE(cookie_child, refused_unseen_if_full, cookie_upper_refused,
	       queues->acceptq = 11, answers.child = LQ_CHILD_REFUSED);
	COOKIE(cookie_child, no_memory, cookie_no_memory,
	       answers.child = LQ_CHILD_NO_MEMORY, reading.closed = true);
	COOKIE(cookie_child, no_copy, cookie_no_memory, answers.child = LQ_CHILD_NO_COPY);
	COOKIE(cookie_child, no_route, cookie_no_route, answers.child = LQ_CHILD_NO_ROUTE);
	COOKIE(cookie_child, no_bucket, cookie_no_bucket,
	       answers.child = LQ_CHILD_NO_BUCKET);
	COOKIE(cookie_child, no_bucket_of_a_closed_listener, cookie_listener_closed,
	       answers.child = LQ_CHILD_NO_BUCKET, reading.closed = true);
	COOKIE(cookie_child, refused, cookie_upper_refused,
	       answers.child = LQ_CHILD_REFUSED);
	COOKIE(cookie_child, dead, cookie_upper_refused, answers.child_dead = true,
	       reading.closed = true);
	COOKIE(cookie_child, joined, req_mptcp_joined, answers.joined = true,
	       reading.closed = true);
	COOKIE(cookie_child, closed, cookie_listener_closed, reading.closed = true,
	       reading.taken = true);
	COOKIE(cookie_child, lost_race, cookie_lost_race, reading.taken = true);
	COOKIE(cookie_child, accepted, cookie_accepted, seg->len = 7);
}

static void test_hnd_req(void)
{
	COOKIE(lq_decide_hnd_req, rst, stray_rst, seg->flags = LQ_RST);
	COOKIE(lq_decide_hnd_req, rst_with_ack, stray_rst, seg->flags |= LQ_RST,
	       facts.via_check_req = true);
	COOKIE(lq_decide_hnd_req, no_ack, stray_no_ack, seg->flags = LQ_FIN | LQ_PSH);
	COOKIE(lq_decide_hnd_req, cookies_off, stray_ack, facts.syncookies = 0,
	       answers.cookie = LQ_COOKIE_INVALID);
	COOKIE(lq_decide_hnd_req, cookies_off_bpf, stray_ack, facts.syncookies = 0,
	       facts.cookie_by_bpf = true);
	COOKIE(lq_decide_hnd_req, none_sent_lately, stray_ack,
	       reading.cookies_lately = false, answers.cookie = LQ_COOKIE_INVALID);
	COOKIE(lq_decide_hnd_req, bpf_needs_none_sent, cookie_accepted,
	       reading.cookies_lately = false, facts.cookie_by_bpf = true);
	COOKIE(lq_decide_hnd_req, no_memory, cookie_no_memory, answers.no_request = true,
	       answers.refused = true);
	COOKIE(lq_decide_hnd_req, refused, cookie_upper_refused, answers.refused = true,
	       answers.denied = true);
	COOKIE(lq_decide_hnd_req, denied, cookie_security, answers.denied = true,
	       answers.no_route = true);
	COOKIE(lq_decide_hnd_req, no_route, cookie_no_route, answers.no_route = true,
	       queues->acceptq = 11);
	COOKIE(lq_decide_hnd_req, valid_for_a_request, cookie_accepted,
	       facts.via_check_req = true);
	COOKIE(lq_decide_hnd_req, always, cookie_accepted, facts.syncookies = 2);
}

static void test_unacceptable(void)
{
	TIMESTAMPS(unacceptable, paws, req_paws, seg->tsval = TSVAL - 1, seg->tsecr = 1);
	TIMESTAMPS(unacceptable, paws_limited, req_paws_limited, seg->tsval = TSVAL - 1,
		   reading.last_oow = NOW);
	TIMESTAMPS(unacceptable, paws_rst, req_paws_rst, seg->tsval = TSVAL - 1,
		   seg->flags = LQ_RST, reading.last_oow = NOW);
	TIMESTAMPS(unacceptable, tsecr, req_tsecr, seg->tsecr = 1, seg->seq = NXT - 1);
	TIMESTAMPS(unacceptable, tsecr_limited, req_tsecr_limited, seg->tsecr = 1,
		   reading.last_oow = NOW);
	TIMESTAMPS(unacceptable, tsecr_rst, req_tsecr_rst, seg->tsecr = 1,
		   seg->flags |= LQ_RST);
	REQ(unacceptable, old, req_out_of_window, old_segment, seg->len = 0);
	REQ(unacceptable, old_limited, req_out_of_window_limited, old_segment,
	    reading.last_oow = NOW);
	REQ(unacceptable, old_rst, req_out_of_window_rst, old_segment, seg->flags = LQ_RST);
}

static void test_challenge(void)
{
	REQ(challenge, sent, req_challenge, exact_rst, seg->seq++);
	REQ(challenge, limited, req_challenge_limited, exact_rst, seg->seq++,
	    reading.last_oow = NOW, answers.quota_used_up = true);
	/* Unlike other answers, data or not. */
	REQ(challenge, limited_with_data, req_challenge_limited, exact_rst, seg->seq++,
	    reading.last_oow = NOW, seg->len = 1);
	REQ(challenge, over, req_challenge, exact_rst, seg->seq++,
	    reading.last_oow = NOW - LIMIT);
	REQ(challenge, quota, req_challenge_quota, exact_rst, seg->seq++,
	    answers.quota_used_up = true);
}

static void test_overflow(void)
{
	LAST_ACK(overflow, stays, req_accept_full, queues->acceptq = 11);
	LAST_ACK(overflow, stays_although_taken, req_accept_full, queues->acceptq = 11,
		 reading.taken = true);
	LAST_ACK(overflow, reset, req_accept_full_reset, queues->acceptq = 11,
		 facts.abort_on_overflow = true);
	LAST_ACK(overflow, reset_came_second, req_reset_lost_race, queues->acceptq = 11,
		 facts.abort_on_overflow = true, reading.taken = true);
}

static void test_childless_last_ack(void)
{
	LAST_ACK(last_ack, no_memory, req_no_memory, answers.child = LQ_CHILD_NO_MEMORY);
	LAST_ACK(last_ack, no_memory_reset, req_no_memory_reset,
		 answers.child = LQ_CHILD_NO_MEMORY, facts.abort_on_overflow = true);
	LAST_ACK(last_ack, no_route, req_no_route, answers.child = LQ_CHILD_NO_ROUTE);
	LAST_ACK(last_ack, no_route_reset, req_no_route_reset,
		 answers.child = LQ_CHILD_NO_ROUTE, facts.abort_on_overflow = true);
	LAST_ACK(last_ack, no_bucket, req_no_bucket, answers.child = LQ_CHILD_NO_BUCKET);
	LAST_ACK(last_ack, no_bucket_reset, req_no_bucket_reset,
		 answers.child = LQ_CHILD_NO_BUCKET, facts.abort_on_overflow = true);
	LAST_ACK(last_ack, no_bucket_closed, req_listener_closed, reading.closed = true,
		 answers.child = LQ_CHILD_NO_BUCKET, facts.abort_on_overflow = true);
	LAST_ACK(last_ack, no_bucket_closed_came_second, req_reset_lost_race,
		 answers.child = LQ_CHILD_NO_BUCKET, facts.abort_on_overflow = true,
		 reading.closed = true, reading.taken = true);
	LAST_ACK(last_ack, refused, req_upper_refused, answers.child = LQ_CHILD_REFUSED,
		 queues->acceptq = 11);
	LAST_ACK(last_ack, refused_reset, req_upper_refused_reset,
		 answers.child = LQ_CHILD_REFUSED, facts.abort_on_overflow = true);
	LAST_ACK(last_ack, no_copy, req_no_memory, answers.child = LQ_CHILD_NO_COPY,
		 facts.abort_on_overflow = true);
}

static void test_last_ack(void)
{
	LAST_ACK(last_ack, full_before_memory, req_accept_full, queues->acceptq = 11,
		 answers.child = LQ_CHILD_NO_MEMORY);
	test_childless_last_ack();
	LAST_ACK(last_ack, lost_race, req_lost_race, reading.taken = true,
		 answers.joined = true, reading.closed = true);
	LAST_ACK(last_ack, joined, req_mptcp_joined, answers.joined = true,
		 answers.migrated = true, reading.closed = true);
	LAST_ACK(last_ack, join_refused, req_upper_refused_reset, answers.joined = true,
		 answers.child_dead = true);
	LAST_ACK(last_ack, migrated, req_migrated, answers.migrated = true,
		 reading.closed = true);
	LAST_ACK(last_ack, closed, req_listener_closed, reading.closed = true);
	LAST_ACK(last_ack, completed, req_completed, seg->len = 3);
}

static void test_check_req_syn(void)
{
	REQ(lq_decide_check_req, syn_again, req_syn_again, repeated_syn, seg->len = 0);
	REQ(lq_decide_check_req, syn_again_ecn, req_syn_again, repeated_syn,
	    seg->flags |= LQ_ECE | LQ_CWR | LQ_FIN | LQ_PSH | LQ_URG);
	REQ(lq_decide_check_req, syn_again_limited, req_syn_again_limited, repeated_syn,
	    reading.last_oow = NOW, answers.unsent = true);
	REQ(lq_decide_check_req, syn_again_unsent, req_syn_again_unsent, repeated_syn,
	    answers.unsent = true);
	REQ(lq_decide_check_req, syn_again_fastopen, req_syn_again, repeated_syn,
	    req->fastopen = true);
	REQ(lq_decide_check_req, syn_again_old, req_paws, repeated_syn, seg->has_ts = true,
	    seg->tsval = 1, reading.ts_recent = 2);
	/* The echo of a SYN is not looked at. */
	REQ(lq_decide_check_req, syn_again_odd_echo, req_syn_again, repeated_syn,
	    kernel.checks_tsecr = true, seg->has_ts = true, req->tstamp_ok = true,
	    seg->tsecr = 1);
	REQ(lq_decide_check_req, syn_of_another_number, req_out_of_window, repeated_syn,
	    seg->seq--);
	REQ(lq_decide_check_req, syn_in_window, req_new_syn, repeated_syn, seg->seq = NXT);
	REQ(lq_decide_check_req, synack_of_the_number, req_completed, repeated_syn,
	    seg->flags |= LQ_ACK, seg->ack_seq = OURS + 1, seg->len = 1);
	REQ(lq_decide_check_req, synack_without_data, req_out_of_window, repeated_syn,
	    seg->flags |= LQ_ACK, seg->ack_seq = OURS + 1);
	REQ(lq_decide_check_req, synack_bad_ack, none, repeated_syn, seg->flags |= LQ_ACK,
	    seg->ack_seq = OURS);
}

static void test_check_req_ack(void)
{
	LAST_ACK(lq_decide_check_req, ack_too_low, none, seg->ack_seq = OURS);
	LAST_ACK(lq_decide_check_req, ack_too_high, none, seg->ack_seq = OURS + 2);
	LAST_ACK(lq_decide_check_req, ack_across_wrap, req_completed, req->snt_isn = ~0U,
		 seg->ack_seq = 0);
	LAST_ACK(lq_decide_check_req, bad_ack_before_window, none, seg->ack_seq = 1,
		 seg->seq = NXT - 1);
	TIMESTAMPS(lq_decide_check_req, bad_ack_before_paws, none, seg->ack_seq = 1,
		   seg->tsval = TSVAL - 1);
	LAST_ACK(lq_decide_check_req, bad_ack_fastopen, req_fastopen_passed,
		 seg->ack_seq = 1, req->fastopen = true);
	LAST_ACK(lq_decide_check_req, no_ack_no_number, req_no_ack, seg->ack_seq = 1,
		 seg->flags = LQ_FIN);
	REQ(lq_decide_check_req, rst_bad_ack, req_rst, exact_rst, seg->flags |= LQ_ACK,
	    seg->ack_seq = 1);
	REQ(lq_decide_check_req, rst_bad_ack_counts, none, exact_rst,
	    seg->flags |= LQ_ACK, seg->ack_seq = 1, kernel.rst_ack_counts = true);
	REQ(lq_decide_check_req, rst_without_ack, req_rst, exact_rst, seg->ack_seq = 1,
	    kernel.rst_ack_counts = true);
	REQ(lq_decide_check_req, rst_good_ack, req_rst, exact_rst, seg->flags |= LQ_ACK,
	    kernel.rst_ack_counts = true);
}

static void test_check_req_rst(void)
{
	REQ(lq_decide_check_req, rst_exact, req_rst, exact_rst, reading.last_oow = NOW);
	REQ(lq_decide_check_req, rst_inexact, req_challenge, exact_rst,
	    seg->seq = NXT + WND);
	REQ(lq_decide_check_req, rst_inexact_unchallenged, req_rst, exact_rst,
	    seg->seq = NXT + WND, kernel.challenge_acks = false);
	REQ(lq_decide_check_req, rst_inexact_syn, req_challenge, exact_rst,
	    seg->seq = NXT + 1, seg->flags |= LQ_SYN);
	REQ(lq_decide_check_req, rst_out_of_window, req_out_of_window_rst, exact_rst,
	    seg->seq = NXT + WND + 1);
	REQ(lq_decide_check_req, rst_lost_race, req_reset_lost_race, exact_rst,
	    reading.taken = true);
	REQ(lq_decide_check_req, rst_fastopen, req_rst, exact_rst, reading.taken = true,
	    req->fastopen = true);
	REQ(lq_decide_check_req, rst_with_syn, req_rst, exact_rst, seg->flags |= LQ_SYN);
	REQ(lq_decide_check_req, new_syn_lost_race, req_reset_lost_race, repeated_syn,
	    seg->seq = NXT, reading.taken = true);
	REQ(lq_decide_check_req, new_syn_fastopen, req_new_syn, repeated_syn,
	    seg->seq = NXT, reading.taken = true, req->fastopen = true);
	/* Its number is left of the window: only the rest is looked at. */
	REQ(lq_decide_check_req, syn_rst_of_the_number, req_rst, repeated_syn,
	    seg->flags |= LQ_RST, seg->len = 1, kernel.challenge_acks = false);
}

static void test_check_req_end(void)
{
	LAST_ACK(lq_decide_check_req, no_ack, req_no_ack, seg->flags = LQ_PSH);
	LAST_ACK(lq_decide_check_req, no_ack_fastopen, req_no_ack, seg->flags = 0,
		 req->fastopen = true);
	LAST_ACK(lq_decide_check_req, fastopen, req_fastopen_passed, req->fastopen = true,
		 facts.defer_accept = 1, queues->acceptq = 11);
	LAST_ACK(lq_decide_check_req, deferred, req_deferred, facts.defer_accept = 1,
		 queues->acceptq = 11);
	LAST_ACK(lq_decide_check_req, deferred_last_time, req_deferred,
		 facts.defer_accept = 3, reading.timeouts = 2);
	LAST_ACK(lq_decide_check_req, deferred_no_more, req_completed,
		 facts.defer_accept = 3, reading.timeouts = 3);
	LAST_ACK(lq_decide_check_req, deferred_data, req_completed, facts.defer_accept = 1,
		 seg->len = 1);
	LAST_ACK(lq_decide_check_req, deferred_fin, req_completed, facts.defer_accept = 1,
		 seg->flags |= LQ_FIN);
	LAST_ACK(lq_decide_check_req, deferred_but_further, req_completed,
		 facts.defer_accept = 1, seg->seq = NXT + 1);
	LAST_ACK(lq_decide_check_req, not_deferred, req_completed, reading.timeouts = 0);
}

/* Queue half full, nothing deferred, the first of five timers. */
static struct lq_timer timer;

static void timed(const char *name, enum lq_timer_end expected)
{
	enum lq_timer_end end = lq_decide_timer(&timer);

	if (!ok(end == expected, "%s", name))
		diag("%d, expected %d", end, expected);
}

#define TIMER(function, way, expected, ...)					\
	do {									\
		timer = (struct lq_timer) {					\
			.retries = 5, .synq = 50, .young = 50, .synq_limit = 100,	\
		};								\
		__VA_ARGS__;							\
		timed(#function "__" #way, LQ_TIMER_##expected);		\
	} while (0)

static void test_retries_left(void)
{
	TIMER(retries_left, half_full, RESEND, timer.young = 0, timer.timeouts = 4);
	TIMER(retries_left, more_than_half, EXPIRE, timer.young = 0, timer.timeouts = 4,
	      timer.synq = 51);
	TIMER(retries_left, twice_at_least, RESEND, timer.young = 0, timer.timeouts = 1,
	      timer.synq = 51);
	TIMER(retries_left, twice_at_most, EXPIRE, timer.young = 0, timer.timeouts = 2,
	      timer.synq = 51);
	TIMER(retries_left, few_pending, RESEND, timer.young = 0, timer.timeouts = 4,
	      timer.synq = 4, timer.synq_limit = 0);
	TIMER(retries_left, few_and_one_more, EXPIRE, timer.young = 0, timer.timeouts = 4,
	      timer.synq = 5, timer.synq_limit = 0);
	TIMER(retries_left, limit_of_9, RESEND, timer.young = 0, timer.timeouts = 4,
	      timer.synq = 4, timer.synq_limit = 9);
	TIMER(retries_left, limit_is_not_few, RESEND, timer.young = 0, timer.timeouts = 4,
	      timer.synq = 5, timer.synq_limit = 10);
	TIMER(retries_left, more_than_half_young, RESEND, timer.timeouts = 4,
	      timer.synq = 60, timer.young = 31);
	TIMER(retries_left, half_young, EXPIRE, timer.timeouts = 4, timer.synq = 60,
	      timer.young = 30);
	TIMER(retries_left, half_young_once_less, RESEND, timer.timeouts = 3,
	      timer.synq = 60, timer.young = 30);
	TIMER(retries_left, quarter_young_twice_less, EXPIRE, timer.timeouts = 3,
	      timer.synq = 60, timer.young = 15);
	TIMER(retries_left, few_retries_stay, RESEND, timer.retries = 1, timer.young = 0,
	      timer.synq = 60);
	TIMER(retries_left, negative_stays, EXPIRE, timer.retries = -1, timer.young = 0,
	      timer.synq = 60);
}

static void test_timer(void)
{
	TIMER(lq_decide_timer, first, RESEND);
	TIMER(lq_decide_timer, last, RESEND, timer.timeouts = 4);
	TIMER(lq_decide_timer, no_retries_left, EXPIRE, timer.timeouts = 5);
	TIMER(lq_decide_timer, no_retries, EXPIRE, timer.retries = 0);
	TIMER(lq_decide_timer, acked_but_not_deferred, RESEND, timer.acked = true);
	TIMER(lq_decide_timer, acked_but_not_deferred_end, EXPIRE, timer.acked = true,
	      timer.timeouts = 5);
	TIMER(lq_decide_timer, deferred_but_not_acked, RESEND, timer.defer_accept = 9);
	TIMER(lq_decide_timer, deferred_but_not_acked_end, EXPIRE, timer.defer_accept = 9,
	      timer.timeouts = 5);
	TIMER(lq_decide_timer, deferred, WAIT, timer.defer_accept = 3, timer.acked = true,
	      timer.timeouts = 1);
	TIMER(lq_decide_timer, deferred_last_call, RESEND, timer.defer_accept = 3,
	      timer.acked = true, timer.timeouts = 2);
	TIMER(lq_decide_timer, deferred_no_more, RESEND, timer.defer_accept = 3,
	      timer.acked = true, timer.timeouts = 3);
	TIMER(lq_decide_timer, deferred_no_more_end, EXPIRE, timer.defer_accept = 3,
	      timer.acked = true, timer.timeouts = 5);
	TIMER(lq_decide_timer, deferred_beyond_retries, WAIT, timer.defer_accept = 9,
	      timer.acked = true, timer.timeouts = 7);
	TIMER(lq_decide_timer, deferred_beyond_retries_call, RESEND,
	      timer.defer_accept = 9, timer.acked = true, timer.timeouts = 8);
	TIMER(lq_decide_timer, deferred_beyond_retries_end, EXPIRE,
	      timer.defer_accept = 9, timer.acked = true, timer.timeouts = 9);
	TIMER(lq_decide_timer, deferred_under_pressure, WAIT, timer.defer_accept = 5,
	      timer.acked = true, timer.timeouts = 3, timer.synq = 60, timer.young = 0);
}

/* A last ACK that must wait; its sequence number is just before the wrap. */
static struct lq_park park;

static void good_park(void)
{
	good_last_ack();
	park = (struct lq_park) {
		.next = NXT, .most_payload = 1000, .records = 9, .limit = 10, .must_wait = true,
	};
}

/* And one that is kept already, with 100 bytes that go beyond the wrap. */
static void parked_with_data(void)
{
	good_park();
	park.parked = true;
	park.payload = 100;
	park.next = NXT + 100;
	seg->seq = NXT + 100;
	seg->len = 900;
}

#define PARK(way, expected, situation, ...)					\
	CASE(lq_decide_park, way, expected, lq_decide_park(&park, seg), situation, __VA_ARGS__)

static void test_park(void)
{
	PARK(ack, req_parked, good_park);
	PARK(ack_with_data, req_parked, good_park, seg->len = 1000);
	PARK(ack_with_too_much, none, good_park, seg->len = 1001);
	PARK(ack_with_fin, req_parked, good_park, seg->flags |= LQ_FIN);
	PARK(ack_behind_a_gap, none, good_park, seg->seq = NXT + 1);
	PARK(ack_of_an_old_byte, req_parked, good_park, seg->seq = NXT - 1, seg->len = 2);
	PARK(there_is_room, none, good_park, park.must_wait = false);
	PARK(too_many, none, good_park, park.records = 10);
	PARK(limit_of_none, none, good_park, park.records = 0, park.limit = 0);
	PARK(no_data_wanted, req_parked, good_park, park.most_payload = 0);
	PARK(no_data_wanted_some, none, good_park, park.most_payload = 0, seg->len = 1);
	PARK(data, req_parked_data, parked_with_data);
	PARK(data_too_much, none, parked_with_data, seg->len = 901);
	PARK(data_of_less_than_there_is, none, parked_with_data, park.most_payload = 99);
	PARK(data_whoever_is_parked, req_parked_data, parked_with_data, park.records = 10);
	PARK(data_while_there_is_room, req_parked_data, parked_with_data,
	     park.must_wait = false);
	PARK(data_behind_a_gap, none, parked_with_data, seg->seq++, seg->len = 1);
	PARK(data_partly_kept, req_parked_data, parked_with_data, seg->seq = NXT,
	     seg->len = 101);
	PARK(data_kept, req_parked_again, parked_with_data, seg->seq = NXT, seg->len = 100);
	PARK(fin_alone, req_parked_data, parked_with_data, seg->len = 0, seg->flags |= LQ_FIN);
	PARK(ack_again, req_parked_again, parked_with_data, seg->seq = NXT, seg->len = 0);
	PARK(ack_from_behind_a_gap, req_parked_again, parked_with_data, seg->seq = NXT + 500,
	     seg->len = 0);
}

static void test_park_most(void)
{
	ok(lq_park_most(0) >= 2048 && lq_park_most(1460) >= 4096 &&
	   lq_park_most(65535) >= 2 * 65536 + 1024 && lq_park_most(1) > lq_park_most(0),
	   "lq_park_most__holds_an_ack_and_data_in_powers_of_two");
}

static void test_every_verdict_has_a_case(void)
{
	bool all = true;

	for (int v = 1; v < LQ_V_count; v++) {
		/* Of tcp_v4_rcv's own, no rule is written. */
		if (gave[v] != (v == LQ_V_given_back_dropped || v == LQ_V_req_orphaned))
			continue;
		diag("%s: %s", verdict_names[v], gave[v] ?
		     "given, but not by these rules" : "no case gives it");
		all = false;
	}
	ok(all, "every_verdict__has_a_case");
}

/* tcp_v4_do_rcv, tcp_rcv_state_process and tcp_v4/6_conn_request */
static enum lq_verdict stock_do_rcv(u8 flags, const struct lq_answers *a)
{
	if (a->checksum_bad)
		return LQ_V_bad_checksum;
	if (!(flags & LQ_SYN))	/* tcp_v4_cookie_check comes first */
		return LQ_V_none;
	if (flags & LQ_ACK)	/* return 1: tcp_v4_send_reset */
		return flags & LQ_RST ? LQ_V_stray_rst : LQ_V_synack_to_listener;
	if (flags & LQ_RST)
		return LQ_V_syn_rst;
	if (flags & LQ_FIN)
		return LQ_V_syn_fin;
	if (a->not_unicast)
		return LQ_V_syn_broadcast;
	if (a->mapped_source)
		return LQ_V_syn_mapped_source;
	return LQ_V_none;
}

static void test_all_flags(void)
{
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < 1 << 11; i++) {
		struct lq_segment s = { .flags = i };
		struct lq_answers a = {
			.checksum_bad = i & 1 << 8, .not_unicast = i & 1 << 9,
			.mapped_source = i & 1 << 10,
		};

		if (lq_decide_do_rcv(&s, &a) != stock_do_rcv(s.flags, &a) && ++wrong <= 10)
			diag("flags %#x of %#x: %s", s.flags, i,
			     verdict_names[lq_decide_do_rcv(&s, &a)]);
	}
	ok(!wrong, "lq_decide_do_rcv__all_flags_as_the_kernel");
}

static void show_world(const struct world *w)
{
	const struct lq_pending *p = &w->facts.req;
	const struct lq_segment *s = &w->facts.segment;
	const struct lq_reading *r = &w->reading;

	diag("flags %#x, seq isn%+d nxt%+d, len %u, wnd %u, ack%+d", s->flags,
	     (int)(s->seq - p->rcv_isn), (int)(s->seq - p->rcv_nxt), s->len, p->rcv_wnd,
	     (int)(s->ack_seq - p->snt_isn - 1));
	diag("synq %u of %u, acceptq %u of %u, backlog %d, last_oow now%+d, limit %d",
	     r->queues.synq, r->queues.synq_limit, r->queues.acceptq,
	     r->queues.acceptq_limit, w->facts.max_syn_backlog,
	     (int)(r->last_oow - r->now), w->facts.ratelimit);
	diag("cookies %u, child %d, closed %d, taken %d, joined %d, dead %d, upper %d",
	     w->facts.syncookies, w->others.child, r->closed, r->taken, w->others.joined,
	     w->others.child_dead, w->upper);
}

/* What the segment changes, were it alone: the opposite of lq_undo_own_effect(). */
static void own_effect(struct lq_reading *r, const struct world *w, enum lq_verdict v)
{
	const char *name = verdict_names[v];

	if (starts(name, "syn_queued"))
		r->queues.synq++;
	if (v == LQ_V_req_completed && r->queues.synq)
		r->queues.synq--;
	if (v == LQ_V_cookie_accepted || v == LQ_V_req_completed ||
	    v == LQ_V_req_migrated || v == LQ_V_syn_fastopen)
		r->queues.acceptq++;
	if (starts(name, "req_") && !ends(name, "_limited"))
		r->last_oow = r->now;
	if (v == LQ_V_req_completed && w->facts.segment.has_ts)
		r->ts_recent = w->facts.segment.tsval;
}

/* The rules agree with the stock functions, and do so when asked afterwards. */
static bool world_is_decided(enum stage stage, const struct world *w, enum lq_verdict v)
{
	struct lq_reading after = w->reading;
	enum lq_verdict told, told_after;

	told = rules(stage, w, &w->reading, &w->others);
	own_effect(&after, w, v);
	lq_undo_own_effect(&after, &w->reading, v);
	told_after = rules(stage, w, &after, &w->others);
	if (told == v && told_after == v)
		return true;
	diag("%s, afterwards %s, expected %s", verdict_names[told],
	     verdict_names[told_after], verdict_names[v]);
	show_world(w);
	return false;
}

static void test_worlds(enum stage stage, const char *name)
{
	unsigned int reached[LQ_V_count] = { 0 }, wrong = 0;
	struct lq_outcome unused;
	enum lq_verdict v;
	struct world w;
	bool all = true;

	for (int i = 0; i < RANDOM_WORLDS && wrong < 10; i++) {
		draw_world(&w, stage);
		v = stock(stage, &w, &unused);
		reached[v]++;
		wrong += !world_is_decided(stage, &w, v);
	}
	ok(!wrong, "%s__worlds_end_as_in_the_kernel", name);
	for (int i = 1; i < LQ_V_count; i++)
		if (belongs(stage, i) && reached[i] < 10) {
			diag("%s: %u worlds end there", verdict_names[i], reached[i]);
			all = false;
		}
	ok(all || wrong, "%s__every_verdict_has_worlds", name);
}

/* Few of each, around the others: all comparisons are decided at their edges. */
static void draw_timer(struct lq_timer *t)
{
	*t = (struct lq_timer) {
		.retries = rarely() ? near(0) : below(12), .timeouts = below(12),
		.defer_accept = flip() ? 0 : below(12), .acked = flip(),
		.synq_limit = rarely() ? below(16) : below(2000),
	};
	t->synq = rarely() ? below(10) : flip() ? near(t->synq_limit / 2 + 1) :
						  below(3000);
	t->young = flip() ? near((t->synq >> below(6)) + 1) : below(t->synq + 1);
	if (rarely()) {
		t->retries = below(256);
		t->timeouts = flip() ? 255 : below(256);
		t->defer_accept = flip() ? 255 : below(256);
	}
}

static void test_timers(void)
{
	unsigned int ends[3] = { 0 }, wrong = 0;

	for (int i = 0; i < RANDOM_WORLDS && wrong < 10; i++) {
		enum lq_timer_end end, expected;
		struct lq_timer t;

		draw_timer(&t);
		end = lq_decide_timer(&t);
		expected = stock_timer(&t);
		ends[expected]++;
		if (end == expected)
			continue;
		wrong++;
		diag("%d, expected %d: retries %d, synq %u of %u, young %u", end,
		     expected, t.retries, t.synq, t.synq_limit, t.young);
		diag("timeouts %u, defer %u, acked %d", t.timeouts, t.defer_accept,
		     t.acked);
	}
	ok(!wrong, "lq_decide_timer__ends_as_the_kernel");
	ok(ends[LQ_TIMER_EXPIRE] && ends[LQ_TIMER_RESEND] && ends[LQ_TIMER_WAIT],
	   "lq_decide_timer__every_end_is_drawn");
}

static void test_cases(void)
{
	test_synq_full();
	test_acceptq_full();
	test_in_last_quarter();
	test_answered_lately();
	test_rate_limited();
	test_paws_rejects();
	test_tsecr_rejects();
	test_in_window();
	test_do_rcv();
	test_syn_objections();
	test_syn_cookie();
	test_conn_request();
	test_stray();
	test_cookie_child();
	test_hnd_req();
	test_unacceptable();
	test_challenge();
	test_overflow();
	test_last_ack();
	test_check_req_syn();
	test_check_req_ack();
	test_check_req_rst();
	test_check_req_end();
	test_retries_left();
	test_timer();
	test_park();
	test_park_most();
	test_every_verdict_has_a_case();
}

int main(int argc, char **argv)
{
	/* A sanitizer's report comes behind the last case that was good. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	draw = random_bits;
	test_cases();
	if (argc > 1 && !strcmp(argv[1], "cases"))
		return tap_end();
	test_all_flags();
	test_worlds(CONN_REQUEST, "lq_decide_conn_request");
	test_worlds(HND_REQ, "lq_decide_hnd_req");
	test_worlds(CHECK_REQ, "lq_decide_check_req");
	test_timers();
	return tap_end();
}
