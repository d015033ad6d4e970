// SPDX-License-Identifier: GPL-2.0
/*
 * marks.c - what is seen inside of a deciding function: handlers of the hooks that mark a frame
 *
 * A security module was asked, a SYN-ACK sent, a connection wanted: only inside of a frame,
 * only for its result. Outside of one they leave at once.
 */
#include <net/request_sock.h>
#include <net/tcp.h>

#include "kernel/faults.h"
#include "kernel/hook.h"
#include "ledger/stamp.h"
#include "observe/marks.h"

DEFINE_PER_CPU(unsigned long [LQ_ROWS], lq_hits);

/*
 * lq_on_FUNCTION() is told of a call of that function, lq_on_FUNCTION_return() of its result:
 * @ri or @kp is the probe, @regs are as they are there. Each one leaves its mark in the frame that
 * is open on this processor; without one it leaves at once.
 *
 * Context: a probe's handler, preemption off. Nothing is allocated, no lock is taken but a stamp's
 * shard, nothing of the kernel's is changed.
 * Return: 0; at the entry of a function whose return is probed 1: that is not to be told.
 */
int lq_on_security_conn_request(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (!frame || lq_probe_rests(ri, LQ_ROW_SECURITY_INET_CONN_REQUEST))
		return 1;
	lq_hit(LQ_ROW_SECURITY_INET_CONN_REQUEST);
	frame->seen.lsm_asked = true;
	lq_widen_race(LQ_DELAY_REQUEST);
	return 0;
}

int lq_on_security_conn_request_return(struct kretprobe_instance *ri,
				       struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (frame && (int)regs_return_value(regs))
		frame->seen.lsm_denied = true;
	return 0;
}

int lq_on_tcp_peer_is_proven(struct kprobe *kp, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (!frame || lq_probe_rests(kp, LQ_ROW_TCP_PEER_IS_PROVEN))
		return 0;
	lq_hit(LQ_ROW_TCP_PEER_IS_PROVEN);
	frame->seen.proven_asked = true;
	return 0;
}

/**
 * lq_mark_synack() - a SYN-ACK is sent in a frame
 * @frame: the innermost one
 * @sk: for whom: the listener, or the child under TCP Fast Open
 * @type: its kind, enum tcp_synack_type
 *
 * Context: bottom halves off.
 */
void lq_mark_synack(struct lq_frame *frame, const struct sock *sk, int type)
{
	switch (type) {
	case TCP_SYNACK_COOKIE:
		frame->seen.synack = LQ_SYNACK_COOKIE;
		break;
	case TCP_SYNACK_FASTOPEN:
		frame->seen.synack = LQ_SYNACK_FASTOPEN;
		/* Locked, and not yet where accept() could find it. MPTCP's has its stamp. */
		if (frame->child)
			break;
		frame->child = sk;
		lq_stamp_put(frame->child, frame->event.listener);
		break;
	default:
		frame->seen.synack = LQ_SYNACK_REQUEST;
	}
}

static int enter_send_synack(enum lq_row row, struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (!frame || lq_probe_rests(ri, row))
		return 1;
	lq_hit(row);
	lq_mark_synack(frame, LQ_ARG(regs, 0, const struct sock *), LQ_ARG(regs, 5, int));
	return 0;
}

int lq_on_tcp_v4_send_synack(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return enter_send_synack(LQ_ROW_TCP_V4_SEND_SYNACK, ri, regs);
}

int lq_on_tcp_v6_send_synack(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return enter_send_synack(LQ_ROW_TCP_V6_SEND_SYNACK, ri, regs);
}

int lq_on_send_synack_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (frame && (int)regs_return_value(regs))
		frame->seen.synack_failed = true;
	return 0;
}

static int mark_send_ack(enum lq_row row, const struct kprobe *kp)
{
	struct lq_frame *frame = lq_current_frame();

	if (!frame || lq_probe_rests(kp, row))
		return 0;
	lq_hit(row);
	frame->seen.ack_sent = true;
	return 0;
}

int lq_on_tcp_v4_reqsk_send_ack(struct kprobe *kp, struct pt_regs *regs)
{
	return mark_send_ack(LQ_ROW_TCP_V4_REQSK_SEND_ACK, kp);
}

int lq_on_tcp_v6_reqsk_send_ack(struct kprobe *kp, struct pt_regs *regs)
{
	return mark_send_ack(LQ_ROW_TCP_V6_REQSK_SEND_ACK, kp);
}

int lq_on_send_challenge_ack(struct kprobe *kp, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (!frame || lq_probe_rests(kp, LQ_ROW_TCP_REQSK_SEND_CHALLENGE_ACK))
		return 0;
	lq_hit(LQ_ROW_TCP_REQSK_SEND_CHALLENGE_ACK);
	frame->seen.challenge_asked = true;
	return 0;
}

int lq_on_create_openreq_child(struct kprobe *kp, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (!frame || lq_probe_rests(kp, LQ_ROW_TCP_CREATE_OPENREQ_CHILD))
		return 0;
	lq_hit(LQ_ROW_TCP_CREATE_OPENREQ_CHILD);
	frame->seen.child_asked = true;
	lq_widen_race(LQ_DELAY_CHILD);
	return 0;
}

/**
 * lq_mark_mptcp() - an MPTCP socket was made above a new connection, its first subflow
 * @frame: the innermost one
 * @msk: the MPTCP socket, or NULL
 * @subflow: the connection
 *
 * accept() hands it out, and does not wait until the connection is unlocked: both get their
 * stamps here, before they are where it finds them.
 *
 * Context: bottom halves off.
 */
void lq_mark_mptcp(struct lq_frame *frame, const struct sock *msk, const struct sock *subflow)
{
	if (!msk)
		return;
	frame->child = msk;
	lq_stamp_put(subflow, frame->event.listener);
	lq_stamp_alias(msk, subflow, frame->event.listener);
}

int lq_on_mptcp_sk_clone(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (!lq_current_frame() || lq_probe_rests(ri, LQ_ROW_MPTCP_SK_CLONE_INIT))
		return 1;
	lq_hit(LQ_ROW_MPTCP_SK_CLONE_INIT);
	*(struct sock **)ri->data = LQ_ARG(regs, 2, struct sock *);
	return 0;
}

int lq_on_mptcp_sk_clone_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct lq_frame *frame = lq_current_frame();

	if (frame)
		lq_mark_mptcp(frame, (struct sock *)regs_return_value(regs),
			      *(struct sock **)ri->data);
	return 0;
}
