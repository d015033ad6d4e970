// SPDX-License-Identifier: GPL-2.0
/* 6.10: route_req is told the ISN that a TIME_WAIT socket chose. */
#include <net/tcp.h>
static_assert(__same_type(((struct tcp_request_sock_ops *)NULL)->route_req,
			  (struct dst_entry *(*)(const struct sock *, struct sk_buff *,
						 struct flowi *, struct request_sock *,
						 u32))NULL));
