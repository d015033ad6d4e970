// SPDX-License-Identifier: GPL-2.0
/* 6.9: drop reasons; since then cookie_v4_check frees what it ends. */
#include <net/tcp.h>
static_assert(__same_type(&tcp_rcv_state_process,
			  (enum skb_drop_reason (*)(struct sock *, struct sk_buff *))NULL));
