/* SPDX-License-Identifier: GPL-2.0 */
/*
 * lifetime.h - a SYN queue is made, changed, freed
 */
#ifndef LISTENQ_LIFETIME_H
#define LISTENQ_LIFETIME_H

#include "queue/types.h"

struct lq_change;

int lq_synq_new(struct net *net, const struct lq_config *config, u32 records,
		u32 backlogs, const kuid_t *payer, struct lq_synq **made);
void lq_synq_free(struct lq_synq *q);
int lq_synq_prepare(struct lq_synq *q, const struct lq_config *config,
		    struct lq_change **changes);
void lq_synq_change(struct lq_change *changes, bool really);

#endif
