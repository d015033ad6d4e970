// SPDX-License-Identifier: GPL-2.0
/*
 * clients.c - the clients that failed: who is remembered
 *
 *   shard ─▶ bucket ─▶ client{flow, since, listener} ─▶ ...
 *        └▶ next: the client that makes room for a new one, oldest first
 *
 * A client is in its bucket as long as somebody waits for what becomes of it; then it stays
 * to be read until a newer one takes its place. The table is allocated once and never grows:
 * what falls out is counted.
 *
 * Raw spinlocks with interrupts off: a handler runs in softirq as well as in a task, and holds
 * the lock for a few instructions only.
 */
#include <linux/bits.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "ledger/clients.h"

bool lq_clients_waiting;

struct lq_client_shard *lq_client_shards;
static atomic64_t missed = ATOMIC64_INIT(0);
static u32 seed;

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

static struct hlist_head *bucket_of(struct lq_client_shard *shard, u32 hash)
{
	return &shard->buckets[hash & (LQ_CLIENT_BUCKETS - 1)];
}

/**
 * lq_clients_lock() - lock a client's place
 * @at: filled
 * @netns: inode of its network namespace
 * @flow: its four-tuple
 *
 * Context: any; interrupts are off until lq_clients_unlock().
 * Return: the client if somebody waits for it, else NULL.
 */
struct lq_client *lq_clients_lock(struct lq_clients_at *at, unsigned int netns,
				  const struct lq_flow *flow)
	__acquires(at->shard->lock)
{
	struct lq_client *c;

	at->hash = hash_of(netns, flow);
	at->shard = &lq_client_shards[at->hash >> (32 - LQ_CLIENT_SHARD_BITS)];
	at->pushed_out = NULL;
	raw_spin_lock_irqsave(&at->shard->lock, at->flags);
	hlist_for_each_entry(c, bucket_of(at->shard, at->hash), node)
		if (c->netns == netns && !memcmp(&c->flow, flow, sizeof(*flow)))
			return c;
	return NULL;
}

/**
 * lq_clients_unlock() - done with a client's place
 * @at: as lq_clients_lock() filled it
 */
void lq_clients_unlock(struct lq_clients_at *at)
	__releases(at->shard->lock)
{
	raw_spin_unlock_irqrestore(&at->shard->lock, at->flags);
}

/* With the shard locked: the caller has the reference now. */
static struct lq_listener *leave(struct lq_client_shard *shard, struct lq_client *c,
				 enum lq_client_state state)
{
	struct lq_listener *l = c->l;

	lockdep_assert_held(&shard->lock);
	hlist_del_init(&c->node);
	c->state = state;
	c->l = NULL;
	WRITE_ONCE(shard->used, shard->used - 1);
	return l;
}

/**
 * lq_clients_leave() - nobody waits for a client any more
 * @at: its place
 * @c: the client
 * @state: what became of it
 *
 * Return: its listener; the reference is the caller's.
 */
struct lq_listener *lq_clients_leave(struct lq_clients_at *at, struct lq_client *c,
				     enum lq_client_state state)
{
	return leave(at->shard, c, state);
}

/* With the shard locked: the oldest client, which is to make room. */
static struct lq_client *oldest(struct lq_client_shard *shard)
{
	struct lq_client *c = &shard->clients[shard->next];

	lockdep_assert_held(&shard->lock);
	shard->next = (shard->next + 1) % shard->size;
	if (c->since)
		shard->overwritten++;
	return c;
}

/* With the shard locked: where the new one goes; nobody waits for the oldest any more. */
static struct lq_client *make_room(struct lq_clients_at *at)
{
	struct lq_client_shard *shard = at->shard;
	struct lq_client *c = oldest(shard);
	enum lq_queue_kind queue;

	lockdep_assert_held(&shard->lock);
	if (hlist_unhashed(&c->node))
		return c;
	for (queue = 0; queue < LQ_QUEUE_KINDS; queue++)
		shard->forgot[queue] = max(shard->forgot[queue], c->episodes[queue]);
	at->pushed_out = leave(shard, c, c->state);
	return c;
}

/**
 * lq_clients_add() - a client is remembered from now on
 * @at: its place; @pushed_out is the caller's
 * @l: the listener that refused it; takes a reference
 * @flow: its four-tuple
 *
 * Return: the client; its reason and state are the caller's to fill.
 */
struct lq_client *lq_clients_add(struct lq_clients_at *at, struct lq_listener *l,
				 const struct lq_flow *flow)
{
	struct lq_client *c = make_room(at);

	lockdep_assert_held(&at->shard->lock);
	memset(c, 0, sizeof(*c));
	refcount_inc(&l->refs);
	c->l = l;
	c->flow = *flow;
	c->netns = l->netns;
	c->listener = l->cookie;
	c->where = l->where;
	c->since = ktime_get_coarse_ns();
	hlist_add_head(&c->node, bucket_of(at->shard, at->hash));
	WRITE_ONCE(at->shard->used, at->shard->used + 1);
	/* Pairs with look_for_any(). */
	smp_mb();
	if (unlikely(!READ_ONCE(lq_clients_waiting)))
		WRITE_ONCE(lq_clients_waiting, true);
	return c;
}

