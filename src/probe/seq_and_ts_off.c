// SPDX-License-Identifier: GPL-2.0
/* Late 6.1: one function makes the ISN and the offset of timestamps. */
#include <net/tcp.h>
u32 probe(const struct tcp_request_sock_ops *ops, const struct net *net,
	  const struct sk_buff *skb);
u32 probe(const struct tcp_request_sock_ops *ops, const struct net *net,
	  const struct sk_buff *skb)
{
	return ops->init_seq_and_ts_off(net, skb).seq;
}
