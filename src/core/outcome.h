/* SPDX-License-Identifier: GPL-2.0 */
/*
 * outcome.h - what the stock kernel was seen doing with one segment
 */
#ifndef LISTENQ_OUTCOME_H
#define LISTENQ_OUTCOME_H

#include "core/decide.h"

/* The stock counters that tell one way out from another. */
enum lq_counter {
	LQ_C_LISTEN_OVERFLOWS,
	LQ_C_LISTEN_DROPS,
	LQ_C_REQQ_FULL_DROP,
	LQ_C_COOKIES_RECV,
	LQ_C_COOKIES_FAILED,
	LQ_C_EMBRYONIC_RSTS,
	LQ_C_SKIPPED_SYN_RECV,
	LQ_C_SKIPPED_CHALLENGE,
	LQ_C_CHALLENGE_ACK,
	LQ_C_PAWS_ESTAB,
	LQ_C_TSECR,
	LQ_C_DEFER_ACCEPT,
	LQ_C_SYN_RETRANS,
	LQ_C_MIGRATED,
	LQ_C_PASSIVE_OPENS,
	LQ_C_ATTEMPT_FAILS,
	LQ_C_NO_ROUTES,
	LQ_C_COUNT
};

/* What the observed function returned. */
enum lq_returned {
	LQ_RET_NOTHING,		/* NULL: the segment ends here */
	LQ_RET_LISTENER,	/* the socket it was given: go on with it */
	LQ_RET_CHILD,		/* a new, locked connection */
};

/* The kind of SYN-ACK handed to send_synack, as seen at its entry. */
enum lq_synack {
	LQ_SYNACK_NONE,
	LQ_SYNACK_REQUEST,
	LQ_SYNACK_COOKIE,
	LQ_SYNACK_FASTOPEN,
};

/**
 * struct lq_outcome - everything seen between entry and return
 * @moved: bit (1 << enum lq_counter) for each stock counter that moved on this
 *	CPU between entry and return
 * @returned: what the function gave back
 * @synack: kind of SYN-ACK that send_synack was asked for
 * @flags: flags of the segment
 * @synack_failed: send_synack returned an error
 * @lsm_asked: security_inet_conn_request was called
 * @lsm_denied: and it refused
 * @proven_asked: tcp_peer_is_proven was called (last quarter, no cookies)
 * @child_asked: tcp_create_openreq_child was called
 * @ack_sent: the request's send_ack was called
 * @challenge_asked: tcp_reqsk_send_challenge_ack was called
 * @cookies_always: tcp_syncookies is 2
 * @timewait: the SYN came with an ISN chosen by a TIME_WAIT socket
 * @repeats_syn: sequence number equals the request's initial one
 * @via_check_req: tcp_check_req had given the segment back
 * @fastopen: tcp_check_req works for a TCP Fast Open child
 * @stolen: tcp_check_req says that another CPU owns the request
 * @joined: the new connection is not for the accept queue (MPTCP join)
 * @child_dead: the new connection came back closed: the upper protocol refused it
 * @queue_full: the accept queue was full before or after
 * @closed: the listener does not listen any more at return
 * @upper: MPTCP or SMC put their own syn_recv_sock in front
 */
struct lq_outcome {
	u32 moved;
	enum lq_returned returned;
	enum lq_synack synack;
	u8 flags;
	bool synack_failed;
	bool lsm_asked;
	bool lsm_denied;
	bool proven_asked;
	bool child_asked;
	bool ack_sent;
	bool challenge_asked;
	bool cookies_always;
	bool timewait;
	bool repeats_syn;
	bool via_check_req;
	bool fastopen;
	bool stolen;
	bool joined;
	bool child_dead;
	bool queue_full;
	bool closed;
	bool upper;
};

enum lq_verdict lq_outcome_conn_request(const struct lq_outcome *o);
enum lq_verdict lq_outcome_hnd_req(const struct lq_outcome *o);
enum lq_verdict lq_outcome_check_req(const struct lq_outcome *o);

void lq_answers_conn_request(const struct lq_outcome *o, struct lq_answers *a);
void lq_answers_hnd_req(const struct lq_outcome *o, struct lq_answers *a);
void lq_answers_check_req(const struct lq_outcome *o, struct lq_answers *a);

#endif
