// SPDX-License-Identifier: GPL-2.0
/*
 * once.c - a request that several processors end at once is counted once
 *
 * Each of them finds it in the hash when it enters the kernel's function; which of them takes it
 * out, only the kernel knows. So the last ones that were counted are remembered here.
 */
#include <linux/hash.h>
#include <net/tcp.h>

#include "observe/once.h"

#define BITS 8

static u64 counted[BIT(BITS)];

/**
 * lq_ends_once() - is this the first to see that a request ends?
 * @req: the request, in the hash a moment ago
 *
 * Context: any.
 * Return: true for one of those that ask at the same time.
 */
bool lq_ends_once(const struct request_sock *req)
{
	u64 mark = hash_64((unsigned long)req, 64) ^ (u64)tcp_rsk(req)->snt_isn << 32 ^
		   tcp_rsk(req)->rcv_isn;

	return xchg(&counted[hash_ptr(req, BITS)], mark) != mark;
}
