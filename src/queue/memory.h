/* SPDX-License-Identifier: GPL-2.0 */
/*
 * memory.h - memory of SYN queues, within mem_max
 */
#ifndef LISTENQ_MEMORY_H
#define LISTENQ_MEMORY_H

#include "queue/types.h"

bool lq_memory_charge(struct lq_synq *q, u64 bytes);
void lq_memory_account(struct lq_synq *q, s64 more);
bool lq_memory_take(struct lq_synq *q, u64 bytes);
u64 lq_memory_need(const struct lq_synq *q, u32 records);
u32 lq_memory_buckets(u32 records);
int lq_memory_begin(struct lq_part *part, u32 records);
void lq_memory_grow(struct work_struct *work);
void lq_memory_end(struct lq_synq *q);

u32 lq_memory_max(void);
u32 lq_memory_records(const struct lq_synq *q);
void lq_memory_check(struct lq_synq *q, const struct lq_part *part);

#endif
