/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lengths.h - how full the queues of a listener are
 */
#ifndef LISTENQ_LENGTHS_H
#define LISTENQ_LENGTHS_H

#include "core/segment.h"
#include "ledger/types.h"

void lq_ledger_lengths(struct lq_lengths *queues, const struct lq_listener *l);
void lq_ledger_look(struct lq_listener *l);

#endif
