// SPDX-License-Identifier: GPL-2.0
/* 6.15: a namespace bounds retransmission timeouts. */
#include <net/net_namespace.h>
int probe(const struct net *net);
int probe(const struct net *net)
{
	return net->ipv4.sysctl_tcp_rto_max_ms;
}
