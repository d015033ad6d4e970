/* SPDX-License-Identifier: GPL-2.0 */
/*
 * part.h - a part of a SYN queue, with its lock and its timer
 */
#ifndef LISTENQ_PART_H
#define LISTENQ_PART_H

#include "core/decide.h"
#include "ledger/attempt.h"
#include "queue/types.h"

/* Two parts for each processor, up to so many. */
#define LQ_MOST_PART_BITS 8

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

/* The high bits: the low ones choose a bucket. */
static inline struct lq_part *lq_synq_part(const struct lq_synq *q, u32 hash)
{
	return &q->parts[hash >> (32 - LQ_MOST_PART_BITS) & q->mask];
}

/*
 * The part's chunk of that number, or the next one; NULL: there is none. With the part locked,
 * until it is unlocked.
 */
static inline struct lq_chunk *lq_part_chunk(struct lq_part *part, unsigned long *index)
{
	lockdep_assert_held(&part->lock);
	return xa_find(&part->chunks, index, ULONG_MAX, XA_PRESENT);
}

/* With bottom halves off; how often another processor was there first is counted. */
static inline void lq_part_lock(struct lq_part *part)
	__acquires(&part->lock)
{
	if (likely(spin_trylock(&part->lock)))
		return;
	atomic64_inc(&part->queue->tallies[LQ_SYNQ_TALLY_waited]);
	spin_lock(&part->lock);
}

#endif
