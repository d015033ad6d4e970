/* SPDX-License-Identifier: GPL-2.0 */
/*
 * marks.h - what is seen inside of a deciding function
 */
#ifndef LISTENQ_MARKS_H
#define LISTENQ_MARKS_H

#include "observe/row.h"

void lq_mark_synack(struct lq_frame *frame, const struct sock *sk, int type);
void lq_mark_mptcp(struct lq_frame *frame, const struct sock *msk, const struct sock *subflow);

int lq_on_security_conn_request(struct kretprobe_instance *ri, struct pt_regs *regs);
int lq_on_security_conn_request_return(struct kretprobe_instance *ri,
				       struct pt_regs *regs);
int lq_on_tcp_peer_is_proven(struct kprobe *kp, struct pt_regs *regs);
int lq_on_tcp_v4_send_synack(struct kretprobe_instance *ri, struct pt_regs *regs);
int lq_on_tcp_v6_send_synack(struct kretprobe_instance *ri, struct pt_regs *regs);
int lq_on_send_synack_return(struct kretprobe_instance *ri, struct pt_regs *regs);
int lq_on_tcp_v4_reqsk_send_ack(struct kprobe *kp, struct pt_regs *regs);
int lq_on_tcp_v6_reqsk_send_ack(struct kprobe *kp, struct pt_regs *regs);
int lq_on_send_challenge_ack(struct kprobe *kp, struct pt_regs *regs);
int lq_on_create_openreq_child(struct kprobe *kp, struct pt_regs *regs);
int lq_on_mptcp_sk_clone(struct kretprobe_instance *ri, struct pt_regs *regs);
int lq_on_mptcp_sk_clone_return(struct kretprobe_instance *ri, struct pt_regs *regs);

#endif
