/* SPDX-License-Identifier: GPL-2.0 */
/*
 * to_stock.h - SYNs that are left to the stock kernel
 */
#ifndef LISTENQ_TO_STOCK_H
#define LISTENQ_TO_STOCK_H

#include "queue/types.h"

extern const char *const lq_to_stock_names[];

enum lq_to_stock lq_to_stock_of_listener(const struct sock *sk);
void lq_to_stock_count(struct lq_synq *q, enum lq_to_stock why);
void lq_to_stock_tell(struct work_struct *work);

/* A SYN is our own. Written once. */
static inline void lq_to_stock_not(struct lq_synq *q)
{
	if (unlikely(!READ_ONCE(q->has_own)))
		WRITE_ONCE(q->has_own, true);
}

#endif
