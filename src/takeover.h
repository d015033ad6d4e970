/* SPDX-License-Identifier: GPL-2.0 */
/*
 * takeover.h - endpoints whose SYN queue is ours
 */
#ifndef LISTENQ_TAKEOVER_H
#define LISTENQ_TAKEOVER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <net/tcp.h>

#include "compat.h"
#include "core/synq.h"
#include "ledger.h"
#include "park.h"

/* X(name): the words of cookies= */
#define LQ_COOKIE_WORDS(X) X(never) X(overflow) X(always)
enum lq_cookie_mode { LQ_COOKIES_never, LQ_COOKIES_overflow, LQ_COOKIES_always };

/* X(name): the words of overflow= */
#define LQ_OVERFLOW_WORDS(X) X(wait) X(reset) X(park)
enum lq_overflow_mode { LQ_OVERFLOW_wait, LQ_OVERFLOW_reset, LQ_OVERFLOW_park };

/* X(name, least, most): the keys of takeover and set, and their ranges. */
#define LQ_KEYS(X)							\
	X(synq, 1, 16777216)	/* records */				\
	X(cookies, 0, 2)						\
	X(retries, 0, 255)	/* SYN-ACKs repeated */			\
	X(timeout_ms, 1, 120000)	/* until the first is repeated */	\
	X(overflow, 0, 2)						\
	X(defer, 0, 255)	/* SYN-ACK timers that a bare last ACK waits */ \
	X(park, 1, 16777216)	/* records that are parked */		\
	X(park_bytes, 0, 65535)	/* data of each that is kept */		\
	X(lease_ms, 0, 86400000)	/* until it is released by itself, 0: never */

#define LQ_KEY_ENUM(name, least, most) LQ_KEY_##name,
enum lq_key_number { LQ_KEYS(LQ_KEY_ENUM) LQ_KEY_count };
#undef LQ_KEY_ENUM

/**
 * struct lq_config - what commands said of an endpoint
 * @value: by enum lq_key_number
 * @set: bit for each that was said; the others follow the listener and its namespace
 */
struct lq_config {
	u32 value[LQ_KEY_count];
	u32 set;
};

static inline void lq_config_merge(struct lq_config *config, const struct lq_config *change)
{
	int key;

	for (key = 0; key < LQ_KEY_count; key++)
		if (change->set & BIT(key))
			WRITE_ONCE(config->value[key], change->value[key]);
	WRITE_ONCE(config->set, config->set | change->set);
}

/**
 * struct lq_rule - every address of a port is taken over, those to come too
 * @list: of its ledger; written with commands locked and the ledger's lock held
 * @port: network order
 * @config: what commands said
 * @lease: jiffies when it ends, with a lease_ms
 * @rcu: for its end
 */
struct lq_rule {
	struct list_head list;
	__be16 port;
	struct lq_config config;
	u64 lease;
	struct rcu_head rcu;
};

/* X(name): why a SYN was left to the stock kernel */
#define LQ_TO_STOCK(X)							\
	X(ip_options) X(fastopen) X(save_syn) X(min_ttl) X(tcp_keys) \
	X(upper_protocol) X(bpf) X(timeouts) X(accecn) X(released)

#define LQ_TO_STOCK_ENUM(name) LQ_TO_STOCK_##name,
enum lq_to_stock { LQ_TO_STOCK(LQ_TO_STOCK_ENUM) LQ_TO_STOCK_count };
#undef LQ_TO_STOCK_ENUM

/* Memory that records come in. */
struct lq_chunk {
	struct lq_chunk *next;
	u32 n;
	struct lq_record records[];
};

/**
 * struct lq_part - a shard of an endpoint's SYN queue, with what locks and drives it
 * @lock: taken with bottom halves off; see "Locking" in queue.c
 * @shard: records
 * @timer: runs out when the first record is due
 * @armed: jiffies it is armed for
 * @is_armed: whether it is
 * @queue: whose part it is
 * @chunks: memory of its records
 * @size: records in these
 */
struct lq_part {
	spinlock_t lock;	/* guards all of it */
	struct lq_shard shard;
	struct timer_list timer;
	u32 armed;
	bool is_armed;
	struct lq_synq *queue;
	struct lq_chunk *chunks;
	u32 size;
} ____cacheline_aligned_in_smp;

