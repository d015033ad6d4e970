/* SPDX-License-Identifier: GPL-2.0 */
/*
 * part.h - a part of a SYN queue, with its lock and its timer
 */
#ifndef LISTENQ_PART_H
#define LISTENQ_PART_H

#include "core/decide.h"
#include "ledger/attempt.h"
#include "queue/types.h"

void lq_parts_choose_hash(void);
u32 lq_synq_hash(const struct lq_v4_flow *key);
struct lq_totals *lq_synq_totals(const struct lq_synq *q);
struct lq_listener *lq_synq_taker(const struct lq_synq *q, const struct lq_record *r);
struct lq_listener *lq_synq_sender(const struct lq_synq *q, const struct lq_record *r);
void lq_synq_read(const struct lq_synq *q, const struct sock *sk,
		  struct lq_reading *reading);

/* The part's lock is held. */
void lq_part_add(struct lq_part *part, struct lq_record *r, u32 hash);
void lq_part_remove(struct lq_part *part, struct lq_record *r, u32 hash);
void lq_part_end(struct lq_part *part, struct lq_record *r, u32 hash, enum lq_attempt_end how);
void lq_part_disown(struct lq_part *part, struct lq_record *r, u32 hash);
void lq_part_arm(struct lq_part *part);

void lq_release_broken(struct lq_synq *q);

/*
 * The part's chunk of that number, or the next one; NULL: there is none. With the part locked,
 * until it is unlocked.
 */
static inline struct lq_chunk *lq_part_chunk(struct lq_part *part, unsigned long *index)
{
	lockdep_assert_held(&part->lock);
	return xa_find(&part->chunks, index, ULONG_MAX, XA_PRESENT);
}

#endif
