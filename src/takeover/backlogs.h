/* SPDX-License-Identifier: GPL-2.0 */
/*
 * backlogs.h - what the backlogs of an endpoint's listeners add up to
 */
#ifndef LISTENQ_BACKLOGS_H
#define LISTENQ_BACKLOGS_H

#include "ledger/walk.h"
#include "queue/types.h"

/**
 * struct lq_addition - backlogs are being added up
 * @backlogs: so far
 * @expects: it is to be done again: a listen() may be under way
 */
struct lq_addition {
	u64 backlogs;
	bool expects;
};

/* Too many to look at all of them with the ledger's lock held. */
static inline bool lq_are_many(const struct lq_endpoint *ep)
{
	return ep->open > LQ_PIECE;
}

void lq_backlogs_add(struct lq_listener *l, struct lq_addition *sum);
void lq_backlogs_changed(struct lq_synq *q, struct lq_endpoint *ep, u32 more);
void lq_backlogs_begin(struct lq_synq *q, struct lq_endpoint *ep, const struct lq_addition *sum);
void lq_backlogs_add_up(struct work_struct *work);
u32 lq_backlogs_sum(struct lq_ledger *ledger, u32 id);

#endif
