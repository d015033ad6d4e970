/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frame.h - one observed call: what was true before it, what was seen in it
 */
#ifndef LISTENQ_FRAME_H
#define LISTENQ_FRAME_H

#include <net/request_sock.h>
#include <net/sock.h>

#include "core/event.h"
#include "core/outcome.h"

struct lq_listener;

/**
 * struct lq_frame - one call of a function that decides, on this CPU's stack of calls
 * @outer: the call around it, or NULL
 * @sk: the socket that the function works for: the listener, or the child under
 *	TCP Fast Open
 * @listener: the listener in any case
 * @l: what is known of it, NULL if it is closing
 * @skb: the segment; gone when hnd_req has returned
 * @req: the request, of check_req and of the timer
 * @child: connection made by TCP Fast Open, or the MPTCP socket above a new one, for its
 *	accept stamp
 * @to: listener that the timer's request is moved to
 * @stolen: tcp_check_req's own flag, read at return
 * @should_have_ended: by the rules, the segment does not come so far
 * @counters: the stock counters before, indexed by enum lq_counter
 * @event: facts taken before
 * @seen: marks and results
 *
 * Lives on the stack of who has diverted the call, or in this processor's memory for return
 * probes (lq_frame_next()). Written and read by this CPU only, with bottom halves off from entry
 * to return.
 */
struct lq_frame {
	struct lq_frame *outer;
	struct sock *sk;
	struct sock *listener;
	struct lq_listener *l;
	struct sk_buff *skb;
	struct request_sock *req;
	const struct sock *child;
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

struct lq_frame *lq_current_frame(void);
int lq_frames_init(void);
void lq_frames_exit(void);
struct lq_frame *lq_frame_next(void);
void lq_frame_keep(void);
struct lq_frame *lq_frame_last(void);
void lq_frame_push(struct lq_frame *frame, struct net *net, u32 set);
void lq_frame_pop(struct lq_frame *frame, struct net *net, u32 set);
bool lq_is_observing(void);
int lq_observing_start(void);
void lq_observing_stop(void);

#endif
