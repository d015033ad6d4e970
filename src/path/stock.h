/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stock.h - the way back to the kernel's own functions
 */
#ifndef LISTENQ_STOCK_H
#define LISTENQ_STOCK_H

#include <net/tcp.h>

#include "core/event.h"
#include "kernel/compat.h"

void lq_stock_way_back(void *syn, void *other, void *odd, void *icmp);
int lq_stock_syn(struct request_sock_ops *rsk_ops,
		 const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		 struct sk_buff *skb);
struct sock *lq_stock_segment(struct sock *sk, struct sk_buff *skb, struct lq_event *given_back);
struct sock *lq_framed_cookie_v4(struct sock *sk, struct sk_buff *skb);
int lq_stock_odd_syn(struct sock *sk, struct sk_buff *skb);
int lq_stock_v4_err(struct sk_buff *skb, u32 info);

#endif
