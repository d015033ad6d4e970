// SPDX-License-Identifier: GPL-2.0
/*
 * stamp.c - when was this child put into the accept queue?
 *
 * The child itself has no field for it, and a request is gone by accept() when the
 * connection came from a cookie. So each queued child gets a stamp in a hash table
 * keyed by its address. The table is made of shards, each with its own lock, its
 * own buckets and its own free stamps:
 *
 *   shard ─▶ bucket ─▶ stamp{child, since, listener} ─▶ ...
 *        └▶ free    ─▶ stamp ─▶ ...
 *
 * What accept() of an MPTCP listener hands out is not the child that waited, its first
 * subflow, but the MPTCP socket above it. A second stamp, an alias, leads from that to the child:
 * its @child has the lowest bit set, so that nobody who looks for a child finds it.
 *
 * Stamps are allocated in chunks, never by a handler: a worker adds a chunk when a
 * shard has used three quarters. What finds no free stamp is counted. A child that
 * a closing listener destroys leaves its stamp behind; the worker takes those back.
 *
 * Locking: raw spinlocks with interrupts off, because a handler runs in softirq as
 * well as in a task, and holds the lock for a few instructions only.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/bits.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "kernel/compat.h"
#include "ledger/endpoint.h"
#include "ledger/listener.h"
#include "ledger/stamp.h"

#define SHARD_BITS	6
#define SHARDS		BIT(SHARD_BITS)
#define BUCKET_BITS	9
#define BUCKETS		BIT(BUCKET_BITS)
#define FIRST_STAMPS	64		/* per shard */
#define MOST_STAMPS	BIT(14)		/* per shard: a million in all, 40 MB */

/**
 * struct stamp - one connection in an accept queue
 * @node: in its bucket, or in the shard's free list
 * @child: the connection; an address to compare, not a reference
 * @since: ktime_get_ns() when it was queued
 * @subflow: of an alias: the connection that it stands for
 * @listener: socket cookie of the listener it waits at
 */
struct stamp {
	struct hlist_node node;
	const void *child;
	union {
		u64 since;
		const struct sock *subflow;
	};
	u64 listener;
};

/**
 * struct shard - a part of the table
 * @lock: guards all of it
 * @buckets: stamps in use, hashed by child
 * @free: stamps not in use
 * @chunks: what the stamps were allocated as
 * @size: stamps of this shard
 * @used: stamps in use
 * @untracked: children that found no free stamp
 */
struct shard {
	raw_spinlock_t lock;
	struct hlist_head *buckets;
	struct hlist_head free;
	struct list_head chunks;
	unsigned long size;
	unsigned long used;
	unsigned long untracked;
} ____cacheline_aligned_in_smp;

struct chunk {
	struct list_head list;
	struct stamp stamps[];
};

/* A listener that closed with children in its accept queue. */
struct closed {
	struct llist_node node;
	u64 listener;
};

static struct shard *shards;
static LLIST_HEAD(closed_listeners);
static void grow_work(struct work_struct *work);
static void forget_work(struct work_struct *work);
static DECLARE_WORK(grower, grow_work);
static DECLARE_DELAYED_WORK(forgetter, forget_work);
static bool never_free;

/* What an MPTCP socket's alias is found by. */
static const void *alias_of(const struct sock *msk)
{
	return (const void *)((unsigned long)msk | 1);
}

static u32 hash_of(const void *child)
{
	return hash_ptr(child, SHARD_BITS + BUCKET_BITS);
}

static struct shard *shard_of(u32 hash)
{
	return &shards[hash >> BUCKET_BITS];
}

static struct hlist_head *bucket_of(struct shard *shard, u32 hash)
{
	return &shard->buckets[hash & (BUCKETS - 1)];
}

/* Called with the shard locked. */
static struct stamp *find(struct shard *shard, u32 hash, const void *child)
{
	struct stamp *stamp;

	lockdep_assert_held(&shard->lock);
	hlist_for_each_entry(stamp, bucket_of(shard, hash), node)
		if (stamp->child == child)
			return stamp;
	return NULL;
}

/* Called with the shard locked. */
static void give_back(struct shard *shard, struct stamp *stamp)
{
	lockdep_assert_held(&shard->lock);
	hlist_del(&stamp->node);
	hlist_add_head(&stamp->node, &shard->free);
	shard->used--;
}

/* Three quarters are used, and more may be added. */
static bool is_low(const struct shard *shard)
{
	return shard->used > shard->size - shard->size / 4 && shard->size < MOST_STAMPS;
}

/* Called with the shard locked: a stamp in its bucket, or NULL. */
static struct stamp *take(struct shard *shard, u32 hash, const void *child)
{
	struct stamp *stamp;

	lockdep_assert_held(&shard->lock);
	if (hlist_empty(&shard->free) || never_free)
		return NULL;
	stamp = hlist_entry(shard->free.first, struct stamp, node);
	hlist_del(&stamp->node);
	hlist_add_head(&stamp->node, bucket_of(shard, hash));
	stamp->child = child;
	shard->used++;
	return stamp;
}

