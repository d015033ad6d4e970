// SPDX-License-Identifier: GPL-2.0
/* 5.18: sk_mark_napi_id_set() for new connections. */
#include <net/busy_poll.h>
void probe(struct sock *sk, const struct sk_buff *skb);
void probe(struct sock *sk, const struct sk_buff *skb)
{
	sk_mark_napi_id_set(sk, skb);
}
