// SPDX-License-Identifier: GPL-2.0
/* 7.x: tcp_check_req takes a drop reason. */
#include <net/tcp.h>
static_assert(__same_type(&tcp_check_req,
			  (struct sock *(*)(struct sock *, struct sk_buff *,
					    struct request_sock *, bool, bool *,
					    enum skb_drop_reason *))NULL));
