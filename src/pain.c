// SPDX-License-Identifier: GPL-2.0
/*
 * pain.c - what became of the clients that were refused
 *
 * The first refusal of a client (network namespace and four-tuple) is noted; when
 * accept() hands out its connection, the time in between is what it had to suffer. Who
 * does not come through in time never did.
 *
 *   shard ─▶ bucket ─▶ client{flow, since, listener} ─▶ ...
 *        └▶ next: the client that makes room for a new one, oldest first
 *
 * The table is allocated once and never grows: what falls out is counted.
 */
#include <linux/bits.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "ledger.h"

#define SHARD_BITS	4
#define SHARDS		BIT(SHARD_BITS)
#define BUCKET_BITS	9
#define BUCKETS		BIT(BUCKET_BITS)
#define CLIENTS		1024		/* per shard: 16384 in all, 1.3 MB */
#define GIVE_UP_S	180		/* connect() gives up after 127 s (tcp_syn_retries) */
#define LOOK_EVERY	(5 * HZ)

/**
 * struct client - somebody who was refused
 * @node: in its bucket, unhashed: free
 * @flow: four-tuple
 * @netns: inode of the network namespace
 * @since: monotonic ns of the first refusal, to the tick
 * @l: the listener that refused, a reference
 */
struct client {
	struct hlist_node node;
	struct lq_flow flow;
	unsigned int netns;
	u64 since;
	struct lq_listener *l;
};

/**
 * struct shard - a part of the table
 * @lock: guards all of it
 * @used: clients in it
 * @next: index of the oldest client
 * @buckets: clients by flow
 * @clients: memory, used as a ring
 */
struct shard {
	raw_spinlock_t lock;
	unsigned int used;
	unsigned int next;
	struct hlist_head buckets[BUCKETS];
	struct client clients[CLIENTS];
} ____cacheline_aligned_in_smp;

static struct shard *shards;
static atomic_t waiting;	/* clients in all shards: accept() looks here first */
static u32 seed;
static void look_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(looker, look_work);

static u32 hash_of(unsigned int netns, const struct lq_flow *flow)
{
	u32 ports = (__force u32)flow->sport << 16 | (__force u32)flow->dport;
	u32 addrs[8];

	memcpy(addrs, flow->saddr, 16);
	memcpy(addrs + 4, flow->daddr, 16);
	if (flow->family == 4)
		return jhash_3words(addrs[0], addrs[4], ports, seed ^ netns);
	return jhash2(addrs, ARRAY_SIZE(addrs), seed ^ netns ^ ports);
}

static struct shard *shard_of(u32 hash)
{
	return &shards[hash >> (32 - SHARD_BITS)];
}

/* With the shard locked. */
static struct client *find(struct shard *shard, u32 hash, unsigned int netns,
			   const struct lq_flow *flow)
{
	struct client *c;

	hlist_for_each_entry(c, &shard->buckets[hash & (BUCKETS - 1)], node)
		if (c->netns == netns && !memcmp(&c->flow, flow, sizeof(*flow)))
			return c;
	return NULL;
}

/* With the shard locked: the caller has the reference now. */
static struct lq_listener *take_out(struct shard *shard, struct client *c)
{
	hlist_del_init(&c->node);
	shard->used--;
	atomic_dec(&waiting);
	return c->l;
}

static void settle(struct lq_listener *l, enum lq_pain how, u64 ns)
{
	lq_ledger_settled(l, how, div_u64(ns, NSEC_PER_MSEC));
	lq_listener_put(l);
}

/**
 * lq_pain_refused() - a client was refused
 * @l: by this listener, in the table
 * @event: the segment
 *
 * Context: a handler, preemption off.
 */
