// SPDX-License-Identifier: GPL-2.0
/* 6.17: sk_drops_skbadd() counts the segments of a packet, sk_drops_add() before. */
#include <net/sock.h>
void probe(struct sock *sk, const struct sk_buff *skb);
void probe(struct sock *sk, const struct sk_buff *skb)
{
	sk_drops_skbadd(sk, skb);
}
