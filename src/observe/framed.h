/* SPDX-License-Identifier: GPL-2.0 */
/*
 * framed.h - functions that stand for the kernel's where those are diverted, to see entry and
 * return
 */
#ifndef LISTENQ_FRAMED_H
#define LISTENQ_FRAMED_H

#include <linux/security.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "observe/row.h"

struct sock *lq_framed_cookie_v6(struct sock *sk, struct sk_buff *skb);
struct sock *lq_framed_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				 bool fastopen, bool *stolen LQ_CHECK_REQ_MORE_PARAM);
void lq_framed_timer(struct timer_list *timer);
struct sock *lq_framed_migrate(struct sock *sk, struct sock *what, struct sk_buff *skb);
int lq_marked_asked(LQ_LSM_CONST struct sock *sk, struct sk_buff *skb, struct request_sock *req);
int lq_marked_v4_synack(const struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			struct request_sock *req, struct tcp_fastopen_cookie *foc,
			enum tcp_synack_type type, struct sk_buff *syn);
int lq_marked_v6_synack(const struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			struct request_sock *req, struct tcp_fastopen_cookie *foc,
			enum tcp_synack_type type, struct sk_buff *syn);
struct sock *lq_marked_mptcp(const struct sock *sk, const void *options, struct sock *subflow,
			     struct request_sock *req);

void lq_framed_way_back(enum lq_row row, void *past);

#endif
