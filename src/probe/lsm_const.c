// SPDX-License-Identifier: GPL-2.0
/* 5.11: security_inet_conn_request takes the listener as const. */
#include <linux/security.h>
static_assert(__same_type(&security_inet_conn_request,
			  (int (*)(const struct sock *, struct sk_buff *,
				   struct request_sock *))NULL));
