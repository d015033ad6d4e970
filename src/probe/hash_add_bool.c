// SPDX-License-Identifier: GPL-2.0
/* Late 5.15: a request that is in the hash already is not added again. */
#include <net/tcp.h>
static_assert(__same_type(&inet_csk_reqsk_queue_hash_add,
			  (bool (*)(struct sock *, struct request_sock *,
				    unsigned long))NULL));
