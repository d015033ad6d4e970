// SPDX-License-Identifier: GPL-2.0
/* 7.x: a request's timeout knows its listener's rto_max. */
#include <net/tcp.h>
unsigned long probe(struct request_sock *req);
unsigned long probe(struct request_sock *req)
{
	return tcp_reqsk_timeout(req);
}
