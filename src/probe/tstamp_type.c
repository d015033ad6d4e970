// SPDX-License-Identifier: GPL-2.0
/* 6.11: a packet's time is of one of several clocks. */
#include <linux/skbuff.h>
void probe(struct sk_buff *skb);
void probe(struct sk_buff *skb)
{
	skb_set_delivery_time(skb, 0, SKB_CLOCK_MONOTONIC);
}
