/* SPDX-License-Identifier: GPL-2.0 */
/*
 * synack.h - build a SYN-ACK and send it
 */
#ifndef LISTENQ_SYNACK_H
#define LISTENQ_SYNACK_H

#include <net/tcp.h>

u32 lq_synack_window_clamp(const struct sock *sk, const struct dst_entry *dst);
int lq_synack_send(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
		   struct request_sock *req, struct sk_buff *syn);
int lq_synack_send_cookie(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			  struct request_sock *req, struct sk_buff *syn);
int lq_synack_repeat(struct sock *sk, struct request_sock *req);

#endif
