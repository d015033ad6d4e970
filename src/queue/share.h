/* SPDX-License-Identifier: GPL-2.0 */
/*
 * share.h - what SYN queues take of mem_max
 */
#ifndef LISTENQ_SHARE_H
#define LISTENQ_SHARE_H

#include "queue/types.h"

bool lq_share_set(struct lq_synq *q, u64 share);
bool lq_share_take(struct lq_synq *q, u64 bytes);
void lq_share_return(struct lq_synq *q, u64 bytes);
u64 lq_share_held(const struct lq_synq *q);
void lq_share_end(struct lq_synq *q);
u32 lq_share_most(void);

int lq_share_begin(struct lq_synq *q, kuid_t uid);
void lq_share_pass(struct lq_synq *q, kuid_t uid, u64 share);
void lq_share_name(struct lq_synq *q);

/* A rule has made it, and no command has named its address since. */
static inline bool lq_is_shared(const struct lq_synq *q)
{
	return READ_ONCE(q->payer);
}

#endif
