/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stock.h - the way back to the kernel's own functions
 */
#ifndef LISTENQ_STOCK_H
#define LISTENQ_STOCK_H

#include <linux/security.h>
#include <linux/static_call.h>
#include <net/tcp.h>

#include "core/event.h"
#include "kernel/compat.h"
#include "kernel/hook.h"

int lq_no_conn_request(struct request_sock_ops *rsk_ops,
		       const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		       struct sk_buff *skb);
struct sock *lq_no_cookie_check(struct sock *sk, struct sk_buff *skb);
int lq_no_do_rcv(struct sock *sk, struct sk_buff *skb);
int lq_no_v4_err(struct sk_buff *skb, u32 info);

/* The kernel's own functions, past the place where they are diverted. */
DECLARE_STATIC_CALL(lq_stock_conn_request, lq_no_conn_request);
DECLARE_STATIC_CALL(lq_stock_cookie_check, lq_no_cookie_check);
DECLARE_STATIC_CALL(lq_stock_do_rcv, lq_no_do_rcv);
DECLARE_STATIC_CALL(lq_stock_v4_err, lq_no_v4_err);
DECLARE_STATIC_CALL(lq_stock_asked, security_inet_conn_request);

void lq_stock_rows(struct lq_hook *syn, struct lq_hook *other);
int lq_stock_start_trial(void);
void lq_stock_stop_trial(void);

int lq_stock_syn(struct request_sock_ops *rsk_ops,
		 const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		 struct sk_buff *skb);
struct sock *lq_stock_segment(struct sock *sk, struct sk_buff *skb, struct lq_event *given_back);
int lq_stock_odd_syn(struct sock *sk, struct sk_buff *skb);

#endif
