/* SPDX-License-Identifier: GPL-2.0 */
/*
 * release.h - an endpoint goes back to the stock kernel
 */
#ifndef LISTENQ_RELEASE_H
#define LISTENQ_RELEASE_H

#include "takeover/rules.h"

int lq_release(struct net *net, const struct lq_address *where, bool any);
void lq_release_all(void);
void lq_release_forget(struct lq_ledger *ledger);

void lq_leases_renew(struct lq_ledger *ledger, const struct lq_address *where, bool any,
		     struct lq_rule *rule);
void lq_leases_watch(struct lq_ledger *ledger);
void lq_leases_end(struct work_struct *work);

#endif
