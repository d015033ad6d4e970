// SPDX-License-Identifier: GPL-2.0
/* 5.11: route_req asks security modules, too. */
#include <net/tcp.h>
static_assert(__same_type(((struct tcp_request_sock_ops *)NULL)->route_req,
			  (struct dst_entry *(*)(const struct sock *, struct sk_buff *,
						 struct flowi *,
						 struct request_sock *))NULL));
