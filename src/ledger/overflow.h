/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overflow.h - dmesg says when a listener begins to refuse clients, and when it ends
 */
#ifndef LISTENQ_OVERFLOW_H
#define LISTENQ_OVERFLOW_H

#include "ledger/types.h"

void lq_overflowed(struct lq_overflow *o, enum lq_reason reason, u32 depth, u32 limit);
void lq_overflow_exit(void);

#endif
