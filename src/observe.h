/* SPDX-License-Identifier: GPL-2.0 */
/*
 * observe.h - one observed call: what was true before it, what was seen in it
 */
#ifndef LISTENQ_OBSERVE_H
#define LISTENQ_OBSERVE_H

#include <net/request_sock.h>
#include <net/sock.h>

#include "core/outcome.h"

struct lq_listener;

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

#define LQ_STAGE_ENUM(number, name) LQ_STAGE_##name = (number),
#define LQ_VIA_ENUM(number, name) LQ_VIA_##name = (number),
#define LQ_WHAT_ENUM(number, name) LQ_WHAT_##name = (number),
enum lq_stage { LQ_STAGES(LQ_STAGE_ENUM) };
enum lq_via { LQ_VIAS(LQ_VIA_ENUM) };
enum lq_what { LQ_WHATS(LQ_WHAT_ENUM) };
#undef LQ_STAGE_ENUM
#undef LQ_VIA_ENUM
#undef LQ_WHAT_ENUM

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
	enum lq_stage stage;
	enum lq_via via;
	bool acted;
};

/**
 * struct lq_frame - one call of a function that decides, on this CPU's stack of calls
 * @outer: the call around it, or NULL
 * @sk: the socket that the function works for: the listener, or the child under
 *	TCP Fast Open
 * @listener: the listener in any case
 * @l: what is known of it, NULL if it is closing
 * @skb: the segment; gone when hnd_req has returned
 * @req: the request, of check_req and of the timer
 * @child: connection made by TCP Fast Open, for its accept stamp
 * @to: listener that the timer's request is moved to
 * @stolen: tcp_check_req's own flag, read at return
 * @should_have_ended: by the rules, the segment does not come so far
 * @counters: the stock counters before, indexed by enum lq_counter
 * @event: facts taken before
 * @seen: marks and results
 *
 * Lives in the return probe's instance. Written and read by this CPU only, with
 * bottom halves off from entry to return.
 */
struct lq_frame {
	struct lq_frame *outer;
	struct sock *sk;
	struct sock *listener;
	struct lq_listener *l;
	struct sk_buff *skb;
	struct request_sock *req;
	struct sock *child;
	struct sock *to;
	const bool *stolen;
	bool should_have_ended;
	u32 counters[LQ_C_COUNT];
	struct lq_event event;
	struct lq_outcome seen;
};

/* Which stock counters are compared: those that tell a function's ways out apart. */
#define LQ_COUNT_NONE		0
#define LQ_COUNT_MIGRATED	BIT(LQ_C_MIGRATED)
#define LQ_COUNT_CONN_REQUEST						\
	(BIT(LQ_C_REQQ_FULL_DROP) | BIT(LQ_C_LISTEN_OVERFLOWS) |	\
	 BIT(LQ_C_LISTEN_DROPS) | BIT(LQ_C_NO_ROUTES))
#define LQ_COUNT_HND_REQ						\
	(BIT(LQ_C_COOKIES_RECV) | BIT(LQ_C_COOKIES_FAILED) |		\
	 BIT(LQ_C_LISTEN_OVERFLOWS) | BIT(LQ_C_LISTEN_DROPS) |		\
	 BIT(LQ_C_PASSIVE_OPENS) | BIT(LQ_C_NO_ROUTES))
#define LQ_COUNT_ALL		(BIT(LQ_C_COUNT) - 1)
#define LQ_COUNT_CHECK_REQ						\
	(LQ_COUNT_ALL & ~(BIT(LQ_C_REQQ_FULL_DROP) | BIT(LQ_C_COOKIES_RECV) | \
			  BIT(LQ_C_COOKIES_FAILED)))

/* frame.c */
struct lq_frame *lq_current_frame(void);
void lq_frame_push(struct lq_frame *frame, struct net *net, u32 set);
void lq_frame_pop(struct lq_frame *frame, struct net *net, u32 set);
bool lq_frames_stopped(void);
void lq_frames_stop(void);

/* observe.c: segments */
void lq_do_rcv(struct sock *sk, struct sk_buff *skb, u8 family);
int lq_frame_open(struct lq_frame *frame, enum lq_stage stage, struct sock *sk,
		  struct sk_buff *skb, struct request_sock *req);
void lq_conn_request_close(struct lq_frame *frame);
void lq_hnd_req_close(struct lq_frame *frame, struct sock *returned);
void lq_check_req_close(struct lq_frame *frame, struct sock *returned);

void lq_report(struct net *net, struct lq_listener *l, const struct sk_buff *skb,
	       struct lq_event *event, enum lq_verdict verdict);
void lq_give_back(const struct sk_buff *skb, struct net *net, struct lq_event *event);

void lq_request_dropped(struct sock *sk, struct request_sock *req);
bool lq_skb_dropped(struct sk_buff *skb);

void lq_observe_init(void);
void lq_observe_exit(void);

/* life.c: what happens without a segment */
int lq_timer_open(struct lq_frame *frame, struct request_sock *req);
void lq_timer_close(struct lq_frame *frame);
void lq_synack_repeated(const struct sock *sk, struct request_sock *req);
void lq_icmp_error(struct request_sock *req, u32 seq, bool fatal);
void lq_request_aborted(struct request_sock *req);
void lq_listening(struct sock *sk);
void lq_backlog_changed(struct sock *sk, int backlog);
void lq_closing(struct sock *sk);
void lq_migrating(struct sock *what, struct sock *to);
void lq_accepted(struct sock *child);

#endif
