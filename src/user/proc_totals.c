// SPDX-License-Identifier: GPL-2.0
/*
 * proc_totals.c - what was counted of a listener or endpoint, as words of its line
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "ledger/types.h"
#include "user/files.h"
#include "user/proc_totals.h"

static const char *const tally_names[] = { LQ_TALLIES(LQ_STRING) };
static const char *const hist_names[] = { LQ_HISTS(LQ_STRING) };

static void show_hist(struct seq_file *m, const char *key, const atomic64_t *buckets)
{
	const char *between = "";
	int b;

	seq_printf(m, " %s=", key);
	for (b = 0; b < LQ_HIST_BUCKETS; b++) {
		if (!atomic64_read(&buckets[b]))
			continue;
		seq_printf(m, "%s%d:%lld", between, b, atomic64_read(&buckets[b]));
		between = ",";
	}
	if (!*between)
		seq_putc(m, '-');
}

static void show_verdicts(struct seq_file *m, const struct lq_totals *totals)
{
	const char *between = "";
	int v;

	seq_puts(m, " verdicts=");
	for (v = 1; v < LQ_V_count; v++) {
		if (!atomic64_read(&totals->verdicts[v]))
			continue;
		seq_printf(m, "%s%s:%lld", between, lq_verdicts[v].name,
			   atomic64_read(&totals->verdicts[v]));
		between = ",";
	}
	if (!*between)
		seq_putc(m, '-');
}

static const char *const attempt_names[] = { LQ_ATTEMPTS(LQ_STRING) };

/* What became of all attempts; @waiting: connections in accept queues. */
static void show_attempts(struct seq_file *m, const struct lq_totals *totals, u32 waiting)
{
	s64 refused = 0;
	int i;

	for (i = 0; i < LQ_R_count; i++)
		refused += atomic64_read(&totals->refused[i]);
	seq_printf(m, " attempts=%lld outcomes=served_closed:%lld,waiting:%u,refused:%lld",
		   atomic64_read(&totals->attempts[LQ_ATTEMPT_attempts]),
		   atomic64_read(&totals->tallies[LQ_TALLY_served_closed]), waiting, refused);
	for (i = LQ_ATTEMPT_served; i < LQ_ATTEMPT_count; i++)
		seq_printf(m, ",%s:%lld", attempt_names[i], atomic64_read(&totals->attempts[i]));
}

static void show_span(struct seq_file *m, const struct lq_span *span)
{
	seq_printf(m, ":%llu:%llu", div_u64(span->first, NSEC_PER_MSEC),
		   div_u64(span->last, NSEC_PER_MSEC));
}

/* losses=REASON:CLIENTS:REFUSED:FIRST:LAST:LIMIT:CAP:WANTED,... */
static void show_losses(struct seq_file *m, const struct lq_totals *totals)
{
	const char *between = "";
	const struct lq_loss *loss;
	int i;

	seq_puts(m, " losses=");
	for (i = 0; i < LQ_R_count; i++) {
		loss = &totals->losses[i];
		if (!loss->when.last && !atomic64_read(&totals->refused[i]))
			continue;
		seq_printf(m, "%s%s:%lld:%lld", between, lq_reasons[i],
			   atomic64_read(&totals->clients[i]), atomic64_read(&totals->refused[i]));
		show_span(m, &loss->when);
		seq_printf(m, ":%u:%u:%u", loss->limit, loss->cap, loss->wanted);
		between = ",";
	}
	if (!*between)
		seq_putc(m, '-');
}

/* failures=HOW:ATTEMPTS:FIRST:LAST,... */
static void show_failures(struct seq_file *m, const struct lq_totals *totals)
{
	static const char *const names[] = { LQ_FAILURES(LQ_STRING) };
	const atomic64_t *counts[] = {
		[LQ_FAILURE_unanswered] = &totals->attempts[LQ_ATTEMPT_unanswered],
		[LQ_FAILURE_unsent] = &totals->attempts[LQ_ATTEMPT_unsent],
		[LQ_FAILURE_killed] = &totals->attempts[LQ_ATTEMPT_killed],
		[LQ_FAILURE_gave_up] = &totals->tallies[LQ_TALLY_gave_up],
	};
	const char *between = "";
	int i;

	seq_puts(m, " failures=");
	for (i = 0; i < LQ_FAILURE_count; i++) {
		if (!atomic64_read(counts[i]))
			continue;
		seq_printf(m, "%s%s:%lld", between, names[i], atomic64_read(counts[i]));
		show_span(m, &totals->failures[i]);
		between = ",";
	}
	if (!*between)
		seq_putc(m, '-');
}

static void show_last_completed(struct seq_file *m, unsigned long when)
{
	/* jiffies_to_nsecs() would wrap. */
	lq_show_time(m, "last_completed", when ? ktime_get_real_ns() -
		     (u64)(jiffies - when) * TICK_NSEC : 0);
}

/**
 * lq_show_totals() - the rest of a listener's or endpoint's line: what was counted
 * @m: where to
 * @totals: of it
 * @waiting: connections in its accept queues
 *
 * Context: any.
 */
void lq_show_totals(struct seq_file *m, const struct lq_totals *totals, u32 waiting)
{
	u64 segments = 0, lost = 0;
	int i;

	for (i = 1; i < LQ_V_count; i++) {
		segments += atomic64_read(&totals->verdicts[i]);
		if (lq_verdicts[i].loss)
			lost += atomic64_read(&totals->verdicts[i]);
	}
	seq_printf(m, " segments=%llu lost=%llu", segments, lost);
	lq_show_time(m, "last_loss", totals->last_loss);
	seq_printf(m, " last_loss_reason=%s", lq_reasons[totals->last_loss_reason]);
	seq_printf(m, " full_ms=%llu synq_full_ms=%llu",
		   div_u64(atomic64_read(&totals->full_ns[LQ_ACCEPTQ]), NSEC_PER_MSEC),
		   div_u64(atomic64_read(&totals->full_ns[LQ_SYNQ]), NSEC_PER_MSEC));
	for (i = 0; i < LQ_TALLY_count; i++)
		seq_printf(m, " %s=%lld", tally_names[i], atomic64_read(&totals->tallies[i]));
	show_attempts(m, totals, waiting);
	show_losses(m, totals);
	show_failures(m, totals);
	show_last_completed(m, totals->last_completed);
	for (i = 0; i < LQ_HIST_count; i++)
		show_hist(m, hist_names[i], totals->hists[i]);
	show_verdicts(m, totals);
	seq_putc(m, '\n');
}
