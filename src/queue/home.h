/* SPDX-License-Identifier: GPL-2.0 */
/*
 * home.h - in which part of a SYN queue a flow's record is
 */
#ifndef LISTENQ_HOME_H
#define LISTENQ_HOME_H

#include "queue/types.h"

u32 lq_homes_for(const struct lq_synq *q, u32 records);
int lq_homes_init(struct lq_synq *q, u32 records);
void lq_homes_exit(struct lq_synq *q);

bool lq_home_lock(struct lq_synq *q, u32 hash, struct lq_part **part);
struct lq_part *lq_home_of_new(struct lq_synq *q, u32 hash);
struct lq_part *lq_home_lock_new(struct lq_synq *q, u32 hash);
void lq_home_unlock_new(struct lq_part *part, u32 hash) __releases(&part->lock);

/* The part's lock is held, and that is the home of the hash. */
void lq_home_enter(const struct lq_part *part, u32 hash);
void lq_home_leave(const struct lq_part *part, u32 hash);

#endif
