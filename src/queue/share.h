/* SPDX-License-Identifier: GPL-2.0 */
/*
 * share.h - what the queues that rules have made may take of mem_max
 */
#ifndef LISTENQ_SHARE_H
#define LISTENQ_SHARE_H

#include "queue/types.h"

int lq_share_begin(struct lq_synq *q, kuid_t uid, u64 most);
bool lq_share_charge(struct lq_synq *q, s64 more, u64 most);
void lq_share_end(struct lq_synq *q);

/* A rule has made it, and no command has named its address since. */
static inline bool lq_is_shared(const struct lq_synq *q)
{
	return READ_ONCE(q->payer);
}

#endif
