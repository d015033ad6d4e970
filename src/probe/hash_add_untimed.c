// SPDX-License-Identifier: GPL-2.0
/* 7.x: a request that is added to the hash finds out its timeout itself. */
#include <net/tcp.h>
static_assert(__same_type(&inet_csk_reqsk_queue_hash_add,
			  (bool (*)(struct sock *, struct request_sock *))NULL));
