// SPDX-License-Identifier: GPL-2.0
/*
 * totals.c - counters of listeners added up, also of those that are gone
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>

#include "ledger/endpoint.h"
#include "ledger/here.h"
#include "ledger/totals.h"

static void add(atomic64_t *to, const atomic64_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (atomic64_read(&from[i]))
			atomic64_add(atomic64_read(&from[i]), &to[i]);
}

/* Returns whether the later end is that of @from. */
static bool add_span(struct lq_span *to, const struct lq_span *from)
{
	if (!from->last)
		return false;
	if (!to->first || from->first < to->first)
		to->first = from->first;
	if (from->last < to->last)
		return false;
	to->last = from->last;
	return true;
}

/* The limit is that of the last loss. */
static void add_loss(struct lq_loss *to, const struct lq_loss *from)
{
	to->wanted = max(to->wanted, from->wanted);
	if (!add_span(&to->when, &from->when))
		return;
	to->limit = from->limit;
	to->cap = from->cap;
}

/**
 * lq_totals_sum() - add totals to others
 * @sum: what is added to
 * @totals: what is added
 */
void lq_totals_sum(struct lq_totals *sum, const struct lq_totals *totals)
{
	int reason, how;

	add(sum->verdicts, totals->verdicts, LQ_V_count);
	add(sum->tallies, totals->tallies, LQ_TALLY_count);
	add(sum->hists[0], totals->hists[0], LQ_HIST_count * LQ_HIST_BUCKETS);
	add(sum->attempts, totals->attempts, LQ_ATTEMPT_count);
	add(sum->clients, totals->clients, LQ_R_count);
	/* An attempt may end here that another listener refused. */
	add(sum->refused, totals->refused, LQ_R_count);
	add(sum->overflows, totals->overflows, LQ_QUEUE_KINDS);
	for (reason = 0; reason < LQ_R_count; reason++)
		add_loss(&sum->losses[reason], &totals->losses[reason]);
	for (how = 0; how < LQ_FAILURE_count; how++)
		add_span(&sum->failures[how], &totals->failures[how]);
	if (!sum->last_completed || (totals->last_completed &&
				     time_after(totals->last_completed, sum->last_completed)))
		sum->last_completed = totals->last_completed;
	add(sum->full_ns, totals->full_ns, LQ_QUEUE_KINDS);
	if (totals->last_loss > sum->last_loss) {
		sum->last_loss = totals->last_loss;
		sum->last_loss_reason = totals->last_loss_reason;
	}
}

/**
 * lq_totals_add() - add those of a listener, with the time that its queues have been full, but
 * not what lq_here_add() does
 * @sum: what is added to
 * @l: the listener
 *
 * Context: any.
 */
void lq_totals_add(struct lq_totals *sum, const struct lq_listener *l)
{
	enum lq_queue_kind queue;
	u64 since;

	lq_totals_sum(sum, &l->totals);
	for (queue = 0; queue < LQ_QUEUE_KINDS; queue++) {
		since = READ_ONCE(l->full_since[queue]);
		if (since)
			atomic64_add(ktime_get_ns() - since, &sum->full_ns[queue]);
	}
}

/**
 * lq_totals_note_full() - a queue is at its limit from now on, or no more
 * @l: the listener
 * @queue: which
 * @full: whether it is
 *
 * Context: any.
 */
void lq_totals_note_full(struct lq_listener *l, enum lq_queue_kind queue, bool full)
{
	u64 now, since = READ_ONCE(l->full_since[queue]);

	if (likely(full == !!since))
		return;
	if (full) {
		cmpxchg64(&l->full_since[queue], 0, ktime_get_ns());
		return;
	}
	since = xchg(&l->full_since[queue], 0);
	if (!since)
		return;
	now = ktime_get_ns();
	WRITE_ONCE(l->room_since[queue], now);
	atomic64_add(now - since, &l->totals.full_ns[queue]);
}

/**
 * lq_totals_waiting() - what of a listener's first attempts waits in its accept queue
 * @totals: as lq_totals_recount() left them
 *
 * Return: connections.
 */
