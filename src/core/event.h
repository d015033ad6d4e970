/* SPDX-License-Identifier: GPL-2.0 */
/*
 * event.h - what is told of a segment, a request, a listener
 */
#ifndef LISTENQ_EVENT_H
#define LISTENQ_EVENT_H

#include "core/decide.h"

/*
 * X(number, name) of the small words in events. Numbers are ABI.
 *
 * Which function decided; the timer has no segment and is never in lq_verdict.
 */
#define LQ_STAGES(X)							\
	X(1, do_rcv) X(2, hnd_req) X(3, check_req) X(4, conn_request) X(5, rcv) \
	X(6, timer)

/*
 * What handed the segment to it: tcp_check_req gave it back; its request's listener
 * is closed; another CPU took its request, and it was looked up again.
 */
#define LQ_VIAS(X)							\
	X(0, none) X(1, check_req) X(2, orphaned) X(3, lost_race)

/* What lq_request and lq_listener tell. */
#define LQ_WHATS(X)							\
	X(1, retransmitted) X(2, expired) X(3, killed_by_close) X(4, migrated) \
	X(5, listen) X(6, backlog) X(7, close) X(8, icmp_error) X(9, aborted) \
	X(10, promoted)

/* Why a SYN was thrown away before any listener saw it. */
#define LQ_BEFORES(X)							\
	X(1, netfilter) X(2, rp_filter) X(3, route) X(4, checksum) X(5, key) \
	X(6, policy) X(7, filter) X(8, no_buffer) X(9, other)

#define LQ_STAGE_ENUM(number, name) LQ_STAGE_##name = (number),
#define LQ_VIA_ENUM(number, name) LQ_VIA_##name = (number),
#define LQ_WHAT_ENUM(number, name) LQ_WHAT_##name = (number),
#define LQ_BEFORE_ENUM(number, name) LQ_BEFORE_##name = (number),
enum lq_stage { LQ_STAGES(LQ_STAGE_ENUM) };
enum lq_via { LQ_VIAS(LQ_VIA_ENUM) };
enum lq_what { LQ_WHATS(LQ_WHAT_ENUM) };
enum lq_before { LQ_BEFORE_none, LQ_BEFORES(LQ_BEFORE_ENUM) LQ_BEFORE_count };
#undef LQ_STAGE_ENUM
#undef LQ_VIA_ENUM
#undef LQ_WHAT_ENUM
#undef LQ_BEFORE_ENUM

/**
 * struct lq_event - everything an event says, filled before the call
 * @flow: four-tuple, the listener's side first; family 0: not asked for yet
 * @facts: the segment and what the rules want to know; zero where there is none
 * @reading: queues and the like, as the deciding function found them
 * @netns: inode of the network namespace
 * @listener: socket cookie of the listener
 * @age_us: us since the request's first SYN-ACK, 0 without a request
 * @waited_us: promoted: us since it was parked
 * @retrans: SYN-ACKs repeated so far
 * @acked: the last ACK had come, but the request stayed
 * @stays: req_listener_closed, req_rst: the request goes on, or another processor ends it: that is
 *	counted there
 * @parked: it was, in vain, and is counted so
 * @left_alone: nobody listened while it was pending, and its client may have answered then
 * @stage: which function decided
 * @via: what handed the segment to it
 * @acted: it was us, not the stock kernel
 */
struct lq_event {
	struct lq_flow flow;
	struct lq_facts facts;
	struct lq_reading reading;
	unsigned int netns;
	u64 listener;
	u64 age_us;
	u64 waited_us;
	u8 retrans;
	u8 acked;
	bool stays;
	bool left_alone;
	bool parked;
	enum lq_stage stage;
	enum lq_via via;
	bool acted;
};

#endif
