// SPDX-License-Identifier: GPL-2.0
/*
 * timer.c - what happens to records without a segment: their SYN-ACK timer, another user
 *
 * The rules are those of reqsk_timer_handler (core/decide.c). Each part has a timer, which runs
 * out when its first record is due. Timers are softirqs, as many of them one behind the other
 * as there are parts of queues; nothing else of the processor's network runs meanwhile. So they
 * work on BATCH records a processor and tick, whosever they are. All that is left when a timer
 * has to stop is a worker's, as a task that can be interrupted and preempted:
 *
 *   timer ─▶ BATCH in this tick ─▶ no more is due: armed for the next one
 *                      └─▶ worker ─▶ BATCH ─▶ no more is due: armed
 *                             └◀─ behind the others ─┘
 *
 * Nobody starves: a part that has more to do stands behind all others that wait on its
 * processor (queue_work() appends, the workers of a processor take the first). With P parts
 * waiting there, a record with k others of its part before it is worked on after at most
 * k / BATCH turns, each after P * BATCH records, whatever comes due later. Between two turns
 * bottom halves are on: what the SYN-ACKs leave in this processor's backlog, as over a virtual
 * wire, is taken off before there are too many (net.core.netdev_max_backlog).
 */
#include <linux/percpu.h>
#include <linux/workqueue.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "kernel/faults.h"
#include "ledger/attempt.h"
#include "ledger/ledger.h"
#include "ledger/trace.h"
#include "queue/memory.h"
#include "queue/parking.h"
#include "queue/part.h"
#include "queue/record.h"
#include "queue/settings.h"
#include "queue/share.h"
#include "queue/synack.h"
#include "queue/timer.h"

/*
 * Records that are worked on with bottom halves off. One takes 9,000 to 11,000 instructions where
 * its SYN-ACK goes over a virtual wire (tests/timers.sh, tests/late.sh).
 */
#define BATCH		8
#define FREED		32	/* copies of segments that are freed in the time of a record */

/* What timers have worked on in a tick. Only they look at it: one at a time. */
struct tick {
	unsigned long now;
	u32 n;
};

static DEFINE_PER_CPU(struct tick, this_tick);

static void tell(struct lq_synq *q, struct lq_listener *l, const struct lq_record *r,
		 enum lq_what what)
{
	struct lq_event event;

	memset(&event, 0, sizeof(event));
	lq_event_of_record(&event, q, r);
	event.netns = q->net->ns.inum;
	event.listener = l ? l->cookie : 0;
	if (l)
		lq_synq_read(q, l->sk, &event.reading);
	event.reading.timeouts = r->timeouts;
	trace_lq_request(&event, what);
}

static void tell_repeated(struct lq_synq *q, struct lq_listener *l, const struct lq_record *r)
{
	lq_tally(l, LQ_TALLY_synack_repeated);
	if (trace_lq_request_enabled())
		tell(q, l, r, LQ_WHAT_retransmitted);
}

/* Nobody listens just now, or @l; the record is not pending any more. */
static void tell_expired(struct lq_synq *q, struct lq_listener *l, const struct lq_record *r,
			 bool unsent)
{
	struct lq_event event;

	lq_event_of_record(&event, q, r);
	event.netns = q->net->ns.inum;
	event.listener = l ? l->cookie : 0;
	if (l)
		lq_ledger_expired(l, &event, unsent);
	else
		lq_attempt_ended(lq_synq_totals(q), &event, LQ_END_unanswered);
	if (trace_lq_request_enabled())
		tell(q, l, r, LQ_WHAT_expired);
}

/* SYN-ACKs that are repeated; @sk: NULL, nobody listens just now */
static u32 retries_of(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	if (lq_synq_says(q, LQ_SETTING_retries, &value))
		return value;
	return (sk ? READ_ONCE(inet_csk(sk)->icsk_syn_retries) : 0) ?:
	       READ_ONCE(q->net->ipv4.sysctl_tcp_synack_retries);
}

