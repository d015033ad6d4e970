// SPDX-License-Identifier: GPL-2.0
/* Late 6.1, late 6.12: syn_recv_sock may be told how to begin a child. */
#include <net/tcp.h>
struct sock *probe(const struct inet_connection_sock_af_ops *ops, const struct sock *sk);
struct sock *probe(const struct inet_connection_sock_af_ops *ops, const struct sock *sk)
{
	return ops->syn_recv_sock(sk, NULL, NULL, NULL, NULL, NULL, NULL);
}