/* Where a client is remembered that was not refused */
static struct lq_client_shard *shard_of_ended(unsigned int netns, const struct lq_flow *flow)
{
	u32 i = hash_of(netns, flow) >> (32 - LQ_CLIENT_SHARD_BITS);

	return &lq_client_shards[LQ_CLIENT_SHARDS + i];
}

/**
 * lq_clients_ended_at() - a client failed, of which no segment was refused
 * @where: the endpoint it was meant for
 * @listener: socket cookie of its listener, 0: it had none, or that is not known
 * @netns: inode of its network namespace
 * @flow: its four-tuple
 * @state: what became of it
 *
 * Context: any.
 */
void lq_clients_ended_at(const struct lq_address *where, u64 listener, unsigned int netns,
			 const struct lq_flow *flow, enum lq_client_state state)
{
	struct lq_client_shard *shard = shard_of_ended(netns, flow);
	unsigned long flags;
	struct lq_client *c;

	raw_spin_lock_irqsave(&shard->lock, flags);
	c = oldest(shard);
	memset(c, 0, sizeof(*c));
	c->flow = *flow;
	c->netns = netns;
	c->listener = listener;
	c->where = *where;
	c->state = state;
	c->times = 1;
	c->since = ktime_get_coarse_ns();
	c->last = c->since;
	raw_spin_unlock_irqrestore(&shard->lock, flags);
}

/**
 * lq_clients_ended() - the same, at a listener
 * @l: the listener; NULL: that has closed, its flow tells where it was
 * @netns: inode of its network namespace
 * @flow: its four-tuple
 * @state: what became of it
 *
 * Context: any.
 */
void lq_clients_ended(const struct lq_listener *l, unsigned int netns,
		      const struct lq_flow *flow, enum lq_client_state state)
{
	struct lq_address where = { .port = flow->sport, .family = flow->family };

	memcpy(where.addr, flow->saddr, sizeof(where.addr));
	lq_clients_ended_at(l ? &l->where : &where, l ? l->cookie : 0, netns, flow, state);
}

/* Those who failed with that flow, and were not refused; whether @change has said so of one. */
static bool change_ended(unsigned int netns, const struct lq_flow *flow,
			 bool (*change)(struct lq_client *c))
{
	struct lq_client_shard *shard = shard_of_ended(netns, flow);
	struct lq_client *c;
	unsigned long flags;
	bool any = false;

	raw_spin_lock_irqsave(&shard->lock, flags);
	for (c = shard->clients; c < shard->clients + shard->size; c++)
		if (c->netns == netns && !memcmp(&c->flow, flow, sizeof(*flow)))
			any |= change(c);
	raw_spin_unlock_irqrestore(&shard->lock, flags);
	return any;
}

static bool go_on(struct lq_client *c)
{
	if (c->state == LQ_CLIENT_killed || c->state == LQ_CLIENT_gone)
		c->netns = 0;
	return c->state == LQ_CLIENT_gone;
}

/**
 * lq_clients_go_on() - a client was told as killed, or gone, but another listener has it
 * @netns: inode of its network namespace
 * @flow: its four-tuple
 *
 * Context: any.
 * Return: whether it was told as gone.
 */
bool lq_clients_go_on(unsigned int netns, const struct lq_flow *flow)
{
	return change_ended(netns, flow, go_on);
}

static bool come(struct lq_client *c)
{
	if (c->state == LQ_CLIENT_before)
		c->state = LQ_CLIENT_came;
	return c->state == LQ_CLIENT_came;
}

/**
 * lq_clients_came() - a listener got a SYN of a client of which none saw an earlier one
 * @netns: inode of its network namespace
 * @flow: its four-tuple
 *
 * Context: any.
 */
void lq_clients_came(unsigned int netns, const struct lq_flow *flow)
{
	change_ended(netns, flow, come);
}

#ifdef CONFIG_LOCKDEP
/**
 * lq_clients_assert_locked() - a place's shard has to be locked
 * @at: the place
 *
 * Context: any.
 */
void lq_clients_assert_locked(const struct lq_clients_at *at)
{
	lockdep_assert_held(&at->shard->lock);
}
#endif

/**
 * lq_clients_forgot() - who was counted by an overflow and is forgotten
 * @at: the place of a client, where others may have been
 * @queue: the overflow's
 *
 * Return: the last overflow of which a client was forgotten here.
 */
u32 lq_clients_forgot(const struct lq_clients_at *at, enum lq_queue_kind queue)
{
	lockdep_assert_held(&at->shard->lock);
	return at->shard->forgot[queue];
}

