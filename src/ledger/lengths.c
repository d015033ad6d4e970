// SPDX-License-Identifier: GPL-2.0
/*
 * lengths.c - how full the queues of a listener are, whoever has its SYN queue
 */
#include "kernel/differences.h"
#include "kernel/facts.h"
#include "ledger/lengths.h"
#include "ledger/listener.h"
#include "ledger/totals.h"
#include "ledger/owner.h"

/**
 * lq_ledger_lengths() - how full they are, the SYN queue ours if it is taken over
 * @queues: filled
 * @l: a listener in the table, or the caller keeps it there
 *
 * Context: any, under RCU or with the ledger locked.
 */
void lq_ledger_lengths(struct lq_lengths *queues, const struct lq_listener *l)
{
	const struct lq_synq *q = rcu_dereference_check(l->queue, true);
	struct lq_reading reading;

	if (!q) {
		lq_lengths_of(queues, l->sk);
		return;
	}
	lq_owner->read(q, l->sk, &reading);
	*queues = reading.queues;
}

/**
 * lq_ledger_look() - are its queues still full?
 * @l: a listener in the table, or the caller keeps it there
 *
 * Context: any, under RCU.
 */
void lq_ledger_look(struct lq_listener *l)
{
	struct lq_lengths q;

	lq_ledger_lengths(&q, l);
	lq_totals_note_full(l, LQ_SYNQ, lq_synq_full(&lq_this_kernel, q.synq, q.synq_limit));
	lq_totals_note_full(l, LQ_ACCEPTQ, q.acceptq > q.acceptq_limit);
}
