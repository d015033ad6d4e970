/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ask.h - that rules be applied to a new address
 */
#ifndef LISTENQ_ASK_H
#define LISTENQ_ASK_H

#include "ledger/types.h"

void lq_asks_start(void (*apply)(struct lq_ledger *ledger, u32 id));
void lq_asks_stop(void);
void lq_asks_settle(void);

void lq_rules_put_off(struct lq_ledger *ledger, struct lq_endpoint *ep, unsigned long retry);
void lq_rules_want(struct lq_ledger *ledger, struct lq_endpoint *ep);
void lq_rules_opened(const struct lq_listener *l);

#endif
