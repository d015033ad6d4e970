/* SPDX-License-Identifier: GPL-2.0 */
/*
 * takeover.h - endpoints whose SYN queue is ours
 */
#ifndef LISTENQ_TAKEOVER_H
#define LISTENQ_TAKEOVER_H

#include <net/net_namespace.h>

#include "ledger/types.h"
#include "queue/config.h"

int lq_takeover_init(void);
void lq_takeover_start(void);
void lq_takeover_stop(void);
void lq_takeover_exit(void);
void lq_takeover_begin(struct lq_ledger *ledger, struct net *net);
int lq_takeover(struct net *net, const struct lq_address *where, bool any,
		const struct lq_config *config);
int lq_takeover_set(struct net *net, const struct lq_address *where, bool any,
		    const struct lq_config *config);

#endif