/* Without a stamp, accept() is told by this that somebody has counted its attempt. */
static void count_unstamped(u64 listener)
{
	struct lq_totals *totals = NULL;
	struct lq_listener *l;

	rcu_read_lock();
	l = lq_listener_find(listener);
	if (l)
		totals = lq_endpoint_closed(l->ledger, l->endpoint_id);
	if (totals)
		atomic64_inc(&totals->unstamped);
	rcu_read_unlock();
}

/* @subflow: NULL, or what @child is an alias for. */
static void put(const void *child, const struct sock *subflow, u64 listener)
{
	u32 hash = hash_of(child);
	struct shard *shard = shard_of(hash);
	struct stamp *stamp;
	unsigned long flags;
	bool low;

	raw_spin_lock_irqsave(&shard->lock, flags);
	stamp = find(shard, hash, child);
	if (!stamp)
		stamp = take(shard, hash, child);
	if (stamp) {
		if (likely(!subflow))
			stamp->since = ktime_get_ns();
		else
			stamp->subflow = subflow;
		stamp->listener = listener;
	} else {
		shard->untracked++;
	}
	low = is_low(shard);
	raw_spin_unlock_irqrestore(&shard->lock, flags);
	if (unlikely(!stamp))
		count_unstamped(listener);
	if (low)
		schedule_work(&grower);
}

/**
 * lq_stamp_put() - a child is in the accept queue from now on
 * @child: the connection
 * @listener: socket cookie of its listener
 *
 * An old stamp of the same address belongs to a child that died unaccepted and is
 * used again.
 *
 * Context: any handler.
 */
void lq_stamp_put(const struct sock *child, u64 listener)
{
	put(child, NULL, listener);
}

/**
 * lq_stamp_alias() - accept() will hand out another socket for a child
 * @msk: the MPTCP socket
 * @child: the connection, its first subflow
 * @listener: socket cookie of its listener
 *
 * Context: any handler.
 */
void lq_stamp_alias(const struct sock *msk, const struct sock *child, u64 listener)
{
	put(alias_of(msk), child, listener);
}

/* A copy of its stamp, false when untracked; @take: the stamp is free again. */
static bool look_up(const void *child, bool take, struct stamp *copy)
{
	u32 hash = hash_of(child);
	struct shard *shard = shard_of(hash);
	struct stamp *stamp;
	unsigned long flags;

	raw_spin_lock_irqsave(&shard->lock, flags);
	stamp = find(shard, hash, child);
	if (stamp) {
		*copy = *stamp;
		if (take)
			give_back(shard, stamp);
	}
	raw_spin_unlock_irqrestore(&shard->lock, flags);
	return stamp;
}

/**
 * lq_stamp_unalias() - accept() hands out an MPTCP socket, or nobody will
 * @msk: the socket
 * @listener: set to the socket cookie of the listener that it waited at
 *
 * Context: any handler.
 * Return: the child that it was an alias of; NULL: nobody knows. It is more than an address to
 * compare only while that listener is open.
 */
const struct sock *lq_stamp_unalias(const struct sock *msk, u64 *listener)
{
	struct stamp stamp;

	if (!look_up(alias_of(msk), true, &stamp))
		return NULL;
	*listener = stamp.listener;
	return stamp.subflow;
}

/* Us since it was queued, 0 when untracked; @take: its stamp is free again. */
static u64 waited(const struct sock *child, bool take, bool *tracked, u64 *listener)
{
	u64 now = ktime_get_ns();
	struct stamp stamp lq_uninitialized;

	*tracked = look_up(child, take, &stamp);
	*listener = *tracked ? stamp.listener : 0;
	/* Queued by another CPU a moment after we looked at the clock? */
	return *tracked && now > stamp.since ? div_u64(now - stamp.since, NSEC_PER_USEC) : 0;
}

/**
 * lq_stamp_take() - accept() took a child
 * @child: the connection
 * @waited_us: set to the us since lq_stamp_put(), 0 when untracked
 * @listener: set to the cookie of the listener it waited at, 0 when untracked
 *
 * Context: any handler.
 * Return: whether the child was tracked.
 */
bool lq_stamp_take(const struct sock *child, u64 *waited_us, u64 *listener)
{
	bool tracked;

	*waited_us = waited(child, true, &tracked, listener);
	return tracked;
}

/**
 * lq_stamp_age_us() - how long a child has waited
 * @child: the connection; compared only
 *
 * Return: us since lq_stamp_put(), 0 when untracked.
 */
u64 lq_stamp_age_us(const struct sock *child)
{
	bool tracked;
	u64 listener;

	return waited(child, false, &tracked, &listener);
}

/**
 * lq_stamp_move() - a child waits at another listener from now on
 * @child: the connection
 * @listener: cookie of the new listener; the time it has waited stays
 *
 * Context: any handler.
 */
