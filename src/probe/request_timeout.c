// SPDX-License-Identifier: GPL-2.0
/* 5.16: a request keeps its first timeout. */
#include <net/request_sock.h>
void probe(struct request_sock *req);
void probe(struct request_sock *req)
{
	req->timeout = 0;
}
