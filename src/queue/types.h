/* SPDX-License-Identifier: GPL-2.0 */
/*
 * types.h - the SYN queue of an endpoint that is taken over
 */
#ifndef LISTENQ_QUEUE_TYPES_H
#define LISTENQ_QUEUE_TYPES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/tcp.h>

#include "core/synq.h"
#include "ledger/listener.h"
#include "queue/config.h"

/* X(name): why a SYN was left to the stock kernel */
#define LQ_TO_STOCK(X)							\
	X(ip_options) X(fastopen) X(save_syn) X(min_ttl) X(tcp_keys) \
	X(upper_protocol) X(bpf) X(timeouts) X(accecn) X(steered) X(released) \
	X(early)

#define LQ_TO_STOCK_ENUM(name) LQ_TO_STOCK_##name,
enum lq_to_stock {
	LQ_TO_STOCK(LQ_TO_STOCK_ENUM)
	LQ_TO_STOCK_count,
	LQ_OURS = LQ_TO_STOCK_count,	/* it was not */
};

#undef LQ_TO_STOCK_ENUM

/* A part for each processor, up to so many. */
#define LQ_MOST_PART_BITS 8

/* Numbers of a part's chunks. */
#define LQ_CHUNK_BITS	20
#define LQ_PART_CHUNKS	XA_LIMIT(0, BIT(LQ_CHUNK_BITS) - 1)

/**
 * struct lq_part - a shard of an endpoint's SYN queue, with what locks and drives it
 * @lock: taken with bottom halves off; see "Locking" in part.c
 * @shard: records
 * @timer: runs out when the first record is due
 * @worker: works on what is due and more than @timer had time for
 * @armed: jiffies @timer is armed for; or when @worker was woken
 * @is_armed: whether it is; or @worker comes
 * @ends: neither is to come any more
 * @queue: whose part it is
 * @chunks: memory of its records, struct lq_chunk by number; added by the queue's grower
 *	alone, which takes one out with @lock held
 * @size: records in these
 * @low: more are made when fewer are free, see memory.c
 * @other: where memory is looked for when it has none
 */
struct lq_part {
	spinlock_t lock;	/* guards all of it */
	struct lq_shard shard;
	struct timer_list timer;
	struct work_struct worker;
	u32 armed;
	bool is_armed;
	bool ends;
	struct lq_synq *queue;
	struct xarray chunks;
	u32 size;
	u32 low;
	u32 other;
} ____cacheline_aligned_in_smp;

/**
 * struct lq_parking - the parked handshakes of an endpoint
 * @lock: guards @lanes and what is in them; nested in a part's lock, a leaf
 * @lanes: struct lq_lane: one for each listener with parked handshakes
 * @by_listener: the same, by the listener's cookie
 * @nr_lanes: how many these are
 * @n: parked handshakes
 * @bytes: memory of their copies
 * @room: how much that may be; of mem_max, as long as the queue
 * @promoted: handshakes that became connections after they were parked
 * @promoter: makes them
 * @look_until: jiffies; listen() is about to change a backlog
 */
struct lq_parking {
	spinlock_t lock;	/* guards lanes */
	struct list_head lanes;
	struct xarray by_listener;
	u32 nr_lanes;
	atomic_t n;
	atomic64_t bytes;
	u64 room;
	atomic64_t promoted;
	struct delayed_work promoter;
	unsigned long look_until;
};

/* So many closes are remembered, for a server that crashes again and again. */
#define LQ_LEFT_ALONE	4

