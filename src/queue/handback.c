// SPDX-License-Identifier: GPL-2.0
/*
 * handback.c - records of a queue that is released become requests of the stock kernel
 *
 * One by one: first those whose last ACK has come already, then the youngest of all parts,
 * which is the likeliest to be completed. To the listener that took the SYN, or, if it has
 * closed, that the kernel's own lookup gives, until that has far more requests than its backlog:
 * the kernel asks for that only when a SYN comes, and under a flood its backlog would be full of
 * the flood's. A request is in the established hash before its record goes, so that a segment
 * on another processor finds one or the other.
 */
#include <linux/delay.h>
#include <linux/slab.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

#include "kernel/faults.h"
#include "queue/handback.h"
#include "queue/lookup.h"
#include "queue/memory.h"
#include "queue/part.h"
#include "queue/record.h"

/* How often, and ms after which, a request is tried for that finds no memory. */
#define TRIES	200
#define PAUSE	5

/**
 * struct youth - the youngest record of a part
 * @timeouts: SYN-ACK timers that ran out
 * @snt_synack: us of its first SYN-ACK
 * @any: there is one
 */
struct youth {
	u8 timeouts;
	u64 snt_synack;
	bool any;
};

/* The youngest of all parts, or -1: they are empty. */
static int youngest(const struct youth *parts, int n)
{
	int i, found = -1;

	for (i = 0; i < n; i++) {
		if (!parts[i].any)
			continue;
		if (found < 0 || parts[i].timeouts < parts[found].timeouts ||
		    (parts[i].timeouts == parts[found].timeouts &&
		     parts[i].snt_synack > parts[found].snt_synack))
			found = i;
	}
	return found;
}

/* With the part locked. */
static void look(struct lq_part *part, struct youth *youth)
{
	const struct lq_record *r = lq_shard_youngest(&part->shard);

	lockdep_assert_held(&part->lock);
	youth->any = r;
	if (!r)
		return;
	youth->timeouts = r->timeouts;
	youth->snt_synack = r->snt_synack;
}

/*
 * A listener gets so many at least, and so many times its backlog: what is beyond it would
 * take the memory of the machine (312 bytes and a timer each) for handshakes of which most
 * are a flood's.
 */
#define LEAST_BOUND	65536
#define BACKLOGS	4

/*
 * Who would get the record's last ACK, now that its taker has closed. Where something else than
 * addresses brings segments to a listener (TPROXY, a BPF program), the lookup knows it not, or
 * another one.
 */
static struct lq_listener *next_of_kin(struct lq_synq *q, const struct lq_record *r)
{
	struct sock *sk = lq_lookup_listener(q->net, &r->key);
	struct lq_listener *l = sk ? lq_listener_find(lq_sock_cookie(sk)) : NULL;

	return l && rcu_access_pointer(l->queue) == q ? l : lq_synq_sender(q, r) ?: l;
}

/* Whose request it becomes; under RCU. What was another user's is nobody's. */
static struct sock *heir_of(struct lq_synq *q, const struct lq_record *r)
{
	struct lq_listener *l = lq_synq_taker(q, r) ?: next_of_kin(q, r);

	if (!l || inet_sk_state_load(l->sk) != TCP_LISTEN)
		return NULL;
	return __kuid_val(l->uid) == r->uid ? l->sk : NULL;
}

static bool has_enough(const struct sock *sk)
{
	u64 most = max_t(u64, LEAST_BOUND, BACKLOGS * (u64)READ_ONCE(sk->sk_max_ack_backlog));

	return inet_csk_reqsk_queue_len(sk) >= most;
}

/* The request's reference is that of the hash and the timer. */
static bool enter_hash(struct sock *sk, struct request_sock *req, const struct lq_record *r)
{
	s32 left = r->due - (u32)jiffies;
	bool added = lq_reqsk_hash_add(sk, req, max(left, 1));

	if (added && r->timeouts)
		atomic_dec(&inet_csk(sk)->icsk_accept_queue.young);
	if (!added)
		refcount_set(&req->rsk_refcnt, 1);
	sock_gen_put(req_to_sk(req));
	return added;
}

/* With the part locked. Returns what became of it, or LQ_SYNQ_TALLY_count: there is no memory. */
static enum lq_synq_tally hand_back(struct lq_part *part, const struct lq_record *r)
{
	struct sock *sk = heir_of(part->queue, r);
	struct request_sock *req;

