/* SPDX-License-Identifier: GPL-2.0 */
/*
 * totals.h - counters of listeners added up, also of those that are gone
 */
#ifndef LISTENQ_TOTALS_H
#define LISTENQ_TOTALS_H

#include "ledger/types.h"

/* How the wait for a refused client ended. */
enum lq_refused_end {
	LQ_REFUSED_RECOVERED,	/* accept() handed out its connection */
	LQ_REFUSED_NEVER,		/* it gave up */
	LQ_REFUSED_FORGOTTEN,	/* it made room for another one */
};

/**
 * struct lq_late - what is added to a listener's totals, whether it is open or not
 * @waiting: to the tally of refused clients that may still come through
 * @attempts: to its attempts
 * @refused: to those of them that ended refused for @reason
 * @reason: enum lq_reason
 */
struct lq_late {
	int waiting;
	int attempts;
	int refused;
	enum lq_reason reason;
};

void lq_totals_late(struct lq_listener *l, const struct lq_late *changes);
void lq_totals_note_full(struct lq_listener *l, enum lq_queue_kind queue, bool full);
void lq_totals_level(struct lq_totals *sum);
s64 lq_totals_waiting(const struct lq_totals *totals);
void lq_totals_recount(struct lq_totals *totals, u32 pending, u32 waiting);
void lq_totals_add(struct lq_totals *sum, const struct lq_listener *l);
void lq_totals_sum(struct lq_totals *sum, const struct lq_totals *totals);
void lq_totals_settled(struct lq_listener *l, enum lq_refused_end how, u64 ms);

#endif
