// SPDX-License-Identifier: GPL-2.0
/*
 * handback.c - records of a queue that is released become requests of the stock kernel
 *
 * One by one, the youngest of all parts first, for it is the likeliest to be completed: to
 * the listener that the kernel's own lookup gives, until that has as many requests as its
 * backlog. Its request is in the established hash before a record goes, so that a segment
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
 * Who would get the record's last ACK; under RCU. What was another user's is nobody's. Where
 * something else than addresses brings segments to a listener (TPROXY, a BPF program), the
 * lookup knows it not, or another one.
 */
static struct sock *heir_of(struct lq_synq *q, const struct lq_record *r)
{
	struct sock *sk = lq_lookup_listener(q->net, &r->key);
	struct lq_listener *l = sk ? lq_listener_find(lq_sock_cookie(sk)) : NULL;

	if (!l || rcu_access_pointer(l->queue) != q)
		l = rcu_dereference(q->sender) ?: l;
	if (!l || inet_sk_state_load(l->sk) != TCP_LISTEN)
		return NULL;
	return __kuid_val(l->uid) == r->uid ? l->sk : NULL;
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

/* With the part locked. Returns what became of it, or LQ_QT_count: there is no memory. */
static enum lq_synq_tally hand_back(struct lq_part *part, const struct lq_record *r)
{
	struct sock *sk = heir_of(part->queue, r);
	struct request_sock *req;

	lockdep_assert_held(&part->lock);
	if (!sk)
		return LQ_QT_orphaned;
	if (inet_csk_reqsk_queue_is_full(sk))
		return LQ_QT_over_limit;
	req = lq_request_of(sk, r);
	if (!req)
		return LQ_QT_count;
	return enter_hash(sk, req, r) ? LQ_QT_handed_back : LQ_QT_duplicate;
}

/* The part's youngest record; false if there was no memory for its request. */
static bool hand_back_one(struct lq_synq *q, struct lq_part *part, struct youth *youth,
			  bool insist)
{
	enum lq_synq_tally end;
	struct lq_record *r;

	lq_widen_race(LQ_DELAY_HAND_BACK);
	rcu_read_lock();
	spin_lock_bh(&part->lock);
	r = lq_shard_youngest(&part->shard);
	end = r ? hand_back(part, r) : LQ_QT_count;
	if (r && end == LQ_QT_count && !insist)
		end = LQ_QT_orphaned;
	if (r && end != LQ_QT_count) {
		atomic64_inc(&q->tallies[end]);
		if (end == LQ_QT_handed_back)
			lq_part_remove(part, r, lq_synq_hash(&r->key));
		else
			lq_part_end(part, r, lq_synq_hash(&r->key), end == LQ_QT_duplicate ?
				    LQ_END_duplicate : LQ_END_killed);
	}
	look(part, youth);
	spin_unlock_bh(&part->lock);
	rcu_read_unlock();
	return !r || end != LQ_QT_count;
}

/**
 * lq_hand_back() - all records go to the stock kernel
 * @q: the queue, draining; a grace period has passed since
 *
 * What becomes of them is counted: handed_back; over_limit, the listener has as many
 * requests as its backlog; duplicate, the kernel has another request or a connection of
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
		spin_lock_bh(&q->parts[i].lock);
		look(&q->parts[i], &parts[i]);
		spin_unlock_bh(&q->parts[i].lock);
	}
	/* No more than there ever were, whatever has happened to the lists. */
	while ((i = youngest(parts, n)) >= 0 && most) {
		if (hand_back_one(q, &q->parts[i], &parts[i], tries))
			most--;
		else if (tries--)
			msleep(PAUSE);
		cond_resched();
	}
	kfree(parts);
	q->ms = div_u64(ktime_get_ns() - start, NSEC_PER_MSEC);
}
