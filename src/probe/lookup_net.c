// SPDX-License-Identifier: GPL-2.0
/* 7.x: a namespace knows its hash of connections. */
#include <net/inet_hashtables.h>
struct sock *probe(const struct net *net);
struct sock *probe(const struct net *net)
{
	return __inet_lookup_established(net, 0, 0, 0, 0, 0, 0);
}