void lq_stamp_move(const struct sock *child, u64 listener)
{
	u32 hash = hash_of(child);
	struct shard *shard = shard_of(hash);
	struct stamp *stamp;
	unsigned long flags;

	raw_spin_lock_irqsave(&shard->lock, flags);
	stamp = find(shard, hash, child);
	if (stamp)
		stamp->listener = listener;
	raw_spin_unlock_irqrestore(&shard->lock, flags);
}

/**
 * lq_stamps_forget() - a listener closed: the stamps of its children are void
 * @listener: its socket cookie
 *
 * Done by a worker, up to a second later: children that migrate should get their
 * new listener first. Without memory the stamps stay until their addresses are used again.
 *
 * Context: process, preemption off.
 */
void lq_stamps_forget(u64 listener)
{
	struct closed *closed = kmalloc(sizeof(*closed), GFP_ATOMIC | __GFP_NOWARN);

	if (!closed)
		return;
	closed->listener = listener;
	llist_add(&closed->node, &closed_listeners);
	schedule_delayed_work(&forgetter, HZ);
}

/* Stamps that are added with interrupts off */
#define PIECE 256

static int grow(struct shard *shard, unsigned long n)
{
	struct chunk *chunk;
	unsigned long i = 0, end, flags;

	chunk = kvzalloc(struct_size(chunk, stamps, n), GFP_KERNEL);
	if (!chunk)
		return -ENOMEM;
	list_add(&chunk->list, &shard->chunks);
	while (i < n) {
		end = min(i + PIECE, n);
		raw_spin_lock_irqsave(&shard->lock, flags);
		shard->size += end - i;
		for (; i < end; i++)
			hlist_add_head(&chunk->stamps[i].node, &shard->free);
		raw_spin_unlock_irqrestore(&shard->lock, flags);
	}
	return 0;
}

static void forget_in(struct shard *shard, u64 listener)
{
	struct hlist_node *next;
	struct stamp *stamp;
	unsigned long flags;
	int i;

	for (i = 0; i < BUCKETS; i++) {
		raw_spin_lock_irqsave(&shard->lock, flags);
		hlist_for_each_entry_safe(stamp, next, &shard->buckets[i], node)
			if (stamp->listener == listener)
				give_back(shard, stamp);
		raw_spin_unlock_irqrestore(&shard->lock, flags);
	}
}

static void forget_work(struct work_struct *work)
{
	struct llist_node *list = llist_del_all(&closed_listeners);
	struct closed *closed, *next;
	int i;

	llist_for_each_entry_safe(closed, next, list, node) {
		for (i = 0; i < SHARDS; i++)
			forget_in(&shards[i], closed->listener);
		kfree(closed);
	}
}

static void grow_work(struct work_struct *work)
{
	int i;

	/* A failed grow is tried again by the next child that finds the shard low. */
	for (i = 0; i < SHARDS; i++)
		if (is_low(&shards[i]))
			grow(&shards[i], shards[i].size);
}

/**
 * lq_stamps_read_stats() - how full the table is
 * @stats: filled
 */
void lq_stamps_read_stats(struct lq_stamp_stats *stats)
{
	int i;

	memset(stats, 0, sizeof(*stats));
	for (i = 0; i < SHARDS; i++) {
		stats->size += READ_ONCE(shards[i].size);
		stats->used += READ_ONCE(shards[i].used);
		stats->untracked += READ_ONCE(shards[i].untracked);
	}
}

/**
 * lq_stamps_init() - allocate the first stamps
 * @no_stamps: act as if none was ever free (for tests)
 *
 * Return: 0 or -ENOMEM.
 */
int lq_stamps_init(bool no_stamps)
{
	int i;

	never_free = no_stamps;
	shards = kvcalloc(SHARDS, sizeof(*shards), GFP_KERNEL);
	if (!shards)
		return -ENOMEM;
	for (i = 0; i < SHARDS; i++) {
		raw_spin_lock_init(&shards[i].lock);
		INIT_LIST_HEAD(&shards[i].chunks);
	}
	for (i = 0; i < SHARDS; i++) {
		shards[i].buckets = kvcalloc(BUCKETS, sizeof(*shards[i].buckets),
					     GFP_KERNEL);
		if (!shards[i].buckets || grow(&shards[i], FIRST_STAMPS)) {
			lq_stamps_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * lq_stamps_exit() - free all stamps
 *
 * Context: process, sleeps. After the hooks are detached.
 */
void lq_stamps_exit(void)
{
	struct closed *closed, *next_closed;
	struct chunk *chunk, *next;
	int i;

	cancel_work_sync(&grower);
	cancel_delayed_work_sync(&forgetter);
	llist_for_each_entry_safe(closed, next_closed,
				  llist_del_all(&closed_listeners), node)
		kfree(closed);
	for (i = 0; i < SHARDS; i++) {
		list_for_each_entry_safe(chunk, next, &shards[i].chunks, list)
			kvfree(chunk);
		kvfree(shards[i].buckets);
	}
	kvfree(shards);
}