/* Its server is away: the record waits for it, in silence, but not for ever. */
static enum lq_timer_end decide_alone(const struct lq_synq *q, const struct lq_record *r)
{
	return r->timeouts >= retries_of(q, NULL) ? LQ_TIMER_EXPIRE : LQ_TIMER_WAIT;
}

static enum lq_timer_end decide(const struct lq_synq *q, const struct sock *sk,
				const struct lq_record *r)
{
	struct lq_reading reading;
	struct lq_timer t = { .timeouts = r->timeouts, .acked = r->acked };

	lq_synq_read(q, sk, &reading);
	t.synq = reading.queues.synq;
	t.young = reading.queues.young;
	t.synq_limit = reading.queues.synq_limit;
	t.defer_accept = lq_synq_defer(q, sk);
	t.retries = retries_of(q, sk);
	return lq_decide_timer(&t);
}

/* It was sent, or not: then the handshake ends here (reqsk_timer_handler). */
static void resend(struct lq_part *part, struct lq_listener *l, struct lq_record *r,
		   struct lq_record *copy)
	__must_hold(&part->lock)
{
	struct request_sock *req = lq_scratch(l->sk);
	u32 hash = lq_synq_hash(&copy->key);
	int err;

	lockdep_assert_held(&part->lock);
	lq_unpack_again(part, req, r);
	spin_unlock(&part->lock);
	err = lq_synack_repeat(l->sk, req);
	lq_part_lock(part);
	r = lq_shard_find(&part->shard, hash, &copy->key);
	if (!err) {
		copy->retrans++;
		tell_repeated(part->queue, l, copy);
	} else if (r && r->snt_isn == copy->snt_isn) {
		r->retrans--;
		if (r->acked)
			return;
		lq_part_remove(part, r, hash);
		tell_expired(part->queue, l, copy, true);
	}
}

/* The part is locked, and may be unlocked in between. */
static void ran_out(struct lq_part *part, struct lq_record *r)
{
	struct lq_synq *q = part->queue;
	struct lq_listener *l = lq_synq_sender(q, r);
	struct lq_record copy = *r;
	enum lq_timer_end end;

	lockdep_assert_held(&part->lock);
	if (l && unlikely(r->uid != __kuid_val(l->uid))) {
		lq_part_disown(part, r, lq_synq_hash(&r->key));
		return;
	}
	end = l ? decide(q, l->sk, r) : decide_alone(q, r);
	if (l)
		__NET_INC_STATS(q->net, LINUX_MIB_TCPTIMEOUTS);
	if (end == LQ_TIMER_EXPIRE) {
		atomic64_inc(&q->tallies[LQ_SYNQ_TALLY_timed_out]);
		lq_parked_in_vain(q, r);
		lq_part_remove(part, r, lq_synq_hash(&r->key));
		tell_expired(q, l, &copy, false);
		return;
	}
	if (!r->timeouts)
		atomic_dec(&q->young);
	if (r->parked)
		lq_parking_kick(q);
	lq_shard_timed_out(&part->shard, r);
	lq_shard_wait_again(&part->shard, r, (u32)jiffies);
	if (end == LQ_TIMER_RESEND)
		resend(part, l, r, &copy);
}

/* In records: one that ends frees what it has kept. At most BATCH, see lq_park_most(). */
static u32 weight_of(const struct lq_record *r)
{
	const struct lq_parked *p = r->parked;

	return 1 + (p ? skb_queue_len(&p->segments) / FREED : 0);
}

/*
 * Returns how many records it has worked on, by their weight, @most at most. The part is armed
 * then, or its worker comes.
 */