	lockdep_assert_held(&part->lock);
	if (!sk)
		return LQ_SYNQ_TALLY_orphaned;
	if (has_enough(sk))
		return LQ_SYNQ_TALLY_over_limit;
	req = lq_request_of(sk, r);
	if (!req)
		return LQ_SYNQ_TALLY_count;
	return enter_hash(sk, req, r) ? LQ_SYNQ_TALLY_handed_back : LQ_SYNQ_TALLY_duplicate;
}

/* With the part locked. Returns false if there was no memory for the record's request. */
static bool hand_back_or_end(struct lq_part *part, struct lq_record *r, bool insist)
{
	enum lq_synq_tally end = hand_back(part, r);
	u32 hash = lq_synq_hash(&r->key);

	lockdep_assert_held(&part->lock);
	if (end == LQ_SYNQ_TALLY_count && insist)
		return false;
	if (end == LQ_SYNQ_TALLY_count)
		end = LQ_SYNQ_TALLY_orphaned;
	atomic64_inc(&part->queue->tallies[end]);
	if (end == LQ_SYNQ_TALLY_handed_back)
		lq_part_remove(part, r, hash);
	else
		lq_part_end(part, r, hash, end == LQ_SYNQ_TALLY_duplicate ?
					    LQ_END_duplicate : LQ_END_killed);
	return true;
}

/* The part's youngest record; false if there was no memory for its request. */
static bool hand_back_youngest(struct lq_part *part, struct youth *youth, bool insist)
{
	struct lq_record *r;
	bool done;

	lq_widen_race(LQ_DELAY_HAND_BACK);
	rcu_read_lock();
	spin_lock_bh(&part->lock);
	r = lq_shard_youngest(&part->shard);
	done = !r || hand_back_or_end(part, r, insist);
	look(part, youth);
	spin_unlock_bh(&part->lock);
	rcu_read_unlock();
	return done;
}

/* A chunk's next record from place @i on whose last ACK has come, or NULL. */
static struct lq_record *next_acked(struct lq_part *part, struct lq_chunk *chunk, u32 *i)
{
	struct lq_record *r;

	lockdep_assert_held(&part->lock);
	for (; (r = lq_shard_pending(&part->shard, chunk, i)); ++*i)
		if (r->acked || r->parked)
			return r;
	return NULL;
}

/*
 * Those of the chunk of that number, or of the next one if it is gone; one at a time with the
 * part locked. Returns false when there is none.
 */
static bool hand_back_acked(struct lq_part *part, unsigned long *index, int *tries)
{
	struct lq_chunk *chunk;
	struct lq_record *r;
	unsigned long was;
	bool done;
	u32 i = 0;

	do {
		was = *index;
		rcu_read_lock();
		spin_lock_bh(&part->lock);
		chunk = lq_part_chunk(part, index);
		i = *index == was ? i : 0;
		r = chunk ? next_acked(part, chunk, &i) : NULL;
		done = !r || hand_back_or_end(part, r, *tries);
		spin_unlock_bh(&part->lock);
		rcu_read_unlock();
		if (done)
			i++;
		else if ((*tries)--)
			msleep(PAUSE);
		cond_resched();
	} while (r);
	return chunk;
}

/* What has waited for room is worth most. There are no new records. */
static void hand_back_all_acked(struct lq_part *part, int *tries)
{
	unsigned long index;

	for (index = 0; hand_back_acked(part, &index, tries); index++)
		;
}

/**
 * lq_hand_back() - all records go to the stock kernel
 * @q: the queue, draining; a grace period has passed since
 *
 * What becomes of them is counted: handed_back; over_limit, the listener has far more
 * requests than its backlog; duplicate, the kernel has another request or a connection of
 * the same flow; lost, nobody listens, or another user, or there is no memory for long.
 *
 * Context: process, sleeps; one caller at a time.
 */
void lq_hand_back(struct lq_synq *q)
{
	u64 most = lq_memory_records(q), start = ktime_get_ns();
	int i, tries = TRIES, n = q->mask + 1;
	struct youth *parts = kcalloc(n, sizeof(*parts), GFP_KERNEL | __GFP_NOFAIL);

	for (i = 0; i < n; i++) {
		hand_back_all_acked(&q->parts[i], &tries);
		spin_lock_bh(&q->parts[i].lock);
		look(&q->parts[i], &parts[i]);
		spin_unlock_bh(&q->parts[i].lock);
	}
	/* No more than there ever were, whatever has happened to the lists. */
	while ((i = youngest(parts, n)) >= 0 && most) {
		if (hand_back_youngest(&q->parts[i], &parts[i], tries))
			most--;
		else if (tries--)
			msleep(PAUSE);
		cond_resched();
	}
	kfree(parts);
	q->ms = div_u64(ktime_get_ns() - start, NSEC_PER_MSEC);
}
