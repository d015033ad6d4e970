/* SPDX-License-Identifier: GPL-2.0 */
/*
 * walk.h - the listeners of an endpoint, in pieces
 */
#ifndef LISTENQ_WALK_H
#define LISTENQ_WALK_H

#include "ledger/types.h"

typedef void lq_visit_fn(struct lq_listener *l, void *arg);

bool lq_walk_piece(struct lq_endpoint *ep, unsigned long *at, xa_mark_t which,
		   lq_visit_fn *visit, void *arg);
void lq_walk_rest(struct lq_ledger *ledger, u32 id, unsigned long at, xa_mark_t which,
		  lq_visit_fn *visit, void *arg);
void lq_walk(struct lq_ledger *ledger, u32 id, xa_mark_t which, lq_visit_fn *visit, void *arg);
bool lq_add_up(struct lq_ledger *ledger, struct lq_sum *sum);

#endif
