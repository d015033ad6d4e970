/* SPDX-License-Identifier: GPL-2.0 */
/*
 * life.h - what happens without a segment
 */
#ifndef LISTENQ_LIFE_H
#define LISTENQ_LIFE_H

#include "observe/frame.h"

int lq_timer_open(struct lq_frame *frame, struct request_sock *req);
void lq_timer_close(struct lq_frame *frame);
void lq_synack_repeated(const struct sock *sk, struct request_sock *req);
void lq_icmp_error(struct request_sock *req, u32 seq, bool fatal);
void lq_request_aborted(struct request_sock *req);
void lq_listening(struct sock *sk);
void lq_backlog_changed(struct sock *sk, int backlog);
void lq_closing(struct sock *sk);
void lq_migrating(struct sock *what, struct sock *to);
void lq_accept_seen(struct sock *sk);

#endif
