// SPDX-License-Identifier: GPL-2.0
/* 6.10: a RST has a reason. */
#include <net/tcp.h>
void probe(const struct request_sock_ops *ops, struct sock *sk, struct sk_buff *skb);
void probe(const struct request_sock_ops *ops, struct sock *sk, struct sk_buff *skb)
{
	ops->send_reset(sk, skb, SK_RST_REASON_INVALID_SYN);
}