void lq_pain_refused(struct lq_listener *l, const struct lq_event *event)
{
	u32 hash = hash_of(l->netns, &event->flow);
	struct shard *shard = shard_of(hash);
	struct lq_listener *pushed_out = NULL;
	unsigned long flags;
	struct client *c;

	raw_spin_lock_irqsave(&shard->lock, flags);
	if (find(shard, hash, l->netns, &event->flow))
		goto unlock;
	c = &shard->clients[shard->next];
	shard->next = (shard->next + 1) % CLIENTS;
	if (!hlist_unhashed(&c->node))
		pushed_out = take_out(shard, c);
	refcount_inc(&l->refs);
	lq_tally(l, LQ_TALLY_waiting);
	c->flow = event->flow;
	c->netns = l->netns;
	c->since = ktime_get_coarse_ns();
	c->l = l;
	hlist_add_head(&c->node, &shard->buckets[hash & (BUCKETS - 1)]);
	shard->used++;
	atomic_inc(&waiting);
unlock:
	raw_spin_unlock_irqrestore(&shard->lock, flags);
	if (pushed_out)
		settle(pushed_out, LQ_PAIN_FORGOTTEN, 0);
}

/**
 * lq_pain_waits() - was anybody refused who has not come through yet?
 *
 * Return: if not, lq_pain_accepted() need not be asked: a client's own refusal is long
 * past when it is accepted.
 */
bool lq_pain_waits(void)
{
	return atomic_read(&waiting);
}

/**
 * lq_pain_accepted() - accept() handed out a connection
 * @event: the connection
 *
 * Context: the accepting task, preemption off.
 */
void lq_pain_accepted(const struct lq_event *event)
{
	u32 hash = hash_of(event->netns, &event->flow);
	struct shard *shard = shard_of(hash);
	struct lq_listener *l = NULL;
	unsigned long flags;
	struct client *c;
	u64 since = 0;

	raw_spin_lock_irqsave(&shard->lock, flags);
	c = find(shard, hash, event->netns, &event->flow);
	if (c) {
		since = c->since;
		l = take_out(shard, c);
	}
	raw_spin_unlock_irqrestore(&shard->lock, flags);
	if (l)
		settle(l, LQ_PAIN_RECOVERED, ktime_get_coarse_ns() - since);
}

/* Takes out who has waited since before @deadline, or belongs to @netns. */
static void sweep(struct shard *shard, u64 deadline, unsigned int netns)
{
	struct lq_listener *gone;
	unsigned long flags;
	struct client *c;

	for (c = shard->clients; c < shard->clients + CLIENTS && READ_ONCE(shard->used); c++) {
		gone = NULL;
		rcu_read_lock();	/* nets_stop() waits for whoever uses a ledger */
		raw_spin_lock_irqsave(&shard->lock, flags);
		if (!hlist_unhashed(&c->node) && (c->since < deadline || c->netns == netns))
			gone = take_out(shard, c);
		raw_spin_unlock_irqrestore(&shard->lock, flags);
		if (gone)
			settle(gone, LQ_PAIN_NEVER, 0);
		rcu_read_unlock();
	}
}

static void look_work(struct work_struct *work)
{
	u64 now = ktime_get_coarse_ns(), most = GIVE_UP_S * NSEC_PER_SEC;
	int i;

	for (i = 0; i < SHARDS && now > most; i++)
		sweep(&shards[i], now - most, 0);
	schedule_delayed_work(&looker, LOOK_EVERY);
}

/**
 * lq_pain_forget() - a network namespace goes away, with its clients
 * @netns: its inode
 *
 * Context: process. No segment of that namespace arrives any more.
 */
void lq_pain_forget(unsigned int netns)
{
	int i;

	for (i = 0; i < SHARDS; i++)
		sweep(&shards[i], 0, netns);
}

/**
 * lq_pain_init() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int lq_pain_init(void)
{
	int i;

	shards = kvcalloc(SHARDS, sizeof(*shards), GFP_KERNEL);
	if (!shards)
		return -ENOMEM;
	get_random_bytes(&seed, sizeof(seed));
	for (i = 0; i < SHARDS; i++)
		raw_spin_lock_init(&shards[i].lock);
	schedule_delayed_work(&looker, LOOK_EVERY);
	return 0;
}

/**
 * lq_pain_exit() - free the table
 *
 * Context: process, sleeps. After the last network namespace was forgotten.
 */
void lq_pain_exit(void)
{
	if (!shards)
		return;
	cancel_delayed_work_sync(&looker);
	kvfree(shards);
}