/**
 * struct lq_synq - the SYN queue of an endpoint that is taken over
 * @config: what commands said
 * @draining: no new records
 * @why: it drains
 * @goes: a command has chosen it: it is handed back next; guarded by commands
 * @lease: jiffies when it is released by itself, with a lease_ms; guarded by commands
 * @last_cookie: jiffies when a SYN was answered by a cookie, about
 * @cookie_uid: whose listener it was
 * @len: records in all shards
 * @young: of these, those whose timer never ran out
 * @backlogs: sum of its listeners' backlogs if they are several, else 0
 * @sender: the listener that repeats SYN-ACKs, under RCU; NULL: none is open
 * @uid: whose listeners' records these are, under the ledger's lock
 * @rto_max: ticks that a SYN-ACK waits for at most; who listens with another goes to stock
 * @net: its network namespace
 * @where: its address
 * @id: number of its endpoint
 * @ms: how long hand-back took
 * @next: in the list of those that a command makes
 * @charged: bytes of mem_max that are its own; under queue.c's lock for memory
 * @bytes: bytes that it takes; the same
 * @to_stock: SYNs left to the stock kernel, by enum lq_to_stock
 * @tallies: by enum lq_queue_tally
 * @grower: adds memory
 * @parking: records whose last ACK waits for room in an accept queue
 * @evictor: ends the records of another user's listeners
 * @mask: number of parts less one
 * @parts: shards
 */
struct lq_synq {
	struct lq_config config;
	bool draining;
	const char *why;
	bool goes;
	u64 lease;
	unsigned long last_cookie;
	kuid_t cookie_uid;
	atomic_t len;
	atomic_t young;
	u32 backlogs;
	struct lq_listener __rcu *sender;
	kuid_t uid;
	u32 rto_max;
	struct net *net;
	struct lq_address where;
	u32 id;
	u32 ms;
	struct lq_synq *next;
	u64 charged;
	u64 bytes;
	atomic64_t to_stock[LQ_TO_STOCK_count];
	atomic64_t tallies[LQ_QT_count];
	struct work_struct grower;
	struct lq_parking parking;
	struct work_struct evictor;
	u32 mask;
	struct lq_part *parts;
};

/* Context: under RCU or preemption off. */
static inline struct lq_synq *lq_queue_of(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	struct lq_listener *l = cookie ? lq_listener_find(cookie) : NULL;

	return l ? rcu_dereference_check(l->queue, true) : NULL;
}

struct lq_synq *lq_endpoint_queue(struct net *net, const struct lq_key *key, u32 after);

int lq_takeover_init(bool broken);
void lq_takeover_exit(void);
void lq_takeover_begin(struct lq_ledger *ledger, struct net *net);
int lq_takeover(struct net *net, const struct lq_address *where, bool any,
		const struct lq_config *config);
int lq_takeover_set(struct net *net, const struct lq_address *where, bool any,
		    const struct lq_config *config);
void lq_takeover_lock(void);
void lq_takeover_unlock(void);
int lq_rules_remove(struct lq_ledger *ledger, const struct lq_address *where);
void lq_takeover_backlog(struct sock *sk, u32 backlog);
void lq_takeover_accepted(const struct lq_listener *l);
void lq_takeover_listeners(struct lq_ledger *ledger, struct lq_endpoint *ep);

/* release.c */
int lq_release(struct net *net, const struct lq_address *where, bool any);
void lq_release_all(void);
void lq_release_broken(struct lq_synq *q);
void lq_release_forget(struct lq_ledger *ledger);
void lq_lease_renew(u64 *lease, const struct lq_config *config);
void lq_leases_renew(struct lq_ledger *ledger, const struct lq_address *where, bool any,
		     struct lq_rule *rule);
void lq_leases_watch(struct lq_ledger *ledger);
void lq_leases_end(struct work_struct *work);

/* divert.c sends segments here; same contracts as the functions they stand for. */
int lq_conn_request(struct request_sock_ops *rsk_ops,
		    const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		    struct sk_buff *skb);
struct sock *lq_hnd_req(struct sock *sk, struct sk_buff *skb);
int lq_odd_syn(struct sock *sk, struct sk_buff *skb);
int lq_v4_err(struct sk_buff *skb, u32 info);
int lq_conn_request_asked(LQ_LSM_CONST struct sock *sk, struct sk_buff *skb,
			  struct request_sock *req);

#endif
