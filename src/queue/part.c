// SPDX-License-Identifier: GPL-2.0
/*
 * part.c - a part of a SYN queue: pending records, and when the first is due
 *
 * Locking. A part's lock is taken with bottom halves off; under it there is only list
 * work, the lookup in the established hash, syn_recv_sock (path/child.c), and the copy of a
 * segment that is parked (parking.c, whose own lock is the innermost). SYN-ACKs and other
 * answers, the accept queue, the new connection's segment come after it is dropped, on a
 * copy: a packet may come straight back to this processor. So do questions to security
 * modules. Order: a task's socket lock, then a part, then a child's lock, then the kernel's
 * bind and established hashes. No lock of a socket that was found is taken with a part
 * locked. Nothing under it takes longer because the part is large: its buckets and its memory
 * are changed by the queue's grower alone (memory.c), a few records at a time, and who walks
 * through its records does so by their chunks (lq_part_chunk()), one with the lock held.
 *
 * Heirs. A record knows its listener's number and user. Another listener of the endpoint
 * gets its segments if the user is the same and security modules agree (path/job.c); with
 * another user's listener it ends at the next segment or timer, or by a worker that sees to
 * it when such a listener opens. Timers and hand-back have no segment to show to security
 * modules: they look at the user alone.
 */
#include <linux/random.h>
#include <linux/siphash.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/number.h"
#include "queue/home.h"
#include "queue/parking.h"
#include "queue/part.h"
#include "queue/record.h"
#include "queue/settings.h"

static hsiphash_key_t secret __read_mostly;

/**
 * lq_parts_choose_hash() - choose what flows are hashed with
 *
 * Context: before the first queue is made.
 */
void lq_parts_choose_hash(void)
{
	get_random_bytes(&secret, sizeof(secret));
}

/**
 * lq_synq_hash() - hash a flow
 * @key: the flow
 *
 * Keyed: who floods must not choose his bucket.
 *
 * Return: the hash.
 */
u32 lq_synq_hash(const struct lq_v4_flow *key)
{
	return hsiphash_3u32(key->saddr, key->daddr, (u32)key->sport << 16 | key->dport, &secret);
}

/**
 * lq_synq_read() - the queues of a listener that is taken over
 * @q: its SYN queue
 * @sk: the listener
 * @reading: filled: queues, time, state
 */
void lq_synq_read(const struct lq_synq *q, const struct sock *sk, struct lq_reading *reading)
{
	struct lq_lengths *queues = &reading->queues;

	queues->synq = atomic_read(&q->len);
	queues->young = atomic_read(&q->young);
	queues->acceptq = READ_ONCE(sk->sk_ack_backlog);
	queues->acceptq_limit = READ_ONCE(sk->sk_max_ack_backlog);
	queues->synq_limit = lq_synq_limit(q, sk);
	reading->now = tcp_jiffies32;
	reading->closed = inet_sk_state_load(sk) != TCP_LISTEN;
}

/**
 * lq_part_arm() - have the part's timer run out when the first record is due
 * @part: locked
 *
 * A timer of the kernel fires one unit of its wheel late; lq_wheel_due() has that in it
 * already.
 */
void lq_part_arm(struct lq_part *part)
{
	u32 due;

	lockdep_assert_held(&part->lock);
	if (part->ends || !lq_shard_next_due(&part->shard, &due))
		return;
	if (part->is_armed && (s32)(due - part->armed) >= 0)
		return;
	part->is_armed = true;
	part->armed = due;
	/* Not in this tick again, even if ticks were missed. */
	mod_timer(&part->timer, jiffies + max((s32)(due - 1 - (u32)jiffies), 0));
}

/**
 * lq_part_add() - a record is pending from now on
 * @part: locked, from lq_home_lock_new()
 * @r: the record, filled, none of the part's
 * @hash: of its flow
 */
