/* SPDX-License-Identifier: GPL-2.0 */
/*
 * name.h - what people call an endpoint or a listener
 */
#ifndef LISTENQ_NAME_H
#define LISTENQ_NAME_H

#include <linux/if.h>

#include "ledger/types.h"

/* Each byte of a name may become \xNN. */
#define LQ_ESCAPED_LEN(bytes) (4 * (bytes) + 1)

/* "[address]%device:port netns 4026532251" */
#define LQ_ADDRESS_LEN (INET6_ADDRSTRLEN + LQ_ESCAPED_LEN(IFNAMSIZ) + \
			sizeof("[]%:65535 netns 4294967295"))

/* the same and "comm[pid]" */
#define LQ_WHERE_LEN (LQ_ADDRESS_LEN + LQ_ESCAPED_LEN(TASK_COMM_LEN) + \
		      sizeof(" [2147483647]"))

void lq_escape(char *to, size_t size, const char *from);
void lq_name_device(char dev[IFNAMSIZ], struct net *net, int ifindex);
void lq_name_address(char *text, size_t size, const struct lq_address *where,
		     const char *dev, unsigned int netns);
void lq_name_endpoint(char *text, size_t size, struct net *net,
		      const struct lq_address *where);
void lq_name_listener(char *text, size_t size, struct lq_listener *l, const char *dev);

#endif
