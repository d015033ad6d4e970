/* SPDX-License-Identifier: GPL-2.0 */
/*
 * established.h - the kernel's table of connections, requests and TIME_WAIT
 */
#ifndef LISTENQ_ESTABLISHED_H
#define LISTENQ_ESTABLISHED_H

#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

#include "kernel/compat.h"

/* 7.x: a namespace finds its hash itself. @saddr, @sport: the listener's side. */
static inline struct sock *lq_lookup(struct net *net, __be32 saddr, __be16 sport,
				     __be32 daddr, __be16 dport, int dif, int sdif)
{
#if LQ_HAVE_LOOKUP_NET
	return __inet_lookup_established(net, daddr, dport, saddr, ntohs(sport), dif, sdif);
#else
	return __inet_lookup_established(net, net->ipv4.tcp_death_row.hashinfo, daddr, dport,
					 saddr, ntohs(sport), dif, sdif);
#endif
}

#if IS_ENABLED(CONFIG_IPV6)
static inline struct sock *lq_lookup6(struct net *net, const struct in6_addr *saddr,
				      __be16 sport, const struct in6_addr *daddr,
				      __be16 dport, int dif, int sdif)
{
#if LQ_HAVE_LOOKUP_NET
	return __inet6_lookup_established(net, daddr, dport, saddr, ntohs(sport), dif, sdif);
#else
	return __inet6_lookup_established(net, net->ipv4.tcp_death_row.hashinfo, daddr, dport,
					  saddr, ntohs(sport), dif, sdif);
#endif
}
#endif

#endif
