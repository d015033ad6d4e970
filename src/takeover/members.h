/* SPDX-License-Identifier: GPL-2.0 */
/*
 * members.h - the listeners of an endpoint that is taken over
 */
#ifndef LISTENQ_MEMBERS_H
#define LISTENQ_MEMBERS_H

#include "ledger/types.h"

void lq_members_changed(struct lq_ledger *ledger, struct lq_endpoint *ep,
			struct lq_listener *l);
void lq_members_backlog(struct sock *sk, u32 backlog);
void lq_members_made_room(const struct lq_listener *l);

void lq_members_begin(struct lq_ledger *ledger, struct lq_endpoint *ep, struct lq_synq *q);
void lq_members_end(struct lq_ledger *ledger, struct lq_endpoint *ep);

#endif
