/* SPDX-License-Identifier: GPL-2.0 */
/*
 * divert.h - takeover's way into the kernel's functions, and back to them
 */
#ifndef LISTENQ_DIVERT_H
#define LISTENQ_DIVERT_H

#include <linux/security.h>
#include <linux/static_call.h>
#include <net/tcp.h>

#include "observe.h"

bool lq_divert_can_frame(enum lq_stage stage);
int lq_divert_attach(void);
void lq_divert_detach(void);

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

#endif