static u32 work_on(struct lq_part *part, u32 most)
{
	struct lq_record *r;
	u32 n = 0, weight;

	rcu_read_lock();
	lq_part_lock(part);
	part->is_armed = false;
	if (unlikely(!lq_shard_is_sound(&part->shard, part->size) ||
		     lq_has_fault(LQ_FAULT_QUEUE)))
		lq_release_broken(part->queue);
	while ((r = lq_shard_due(&part->shard, (u32)jiffies))) {
		weight = min_t(u32, weight_of(r), BATCH);
		if (n + weight > most)
			break;
		ran_out(part, r);
		n += weight;
	}
	if (r && !part->ends) {
		/* Whoever adds a record need not arm it. */
		part->is_armed = true;
		part->armed = (u32)jiffies;
		queue_work(lq_system_wq, &part->worker);
	} else {
		lq_part_arm(part);
	}
	spin_unlock(&part->lock);
	rcu_read_unlock();
	return n;
}

/**
 * lq_part_timer() - the first of a part's records is due
 * @timer: the part's
 *
 * Context: timer softirq.
 */
void lq_part_timer(struct timer_list *timer)
{
	struct lq_part *part = container_of(timer, struct lq_part, timer);
	struct tick *tick = this_cpu_ptr(&this_tick);
	unsigned long now = jiffies;

	if (tick->now != now) {
		tick->now = now;
		tick->n = 0;
	}
	/* It stays armed: its worker comes. lq_part_stop() ends that after us. */
	if (tick->n >= BATCH)
		queue_work(lq_system_wq, &part->worker);
	else	/* One that comes in vain has looked, too. */
		tick->n += max(work_on(part, BATCH - tick->n), 1U);
}

/**
 * lq_part_work() - more of a part's records were due than its timer had time for
 * @work: the part's
 *
 * Context: process.
 */
void lq_part_work(struct work_struct *work)
{
	struct lq_part *part = container_of(work, struct lq_part, worker);

	local_bh_disable();
	work_on(part, BATCH);
	local_bh_enable();
}

/**
 * lq_part_stop() - nothing happens to a part's records any more
 * @part: the part; nobody finds it any more
 *
 * Context: process, sleeps.
 */
void lq_part_stop(struct lq_part *part)
{
	/* Timer and worker call each other, both with the part locked. */
	spin_lock_bh(&part->lock);
	part->ends = true;
	spin_unlock_bh(&part->lock);
	timer_delete_sync(&part->timer);
	cancel_work_sync(&part->worker);
}

/*
 * Some records end that nobody inherits, of the chunk of that number, or of the next one if it is
 * gone; false: there is none.
 */
static bool evict_some(struct lq_part *part, unsigned long *index)
{
	/* Of who listens by now: that may be another one again. */
	u32 uid = READ_ONCE(part->queue->uid.val);
	struct lq_record *r = NULL;
	struct lq_chunk *chunk;
	u32 i = 0, n = 0;

	spin_lock_bh(&part->lock);
	chunk = lq_part_chunk(part, index);
	for (; chunk && (r = lq_shard_pending(&part->shard, chunk, &i)); i++) {
		if (r->uid == uid)
			continue;
		if (n >= BATCH)
			break;
		n += weight_of(r);
		lq_part_disown(part, r, lq_synq_hash(&r->key));
	}
	spin_unlock_bh(&part->lock);
	if (!r)
		++*index;
	return chunk;
}

/**
 * lq_evict_work() - another user listens: records of the one before end
 * @work: of the queue
 *
 * What was asked of another user must neither be completed nor take up room. A segment that
 * is faster finds the same (lq_job_find()).
 *
 * Context: process, sleeps.
 */
void lq_evict_work(struct work_struct *work)
{
	struct lq_synq *q = container_of(work, struct lq_synq, evictor);
	unsigned long index;
	u32 i;

	lq_share_pass(q, READ_ONCE(q->pays), lq_memory_need(q, lq_synq_fits(q)));
	for (i = 0; i <= q->mask; i++) {
		index = 0;
		while (evict_some(&q->parts[i], &index))
			cond_resched();
	}
}