void lq_part_add(struct lq_part *part, struct lq_record *r, u32 hash)
{
	lockdep_assert_held(&part->lock);
	lq_shard_insert(&part->shard, r, hash, (u32)jiffies);
	lq_home_enter(part, hash);
	atomic_inc(&part->queue->len);
	if (!r->timeouts)
		atomic_inc(&part->queue->young);
	if (!part->is_armed || (s32)(r->due - part->armed) < 0)
		lq_part_arm(part);
}

/**
 * lq_release_broken() - a queue is not what it must be: its endpoint goes back to stock
 * @q: the queue
 *
 * Context: any, under RCU.
 */
void lq_release_broken(struct lq_synq *q)
{
	if (cmpxchg(&q->why, NULL, "an invariant of its SYN queue does not hold"))
		return;
	WRITE_ONCE(q->draining, true);
	mod_delayed_work(lq_system_wq, &lq_ledger_of(q->net)->lessor, 0);
}

/**
 * lq_part_remove() - a record is not pending any more
 * @part: locked
 * @r: the record, free from now on
 * @hash: of its flow
 */
void lq_part_remove(struct lq_part *part, struct lq_record *r, u32 hash)
{
	lockdep_assert_held(&part->lock);
	if (unlikely(!lq_shard_remove(&part->shard, r, hash))) {
		lq_release_broken(part->queue);
		return;
	}
	if (unlikely(r->parked))
		lq_unpark(part, r);
	/* After that: who still finds it parked (promote_next()) waits for the part. */
	lq_home_leave(part, hash);
	atomic_dec(&part->queue->len);
	if (!r->timeouts)
		atomic_dec(&part->queue->young);
	lq_shard_give_back(&part->shard, r);
}

/**
 * lq_synq_totals() - where to count what becomes of records without a listener
 * @q: their queue
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: its endpoint's; NULL: that has been forgotten.
 */
struct lq_totals *lq_synq_totals(const struct lq_synq *q)
{
	return lq_endpoint_closed(lq_ledger_of(q->net), q->id);
}

/**
 * lq_synq_taker() - who took the SYN of a record
 * @q: its queue
 * @r: the record
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the listener; NULL: it has closed.
 */
struct lq_listener *lq_synq_taker(const struct lq_synq *q, const struct lq_record *r)
{
	struct lq_listener *l = lq_number_find(r->taker);

	return likely(l && rcu_access_pointer(l->queue) == q) ? l : NULL;
}

/**
 * lq_synq_sender() - who repeats the SYN-ACK of a record
 * @q: its queue
 * @r: the record
 *
 * Who took its SYN, whose options the first one has (TTL, TOS, MSS, mark), while he listens.
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the listener; if it has closed another one; NULL: nobody listens.
 */
struct lq_listener *lq_synq_sender(const struct lq_synq *q, const struct lq_record *r)
{
	return lq_synq_taker(q, r) ?: rcu_dereference(q->sender);
}

/**
 * lq_part_end() - a record ends without a verdict
 * @part: locked
 * @r: the record, free from now on
 * @hash: of its flow
 * @how: what becomes of its client's attempt
 */
void lq_part_end(struct lq_part *part, struct lq_record *r, u32 hash, enum lq_attempt_end how)
{
	struct lq_event event;

	lockdep_assert_held(&part->lock);
	lq_event_of_record(&event, part->queue, r);
	lq_part_remove(part, r, hash);
	event.netns = part->queue->net->ns.inum;
	event.listener = 0;
	lq_attempt_ended(lq_synq_totals(part->queue), &event, how);
}

/**
 * lq_part_disown() - a record ends because another user listens now
 * @part: locked
 * @r: the record, free from now on
 * @hash: of its flow
 */
void lq_part_disown(struct lq_part *part, struct lq_record *r, u32 hash)
{
	lockdep_assert_held(&part->lock);
	atomic64_inc(&part->queue->tallies[LQ_SYNQ_TALLY_disowned]);
	lq_part_end(part, r, hash, LQ_END_killed);
}
