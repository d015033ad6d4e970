// SPDX-License-Identifier: GPL-2.0
/* Compiles with every kernel's headers. */
#include <net/tcp.h>
int probe(const struct sock *sk);
int probe(const struct sock *sk)
{
	return sk->sk_state;
}