/**
 * struct lq_synq - the SYN queue of an endpoint that is taken over
 * @config: what commands said
 * @draining: no new records
 * @why: it drains
 * @lease: jiffies when it is released by itself, with a lease_ms; guarded by commands
 * @last_cookie: jiffies when a SYN was answered by a cookie, about
 * @cookie_uid: whose listener it was
 * @backlogs: sum of its listeners' backlogs if they are several, else 0; see backlogs.c
 * @added_up: what they were when they were added up last; under the ledger's
 *	lock, as the next two
 * @more: what may have been added to that since
 * @turn: counts when they were added up at once
 * @sender: repeats SYN-ACKs of listeners that have closed, under RCU; NULL: none is open
 * @alone_us: when the last listener closed, the last few times, tcp_clock_us(); 0: never
 * @nr_alone: how often it has, under the ledger's lock
 * @uid: whose listeners' records these are, under the ledger's lock
 * @pays: and who pays for them, the same
 * @rto_max: ticks that a SYN-ACK waits for at most; who listens with another goes to stock
 * @net: its network namespace
 * @where: its address
 * @id: number of its endpoint
 * @ms: how long hand-back took
 * @next: in the list of those that a command makes, or gives back
 * @share: bytes of mem_max that are set aside for it; under share.c's lock
 * @bytes: bytes that it takes, of these and beyond; the same
 * @payer: whose listener it is that a rule has made it for, who pays for it; NULL: a command
 *	has named its address. The same
 * @named: a command is about to name its address; guarded by commands
 * @resting: among those that rules have made and nobody listens at; this and what follows
 *	under the ledger's lock
 * @rest_until: jiffies when it is looked at whether it goes
 * @to_stock: SYNs left to the stock kernel, by enum lq_to_stock
 * @has_own: a SYN was not; see to_stock.c
 * @is_told: it was looked at whether all were
 * @tallies: by enum lq_synq_tally
 * @grower: adds memory and takes it back
 * @asked: @grower is to look at once
 * @looked: jiffies when it last looked for memory to take back
 * @fitted: records that were to fit then
 * @teller: says in dmesg that all SYNs go to the stock kernel
 * @parking: records whose last ACK waits for room in an accept queue
 * @evictor: ends the records of another user's listeners
 * @adder: adds its listeners' backlogs up
 * @mask: number of parts less one
 * @home_shift: how far a hash is shifted for its word of @homes
 * @parts: shards
 * @homes: by hash: which of them has the records, see home.c
 * @len: records in all shards; in a line of memory of its own, as each SYN writes there
 * @young: of these, those whose timer never ran out
 */
struct lq_synq {
	struct lq_config config;
	bool draining;
	const char *why;
	u64 lease;
	unsigned long last_cookie;
	kuid_t cookie_uid;
	u32 backlogs;
	u64 added_up;
	u64 more;
	u32 turn;
	struct lq_listener __rcu *sender;
	u64 alone_us[LQ_LEFT_ALONE];
	u32 nr_alone;
	kuid_t uid;
	kuid_t pays;
	u32 rto_max;
	struct net *net;
	struct lq_address where;
	u32 id;
	u32 ms;
	struct lq_synq *next;
	u64 share;
	u64 bytes;
	struct lq_payer *payer;
	bool named;
	struct list_head resting;
	unsigned long rest_until;
	atomic64_t to_stock[LQ_TO_STOCK_count];
	bool has_own;
	unsigned long is_told;
	atomic64_t tallies[LQ_SYNQ_TALLY_count];
	struct delayed_work grower;
	bool asked;
	unsigned long looked;
	u32 fitted;
	struct work_struct teller;
	struct lq_parking parking;
	struct work_struct evictor;
	struct delayed_work adder;
	u32 mask;
	u32 home_shift;
	struct lq_part *parts;
	u32 *homes;
	atomic_t len ____cacheline_aligned_in_smp;
	atomic_t young;
};

/* With bottom halves off; how often another processor was there first is counted. */
static inline void lq_part_lock(struct lq_part *part)
	__acquires(&part->lock)
{
	if (likely(spin_trylock(&part->lock)))
		return;
	atomic64_inc(&part->queue->tallies[LQ_SYNQ_TALLY_waited]);
	spin_lock(&part->lock);
}

/* Context: under RCU or preemption off. */
static inline struct lq_synq *lq_synq_of(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	struct lq_listener *l = cookie ? lq_listener_find(cookie) : NULL;

	return l ? rcu_dereference_check(l->queue, true) : NULL;
}

#endif