s64 lq_totals_waiting(const struct lq_totals *totals)
{
	return atomic64_read(&totals->attempts[LQ_ATTEMPT_attempts]) -
	       atomic64_read(&totals->attempts[LQ_ATTEMPT_pending]);
}

/**
 * lq_totals_level() - cookies that came back and that nobody saw sent are attempts of their own
 * @sum: all that is to be added up
 *
 * They were sent before we looked, or by another listener. As many of those sent later are not
 * told as unanswered: what each processor counts says nothing of which was first.
 */
void lq_totals_level(struct lq_totals *sum)
{
	s64 missing = -atomic64_read(&sum->attempts[LQ_ATTEMPT_cookie_unanswered]);

	if (missing <= 0)
		return;
	atomic64_set(&sum->attempts[LQ_ATTEMPT_cookie_unanswered], 0);
	atomic64_add(missing, &sum->attempts[LQ_ATTEMPT_attempts]);
}

/**
 * lq_totals_recount() - what is in a listener's queues becomes its attempts, nothing else is
 * @totals: of the listener
 * @pending: requests in its SYN queue
 * @waiting: connections in its accept queue
 *
 * Where nobody saw how they came there.
 *
 * Context: any.
 */
void lq_totals_recount(struct lq_totals *totals, u32 pending, u32 waiting)
{
	s64 attempts = lq_counted(totals, tallies[LQ_TALLY_served_closed]);
	int i;

	atomic64_add(pending - lq_counted(totals, attempts[LQ_ATTEMPT_pending]),
		     &totals->attempts[LQ_ATTEMPT_pending]);
	for (i = LQ_ATTEMPT_served; i < LQ_ATTEMPT_count; i++)
		attempts += lq_counted(totals, attempts[i]);
	for (i = 0; i < LQ_R_count; i++)
		attempts += lq_counted(totals, refused[i]);
	atomic64_add(attempts + waiting - lq_counted(totals, attempts[LQ_ATTEMPT_attempts]),
		     &totals->attempts[LQ_ATTEMPT_attempts]);
}

/* With the ledger's lock held; NULL when the endpoint has been forgotten, too. */
static struct lq_totals *late_totals(struct lq_ledger *ledger, struct lq_listener *l)
{
	lockdep_assert_held(&ledger->listeners.xa_lock);
	return l->endpoint ? &l->totals : lq_endpoint_closed(ledger, l->endpoint_id);
}

/**
 * lq_totals_settled() - nobody waits for a refused client any more
 * @l: the listener that refused it, which may have closed long ago
 * @how: why not
 * @ms: LQ_REFUSED_RECOVERED: so long after it was refused first
 *
 * Context: any.
 */
void lq_totals_settled(struct lq_listener *l, enum lq_refused_end how, u64 ms)
{
	struct lq_ledger *ledger = l->ledger;
	struct lq_totals *totals;
	unsigned long flags;

	xa_lock_irqsave(&ledger->listeners, flags);
	totals = late_totals(ledger, l);
	if (totals) {
		atomic64_dec(&totals->tallies[LQ_TALLY_waiting]);
		if (how == LQ_REFUSED_RECOVERED)
			atomic64_inc(&totals->hists[LQ_HIST_recovered_ms][lq_hist_bucket(ms)]);
		else
			atomic64_inc(&totals->tallies[how == LQ_REFUSED_NEVER ? LQ_TALLY_never :
								     LQ_TALLY_forgotten]);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
}

/**
 * lq_totals_late() - add to what is counted of a listener that may have closed long ago
 * @l: the listener; the caller has a reference
 * @changes: what to add
 *
 * Context: any.
 */
void lq_totals_late(struct lq_listener *l, const struct lq_late *changes)
{
	struct lq_ledger *ledger = l->ledger;
	struct lq_totals *totals;
	unsigned long flags;

	xa_lock_irqsave(&ledger->listeners, flags);
	totals = late_totals(ledger, l);
	if (totals) {
		atomic64_add(changes->waiting, &totals->tallies[LQ_TALLY_waiting]);
		atomic64_add(changes->refused, &totals->refused[changes->reason]);
		atomic64_add(changes->attempts, &totals->attempts[LQ_ATTEMPT_attempts]);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
}
