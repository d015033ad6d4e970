// SPDX-License-Identifier: GPL-2.0
/* Some 6.12: the ISN chosen by a TIME_WAIT socket is per CPU, not in the skb. */
#include <net/tcp.h>
u32 probe(void);
u32 probe(void)
{
	return __this_cpu_read(tcp_tw_isn);
}
