// SPDX-License-Identifier: GPL-2.0
/* Compiles with no kernel's headers: struct sock has no such field. */
#include <net/tcp.h>
int probe(const struct sock *sk);
int probe(const struct sock *sk)
{
	return sk->sk_no_such_field_in_any_kernel;
}
