// SPDX-License-Identifier: GPL-2.0
/*
 * test_outcome.c - twin of src/core/outcome.c
 *
 *   cases      one for every way out, in the order of the source
 *   coverage   the cases give every verdict that these rules can give
 *   paths      a model of the three stock functions, walked along every path:
 *              facts as the kernel leaves them, and the verdict they must have
 *   any facts  random ones, possible or not: the properties of property.h hold
 *   worlds     random calls of stock.h, the kernel in small: the verdict is told, and
 *              the rules of decide.c, given the answers that were seen, give the same
 *
 * With the argument "cases" the named cases run alone, as 'make coverage' wants.
 */
#include <assert.h>
#include <string.h>

#include "stock.h"
#include "tap.h"

#define RANDOM_FACTS 300000
#define RANDOM_WORLDS 300000

struct example {
	const char *name;
	enum stage stage;
	enum lq_verdict verdict;
	struct lq_outcome facts;
};

/* The function that decides and the case; the stage it is asked through; the rest. */
#define CASE(function, way, in, expected, ...)				\
	{								\
		.name = #function "__" #way, .stage = in,		\
		.verdict = LQ_V_##expected, .facts = { __VA_ARGS__ },	\
	}

/* A child was made for the last ACK, and could not stay. */
#define CHILD .child_asked = true, .moved = MOVED(PASSIVE_OPENS)

/* An accept queue with room, a cookie or last ACK that was good, no child. */
#define DROPPED .moved = MOVED(LISTEN_DROPS)

