/* SPDX-License-Identifier: GPL-2.0 */
/*
 * apply.h - rules take new addresses over
 */
#ifndef LISTENQ_APPLY_H
#define LISTENQ_APPLY_H

#include "ledger/types.h"

void lq_rule_begin(struct lq_ledger *ledger, const struct lq_address *where);
void lq_rule_apply(struct lq_ledger *ledger, u32 id);
void lq_rules_apply(struct work_struct *work);

#endif
