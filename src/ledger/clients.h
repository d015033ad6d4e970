/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clients.h - the clients that were refused: who is remembered
 */
#ifndef LISTENQ_CLIENTS_H
#define LISTENQ_CLIENTS_H

#include <linux/spinlock.h>

#include "core/event.h"
#include "ledger/types.h"

/* X(name): what became of a client that failed; the first five are of refused ones alone. */
#define LQ_CLIENT_STATES(X)						\
	X(refused)	/* its attempt counts so; it may come again */	\
	X(pending)	/* it goes on: has a request, or waits in the accept queue */ \
	X(recovered)	/* accept() took its connection */		\
	X(gone)		/* accept() took it, but the client was gone */	\
	X(never)	/* it did not come through in time */		\
	X(killed)	/* its listener closed */		\
	X(unanswered)	/* it did not answer the SYN-ACK */		\
	X(unsent)	/* its SYN-ACK could not be sent */		\
	X(before)	/* no listener saw its SYN */ \
	X(came)		/* nor that; but a later one of it */

#define LQ_CLIENT_ENUM(name) LQ_CLIENT_##name,
enum lq_client_state { LQ_CLIENT_STATES(LQ_CLIENT_ENUM) };
#undef LQ_CLIENT_ENUM

/**
 * struct lq_client - somebody who was refused
 * @node: in its bucket; unhashed: nobody waits for it any more
 * @flow: four-tuple
 * @netns: inode of the network namespace
 * @episodes: the last overflow of each kind of queue that counted it
 * @since: monotonic ns of the first refusal, to the tick; 0: there is none
 * @last: and of the last
 * @times: segments refused; 1 of one who was not
 * @queues: of the listener, at the last refusal; 0 of one who was not
 * @l: the listener that refused, or has its attempt now, a reference; NULL: nobody waits
 * @listener: socket cookie of the listener that refused first
 * @where: where that listened
 * @reason: enum lq_reason of the first refusal; LQ_R_none: it was not refused
 * @state: enum lq_client_state
 */
struct lq_client {
	struct hlist_node node;
	struct lq_flow flow;
	unsigned int netns;
	u32 episodes[LQ_QUEUE_KINDS];
	u64 since;
	u64 last;
	u32 times;
	struct lq_lengths queues;
	struct lq_listener *l;
	u64 listener;
	struct lq_address where;
	u8 reason;
	u8 state;
};

#define LQ_CLIENT_BUCKETS	128

/**
 * struct lq_client_shard - a part of the table
 * @lock: guards all of it
 * @used: clients somebody waits for
 * @next: index of the oldest client
 * @forgot: the last overflow of which a client made room for another one
 * @overwritten: clients that made room
 * @buckets: clients by flow
 * @size: of @clients
 * @clients: memory, used as a ring
 */
struct lq_client_shard {
	raw_spinlock_t lock;
	unsigned int used;
	unsigned int next;
	u32 forgot[LQ_QUEUE_KINDS];
	u64 overwritten;
	struct hlist_head buckets[LQ_CLIENT_BUCKETS];
	unsigned int size;
	struct lq_client *clients;
} ____cacheline_aligned_in_smp;

/* Those of refused clients, then those of others. */
extern struct lq_client_shard *lq_client_shards;

/**
 * struct lq_clients_at - a place in the table, its shard locked
 * @shard: which
 * @hash: of the flow
 * @flags: interrupts, as they were
 * @pushed_out: whose client made room for a new one, a reference; NULL: nobody's
 */
struct lq_clients_at {
	struct lq_client_shard *shard;
	u32 hash;
	unsigned long flags;
	struct lq_listener *pushed_out;
};

/*
 * One shard of the table for each hash of so many bits, and so many clients in each. As many
 * shards are for those that were not refused: a flood of these leaves the others alone.
 */
#define LQ_CLIENT_SHARD_BITS	6
#define LQ_CLIENT_SHARDS	BIT(LQ_CLIENT_SHARD_BITS)
#define LQ_CLIENTS_EACH		256		/* 16384 in all, 3.3 MB */
#define LQ_ENDED_EACH		64		/* 4096 in all, 0.8 MB */
#define LQ_CLIENT_ALL_SHARDS	(2 * LQ_CLIENT_SHARDS)

/**
 * struct lq_clients_walk - who reads all clients of a network namespace, newest first
 * @netns: its inode
 * @left: in each shard, how many are still to be looked at
 * @since: of the next of each, when that was refused; 0: there is none
 * @client: the one at hand, a copy
 */
struct lq_clients_walk {
	unsigned int netns;
	u32 left[LQ_CLIENT_ALL_SHARDS];
	u64 since[LQ_CLIENT_ALL_SHARDS];
	struct lq_client client;
};

int lq_clients_init(void);
void lq_clients_exit(void);

/* There are some, or were a moment ago. Asked by every segment, and seldom written. */
extern bool lq_clients_waiting;

/* Is there anybody whom somebody waits for? */
static inline bool lq_clients_any(void)
{
	return READ_ONCE(lq_clients_waiting);
}

struct lq_client *lq_clients_lock(struct lq_clients_at *at, unsigned int netns,
				  const struct lq_flow *flow)
	__acquires(at->shard->lock);
struct lq_client *lq_clients_add(struct lq_clients_at *at, struct lq_listener *l,
				 const struct lq_flow *flow);
struct lq_listener *lq_clients_leave(struct lq_clients_at *at, struct lq_client *c,
				     enum lq_client_state state);
void lq_clients_unlock(struct lq_clients_at *at)
	__releases(at->shard->lock);

#ifdef CONFIG_LOCKDEP
void lq_clients_assert_locked(const struct lq_clients_at *at);
#else
static inline void lq_clients_assert_locked(const struct lq_clients_at *at) { }
#endif

u32 lq_clients_forgot(const struct lq_clients_at *at, enum lq_queue_kind queue);

void lq_clients_sweep(bool (*is_over)(const struct lq_client *c, u64 arg), u64 arg,
		      void (*settle)(struct lq_listener *l));
void lq_clients_ended(const struct lq_listener *l, unsigned int netns,
		      const struct lq_flow *flow, enum lq_client_state state);
void lq_clients_ended_at(const struct lq_address *where, u64 listener, unsigned int netns,
			 const struct lq_flow *flow, enum lq_client_state state);
bool lq_clients_go_on(unsigned int netns, const struct lq_flow *flow);
void lq_clients_came(unsigned int netns, const struct lq_flow *flow);
void lq_clients_forget(unsigned int netns);
void lq_clients_walk(struct lq_clients_walk *walk, unsigned int netns);
bool lq_clients_next(struct lq_clients_walk *walk);
u64 lq_clients_overwritten(void);
void lq_clients_missed(u32 n);

#endif
