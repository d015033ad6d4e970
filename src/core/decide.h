/* SPDX-License-Identifier: GPL-2.0 */
/*
 * decide.h - what the rules know, and what they are asked
 *
 * Three kinds of facts, never mixed:
 *   lq_facts    the segment, the request and the settings, read before
 *   lq_reading  what other CPUs may change meanwhile, read before and after
 *   lq_answers  what others say when they are asked: routing, security modules, memory
 */
#ifndef LISTENQ_DECIDE_H
#define LISTENQ_DECIDE_H

#include "core/segment.h"
#include "listenq_verdict.h"

/**
 * struct lq_kernel - in what kernels differ, found out once when the module loads
 * @synq_full_at_limit: the SYN queue is full at its limit, not above it (old 5.10)
 * @rst_ack_counts: the acknowledgment of a RST is looked at (before 6.1.192, 6.12)
 * @challenge_acks: a RST that is not exact is answered (RFC 5961 3.2, RFC 9293 3.10.7.4)
 * @checks_tsecr: a timestamp echo must be one that was sent (6.16)
 * @most_window: the window of a SYN-ACK cannot be larger (RFC 7323 2.3; 6.12)
 */
struct lq_kernel {
	bool synq_full_at_limit;
	bool rst_ack_counts;
	bool challenge_acks;
	bool checks_tsecr;
	u32 most_window;
};

/**
 * struct lq_pending - a request of the SYN queue (Linux 4.1: struct tcp_request_sock)
 * @rcv_isn: the client's initial sequence number
 * @rcv_nxt: what is expected next
 * @snt_isn: ours
 * @rcv_wnd: window of the SYN-ACK, bytes
 * @tsval_first: timestamp of the first SYN-ACK, as on the wire
 * @tsval_last: of the last one
 * @stamp_age_s: seconds since the client's timestamp was taken, as the kernel guesses
 * @tstamp_ok: timestamps were agreed on
 * @fastopen: its connection exists already (TCP Fast Open)
 */
struct lq_pending {
	u32 rcv_isn;
	u32 rcv_nxt;
	u32 snt_isn;
	u32 rcv_wnd;
	u32 tsval_first;
	u32 tsval_last;
	u32 stamp_age_s;
	bool tstamp_ok;
	bool fastopen;
};

/**
 * struct lq_facts - what does not change while a segment is decided on
 * @kernel: this kernel's differences
 * @segment: the segment
 * @req: the request it belongs to; check_req only
 * @max_syn_backlog: net.ipv4.tcp_max_syn_backlog
 * @ratelimit: net.ipv4.tcp_invalid_ratelimit, jiffies
 * @defer_accept: SYN-ACK timeouts that TCP_DEFER_ACCEPT waits, 0 without
 * @syncookies: net.ipv4.tcp_syncookies: 0, 1 or 2
 * @abort_on_overflow: net.ipv4.tcp_abort_on_overflow
 * @timewait: the SYN came with an ISN chosen by a TIME_WAIT socket
 * @via_check_req: a request had given the segment back
 * @cookie_by_bpf: a BPF program has checked the cookie already (6.9)
 */
struct lq_facts {
	const struct lq_kernel *kernel;
	struct lq_segment segment;
	struct lq_pending req;
	u32 max_syn_backlog;
	u32 ratelimit;
	u8 defer_accept;
	u8 syncookies;
	bool abort_on_overflow;
	bool timewait;
	bool via_check_req;
	bool cookie_by_bpf;
};

/**
 * struct lq_reading - what other CPUs may change while a segment is decided on
 * @queues: both queues of the listener
 * @now: jiffies
 * @last_oow: jiffies of the last answer to an unacceptable segment, 0 never
 * @ts_recent: the client's last timestamp
 * @timeouts: SYN-ACK timers that ran out
 * @cookies_lately: the listener sent a cookie that may still be valid
 * @closed: the listener does not listen any more
 * @taken: another CPU has the request, or made the same connection
 */
struct lq_reading {
	struct lq_lengths queues;
	u32 now;
	u32 last_oow;
	u32 ts_recent;
	u8 timeouts;
	bool cookies_lately;
	bool closed;
	bool taken;
};

/* What became of a connection that was asked for. */
enum lq_child {
	LQ_CHILD_MADE,
	LQ_CHILD_NO_MEMORY,
	LQ_CHILD_NO_ROUTE,
	LQ_CHILD_NO_BUCKET,	/* its listener's port or a key could not be inherited */
	LQ_CHILD_REFUSED,	/* by MPTCP or SMC */
	LQ_CHILD_NO_COPY,	/* made, but the request could not be copied to migrate it */
};

