// SPDX-License-Identifier: GPL-2.0
/* 5.18: a socket says whether a new try takes another path. */
#include <net/sock.h>
bool probe(const struct sock *sk);
bool probe(const struct sock *sk)
{
	return sk->sk_txrehash == SOCK_TXREHASH_ENABLED;
}
