// SPDX-License-Identifier: GPL-2.0
/*
 * stock.c - the way back to the kernel's own functions
 *
 * A direct call to just behind the place that ftrace patches: it is not diverted again, and no
 * tracer sees it twice. Where observe's probes at those entries rest, the call is put into
 * a frame here, so that it is seen as if it had not been diverted.
 */
#include <linux/kprobes.h>

#include "kernel/compat.h"
#include "observe/carry.h"
#include "observe/observe.h"
#include "path/stock.h"

/**
 * lq_no_conn_request() - stands for tcp_conn_request until that is found
 * @rsk_ops: unused
 * @af_ops: unused
 * @sk: unused
 * @skb: unused
 *
 * Return: 0, the segment is dropped.
 */
int lq_no_conn_request(struct request_sock_ops *rsk_ops,
		       const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		       struct sk_buff *skb)
{
	return 0;
}

/**
 * lq_no_cookie_check() - stands for cookie_v4_check until that is found
 * @sk: the listener
 * @skb: unused
 *
 * Return: @sk, as for a segment that is no cookie's.
 */
struct sock *lq_no_cookie_check(struct sock *sk, struct sk_buff *skb)
{
	return sk;
}

/**
 * lq_no_do_rcv() - stands for tcp_v4_do_rcv until that is found
 * @sk: unused
 * @skb: unused
 *
 * Return: 0.
 */
int lq_no_do_rcv(struct sock *sk, struct sk_buff *skb)
{
	return 0;
}

/**
 * lq_no_v4_err() - stands for tcp_v4_err until that is found
 * @skb: unused
 * @info: unused
 *
 * Return: 0.
 */
int lq_no_v4_err(struct sk_buff *skb, u32 info)
{
	return 0;
}

DEFINE_STATIC_CALL(lq_stock_conn_request, lq_no_conn_request);
DEFINE_STATIC_CALL(lq_stock_cookie_check, lq_no_cookie_check);
DEFINE_STATIC_CALL(lq_stock_do_rcv, lq_no_do_rcv);
DEFINE_STATIC_CALL(lq_stock_v4_err, lq_no_v4_err);
DEFINE_STATIC_CALL_NULL(lq_stock_asked, security_inet_conn_request);

/*
 * While another probe's handler runs on this processor, the kernel skips the probes that
 * leave marks in a frame: without them the verdict would be wrong. So a probe on a
 * function of ours is tried first.
 */
static DEFINE_PER_CPU(bool, probed);

static noinline __noclone void try_probe(void)
{
	barrier();
}

static int on_try(struct kprobe *kp, struct pt_regs *regs)
{
	__this_cpu_write(probed, true);
	return 0;
}

NOKPROBE_SYMBOL(on_try);

static struct kprobe trial;

/* Observe's rows of SYNs and of other segments, to count what went unseen; may be NULL. */
static struct lq_hook *syn_row;
static struct lq_hook *other_row;

/**
 * lq_stock_rows() - which of observe's rows count calls that went unseen
 * @syn: that of tcp_conn_request, or NULL
 * @other: that of cookie_v4_check, or NULL
 */
void lq_stock_rows(struct lq_hook *syn, struct lq_hook *other)
{
	syn_row = syn;
	other_row = other;
}

/* Would a call of the stock function be seen as a whole? If not, it counts as missed. */
static bool can_frame(struct lq_hook *row)
{
	bool *seen = this_cpu_ptr(&probed);

	/* The compiler sees nobody who would write there meanwhile. */
	WRITE_ONCE(*seen, false);
	try_probe();
	if (likely(READ_ONCE(*seen)))
		return true;
	if (row)
		atomic_long_inc(&row->skipped);
	return false;
}

/**
 * lq_stock_start_trial() - have the probe that is tried first in place
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error.
 */
int lq_stock_start_trial(void)
{
	memset(&trial, 0, sizeof(trial));
	trial.addr = (kprobe_opcode_t *)try_probe;
	trial.pre_handler = on_try;
	return register_kprobe(&trial);
}

/**
 * lq_stock_stop_trial() - nobody goes back to stock any more
 *
 * Context: process, sleeps.
 */
void lq_stock_stop_trial(void)
{
	unregister_kprobe(&trial);
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
	bool seen;
	int ret;

	seen = can_frame(syn_row) &&
	       !lq_frame_open(&frame, LQ_STAGE_conn_request, sk, skb, NULL);
	ret = static_call(lq_stock_conn_request)(rsk_ops, af_ops, sk, skb);
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
 * Context: under RCU, bottom halves off.
 * Return: as cookie_v4_check.
 */
struct sock *lq_stock_segment(struct sock *sk, struct sk_buff *skb, struct lq_event *given_back)
{
	struct lq_frame frame lq_uninitialized;
	struct sock *ret;
	bool seen;

	if (given_back)
		lq_give_back(skb, sock_net(sk), given_back);
	seen = can_frame(other_row) &&
	       !lq_frame_open(&frame, LQ_STAGE_hnd_req, sk, skb, NULL);
	ret = static_call(lq_stock_cookie_check)(sk, skb);
	if (seen)
		lq_hnd_req_close(&frame, ret);
	return ret;
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
	return static_call(lq_stock_do_rcv)(sk, skb);
}
