/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory.h - memory of SYN queues
 */
#ifndef LISTENQ_MEMORY_H
#define LISTENQ_MEMORY_H

#include "queue/types.h"

int lq_memory_init(void);
void lq_memory_exit(void);

u64 lq_memory_need(const struct lq_synq *q, u32 records);

int lq_memory_begin(struct lq_part *part, u32 records);
void lq_memory_grow(struct work_struct *work);
void lq_memory_ask(struct lq_synq *q);
void lq_memory_end(struct lq_synq *q);

u32 lq_memory_records(const struct lq_synq *q);

/* Are fewer records free than it should have? A hint: others take and give back. */
static inline bool lq_memory_is_low(const struct lq_part *part)
{
	return READ_ONCE(part->shard.store.nr_free) < READ_ONCE(part->low);
}

/**
 * lq_memory_check() - have records made for SYNs to come, if few are left
 * @q: the queue
 * @part: one of its parts
 *
 * Context: any.
 */
static inline void lq_memory_check(struct lq_synq *q, const struct lq_part *part)
{
	if (unlikely(lq_memory_is_low(part)))
		lq_memory_ask(q);
}

#endif
