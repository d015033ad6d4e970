// SPDX-License-Identifier: GPL-2.0
/*
 * stock.c - the way back to the kernel's own functions
 *
 * A direct call to just behind the place that ftrace patches: it is not diverted again, and no
 * tracer sees it twice. The call is put into a frame here, so that it is seen as if it had not
 * been diverted.
 */
#include <linux/static_call.h>

#include "kernel/compat.h"
#include "observe/carry.h"
#include "observe/observe.h"
#include "observe/trial.h"
#include "path/stock.h"

/* The kernel's own functions, past the place where they are diverted. */
DEFINE_STATIC_CALL_NULL(conn_request, lq_stock_syn);
DEFINE_STATIC_CALL_NULL(cookie_check, lq_framed_cookie_v4);
DEFINE_STATIC_CALL_NULL(do_rcv, lq_stock_odd_syn);
DEFINE_STATIC_CALL_NULL(v4_err, lq_stock_v4_err);

/**
 * lq_stock_way_back() - where the kernel's own functions go on
 * @syn: tcp_conn_request, behind the place where it is diverted
 * @other: cookie_v4_check
 * @odd: tcp_v4_do_rcv
 * @icmp: tcp_v4_err
 *
 * Context: process, sleeps. Before they are diverted.
 */
void lq_stock_way_back(void *syn, void *other, void *odd, void *icmp)
{
	static_call_update(conn_request, (typeof(lq_stock_syn) *)syn);
	static_call_update(cookie_check, (typeof(lq_framed_cookie_v4) *)other);
	static_call_update(do_rcv, (typeof(lq_stock_odd_syn) *)odd);
	static_call_update(v4_err, (typeof(lq_stock_v4_err) *)icmp);
}

/**
 * lq_stock_syn() - tcp_conn_request itself
 * @rsk_ops: as it gets them
 * @af_ops: as it gets them
 * @sk: the listener
 * @skb: the SYN
 *
 * Context: as tcp_conn_request: under RCU, bottom halves off.
 * Return: as tcp_conn_request.
 */
int lq_stock_syn(struct request_sock_ops *rsk_ops,
		 const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		 struct sk_buff *skb)
{
	struct lq_frame frame lq_uninitialized;
	bool seen = !lq_trial_fails(LQ_ROW_TCP_CONN_REQUEST) &&
		    !lq_frame_open(&frame, LQ_STAGE_conn_request, sk, skb, NULL);
	int ret;

	ret = static_call(conn_request)(rsk_ops, af_ops, sk, skb);
	if (seen)
		lq_conn_request_close(&frame);
	return ret;
}

/**
 * lq_stock_segment() - cookie_v4_check itself
 * @sk: the listener
 * @skb: a segment without SYN
 * @given_back: what is known of it when a record gave it back, else NULL
 *
 * Context: as cookie_v4_check.
 * Return: as cookie_v4_check.
 */
struct sock *lq_stock_segment(struct sock *sk, struct sk_buff *skb, struct lq_event *given_back)
{
	struct lq_frame frame lq_uninitialized;
	struct sock *ret;
	bool seen;

	if (given_back)
		lq_give_back(skb, sock_net(sk), given_back);
	preempt_disable();
	seen = !lq_trial_fails(LQ_ROW_COOKIE_V4_CHECK) &&
	       !lq_frame_open(&frame, LQ_STAGE_hnd_req, sk, skb, NULL);
	preempt_enable();
	ret = static_call(cookie_check)(sk, skb);
	if (seen)
		lq_hnd_req_close(&frame, ret);
	return ret;
}

/**
 * lq_framed_cookie_v4() - in place of cookie_v4_check while nothing is taken over
 * @sk: the listener
 * @skb: a segment without SYN
 *
 * Context: as cookie_v4_check.
 * Return: as cookie_v4_check.
 */
struct sock *lq_framed_cookie_v4(struct sock *sk, struct sk_buff *skb)
{
	return lq_stock_segment(sk, skb, NULL);
}

/**
 * lq_stock_odd_syn() - tcp_v4_do_rcv itself
 * @sk: the listener
 * @skb: SYN with ACK, RST or FIN; its sum is known by then
 *
 * Context: under RCU, bottom halves off.
 * Return: as tcp_v4_do_rcv.
 */
int lq_stock_odd_syn(struct sock *sk, struct sk_buff *skb)
{
	lq_do_rcv(sk, skb, 4);
	return static_call(do_rcv)(sk, skb);
}

/**
 * lq_stock_v4_err() - tcp_v4_err itself
 * @skb: an ICMP error
 * @info: of its type
 *
 * Context: as tcp_v4_err.
 * Return: as tcp_v4_err.
 */
int lq_stock_v4_err(struct sk_buff *skb, u32 info)
{
	return static_call(v4_err)(skb, info);
}
