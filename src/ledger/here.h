/* SPDX-License-Identifier: GPL-2.0 */
/*
 * here.h - what each processor adds to a busy listener's totals
 */
#ifndef LISTENQ_HERE_H
#define LISTENQ_HERE_H

#include "ledger/types.h"

void lq_here_make(struct lq_totals *totals);
void lq_here_free(struct lq_totals *totals);
void lq_here_add(struct lq_totals *sum, const struct lq_totals *totals);
u32 lq_here_high(const struct lq_listener *l, enum lq_queue_kind queue);
s64 lq_here_get(const struct lq_totals *totals, size_t offset);

/* One counter of totals, all processors' together. */
#define lq_counted(totals, counter)					\
	(atomic64_read(&(totals)->counter) +				\
	 lq_here_get(totals, offsetof(struct lq_here, counter)))

#endif
