/* SPDX-License-Identifier: GPL-2.0 */
/*
 * observe.h - what the stock kernel did with a segment
 */
#ifndef LISTENQ_OBSERVE_H
#define LISTENQ_OBSERVE_H

#include "observe/frame.h"

void lq_do_rcv(struct sock *sk, struct sk_buff *skb, u8 family);
int lq_frame_open(struct lq_frame *frame, enum lq_stage stage, struct sock *sk,
		  struct sk_buff *skb, struct request_sock *req);
int lq_check_req_open(struct lq_frame *frame, struct sock *sk, struct sk_buff *skb,
		      struct request_sock *req, bool fastopen, const bool *stolen);
void lq_conn_request_close(struct lq_frame *frame);
void lq_hnd_req_close(struct lq_frame *frame, struct sock *returned);
void lq_check_req_close(struct lq_frame *frame, struct sock *returned);

#endif
