/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counters.h - what is counted of a listener, and of an endpoint
 */
#ifndef LISTENQ_COUNTERS_H
#define LISTENQ_COUNTERS_H

#include <linux/atomic.h>
#include <linux/percpu.h>

#include "core/hist.h"
#include "core/verdict.h"

/* A word of one of these lists. */
#define LQ_STRING(name) #name,

/* X(name): what is counted beside verdicts. */
#define LQ_TALLIES(X)							\
	X(accepted) X(diverge) X(ambiguous) X(expired) X(killed) X(synack_repeated) \
	X(ignored) X(waiting) X(never) X(forgotten) X(served_closed) X(served_half) \
	X(expired_acked) X(killed_waiting) X(gave_up) X(gave_up_deferred) X(deferred_late) \
	X(unanswered_alone) X(killed_gone) X(killed_alone) X(refused_stalled)

#define LQ_TALLY_ENUM(name) LQ_TALLY_##name,
enum lq_tally { LQ_TALLIES(LQ_TALLY_ENUM) LQ_TALLY_count };
#undef LQ_TALLY_ENUM

/* X(name): histograms, see core/hist.h; retrans counts 0, 1, ... 7 and more repeats. */
#define LQ_HISTS(X) X(handshake_us) X(accept_us) X(recovered_ms) X(retrans)

/*
 * X(name): attempts to connect, and what became of them; see attempt.c. Of those that wait in
 * the accept queue its length tells.
 */
#define LQ_ATTEMPTS(X)							\
	X(attempts) X(served) X(recovered) X(pending) X(unanswered) X(unsent) X(killed) \
	X(reset) X(cookie_unanswered)

#define LQ_ATTEMPT_ENUM(name) LQ_ATTEMPT_##name,
enum lq_attempt { LQ_ATTEMPTS(LQ_ATTEMPT_ENUM) LQ_ATTEMPT_count };
#undef LQ_ATTEMPT_ENUM

/* X(name): how attempts fail that no segment was refused of: when did that happen? */
#define LQ_FAILURES(X) X(unanswered) X(unsent) X(killed) X(gave_up)

#define LQ_FAILURE_ENUM(name) LQ_FAILURE_##name,
enum lq_failure { LQ_FAILURES(LQ_FAILURE_ENUM) LQ_FAILURE_count };
#undef LQ_FAILURE_ENUM

#define LQ_HIST_ENUM(name) LQ_HIST_##name,
enum lq_hist { LQ_HISTS(LQ_HIST_ENUM) LQ_HIST_count };
#undef LQ_HIST_ENUM

/* X(name): what happened to records beside verdicts */
#define LQ_SYNQ_TALLIES(X)						\
	X(found_child) X(found_request) X(found_timewait) X(timed_out) X(handed_back) \
	X(over_limit) X(duplicate) X(orphaned)				\
	X(disowned) X(denied) X(waited) X(backlogged) X(overtaken)	\
	X(cookies_parked) X(cookies_no_room) X(cookies_unfit) X(parked_in_vain)

#define LQ_SYNQ_TALLY_ENUM(name) LQ_SYNQ_TALLY_##name,
enum lq_synq_tally { LQ_SYNQ_TALLIES(LQ_SYNQ_TALLY_ENUM) LQ_SYNQ_TALLY_count };
#undef LQ_SYNQ_TALLY_ENUM

/* The two queues that can be full. */
enum lq_queue_kind { LQ_SYNQ, LQ_ACCEPTQ, LQ_QUEUE_KINDS };

/**
 * struct lq_span - from when to when
 * @first: wall clock, ns, to the tick; 0 never
 * @last: the same
 */
struct lq_span {
	u64 first;
	u64 last;
};

/**
 * struct lq_loss - clients that were refused for one reason: when, and by what
 * @when: from the first segment to the last
 * @limit: of the queue that was full at the last one, as it was then
 * @cap: as @cap of the listener
 * @wanted: the most that wanted to be in the accept queue at once
 */
