/* SPDX-License-Identifier: GPL-2.0 */
/*
 * retire.h - what a rule has taken over goes when nobody listens there
 */
#ifndef LISTENQ_RETIRE_H
#define LISTENQ_RETIRE_H

#include "ledger/types.h"

void lq_retire_later(struct lq_ledger *ledger, struct lq_synq *q);
void lq_retire_work(struct work_struct *work);
void lq_keep_tallies(const struct lq_synq *q);

#endif