enum lq_cookie {
	LQ_COOKIE_NOT_ASKED,
	LQ_COOKIE_INVALID,
	LQ_COOKIE_VALID,
	LQ_COOKIE_OPTIONS_OFF,	/* valid, but with options that are off by now */
};

/**
 * struct lq_answers - what others said, as far as they were asked
 * @child: whoever makes the connection
 * @cookie: whoever keeps the cookies' secret
 * @checksum_bad: the checksum is wrong
 * @not_unicast: the segment is addressed to several
 * @mapped_source: an IPv6 segment from an IPv4-mapped address
 * @no_request: no memory for the request
 * @refused: MPTCP will not have the request
 * @denied: a security module forbids it
 * @no_route: there is no way back
 * @unproven: tcp_metrics does not know the client
 * @fastopen: TCP Fast Open made a connection of the SYN
 * @unsent: the SYN-ACK could not be sent
 * @quota_used_up: net.ipv4.tcp_challenge_ack_limit is reached
 * @joined: the connection is a subflow of an MPTCP connection
 * @child_dead: and was refused at once
 * @migrated: another listener of the group gets the connection
 *
 * All zero: nobody objects.
 */
struct lq_answers {
	enum lq_child child;
	enum lq_cookie cookie;
	bool checksum_bad;
	bool not_unicast;
	bool mapped_source;
	bool no_request;
	bool refused;
	bool denied;
	bool no_route;
	bool unproven;
	bool fastopen;
	bool unsent;
	bool quota_used_up;
	bool joined;
	bool child_dead;
	bool migrated;
};

/* What becomes of a request when its SYN-ACK timer runs out. */
enum lq_timer_end {
	LQ_TIMER_EXPIRE,	/* it goes */
	LQ_TIMER_RESEND,	/* it stays, and the SYN-ACK is sent again */
	LQ_TIMER_WAIT,		/* it stays, and nothing is sent */
};

/**
 * struct lq_timer - what the rules of the SYN-ACK timer look at
 * @retries: TCP_SYNCNT of the listener, or net.ipv4.tcp_synack_retries if that is 0
 * @synq: pending requests, this one included
 * @young: those whose SYN-ACK was never repeated
 * @synq_limit: sk_max_ack_backlog
 * @timeouts: timers that ran out before this one
 * @defer_accept: SYN-ACK timeouts that TCP_DEFER_ACCEPT waits, 0 without
 * @acked: the last ACK had come, and made no connection
 */
struct lq_timer {
	s32 retries;
	u32 synq;
	u32 young;
	u32 synq_limit;
	u8 timeouts;
	u8 defer_accept;
	bool acked;
};

/**
 * struct lq_park - what the rules of parking look at (overflow=park)
 * @parked: the handshake is parked already
 * @next: sequence number that comes next, behind what is kept
 * @payload: bytes of data that are kept
 * @most_payload: how many may be
 * @records: handshakes that are parked
 * @limit: how many may be
 * @must_wait: the accept queue is full, or others wait for it already
 *
 * The last three are asked of a handshake that is not parked yet.
 */
struct lq_park {
	bool parked;
	u32 next;
	u32 payload;
	u32 most_payload;
	u32 records;
	u32 limit;
	bool must_wait;
};

/*
 * Memory that the copies of one handshake may take, with what the kernel needs around
 * them: an ACK, and its data in two segments.
 */
static inline u32 lq_park_most(u32 payload)
{
	return 2560 + 2 * payload;
}

/* Is a SYN queue of that length full? */
static inline bool lq_synq_full(const struct lq_kernel *kernel, u32 synq, u32 limit)
{
	return kernel->synq_full_at_limit ? synq >= limit : synq > limit;
}

enum lq_verdict lq_decide_do_rcv(const struct lq_segment *segment,
				 const struct lq_answers *a);
enum lq_verdict lq_decide_conn_request(const struct lq_facts *f,
				       const struct lq_reading *r,
				       const struct lq_answers *a);
enum lq_verdict lq_decide_hnd_req(const struct lq_facts *f, const struct lq_reading *r,
				  const struct lq_answers *a);
enum lq_verdict lq_decide_check_req(const struct lq_facts *f, const struct lq_reading *r,
				    const struct lq_answers *a);
enum lq_timer_end lq_decide_timer(const struct lq_timer *t);
enum lq_verdict lq_decide_park(const struct lq_park *p, const struct lq_segment *s);

#endif
