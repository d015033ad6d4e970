// SPDX-License-Identifier: GPL-2.0
/* Late 6.1, late 6.12: the MSS of a route is bounded below. */
#include <net/tcp.h>
u32 probe(const struct dst_entry *dst);
u32 probe(const struct dst_entry *dst)
{
	return tcp_dst_advmss(dst);
}
