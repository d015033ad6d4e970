// SPDX-License-Identifier: GPL-2.0
/* 5.18: skb_set_delivery_time(). */
#include <linux/skbuff.h>
void probe(struct sk_buff *skb);
void probe(struct sk_buff *skb)
{
	skb_set_delivery_time(skb, 0, true);
}
