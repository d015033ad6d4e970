/* SPDX-License-Identifier: GPL-2.0 */
/*
 * busy.h - a listener that something is counted of gets counters for each processor
 */
#ifndef LISTENQ_BUSY_H
#define LISTENQ_BUSY_H

#include "ledger/types.h"

void lq_busy_note(struct lq_listener *l);
void lq_busy_settle(void);

#endif
