// SPDX-License-Identifier: GPL-2.0
/* 6.7: timestamps may count microseconds. */
#include <net/tcp.h>
u64 probe(struct request_sock *req, const struct dst_entry *dst);
u64 probe(struct request_sock *req, const struct dst_entry *dst)
{
	tcp_rsk(req)->req_usec_ts = dst_tcp_usec_ts(dst);
	return tcp_ns_to_ts(true, 0);
}
