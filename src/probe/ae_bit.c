// SPDX-License-Identifier: GPL-2.0
/* 6.15: bit AE of the header is not reserved any more. */
#include <linux/tcp.h>
bool probe(const struct tcphdr *th);
bool probe(const struct tcphdr *th)
{
	return th->ae;
}
