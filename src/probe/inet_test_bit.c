// SPDX-License-Identifier: GPL-2.0
/* 6.6: flags of a socket are bits of a word. */
#include <net/inet_sock.h>
bool probe(const struct sock *sk);
bool probe(const struct sock *sk)
{
	return inet_test_bit(TRANSPARENT, sk);
}