static void sweep(struct lq_client_shard *shard,
		  bool (*is_over)(const struct lq_client *c, u64 arg), u64 arg,
		  void (*settle)(struct lq_listener *l))
{
	struct lq_listener *gone;
	unsigned long flags;
	struct lq_client *c;

	for (c = shard->clients;
	     c < shard->clients + shard->size && READ_ONCE(shard->used); c++) {
		gone = NULL;
		rcu_read_lock();	/* nets_stop() waits for whoever uses a ledger */
		raw_spin_lock_irqsave(&shard->lock, flags);
		if (!hlist_unhashed(&c->node) && is_over(c, arg))
			gone = leave(shard, c, c->state == LQ_CLIENT_refused ?
				     LQ_CLIENT_never : LQ_CLIENT_killed);
		raw_spin_unlock_irqrestore(&shard->lock, flags);
		if (gone)
			settle(gone);
		rcu_read_unlock();
	}
}

static bool is_any_used(void)
{
	int i;

	for (i = 0; i < LQ_CLIENT_SHARDS; i++)
		if (READ_ONCE(lq_client_shards[i].used))
			return true;
	return false;
}

/* Nobody may be waited for any more; who is added meanwhile says so himself. */
static void look_for_any(void)
{
	if (is_any_used())
		return;
	WRITE_ONCE(lq_clients_waiting, false);
	/* Pairs with lq_clients_add(). */
	smp_mb();
	if (is_any_used())
		WRITE_ONCE(lq_clients_waiting, true);
}

/**
 * lq_clients_sweep() - nobody waits any more for some of them
 * @is_over: which; called with its shard locked
 * @arg: for it
 * @settle: gets each one's listener, and the reference
 *
 * Context: process.
 */
void lq_clients_sweep(bool (*is_over)(const struct lq_client *c, u64 arg), u64 arg,
		      void (*settle)(struct lq_listener *l))
{
	int i;

	for (i = 0; i < LQ_CLIENT_SHARDS; i++)
		sweep(&lq_client_shards[i], is_over, arg, settle);
	look_for_any();
}

static void forget(struct lq_client_shard *shard, unsigned int netns)
{
	unsigned long flags;
	struct lq_client *c;

	for (c = shard->clients; c < shard->clients + shard->size; c++) {
		if (READ_ONCE(c->netns) != netns)
			continue;
		raw_spin_lock_irqsave(&shard->lock, flags);
		if (c->netns == netns)
			c->netns = 0;
		raw_spin_unlock_irqrestore(&shard->lock, flags);
	}
}

/**
 * lq_clients_forget() - a network namespace goes away: nobody reads its clients any more
 * @netns: its inode, which may be another's soon; nobody waits for one of them
 *
 * Context: process.
 */
void lq_clients_forget(unsigned int netns)
{
	int i;

	for (i = 0; i < LQ_CLIENT_ALL_SHARDS; i++)
		forget(&lq_client_shards[i], netns);
}

/**
 * lq_clients_missed() - clients have failed that were not looked at
 * @n: how many
 *
 * Context: any.
 */
void lq_clients_missed(u32 n)
{
	atomic64_add(n, &missed);
}

/**
 * lq_clients_overwritten() - how many are remembered no more, or never were
 *
 * Return: of all network namespaces, since the module was loaded.
 */
u64 lq_clients_overwritten(void)
{
	u64 n = atomic64_read(&missed);
	int i;

	for (i = 0; i < LQ_CLIENT_ALL_SHARDS; i++)
		n += READ_ONCE(lq_client_shards[i].overwritten);
	return n;
}

/**
 * lq_clients_init() - make the table
 *
 * Return: 0 or -ENOMEM.
 */
int lq_clients_init(void)
{
	struct lq_client_shard *shard;
	int i;

	lq_client_shards = kvcalloc(LQ_CLIENT_ALL_SHARDS, sizeof(*lq_client_shards), GFP_KERNEL);
	if (!lq_client_shards)
		return -ENOMEM;
	get_random_bytes(&seed, sizeof(seed));
	for (i = 0; i < LQ_CLIENT_ALL_SHARDS; i++) {
		shard = &lq_client_shards[i];
		raw_spin_lock_init(&shard->lock);
		shard->size = i < LQ_CLIENT_SHARDS ? LQ_CLIENTS_EACH : LQ_ENDED_EACH;
		shard->clients = kvcalloc(shard->size, sizeof(*shard->clients), GFP_KERNEL);
		if (!shard->clients) {
			lq_clients_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

/**
 * lq_clients_exit() - free the table
 *
 * Context: process, sleeps. Nobody uses it any more.
 */
void lq_clients_exit(void)
{
	int i;

	for (i = 0; lq_client_shards && i < LQ_CLIENT_ALL_SHARDS; i++)
		kvfree(lq_client_shards[i].clients);
	kvfree(lq_client_shards);
	lq_client_shards = NULL;
}
