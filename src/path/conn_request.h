/* SPDX-License-Identifier: GPL-2.0 */
/*
 * conn_request.h - a SYN for a listener that is taken over
 */
#ifndef LISTENQ_CONN_REQUEST_H
#define LISTENQ_CONN_REQUEST_H

#include <net/tcp.h>

#include "kernel/compat.h"

int lq_conn_request(struct request_sock_ops *rsk_ops,
		    const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		    struct sk_buff *skb);

#endif
