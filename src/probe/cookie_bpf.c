// SPDX-License-Identifier: GPL-2.0
/* 6.9: BPF programs may check SYN cookies. */
#include <net/tcp.h>
bool probe(struct sk_buff *skb);
bool probe(struct sk_buff *skb)
{
	return cookie_bpf_ok(skb);
}