struct lq_loss {
	struct lq_span when;
	u32 limit;
	u32 cap;
	u32 wanted;
};

/**
 * struct lq_here - what one processor adds to a busy listener's totals
 * @verdicts: as in struct lq_totals, as all that follows
 * @tallies: these
 * @hists: these
 * @attempts: these
 * @clients: of its losses
 * @refused: of its losses
 * @overflows: these
 * @high: as that of the listener, as this processor saw it
 */
struct lq_here {
	s64 verdicts[LQ_V_count];
	s64 tallies[LQ_TALLY_count];
	s64 hists[LQ_HIST_count][LQ_HIST_BUCKETS];
	s64 attempts[LQ_ATTEMPT_count];
	s64 clients[LQ_R_count];
	s64 refused[LQ_R_count];
	s64 overflows[LQ_QUEUE_KINDS];
	u32 high[LQ_QUEUE_KINDS];
};

/**
 * struct lq_totals - what is counted
 * @here: of a busy listener: for each processor what it adds (busy.c); else NULL
 * @verdicts: segments by verdict
 * @tallies: by enum lq_tally
 * @hists: by enum lq_hist and bucket
 * @attempts: by enum lq_attempt
 * @unstamped: of an endpoint's closed listeners: connections in accept queues, of open ones
 *	too, that are attempts and have no accept stamp
 * @clients: how many were refused first for each reason, by enum lq_reason
 * @refused: of these, whose attempt ended so, or will if they don't come again
 * @losses: by enum lq_reason
 * @failures: when others failed, by enum lq_failure
 * @overflows: segments that each queue refused since it was full, by enum lq_queue_kind
 * @last_completed: jiffies of the last handshake that completed, 0 never
 * @full_ns: how long each queue was at its limit, by enum lq_queue_kind
 * @last_loss: wall clock of the last refusal, ns, 0 never
 * @last_loss_reason: enum lq_reason
 *
 * Atomic additions, or @here, see lq_count().
 */
struct lq_totals {
	struct lq_here __percpu *here;
	atomic64_t verdicts[LQ_V_count];
	atomic64_t tallies[LQ_TALLY_count];
	atomic64_t hists[LQ_HIST_count][LQ_HIST_BUCKETS];
	atomic64_t attempts[LQ_ATTEMPT_count];
	atomic64_t unstamped;
	atomic64_t clients[LQ_R_count];
	atomic64_t refused[LQ_R_count];
	atomic64_t overflows[LQ_QUEUE_KINDS];
	struct lq_loss losses[LQ_R_count];
	struct lq_span failures[LQ_FAILURE_count];
	unsigned long last_completed;
	atomic64_t full_ns[LQ_QUEUE_KINDS];
	u64 last_loss;
	u8 last_loss_reason;
};

/* Its line of memory is everybody's: written where something has changed. */
#define lq_note(what, value)						\
	do {								\
		typeof(what) lq_value = (value);			\
									\
		if (READ_ONCE(what) != lq_value)			\
			WRITE_ONCE(what, lq_value);			\
	} while (0)

/* No lock: of two at once either may be the last one, or the first. */
static inline void lq_span_add(struct lq_span *span, u64 now)
{
	if (unlikely(!READ_ONCE(span->first)))
		WRITE_ONCE(span->first, now);
	lq_note(span->last, now);
}

/**
 * lq_count() - add to a counter of totals
 * @totals: whose
 * @member: which, one that struct lq_here has, too
 * @n: how many
 *
 * A busy listener has counters of its own for each processor: who reads adds them up.
 *
 * Context: any.
 */
#define lq_count(totals, member, n)					\
	do {								\
		struct lq_here __percpu *lq_here = READ_ONCE((totals)->here); \
									\
		if (likely(lq_here))					\
			this_cpu_add(lq_here->member, n);		\
		else							\
			atomic64_add(n, &(totals)->member);		\
	} while (0)

#endif
