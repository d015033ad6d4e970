// SPDX-License-Identifier: GPL-2.0
/* 6.1: a request has a timeout of its own. */
#include <net/tcp.h>
unsigned long probe(struct request_sock *req);
unsigned long probe(struct request_sock *req)
{
	return reqsk_timeout(req, TCP_RTO_MAX);
}
