/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ledger.h - what is counted of a listener, segment by segment
 */
#ifndef LISTENQ_LEDGER_H
#define LISTENQ_LEDGER_H

#include "core/event.h"
#include "ledger/types.h"

/* Of an accept queue, so many connections are looked at, when somebody reads or it is closed. */
#define LQ_MOST_LOOKED_AT	192

void lq_ledger_verdict(struct lq_listener *l, const struct lq_event *event,
		       enum lq_verdict verdict);
void lq_ledger_accepted(struct lq_listener *l, u64 waited_us, bool gone, bool served);
bool lq_ledger_gone(const struct sock *sk, const struct sock *child);
bool lq_ledger_left(const struct sock *sk, struct sock *child);
bool lq_ledger_gave_up(const struct sock *sk, struct sock *child, u64 waited_us);
void lq_ledger_expired(struct lq_listener *l, const struct lq_event *event, bool unsent);
void lq_ledger_killed(struct lq_listener *l, const struct lq_lengths *q);

#endif
