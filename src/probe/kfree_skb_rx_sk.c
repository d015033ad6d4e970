// SPDX-License-Identifier: GPL-2.0
/* Tracepoint kfree_skb passes a reason and the receiving socket, const. */
#include <trace/events/skb.h>
static void on_kfree_skb(void *data, struct sk_buff *skb, void *location,
			 enum skb_drop_reason reason, const struct sock *rx_sk)
{
}

int probe(void);
int probe(void)
{
	return register_trace_kfree_skb(on_kfree_skb, NULL);
}