static const struct example examples[] = {
	/* A child that had to go again, as told by its last ACK and by its cookie. */
	CASE(accept_queue_full, overflow_of_smc_alone, CHECK_REQ, req_upper_refused,
	     .flags = LQ_ACK, .upper = true,
	     .moved = MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
	CASE(accept_queue_full, full_under_smc, CHECK_REQ, req_accept_full,
	     .flags = LQ_ACK, .upper = true, .queue_full = true,
	     .moved = MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
	CASE(why_childless, no_route_under_smc, CHECK_REQ, req_no_route,
	     .flags = LQ_ACK, .upper = true,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(NO_ROUTES)),
	CASE(why_childless, child_uncounted_upper, CHECK_REQ, req_upper_refused,
	     .flags = LQ_ACK, CHILD, .upper = true),
	CASE(why_childless, child_uncounted_clone_failed, CHECK_REQ, req_no_memory,
	     .flags = LQ_ACK, CHILD),
	CASE(why_childless, child_without_route, CHECK_REQ, req_no_route,
	     .flags = LQ_ACK, .child_asked = true,
	     .moved = MOVED(PASSIVE_OPENS) | MOVED(LISTEN_DROPS) | MOVED(NO_ROUTES)),
	CASE(why_childless, child_without_bucket, CHECK_REQ, req_no_bucket,
	     .flags = LQ_ACK, .child_asked = true,
	     .moved = MOVED(PASSIVE_OPENS) | MOVED(LISTEN_DROPS)),
	CASE(why_childless, no_memory_for_child, CHECK_REQ, req_no_memory,
	     .flags = LQ_ACK, .child_asked = true, DROPPED),
	CASE(why_childless, no_memory_under_mptcp, CHECK_REQ, req_no_memory,
	     .flags = LQ_ACK, .child_asked = true, .upper = true, DROPPED),
	CASE(why_childless, child_never_asked_upper, CHECK_REQ, req_upper_refused,
	     .flags = LQ_ACK, .upper = true, DROPPED),
	CASE(why_childless, child_never_asked_ipv6, CHECK_REQ, req_no_route,
	     .flags = LQ_ACK, DROPPED),

	CASE(lq_outcome_conn_request, cookie_unsent, CONN_REQUEST, syn_cookie_unsent,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_COOKIE,
	     .synack_failed = true),
	CASE(lq_outcome_conn_request, cookie_always, CONN_REQUEST, syn_cookie_always,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_COOKIE,
	     .cookies_always = true),
	CASE(lq_outcome_conn_request, cookie, CONN_REQUEST, syn_cookie,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_COOKIE),
	CASE(lq_outcome_conn_request, fastopen_closed, CONN_REQUEST, syn_fastopen_closed,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_FASTOPEN,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(PASSIVE_OPENS)),
	CASE(lq_outcome_conn_request, fastopen, CONN_REQUEST, syn_fastopen,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_FASTOPEN,
	     .moved = MOVED(PASSIVE_OPENS)),
	CASE(lq_outcome_conn_request, queued_unsent, CONN_REQUEST, syn_queued_unsent,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_REQUEST,
	     .synack_failed = true),
	CASE(lq_outcome_conn_request, queued_unsent_timewait, CONN_REQUEST, syn_queued_unsent,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_REQUEST,
	     .synack_failed = true, .timewait = true),
	CASE(lq_outcome_conn_request, queued_timewait, CONN_REQUEST, syn_queued_timewait,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_REQUEST,
	     .timewait = true),
	CASE(lq_outcome_conn_request, queued, CONN_REQUEST, syn_queued,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_REQUEST),
	CASE(lq_outcome_conn_request, queued_proven, CONN_REQUEST, syn_queued,
	     .flags = LQ_SYN, .lsm_asked = true, .proven_asked = true,
	     .synack = LQ_SYNACK_REQUEST),
	CASE(lq_outcome_conn_request, queued_after_fastopen_failed, CONN_REQUEST, syn_queued,
	     .flags = LQ_SYN, .lsm_asked = true, .synack = LQ_SYNACK_REQUEST, DROPPED),
	CASE(lq_outcome_conn_request, queue_full, CONN_REQUEST, syn_queue_full,
	     .flags = LQ_SYN, .moved = MOVED(LISTEN_DROPS) | MOVED(REQQ_FULL_DROP)),
	CASE(lq_outcome_conn_request, accept_full, CONN_REQUEST, syn_accept_full,
	     .flags = LQ_SYN, .moved = MOVED(LISTEN_DROPS) | MOVED(LISTEN_OVERFLOWS)),
	CASE(lq_outcome_conn_request, lost_race, CONN_REQUEST, syn_lost_race,
	     .flags = LQ_SYN, .lsm_asked = true),
	CASE(lq_outcome_conn_request, no_memory, CONN_REQUEST, syn_no_memory,
	     .flags = LQ_SYN, DROPPED),
	CASE(lq_outcome_conn_request, security, CONN_REQUEST, syn_security,
	     .flags = LQ_SYN, .lsm_asked = true, .lsm_denied = true, DROPPED),
	CASE(lq_outcome_conn_request, last_quarter, CONN_REQUEST, syn_last_quarter,
	     .flags = LQ_SYN, .lsm_asked = true, .proven_asked = true, DROPPED),
	CASE(lq_outcome_conn_request, upper_refused, CONN_REQUEST, syn_upper_refused,
	     .flags = LQ_SYN, .lsm_asked = true, .upper = true, DROPPED),
	CASE(lq_outcome_conn_request, no_route_under_mptcp, CONN_REQUEST, syn_no_route,
	     .flags = LQ_SYN, .lsm_asked = true, .upper = true,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(NO_ROUTES)),
	CASE(lq_outcome_conn_request, no_route_ipv6, CONN_REQUEST, syn_no_route,
	     .flags = LQ_SYN, .lsm_asked = true, DROPPED),

	CASE(lq_outcome_hnd_req, cookie_accepted, HND_REQ, cookie_accepted,
	     .flags = LQ_ACK, .returned = LQ_RET_CHILD, .lsm_asked = true,
	     .child_asked = true, .moved = MOVED(COOKIES_RECV) | MOVED(PASSIVE_OPENS)),
	CASE(lq_outcome_hnd_req, cookie_refused_by_mptcp, HND_REQ, cookie_upper_refused,
	     .flags = LQ_ACK, .upper = true, .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, cookie_joined, HND_REQ, req_mptcp_joined,
	     .flags = LQ_ACK, .returned = LQ_RET_CHILD, .lsm_asked = true, .upper = true,
	     .child_asked = true, .joined = true, .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, cookie_join_refused, HND_REQ, cookie_upper_refused,
	     .flags = LQ_ACK, .returned = LQ_RET_CHILD, .lsm_asked = true, .upper = true,
	     .child_asked = true, .child_dead = true, .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, stray_rst, HND_REQ, stray_rst,
	     .flags = LQ_RST, .returned = LQ_RET_LISTENER),
	CASE(lq_outcome_hnd_req, stray_rst_with_ack, HND_REQ, stray_rst,
	     .flags = LQ_RST | LQ_ACK, .returned = LQ_RET_LISTENER),
	CASE(lq_outcome_hnd_req, stray_no_ack, HND_REQ, stray_no_ack,
	     .flags = LQ_FIN, .returned = LQ_RET_LISTENER),
	CASE(lq_outcome_hnd_req, cookie_options_off, HND_REQ, cookie_options_off,
	     .flags = LQ_ACK, .returned = LQ_RET_LISTENER, .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, req_bad_ack, HND_REQ, req_bad_ack,
	     .flags = LQ_ACK, .returned = LQ_RET_LISTENER, .via_check_req = true),
	CASE(lq_outcome_hnd_req, req_bad_ack_while_cookies, HND_REQ, req_bad_ack,
	     .flags = LQ_ACK, .returned = LQ_RET_LISTENER, .via_check_req = true,
	     .moved = MOVED(COOKIES_FAILED)),
	CASE(lq_outcome_hnd_req, cookie_invalid, HND_REQ, cookie_invalid,
	     .flags = LQ_ACK, .returned = LQ_RET_LISTENER, .moved = MOVED(COOKIES_FAILED)),
	CASE(lq_outcome_hnd_req, stray_ack, HND_REQ, stray_ack,
	     .flags = LQ_ACK | LQ_PSH, .returned = LQ_RET_LISTENER),
	CASE(lq_outcome_hnd_req, accept_full, HND_REQ, cookie_accept_full,
	     .flags = LQ_ACK, .lsm_asked = true, .moved = MOVED(COOKIES_RECV) |
	     MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_hnd_req, no_memory_for_request, HND_REQ, cookie_no_memory,
	     .flags = LQ_ACK, .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, security, HND_REQ, cookie_security,
	     .flags = LQ_ACK, .lsm_asked = true, .lsm_denied = true,
	     .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, listener_closed, HND_REQ, cookie_listener_closed,
	     .flags = LQ_ACK, .lsm_asked = true, .child_asked = true, .closed = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(PASSIVE_OPENS)),
	CASE(lq_outcome_hnd_req, no_bucket_of_a_closed_listener, HND_REQ, cookie_listener_closed,
	     .flags = LQ_ACK, .lsm_asked = true, .child_asked = true, .closed = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(LISTEN_DROPS) | MOVED(PASSIVE_OPENS)),
	CASE(lq_outcome_hnd_req, lost_race, HND_REQ, cookie_lost_race,
	     .flags = LQ_ACK, .lsm_asked = true, .child_asked = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(PASSIVE_OPENS)),
	CASE(lq_outcome_hnd_req, no_route, HND_REQ, cookie_no_route,
	     .flags = LQ_ACK, .lsm_asked = true, .moved = MOVED(COOKIES_RECV)),
	CASE(lq_outcome_hnd_req, no_memory_for_child, HND_REQ, cookie_no_memory,
	     .flags = LQ_ACK, .lsm_asked = true, .child_asked = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_hnd_req, upper_refused, HND_REQ, cookie_upper_refused,
	     .flags = LQ_ACK, .lsm_asked = true, .upper = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_hnd_req, no_bucket, HND_REQ, cookie_no_bucket,
	     .flags = LQ_ACK, .lsm_asked = true, .child_asked = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(PASSIVE_OPENS) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_hnd_req, no_route_for_child, HND_REQ, cookie_no_route,
	     .flags = LQ_ACK, .lsm_asked = true, .child_asked = true,
	     .moved = MOVED(COOKIES_RECV) | MOVED(PASSIVE_OPENS) | MOVED(LISTEN_DROPS) |
	     MOVED(NO_ROUTES)),

	CASE(no_child, accept_full_reset, CHECK_REQ, req_accept_full_reset,
	     .flags = LQ_ACK, .moved = MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS) |
	     MOVED(EMBRYONIC_RSTS)),
	CASE(no_child, accept_full, CHECK_REQ, req_accept_full,
	     .flags = LQ_ACK, .moved = MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
	/* Upper protocols may count the one without the other. */
	CASE(no_child, accept_full_alone, CHECK_REQ, req_accept_full,
	     .flags = LQ_ACK, .moved = MOVED(LISTEN_OVERFLOWS)),
	CASE(no_child, no_memory_reset, CHECK_REQ, req_no_memory_reset,
	     .flags = LQ_ACK, .child_asked = true,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(EMBRYONIC_RSTS)),
	CASE(no_child, no_memory, CHECK_REQ, req_no_memory,
	     .flags = LQ_ACK, .child_asked = true, DROPPED),
	CASE(no_child, no_bucket_reset, CHECK_REQ, req_no_bucket_reset,
	     .flags = LQ_ACK, .child_asked = true, .moved = MOVED(LISTEN_DROPS) |
	     MOVED(PASSIVE_OPENS) | MOVED(EMBRYONIC_RSTS)),
	CASE(no_child, no_bucket, CHECK_REQ, req_no_bucket,
	     .flags = LQ_ACK, .child_asked = true,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(PASSIVE_OPENS)),
	CASE(no_child, no_route_reset, CHECK_REQ, req_no_route_reset,
	     .flags = LQ_ACK, .child_asked = true, .moved = MOVED(LISTEN_DROPS) |
	     MOVED(PASSIVE_OPENS) | MOVED(NO_ROUTES) | MOVED(EMBRYONIC_RSTS)),
	CASE(no_child, no_route, CHECK_REQ, req_no_route,
	     .flags = LQ_ACK, .child_asked = true,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(PASSIVE_OPENS) | MOVED(NO_ROUTES)),
	CASE(no_child, upper_refused_reset, CHECK_REQ, req_upper_refused_reset,
	     .flags = LQ_ACK, .upper = true,
	     .moved = MOVED(LISTEN_DROPS) | MOVED(EMBRYONIC_RSTS)),
	CASE(no_child, upper_refused, CHECK_REQ, req_upper_refused,
	     .flags = LQ_ACK, .upper = true, DROPPED),

	CASE(syn_again, sent, CHECK_REQ, req_syn_again,
	     .flags = LQ_SYN, .repeats_syn = true, .synack = LQ_SYNACK_REQUEST,
	     .moved = MOVED(SYN_RETRANS)),
	CASE(syn_again, sent_ecn, CHECK_REQ, req_syn_again,
	     .flags = LQ_SYN | LQ_ECE | LQ_CWR, .repeats_syn = true,
	     .synack = LQ_SYNACK_REQUEST, .moved = MOVED(SYN_RETRANS)),
	CASE(syn_again, unsent, CHECK_REQ, req_syn_again_unsent,
	     .flags = LQ_SYN, .repeats_syn = true, .synack = LQ_SYNACK_REQUEST,
	     .synack_failed = true),
	CASE(syn_again, limited, CHECK_REQ, req_syn_again_limited,
	     .flags = LQ_SYN, .repeats_syn = true, .moved = MOVED(SKIPPED_SYN_RECV)),

	CASE(answered, paws_rst, CHECK_REQ, req_paws_rst,
	     .flags = LQ_RST, .moved = MOVED(PAWS_ESTAB)),
	CASE(answered, paws_limited, CHECK_REQ, req_paws_limited,
	     .flags = LQ_ACK, .moved = MOVED(PAWS_ESTAB) | MOVED(SKIPPED_SYN_RECV)),
	CASE(answered, paws, CHECK_REQ, req_paws,
	     .flags = LQ_ACK, .ack_sent = true, .moved = MOVED(PAWS_ESTAB)),
	CASE(answered, paws_of_repeated_syn, CHECK_REQ, req_paws,
	     .flags = LQ_SYN, .repeats_syn = true, .ack_sent = true,
	     .moved = MOVED(PAWS_ESTAB)),
	CASE(answered, tsecr_rst, CHECK_REQ, req_tsecr_rst,
	     .flags = LQ_RST | LQ_ACK, .moved = MOVED(TSECR)),
	CASE(answered, tsecr_limited, CHECK_REQ, req_tsecr_limited,
	     .flags = LQ_ACK, .moved = MOVED(TSECR) | MOVED(SKIPPED_SYN_RECV)),
	CASE(answered, tsecr, CHECK_REQ, req_tsecr,
	     .flags = LQ_ACK, .ack_sent = true, .moved = MOVED(TSECR)),

	CASE(challenge, sent, CHECK_REQ, req_challenge,
	     .flags = LQ_RST, .challenge_asked = true, .ack_sent = true,
	     .moved = MOVED(CHALLENGE_ACK)),
	CASE(challenge, limited, CHECK_REQ, req_challenge_limited,
	     .flags = LQ_RST, .challenge_asked = true, .moved = MOVED(SKIPPED_CHALLENGE)),
	CASE(challenge, quota, CHECK_REQ, req_challenge_quota,
	     .flags = LQ_RST, .challenge_asked = true),

	CASE(request_stays_or_ends, out_of_window, CHECK_REQ, req_out_of_window,
	     .flags = LQ_ACK, .ack_sent = true),
	CASE(request_stays_or_ends, syn_out_of_window, CHECK_REQ, req_out_of_window,
	     .flags = LQ_SYN, .ack_sent = true),
	CASE(request_stays_or_ends, out_of_window_limited, CHECK_REQ,
	     req_out_of_window_limited,
	     .flags = LQ_ACK, .moved = MOVED(SKIPPED_SYN_RECV)),
	CASE(request_stays_or_ends, out_of_window_rst, CHECK_REQ, req_out_of_window_rst,
	     .flags = LQ_RST),
	CASE(request_stays_or_ends, rst, CHECK_REQ, req_rst,
	     .flags = LQ_RST, .moved = MOVED(ATTEMPT_FAILS) | MOVED(EMBRYONIC_RSTS)),
	CASE(request_stays_or_ends, rst_with_syn, CHECK_REQ, req_rst,
	     .flags = LQ_RST | LQ_SYN, .repeats_syn = true,
	     .moved = MOVED(ATTEMPT_FAILS) | MOVED(EMBRYONIC_RSTS)),
	CASE(request_stays_or_ends, new_syn, CHECK_REQ, req_new_syn,
	     .flags = LQ_SYN, .moved = MOVED(ATTEMPT_FAILS) | MOVED(EMBRYONIC_RSTS)),
	CASE(request_stays_or_ends, no_ack, CHECK_REQ, req_no_ack,
	     .flags = LQ_FIN),
	CASE(request_stays_or_ends, deferred, CHECK_REQ, req_deferred,
	     .flags = LQ_ACK, .moved = MOVED(DEFER_ACCEPT)),
	CASE(request_stays_or_ends, upper_uncounted, CHECK_REQ, req_upper_refused,
	     .flags = LQ_ACK, .upper = true),

	CASE(lq_outcome_check_req, overflow_reset_came_second, CHECK_REQ, req_reset_lost_race,
	     .flags = LQ_ACK, .stolen = true,
	     .moved = MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_check_req, fastopen_passed, CHECK_REQ, req_fastopen_passed,
	     .flags = LQ_ACK, .returned = LQ_RET_LISTENER, .fastopen = true),
	CASE(lq_outcome_check_req, given_back, CHECK_REQ, none,
	     .flags = LQ_ACK, .returned = LQ_RET_LISTENER),
	CASE(lq_outcome_check_req, joined_and_refused, CHECK_REQ, req_upper_refused_reset,
	     .flags = LQ_ACK, .returned = LQ_RET_CHILD, CHILD, .upper = true,
	     .joined = true, .child_dead = true),
	CASE(lq_outcome_check_req, joined, CHECK_REQ, req_mptcp_joined,
	     .flags = LQ_ACK, .returned = LQ_RET_CHILD, CHILD, .upper = true,
	     .joined = true),
	CASE(lq_outcome_check_req, migrated, CHECK_REQ, req_migrated,
	     .flags = LQ_ACK, .returned = LQ_RET_CHILD, .child_asked = true,
	     .moved = MOVED(PASSIVE_OPENS) | MOVED(MIGRATED)),
	CASE(lq_outcome_check_req, completed, CHECK_REQ, req_completed,
	     .flags = LQ_ACK | LQ_PSH, .returned = LQ_RET_CHILD, CHILD),
	CASE(lq_outcome_check_req, reset_lost_race, CHECK_REQ, req_reset_lost_race,
	     .flags = LQ_RST, .stolen = true, .moved = MOVED(ATTEMPT_FAILS)),
	CASE(lq_outcome_check_req, lost_race, CHECK_REQ, req_lost_race,
	     .flags = LQ_ACK, CHILD, .stolen = true),
	CASE(lq_outcome_check_req, dropped_by_overflow, CHECK_REQ, req_accept_full,
	     .flags = LQ_ACK, .moved = MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_check_req, dropped_otherwise, CHECK_REQ, req_no_memory,
	     .flags = LQ_ACK, .child_asked = true, DROPPED),
	CASE(lq_outcome_check_req, dropped_while_listener_closes, CHECK_REQ, req_listener_closed,
	     .flags = LQ_ACK, .child_asked = true, .closed = true,
	     .moved = MOVED(PASSIVE_OPENS) | MOVED(LISTEN_DROPS)),
	CASE(lq_outcome_check_req, listener_closed, CHECK_REQ, req_listener_closed,
	     .flags = LQ_ACK, CHILD, .closed = true),
	CASE(lq_outcome_check_req, clone_for_migration_failed, CHECK_REQ, req_no_memory,
	     .flags = LQ_ACK, CHILD),
	CASE(lq_outcome_check_req, undecided_by_counters, CHECK_REQ, req_no_ack,
	     .flags = LQ_PSH),
};

#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

/* What others said: the function under test is that of the stage. */
struct exchange {
	const char *name;
	enum stage stage;
	struct lq_outcome seen;
	struct lq_answers said;
};

#define SEEN(...) .seen = { __VA_ARGS__ }
#define SAID(...) .said = { __VA_ARGS__ }
#define TO_SYN(way, ...) \
	{ .name = "lq_answers_conn_request__" #way, .stage = CONN_REQUEST, __VA_ARGS__ }
#define TO_COOKIE(way, ...) \
	{ .name = "lq_answers_hnd_req__" #way, .stage = HND_REQ, __VA_ARGS__ }
#define TO_LAST_ACK(way, ...) \
	{ .name = "lq_answers_check_req__" #way, .stage = CHECK_REQ, __VA_ARGS__ }

static const struct exchange exchanges[] = {
	TO_SYN(cookie, SEEN(.lsm_asked = true, .synack = LQ_SYNACK_COOKIE),
	       SAID(.unproven = true)),
	TO_SYN(unsent, SEEN(.lsm_asked = true, .synack = LQ_SYNACK_REQUEST,
			    .synack_failed = true),
	       SAID(.unproven = true, .unsent = true)),
	TO_SYN(proven, SEEN(.lsm_asked = true, .proven_asked = true,
			    .synack = LQ_SYNACK_REQUEST),
	       SAID(.unproven = false)),
	TO_SYN(last_quarter, SEEN(.lsm_asked = true, .proven_asked = true, DROPPED),
	       SAID(.unproven = true)),
	TO_SYN(lost_race, SEEN(.lsm_asked = true), SAID(.unproven = true)),
	TO_SYN(lost_race_proven, SEEN(.lsm_asked = true, .proven_asked = true),
	       SAID(.unproven = false)),
	TO_SYN(lost_race_under_mptcp, SEEN(.lsm_asked = true, .upper = true),
	       SAID(.unproven = true)),
	TO_SYN(fastopen, SEEN(.lsm_asked = true, .synack = LQ_SYNACK_FASTOPEN,
			      .moved = MOVED(PASSIVE_OPENS)),
	       SAID(.unproven = true, .fastopen = true)),
	TO_SYN(fastopen_closed, SEEN(.lsm_asked = true, .proven_asked = true,
				     .synack = LQ_SYNACK_FASTOPEN,
				     .moved = MOVED(PASSIVE_OPENS) | MOVED(LISTEN_DROPS)),
	       SAID(.fastopen = true)),
	TO_SYN(fastopen_failed, SEEN(.lsm_asked = true, .proven_asked = true,
				     .synack = LQ_SYNACK_REQUEST, DROPPED),
	       SAID(.unproven = false)),
	TO_SYN(nobody_asked, SEEN(DROPPED),
	       SAID(.no_request = true, .no_route = true, .unproven = true)),
	TO_SYN(denied, SEEN(.lsm_asked = true, .lsm_denied = true, DROPPED),
	       SAID(.denied = true, .no_route = true, .unproven = true)),
	TO_SYN(no_route_under_mptcp, SEEN(.lsm_asked = true, .upper = true,
					  .moved = MOVED(LISTEN_DROPS) | MOVED(NO_ROUTES)),
	       SAID(.no_route = true, .unproven = true)),
	TO_SYN(refused, SEEN(.lsm_asked = true, .upper = true, DROPPED),
	       SAID(.refused = true, .unproven = true)),

	TO_COOKIE(not_asked, SEEN(.returned = LQ_RET_LISTENER),
		  SAID(.cookie = LQ_COOKIE_NOT_ASKED, .no_request = true,
		       .no_route = true)),
	TO_COOKIE(invalid, SEEN(.returned = LQ_RET_LISTENER, .upper = true,
				.moved = MOVED(COOKIES_FAILED)),
		  SAID(.cookie = LQ_COOKIE_INVALID, .refused = true, .no_route = true)),
	TO_COOKIE(options_off, SEEN(.returned = LQ_RET_LISTENER,
				    .moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_OPTIONS_OFF, .no_request = true,
		       .no_route = true)),
	TO_COOKIE(no_memory, SEEN(.moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_VALID, .no_request = true, .no_route = true)),
	TO_COOKIE(refused, SEEN(.upper = true, .moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_VALID, .refused = true, .no_route = true)),
	TO_COOKIE(denied, SEEN(.lsm_asked = true, .lsm_denied = true,
			       .moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_VALID, .denied = true, .no_route = true)),
	TO_COOKIE(no_route, SEEN(.lsm_asked = true, .moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_VALID, .no_route = true)),
	TO_COOKIE(accept_full, SEEN(.lsm_asked = true, .moved = MOVED(COOKIES_RECV) |
				    MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
		  SAID(.cookie = LQ_COOKIE_VALID)),
	TO_COOKIE(overflow_of_smc, SEEN(.lsm_asked = true, .upper = true,
					.moved = MOVED(COOKIES_RECV) |
					MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS)),
		  SAID(.cookie = LQ_COOKIE_VALID, .child = LQ_CHILD_REFUSED)),
	TO_COOKIE(no_bucket, SEEN(.lsm_asked = true, .child_asked = true,
				  .moved = MOVED(COOKIES_RECV) | MOVED(LISTEN_DROPS) |
				  MOVED(PASSIVE_OPENS)),
		  SAID(.cookie = LQ_COOKIE_VALID, .child = LQ_CHILD_NO_BUCKET)),
	TO_COOKIE(lost_race, SEEN(.lsm_asked = true, .child_asked = true,
				  .moved = MOVED(COOKIES_RECV) | MOVED(PASSIVE_OPENS)),
		  SAID(.cookie = LQ_COOKIE_VALID)),
	TO_COOKIE(checked_by_bpf, SEEN(.returned = LQ_RET_CHILD, .lsm_asked = true, CHILD),
		  SAID(.cookie = LQ_COOKIE_VALID)),
	TO_COOKIE(joined, SEEN(.returned = LQ_RET_CHILD, .lsm_asked = true, .joined = true,
			       .moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_VALID, .joined = true)),
	TO_COOKIE(dead, SEEN(.returned = LQ_RET_CHILD, .lsm_asked = true,
			     .child_dead = true, .moved = MOVED(COOKIES_RECV)),
		  SAID(.cookie = LQ_COOKIE_VALID, .child_dead = true)),

	TO_LAST_ACK(completed, SEEN(.returned = LQ_RET_CHILD, CHILD),
		    SAID(.unsent = true, .quota_used_up = true)),
	TO_LAST_ACK(migrated, SEEN(.returned = LQ_RET_CHILD,
				   .moved = MOVED(PASSIVE_OPENS) | MOVED(MIGRATED)),
		    SAID(.unsent = true, .quota_used_up = true, .migrated = true)),
	TO_LAST_ACK(join_refused, SEEN(.returned = LQ_RET_CHILD, CHILD, .upper = true,
				       .joined = true, .child_dead = true),
		    SAID(.unsent = true, .quota_used_up = true, .joined = true,
			 .child_dead = true)),
	TO_LAST_ACK(lost_race, SEEN(.stolen = true, CHILD),
		    SAID(.unsent = true, .quota_used_up = true)),
	TO_LAST_ACK(childless_and_lost, SEEN(.stolen = true, .child_asked = true, DROPPED),
		    SAID(.child = LQ_CHILD_NO_MEMORY, .unsent = true,
			 .quota_used_up = true)),
	TO_LAST_ACK(accept_full, SEEN(.moved = MOVED(LISTEN_OVERFLOWS) |
				      MOVED(LISTEN_DROPS)),
		    SAID(.unsent = true, .quota_used_up = true)),
	TO_LAST_ACK(no_route, SEEN(DROPPED),
		    SAID(.child = LQ_CHILD_NO_ROUTE, .unsent = true,
			 .quota_used_up = true)),
	TO_LAST_ACK(closed, SEEN(.closed = true, CHILD),
		    SAID(.unsent = true, .quota_used_up = true)),
	TO_LAST_ACK(no_bucket_closed, SEEN(.closed = true, .child_asked = true,
					   .moved = MOVED(PASSIVE_OPENS) |
					   MOVED(LISTEN_DROPS)),
		    SAID(.child = LQ_CHILD_NO_BUCKET, .unsent = true,
			 .quota_used_up = true)),
	TO_LAST_ACK(no_copy, SEEN(CHILD), SAID(.child = LQ_CHILD_NO_COPY, .unsent = true,
					       .quota_used_up = true)),
	TO_LAST_ACK(refused_without_a_trace, SEEN(.upper = true),
		    SAID(.child = LQ_CHILD_REFUSED, .unsent = true,
			 .quota_used_up = true)),
	TO_LAST_ACK(nothing_seen, SEEN(.flags = LQ_ACK),
		    SAID(.unsent = true, .quota_used_up = true)),
	TO_LAST_ACK(syn_again, SEEN(.moved = MOVED(SYN_RETRANS),
				    .synack = LQ_SYNACK_REQUEST),
		    SAID(.quota_used_up = true)),
	TO_LAST_ACK(challenge, SEEN(.ack_sent = true, .moved = MOVED(CHALLENGE_ACK)),
		    SAID(.unsent = true)),
};

#define EXCHANGES (sizeof(exchanges) / sizeof(exchanges[0]))

static void answers_of(enum stage stage, const struct lq_outcome *o, struct lq_answers *a)
{
	/* It is filled as a whole. */
	memset(a, 0xff, sizeof(*a));
	switch (stage) {
	case CONN_REQUEST:
		lq_answers_conn_request(o, a);
		break;
	case HND_REQ:
		lq_answers_hnd_req(o, a);
		break;
	default:
		lq_answers_check_req(o, a);
	}
}

static void show_answers(const struct lq_answers *a)
{
	diag("child %d cookie %d request %d refused %d denied %d route %d unproven %d",
	     a->child, a->cookie, !a->no_request, a->refused, a->denied, !a->no_route,
	     a->unproven);
	diag("fastopen %d unsent %d quota %d joined %d dead %d migrated %d", a->fastopen,
	     a->unsent, a->quota_used_up, a->joined, a->child_dead, a->migrated);
}

static void test_exchanges(void)
{
	struct lq_answers a;

	for (size_t i = 0; i < EXCHANGES; i++) {
		const struct exchange *e = &exchanges[i];

		answers_of(e->stage, &e->seen, &a);
		if (!ok(!memcmp(&a, &e->said, sizeof(a)), "%s", e->name))
			show_answers(&a);
	}
}

static bool gave[LQ_V_count];

static void test_examples(void)
{
	for (size_t i = 0; i < EXAMPLES; i++) {
		const struct example *e = &examples[i];
		enum lq_verdict v = verdict_of(e->stage, &e->facts);
		const char *broken = broken_property(e->stage, &e->facts);

		if (!ok(v == e->verdict && !broken, "%s", e->name))
			diag("%s, expected %s; broken: %s", verdict_names[v],
			     verdict_names[e->verdict], broken ? broken : "nothing");
		gave[v] = true;
	}
}

static void test_every_verdict_has_a_case(void)
{
	bool all = true;

	for (int v = 1; v < LQ_V_count; v++) {
		if (gave[v] != is_told_elsewhere(v))
			continue;
		diag("%s: %s", verdict_names[v], gave[v] ?
		     "given, but not by these rules" : "no case gives it");
		all = false;
	}
	ok(all, "every_verdict__has_a_case");
}

/*
 * Walks: a walk asks coin() at every fork; next_walk() turns the last coin that
 * can still be turned, so that all paths are walked once, depth first.
 */
static struct {
	bool heads[64];
	unsigned int length;
	unsigned int at;
} coins;

static bool coin(void)
{
	if (coins.at == coins.length) {
		assert(coins.length < sizeof(coins.heads));
		coins.heads[coins.length++] = false;
	}
	return coins.heads[coins.at++];
}

static bool next_walk(void)
{
	coins.at = 0;
	while (coins.length && coins.heads[coins.length - 1])
		coins.length--;
	if (!coins.length)
		return false;
	coins.heads[coins.length - 1] = true;
	return true;
}

/* The packet's family: chosen where a path begins to differ by it. */
static bool walk_ipv6;

/* What syn_recv_sock ended in; the order is that of last_ack_verdicts. */
enum ending { FULL, NO_MEMORY, NO_BUCKET, NO_ROUTE, UPPER, CHILD_MADE };

static enum ending dropped(struct lq_outcome *o, enum ending why)
{
	o->moved |= MOVED(LISTEN_DROPS);
	return why;
}

/* tcp_v4_syn_recv_sock, tcp_v6_syn_recv_sock, or SMC's and MPTCP's before them. */
static enum ending walk_syn_recv_sock(struct lq_outcome *o, bool has_route)
{
	walk_ipv6 = coin();
	o->upper = coin();
	/* It may close at any time; what was counted counts. */
	o->closed = coin();
	/* SMC counts what it refuses, as an overflow of the listener too. */
	if (o->upper && coin()) {
		o->moved |= coin() ? MOVED(LISTEN_OVERFLOWS) : 0;
		return dropped(o, UPPER);
	}
	if (coin()) {
		o->queue_full = true;
		o->moved |= MOVED(LISTEN_OVERFLOWS);
		return dropped(o, FULL);
	}
	/* Under an upper protocol these facts are those of its refusal. */
	if (!has_route && walk_ipv6 && !o->upper && coin())
		return dropped(o, NO_ROUTE);
	o->child_asked = true;
	if (coin())
		return dropped(o, NO_MEMORY);
	o->moved |= MOVED(PASSIVE_OPENS);
	if (!has_route && !walk_ipv6 && coin()) {
		o->moved |= MOVED(NO_ROUTES);
		return dropped(o, NO_ROUTE);
	}
	if (coin())
		return dropped(o, NO_BUCKET);
	return CHILD_MADE;
}

static enum lq_verdict walk_route_req(struct lq_outcome *o)
{
	walk_ipv6 = coin();
	o->upper = coin();
	o->lsm_asked = true;
	o->lsm_denied = coin();
	if (o->lsm_denied)
		return LQ_V_syn_security;
	/* No counter of IPv4's tells of a route missing for IPv6. */
	if (!(walk_ipv6 && o->upper) && coin()) {
		o->moved |= walk_ipv6 ? 0 : MOVED(NO_ROUTES);
		return LQ_V_syn_no_route;
	}
	return o->upper && coin() ? LQ_V_syn_upper_refused : LQ_V_none;
}

/* tcp_conn_request; drops are counted by its caller below. */
static enum lq_verdict walk_syn(struct lq_outcome *o)
{
	bool queue_full = coin(), cookie = false;
	enum lq_verdict v;

	o->cookies_always = coin();
	o->timewait = coin();
	if ((o->cookies_always || queue_full) && !o->timewait) {
		cookie = o->cookies_always || coin();
		if (!cookie) {
			o->moved |= MOVED(REQQ_FULL_DROP);
			return LQ_V_syn_queue_full;
		}
	}
	if (coin()) {
		o->moved |= MOVED(LISTEN_OVERFLOWS);
		return LQ_V_syn_accept_full;
	}
	if (coin())
		return LQ_V_syn_no_memory;
	v = walk_route_req(o);
	if (v != LQ_V_none)
		return v;
	if (!cookie && !o->timewait && !o->cookies_always) {
		o->proven_asked = coin();
		if (o->proven_asked && coin())
			return LQ_V_syn_last_quarter;
	}
	if (!cookie && coin()) {
		o->synack = LQ_SYNACK_FASTOPEN;
		o->moved |= MOVED(PASSIVE_OPENS);
		return coin() ? LQ_V_syn_fastopen_closed : LQ_V_syn_fastopen;
	}
	if (!cookie && coin())
		return LQ_V_syn_lost_race;
	o->synack = cookie ? LQ_SYNACK_COOKIE : LQ_SYNACK_REQUEST;
	o->synack_failed = coin();
	if (cookie)
		return o->synack_failed ? LQ_V_syn_cookie_unsent :
		       o->cookies_always ? LQ_V_syn_cookie_always : LQ_V_syn_cookie;
	return o->synack_failed ? LQ_V_syn_queued_unsent :
	       o->timewait ? LQ_V_syn_queued_timewait : LQ_V_syn_queued;
}

static enum lq_verdict walk_conn_request(struct lq_outcome *o)
{
	enum lq_verdict v;

	o->flags = LQ_SYN;
	v = walk_syn(o);
	if (o->synack == LQ_SYNACK_NONE ? v != LQ_V_syn_lost_race :
					  v == LQ_V_syn_fastopen_closed)
		o->moved |= MOVED(LISTEN_DROPS);
	return v;
}

/* The cookie is valid. */
static enum lq_verdict walk_cookie(struct lq_outcome *o)
{
	static const enum lq_verdict cookie_verdicts[] = {
		[FULL] = LQ_V_cookie_accept_full,
		[NO_MEMORY] = LQ_V_cookie_no_memory,
		[NO_BUCKET] = LQ_V_cookie_no_bucket,
		[NO_ROUTE] = LQ_V_cookie_no_route,
		[UPPER] = LQ_V_cookie_upper_refused,
	};
	enum ending ending;

	o->moved |= MOVED(COOKIES_RECV);
	if (coin())
		return LQ_V_cookie_options_off;

	o->returned = LQ_RET_NOTHING;
	if (coin())
		return LQ_V_cookie_no_memory;
	o->lsm_asked = true;
	o->lsm_denied = coin();
	if (o->lsm_denied)
		return LQ_V_cookie_security;
	if (coin())
		return LQ_V_cookie_no_route;
	ending = walk_syn_recv_sock(o, true);
	if (o->closed && (ending == CHILD_MADE || ending == NO_BUCKET))
		return LQ_V_cookie_listener_closed;
	if (ending != CHILD_MADE)
		return cookie_verdicts[ending];
	if (coin())
		return LQ_V_cookie_lost_race;
	o->returned = LQ_RET_CHILD;
	o->child_dead = o->upper && coin();
	if (o->child_dead)
		return LQ_V_cookie_upper_refused;
	o->joined = o->upper && coin();
	return o->joined ? LQ_V_req_mptcp_joined : LQ_V_cookie_accepted;
}

/* cookie_v4_check, and what tcp_rcv_state_process does with what it gives back. */
static enum lq_verdict walk_hnd_req(struct lq_outcome *o)
{
	o->returned = LQ_RET_LISTENER;
	o->flags = (coin() ? LQ_ACK : 0) | (coin() ? LQ_RST : 0) | (coin() ? LQ_FIN : 0);
	if (o->flags & LQ_RST)
		return LQ_V_stray_rst;
	if (!(o->flags & LQ_ACK))
		return LQ_V_stray_no_ack;

	/* Valid, or of any kind: syncookies off, no recent overflow, mss of 0. */
	if (coin()) {
		o->via_check_req = coin();
		o->moved |= coin() ? MOVED(COOKIES_FAILED) : 0;
		return o->via_check_req ? LQ_V_req_bad_ack :
		       o->moved ? LQ_V_cookie_invalid : LQ_V_stray_ack;
	}
	return walk_cookie(o);
}

/* A last ACK that is good: the end of tcp_check_req. */
static enum lq_verdict walk_last_ack(struct lq_outcome *o)
{
	static const enum lq_verdict last_ack_verdicts[][2] = {
		[FULL] = { LQ_V_req_accept_full, LQ_V_req_accept_full_reset },
		[NO_MEMORY] = { LQ_V_req_no_memory, LQ_V_req_no_memory_reset },
		[NO_BUCKET] = { LQ_V_req_no_bucket, LQ_V_req_no_bucket_reset },
		[NO_ROUTE] = { LQ_V_req_no_route, LQ_V_req_no_route_reset },
		[UPPER] = { LQ_V_req_upper_refused, LQ_V_req_upper_refused_reset },
	};
	bool abort_on_overflow;
	enum ending ending;

	if (coin()) {
		o->moved |= MOVED(DEFER_ACCEPT);
		return LQ_V_req_deferred;
	}
	ending = walk_syn_recv_sock(o, false);
	if (ending != CHILD_MADE) {
		abort_on_overflow = coin();
		o->moved |= abort_on_overflow ? MOVED(EMBRYONIC_RSTS) : 0;
		if (o->closed && ending == NO_BUCKET)
			return LQ_V_req_listener_closed;
		return last_ack_verdicts[ending][abort_on_overflow];
	}
	o->stolen = coin();
	if (o->stolen)
		return LQ_V_req_lost_race;
	o->joined = o->upper && coin();
	if (o->joined) {
		o->returned = LQ_RET_CHILD;
		o->child_dead = coin();
		return o->child_dead ? LQ_V_req_upper_refused_reset : LQ_V_req_mptcp_joined;
	}
	if (o->closed)
		return LQ_V_req_listener_closed;
	o->returned = LQ_RET_CHILD;
	if (!coin())
		return LQ_V_req_completed;
	o->moved |= MOVED(MIGRATED);
	return LQ_V_req_migrated;
}

/* Not acceptable: an ACK, unless held back; a RST is ignored. */
static enum lq_verdict walk_not_acceptable(struct lq_outcome *o)
{
	static const enum lq_verdict verdicts[][3] = {
		{ LQ_V_req_paws, LQ_V_req_paws_limited, LQ_V_req_paws_rst },
		{ LQ_V_req_tsecr, LQ_V_req_tsecr_limited, LQ_V_req_tsecr_rst },
		{ LQ_V_req_out_of_window, LQ_V_req_out_of_window_limited,
		  LQ_V_req_out_of_window_rst },
	};
	int why = coin() ? 0 : coin() ? 1 : 2;

	o->moved |= why == 0 ? MOVED(PAWS_ESTAB) : why == 1 ? MOVED(TSECR) : 0;
	if (o->flags & LQ_RST)
		return verdicts[why][2];
	o->ack_sent = coin();
	o->moved |= o->ack_sent ? 0 : MOVED(SKIPPED_SYN_RECV);
	return verdicts[why][!o->ack_sent];
}

static enum lq_verdict walk_challenge(struct lq_outcome *o)
{
	o->challenge_asked = true;
	if (coin()) {
		o->moved |= MOVED(SKIPPED_CHALLENGE);
		return LQ_V_req_challenge_limited;
	}
	o->ack_sent = coin();
	if (!o->ack_sent)
		return LQ_V_req_challenge_quota;
	o->moved |= MOVED(CHALLENGE_ACK);
	return LQ_V_req_challenge;
}

static enum lq_verdict walk_syn_again(struct lq_outcome *o)
{
	if (coin()) {
		o->moved |= MOVED(SKIPPED_SYN_RECV);
		return LQ_V_req_syn_again_limited;
	}
	o->synack = LQ_SYNACK_REQUEST;
	o->synack_failed = coin();
	if (o->synack_failed)
		return LQ_V_req_syn_again_unsent;
	o->moved |= MOVED(SYN_RETRANS);
	return LQ_V_req_syn_again;
}

static enum lq_verdict walk_check_req(struct lq_outcome *o)
{
	bool syn = coin(), ack = coin(), rst = coin();

	o->flags = (syn ? LQ_SYN : 0) | (ack ? LQ_ACK : 0) | (rst ? LQ_RST : 0);
	o->fastopen = coin();
	o->repeats_syn = coin();
	if (syn && !ack && !rst && o->repeats_syn && coin())
		return walk_syn_again(o);
	if (ack && !rst && !o->fastopen && coin()) {
		o->returned = LQ_RET_LISTENER;
		return LQ_V_none;
	}
	/* A pure SYN repeated gets here by its timestamp alone. */
	if (syn && !ack && !rst && o->repeats_syn) {
		o->moved |= MOVED(PAWS_ESTAB);
		o->ack_sent = coin();
		o->moved |= o->ack_sent ? 0 : MOVED(SKIPPED_SYN_RECV);
		return o->ack_sent ? LQ_V_req_paws : LQ_V_req_paws_limited;
	}
	if (coin())
		return walk_not_acceptable(o);
	if (rst && coin())
		return walk_challenge(o);
	if (rst || (syn && !o->repeats_syn)) {
		o->moved |= MOVED(ATTEMPT_FAILS);
		o->stolen = !o->fastopen && coin();
		if (o->stolen)
			return LQ_V_req_reset_lost_race;
		o->moved |= o->fastopen ? 0 : MOVED(EMBRYONIC_RSTS);
		return rst ? LQ_V_req_rst : LQ_V_req_new_syn;
	}
	if (!ack)
		return LQ_V_req_no_ack;
	if (o->fastopen) {
		o->returned = LQ_RET_LISTENER;
		return LQ_V_req_fastopen_passed;
	}
	return walk_last_ack(o);
}

static bool walk_is_told(enum stage stage, const struct lq_outcome *o,
			 enum lq_verdict expected)
{
	enum lq_verdict v = verdict_of(stage, o);
	const char *broken = broken_property(stage, o);

	if (v == expected && !broken)
		return true;
	diag("flags %#x moved %#x: %s, expected %s; broken: %s", o->flags, o->moved,
	     verdict_names[v], verdict_names[expected], broken ? broken : "nothing");
	return false;
}

static void test_paths(enum stage stage, const char *name,
		       enum lq_verdict (*walk)(struct lq_outcome *o))
{
	bool reached[LQ_V_count] = { 0 };
	unsigned int paths = 0, wrong = 0;
	struct lq_outcome o;
	enum lq_verdict v;
	bool all = true;

	memset(&coins, 0, sizeof(coins));
	do {
		memset(&o, 0, sizeof(o));
		v = walk(&o);
		reached[v] = true;
		paths++;
		if (!walk_is_told(stage, &o, v) && ++wrong == 10)
			break;
	} while (next_walk());
	ok(!wrong, "%s__every_path_is_told", name);
	note("%u paths", paths);

	for (int i = 1; i < LQ_V_count; i++)
		if (belongs(stage, i) && !reached[i]) {
			diag("%s: no path ends there", verdict_names[i]);
			all = false;
		}
	ok(all || wrong, "%s__every_verdict_has_a_path", name);
}

/* Few counters move in one call: half of the facts have at most three. */
static u32 random_moved(void)
{
	u32 moved = 0;
	int i;

	if (random_bits() & 1)
		return random_bits();
	for (i = random_bits() % 4; i; i--)
		moved |= 1U << random_bits() % LQ_C_COUNT;
	return moved;
}

static void random_facts(struct lq_outcome *o)
{
	u32 bits = random_bits();

	*o = (struct lq_outcome) {
		.moved = random_moved(),
		.returned = random_bits() % (LQ_RET_CHILD + 1),
		.synack = random_bits() % (LQ_SYNACK_FASTOPEN + 1),
		.flags = random_bits(),
		.synack_failed = bits & 1,
		.lsm_asked = bits & 1 << 1,
		.lsm_denied = bits & 1 << 2,
		.proven_asked = bits & 1 << 3,
		.child_asked = bits & 1 << 4,
		.ack_sent = bits & 1 << 5,
		.challenge_asked = bits & 1 << 6,
		.cookies_always = bits & 1 << 7,
		.timewait = bits & 1 << 8,
		.repeats_syn = bits & 1 << 9,
		.via_check_req = bits & 1 << 10,
		.fastopen = bits & 1 << 11,
		.stolen = bits & 1 << 12,
		.joined = bits & 1 << 13,
		.child_dead = bits & 1 << 14,
		.closed = bits & 1 << 15,
		.upper = bits & 1 << 16,
		.queue_full = bits & 1 << 17,
	};
}

static void test_any_facts(void)
{
	const char *broken = NULL;
	struct lq_outcome o;
	int i, stage;

	for (i = 0; i < RANDOM_FACTS && !broken; i++) {
		random_facts(&o);
		for (stage = 0; stage < STAGES && !broken; stage++)
			broken = broken_property(stage, &o);
	}
	note("%d random facts", i);
	if (!ok(!broken, "any_facts__keep_the_properties"))
		diag("facts %d, stage %d: %s", i, stage - 1, broken);
}

/*
 * The verdict on what was seen is the world's; the rules, given the answers that were
 * seen, agree. That another CPU was faster is known by its traces alone.
 */
static bool world_is_told(enum stage stage, const struct world *w,
			  const struct lq_outcome *o, enum lq_verdict v)
{
	enum lq_verdict told = verdict_of(stage, o), decided;
	struct lq_reading reading = w->reading;
	struct lq_answers seen;

	answers_of(stage, o, &seen);
	decided = rules(stage, w, &reading, &seen);
	reading.taken = ends(verdict_names[told], "lost_race");
	if (told == v && decided == v && rules(stage, w, &reading, &seen) == v)
		return true;
	diag("told %s, decided %s, expected %s; flags %#x moved %#x", verdict_names[told],
	     verdict_names[decided], verdict_names[v], o->flags, o->moved);
	show_answers(&seen);
	return false;
}

static void test_worlds(enum stage stage, const char *name)
{
	unsigned int reached[LQ_V_count] = { 0 }, wrong = 0;
	struct lq_outcome o;
	enum lq_verdict v;
	struct world w;
	bool all = true;

	for (int i = 0; i < RANDOM_WORLDS && wrong < 10; i++) {
		draw_world(&w, stage);
		v = stock(stage, &w, &o);
		reached[v]++;
		wrong += !world_is_told(stage, &w, &o, v);
	}
	ok(!wrong, "%s__worlds_are_told_as_decided", name);
	for (int i = 1; i < LQ_V_count; i++)
		if (belongs(stage, i) && !reached[i]) {
			diag("%s: no world ends there", verdict_names[i]);
			all = false;
		}
	ok(all || wrong, "%s__every_verdict_has_a_world", name);
}

int main(int argc, char **argv)
{
	static_assert(LQ_C_COUNT < 32, "a bit for every counter");

	draw = random_bits;
	test_examples();
	test_every_verdict_has_a_case();
	test_exchanges();
	if (argc > 1 && !strcmp(argv[1], "cases"))
		return tap_end();
	test_paths(CONN_REQUEST, "lq_outcome_conn_request", walk_conn_request);
	test_paths(HND_REQ, "lq_outcome_hnd_req", walk_hnd_req);
	test_paths(CHECK_REQ, "lq_outcome_check_req", walk_check_req);
	test_any_facts();
	test_worlds(CONN_REQUEST, "lq_answers_conn_request");
	test_worlds(HND_REQ, "lq_answers_hnd_req");
	test_worlds(CHECK_REQ, "lq_answers_check_req");
	return tap_end();
}
