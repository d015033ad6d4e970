// SPDX-License-Identifier: GPL-2.0
/*
 * framed.c - functions that stand for the kernel's where those are diverted, to see entry and
 * return
 *
 *   caller ─▶ ftrace ─▶ lq_framed_X(): open a frame ─▶ X itself ─▶ close it
 *
 * What return probes do (hook_table.c), but the frame is on the stack, and processors share
 * nothing. lq_marked_X() are called inside of a frame alone, and leave marks in it. Those for
 * tcp_conn_request and cookie_v4_check, which takeover needs, too: path/stock.c.
 */
#include <linux/static_call.h>

#include "kernel/faults.h"
#include "observe/framed.h"
#include "observe/life.h"
#include "observe/marks.h"
#include "observe/observe.h"
#include "observe/trial.h"

static_assert(__same_type(&lq_marked_v4_synack,
			  ((struct tcp_request_sock_ops *)NULL)->send_synack));

/* The kernel's own functions, past the place where they are diverted. */
DEFINE_STATIC_CALL_NULL(stock_cookie_v6, lq_framed_cookie_v6);
DEFINE_STATIC_CALL_NULL(stock_check_req, lq_framed_check_req);
DEFINE_STATIC_CALL_NULL(stock_timer, lq_framed_timer);
DEFINE_STATIC_CALL_NULL(stock_asked, lq_marked_asked);
DEFINE_STATIC_CALL_NULL(stock_v4_synack, lq_marked_v4_synack);
DEFINE_STATIC_CALL_NULL(stock_v6_synack, lq_marked_v6_synack);
DEFINE_STATIC_CALL_NULL(stock_mptcp, lq_marked_mptcp);
DEFINE_STATIC_CALL_NULL(stock_migrate, lq_framed_migrate);

/**
 * lq_framed_way_back() - where the kernel's own function goes on
 * @row: the function's
 * @past: behind the place where it is diverted
 *
 * Context: process, sleeps. Before it is diverted.
 */
void lq_framed_way_back(enum lq_row row, void *past)
{
	switch (row) {
	case LQ_ROW_COOKIE_V6_CHECK:
		static_call_update(stock_cookie_v6, (typeof(lq_framed_cookie_v6) *)past);
		break;
	case LQ_ROW_TCP_CHECK_REQ:
		static_call_update(stock_check_req, (typeof(lq_framed_check_req) *)past);
		break;
	case LQ_ROW_REQSK_TIMER_HANDLER:
		static_call_update(stock_timer, (typeof(lq_framed_timer) *)past);
		break;
	case LQ_ROW_SECURITY_INET_CONN_REQUEST:
		static_call_update(stock_asked, (typeof(lq_marked_asked) *)past);
		break;
	case LQ_ROW_TCP_V4_SEND_SYNACK:
		static_call_update(stock_v4_synack, (typeof(lq_marked_v4_synack) *)past);
		break;
	case LQ_ROW_TCP_V6_SEND_SYNACK:
		static_call_update(stock_v6_synack, (typeof(lq_marked_v6_synack) *)past);
		break;
	case LQ_ROW_MPTCP_SK_CLONE_INIT:
		static_call_update(stock_mptcp, (typeof(lq_marked_mptcp) *)past);
		break;
	case LQ_ROW_REUSEPORT_MIGRATE_SOCK:
		static_call_update(stock_migrate, (typeof(lq_framed_migrate) *)past);
		break;
	default:
		break;
	}
}

/*
 * Each takes and returns what the function does that it stands for, and is called as that is.
 * From a socket's backlog, preemption may be on: nothing is opened then.
 */
struct sock *lq_framed_cookie_v6(struct sock *sk, struct sk_buff *skb)
{
	struct lq_frame frame lq_uninitialized;
	struct sock *ret;
	bool seen;

	preempt_disable();
	seen = !lq_trial_fails(LQ_ROW_COOKIE_V6_CHECK) &&
	       !lq_frame_open(&frame, LQ_STAGE_hnd_req, sk, skb, NULL);
	preempt_enable();
	ret = static_call(stock_cookie_v6)(sk, skb);
	if (seen)
		lq_hnd_req_close(&frame, ret);
	return ret;
}

struct sock *lq_framed_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				 bool fastopen, bool *stolen LQ_CHECK_REQ_MORE_PARAM)
{
	struct lq_frame frame lq_uninitialized;
	struct sock *ret;
	bool seen;

	preempt_disable();
	seen = !lq_trial_fails(LQ_ROW_TCP_CHECK_REQ) &&
	       !lq_check_req_open(&frame, sk, skb, req, fastopen, stolen);
	preempt_enable();
	ret = static_call(stock_check_req)(sk, skb, req, fastopen, stolen LQ_CHECK_REQ_MORE_ARG);
	if (seen)
		lq_check_req_close(&frame, ret);
	return ret;
}

void lq_framed_timer(struct timer_list *timer)
{
	struct lq_frame frame lq_uninitialized;
	bool seen = !lq_trial_fails(LQ_ROW_REQSK_TIMER_HANDLER) &&
		    !lq_timer_open(&frame, container_of(timer, struct request_sock, rsk_timer));

	static_call(stock_timer)(timer);
	if (seen)
		lq_timer_close(&frame);
}

/* Of a frame's request, or of a connection that nobody has accepted. */
struct sock *lq_framed_migrate(struct sock *sk, struct sock *what, struct sk_buff *skb)
{
	struct sock *to = static_call(stock_migrate)(sk, what, skb);

	if (to)
		lq_migrating(what, to);
	return to;
}

int lq_marked_asked(LQ_LSM_CONST struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	struct lq_frame *frame = lq_current_frame();
	int err;

	frame->seen.lsm_asked = true;
	lq_widen_race(LQ_DELAY_REQUEST);
	err = static_call(stock_asked)(sk, skb, req);
	if (err)
		frame->seen.lsm_denied = true;
	return err;
}

int lq_marked_v4_synack(const struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			struct request_sock *req, struct tcp_fastopen_cookie *foc,
			enum tcp_synack_type type, struct sk_buff *syn)
{
	struct lq_frame *frame = lq_current_frame();
	int err;

	lq_mark_synack(frame, sk, type);
	err = static_call(stock_v4_synack)(sk, dst, fl, req, foc, type, syn);
	if (err)
		frame->seen.synack_failed = true;
	return err;
}

int lq_marked_v6_synack(const struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			struct request_sock *req, struct tcp_fastopen_cookie *foc,
			enum tcp_synack_type type, struct sk_buff *syn)
{
	struct lq_frame *frame = lq_current_frame();
	int err;

	lq_mark_synack(frame, sk, type);
	err = static_call(stock_v6_synack)(sk, dst, fl, req, foc, type, syn);
	if (err)
		frame->seen.synack_failed = true;
	return err;
}

struct sock *lq_marked_mptcp(const struct sock *sk, const void *options, struct sock *subflow,
			     struct request_sock *req)
{
	struct sock *msk = static_call(stock_mptcp)(sk, options, subflow, req);

	lq_mark_mptcp(lq_current_frame(), msk, subflow);
	return msk;
}
