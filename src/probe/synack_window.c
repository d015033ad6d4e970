// SPDX-License-Identifier: GPL-2.0
/* 6.12: the window of a SYN-ACK is at most 65535. */
#include <net/tcp.h>
u32 probe(struct request_sock *req);
u32 probe(struct request_sock *req)
{
	return tcp_synack_window(req);
}
