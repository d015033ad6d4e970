/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ledger.h - what is known and counted of each listener and each endpoint
 */
#ifndef LISTENQ_LEDGER_H
#define LISTENQ_LEDGER_H

#include <linux/inet.h>
#include <linux/list.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/xarray.h>
#include <net/sock.h>

#include "core/hist.h"
#include "observe.h"
#include "verdict.h"

struct lq_synq;

/* X(name): what is counted beside verdicts. */
#define LQ_TALLIES(X)							\
	X(accepted) X(diverge) X(ambiguous) X(expired) X(killed) X(synack_repeated) \
	X(ignored) X(waiting) X(never) X(forgotten)

#define LQ_TALLY_ENUM(name) LQ_TALLY_##name,
enum lq_tally { LQ_TALLIES(LQ_TALLY_ENUM) LQ_TALLY_count };
#undef LQ_TALLY_ENUM

/* X(name): histograms, see core/hist.h; retrans counts 0, 1, ... 7 and more repeats. */
#define LQ_HISTS(X) X(handshake_us) X(accept_us) X(recovered_ms) X(retrans)

#define LQ_HIST_ENUM(name) LQ_HIST_##name,
enum lq_hist { LQ_HISTS(LQ_HIST_ENUM) LQ_HIST_count };
#undef LQ_HIST_ENUM

/* X(name): what happened to records beside verdicts */
#define LQ_QUEUE_TALLIES(X)						\
	X(found_child) X(found_request) X(found_timewait) X(timed_out) X(handed_back) \
	X(over_limit) X(duplicate) X(orphaned)				\
	X(disowned) X(denied) X(waited) X(backlogged) X(overtaken)

#define LQ_QT_ENUM(name) LQ_QT_##name,
enum lq_queue_tally { LQ_QUEUE_TALLIES(LQ_QT_ENUM) LQ_QT_count };
#undef LQ_QT_ENUM

/* The two queues that can be full. */
enum lq_queue { LQ_SYNQ, LQ_ACCEPTQ, LQ_QUEUE_count };

/**
 * struct lq_totals - what is counted
 * @verdicts: segments by verdict
 * @tallies: by enum lq_tally
 * @hists: by enum lq_hist and bucket
 * @full_ns: how long each queue was at its limit, by enum lq_queue
 * @last_loss: wall clock of the last refusal, ns, 0 never
 * @last_loss_reason: enum lq_reason
 *
 * Atomic additions, one for most segments, on the listener's own lines, as the kernel
 * does it for the lengths of the listener's queues.
 */
struct lq_totals {
	atomic64_t verdicts[LQ_V_count];
	atomic64_t tallies[LQ_TALLY_count];
	atomic64_t hists[LQ_HIST_count][LQ_HIST_BUCKETS];
	atomic64_t full_ns[LQ_QUEUE_count];
	u64 last_loss;
	u8 last_loss_reason;
};

/**
 * struct lq_address - where a socket listens
 * @ifindex: device it is bound to, 0 any
 * @port: network order
 * @family: 4 or 6
 * @v6only: takes no IPv4
 * @addr: local address, IPv4 in the first four bytes
 *
 * No padding: two are the same if memcmp() says so.
 */
struct lq_address {
	int ifindex;
	__be16 port;
	u8 family;
	u8 v6only;
	u8 addr[16];
};

/**
 * struct lq_endpoint - an address and port of a network namespace, whoever listens there
 * @id: number in the endpoints file
 * @where: its address
 * @node: in the bucket of its port
 * @by_id: in the bucket of its number
 * @list: among all, in the order of @id
 * @ignored: its segments are not looked at
 * @queue: its SYN queue when it is taken over, else NULL
 * @released: a command gave it back: rules leave it alone
 * @tallies: of the queues it has had, by enum lq_queue_tally
 * @opened: how many listeners it has had
 * @listeners: struct lq_listener, open or still to be added to @closed
 * @closed: totals of those that are gone
 * @since: wall clock when it was first listened on, ns
 * @idle: in the namespace's list of endpoints without a listener, oldest first
 * @rcu: for its end
 *
 * @id and @where are constant; @ignored is written by commands; the rest belongs to the
 * ledger's lock.
 */
struct lq_endpoint {
	u32 id;
	struct lq_address where;
	struct hlist_node node;
	struct hlist_node by_id;
	struct list_head list;
	bool ignored;
	struct lq_synq *queue;
	bool released;
	u64 tallies[LQ_QT_count];
	u32 opened;
	struct list_head listeners;
	struct lq_totals closed;
	u64 since;
	struct list_head idle;
	struct rcu_head rcu;
};

/**
 * struct lq_task - a task, remembered by more than its number
 * @pid: of its thread group, a reference; NULL: unknown
 * @comm: its name
 */
struct lq_task {
	struct pid *pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct lq_overflow - a queue that refuses clients, for the lines in dmesg (overflow.c)
 * @l: whose queue
 * @node: on its way to the worker
 * @list: among those the worker watches
 * @active: it is with the worker
 * @began: monotonic ns of the first refusal
 * @last: jiffies of the last one
 * @refused: clients refused since
 * @depth: length of the queue at the last one
 * @limit: and its limit
 * @reason: why it refused
 * @told: the first line is out
 */
struct lq_overflow {
	struct lq_listener *l;
	struct llist_node node;
	struct list_head list;
	unsigned long active;
	u64 began;
	unsigned long last;
	atomic_t refused;
	u32 depth;
	u32 limit;
	enum lq_reason reason;
	bool told;
};

/**
 * struct lq_listener - a listening socket
 * @totals: what is counted of it
 * @node: in the table of all listeners
 * @refs: one of the table, one of each client that waits for it (pain.c), one of the
 *	worker that watches its overflow
 * @cookie: its number
 * @sk: the socket, a reference until the listener has left the table and a grace
 *	period has passed
 * @ledger: of its network namespace; stays until all listeners of it are gone
 * @netns: inode of its network namespace
 * @endpoint: where it listens; NULL once its totals are the endpoint's. Under the
 *	ledger's lock, as all that follows but for owners
 * @endpoint_id: its number
 * @where: its address
 * @ignored: as its endpoint
 * @sibling: in the endpoint's list
 * @task_lock: guards @owner and @acceptor
 * @owner: who called listen()
 * @acceptor: who called accept() last
 * @uid: the socket's
 * @number: counts listeners, 24 bits: what a pending record remembers of its own
 * @since: wall clock when it was first seen, ns
 * @high: longest queues seen, by enum lq_queue
 * @full_since: monotonic ns since when a queue is full, 0: it is not
 * @overflow: what dmesg says of full queues, see overflow.c
 * @closing: on its way from the table to its endpoint
 * @queue: its endpoint's SYN queue when that is taken over, under RCU; else NULL
 */
struct lq_listener {
	struct lq_totals totals;
	struct hlist_node node;
	refcount_t refs;
	u64 cookie;
	struct sock *sk;
	struct lq_ledger *ledger;
	unsigned int netns;
	struct lq_endpoint *endpoint;
	u32 endpoint_id;
	struct lq_address where;
	bool ignored;
	struct list_head sibling;
	raw_spinlock_t task_lock;
	struct lq_task owner;
	struct lq_task acceptor;
	kuid_t uid;
	u32 number;
	u64 since;
	u32 high[LQ_QUEUE_count];
	u64 full_since[LQ_QUEUE_count];
	struct lq_overflow overflow[LQ_QUEUE_count];
	struct llist_node closing;
	struct lq_synq __rcu *queue;
};

#define LQ_LISTENER_NUMBERS 0xffffff

#define LQ_ENDPOINT_BUCKETS 256

/**
 * struct lq_ledger - the listeners and endpoints of a network namespace
 * @listeners: by cookie. Its lock, interrupts off, is the ledger's lock
 * @by_port: endpoints by port, under RCU; written with the lock held
 * @by_id: the same by number
 * @endpoints: the same in the order of their numbers
 * @idle: endpoints without a listener, under the lock
 * @nr_idle: how many
 * @nr_listeners: open ones
 * @nr_endpoints: all
 * @last_id: number of the newest endpoint
 * @untracked: segments of listeners for which there was no memory
 * @forgotten: endpoints that made room for others
 * @net: its network namespace
 * @rules: struct lq_rule: ports that are taken over whatever the address, under RCU
 * @ruler: applies them to new endpoints
 * @lessor: releases endpoints when their lease ends
 */
struct lq_ledger {
	struct xarray listeners;
	struct hlist_head by_port[LQ_ENDPOINT_BUCKETS];
	struct hlist_head by_id[LQ_ENDPOINT_BUCKETS];
	struct list_head endpoints;
	struct list_head idle;
	u32 nr_idle;
	u32 nr_listeners;
	u32 nr_endpoints;
	u32 last_id;
	atomic64_t untracked;
	u64 forgotten;
	struct net *net;
	struct list_head rules;
	struct work_struct ruler;
	struct delayed_work lessor;
};

int lq_listeners_init(void);
void lq_listeners_exit(void);
void lq_ledger_init(struct lq_ledger *ledger);
void lq_ledger_stop(struct lq_ledger *ledger);
void lq_ledgers_settle(void);
void lq_ledger_free(struct lq_ledger *ledger);

struct lq_listener *lq_listener_of(struct sock *sk);
struct lq_listener *lq_listener_find(u64 cookie);
void lq_listener_open(struct sock *sk, struct task_struct *task);
void lq_listener_close(struct sock *sk);
void lq_listener_put(struct lq_listener *l);

/* "[address]:port comm[pid]" */
#define LQ_WHERE_LEN (INET6_ADDRSTRLEN + sizeof("[]:65535 ") + TASK_COMM_LEN + 12)
void lq_listener_where(struct lq_listener *l, char *text, size_t size);
void lq_listeners_of_tasks(void);

void lq_ledger_verdict(struct lq_listener *l, const struct lq_event *event,
		       enum lq_verdict verdict);
void lq_ledger_accepted(struct lq_listener *l, u64 waited_us);
void lq_ledger_expired(struct lq_listener *l);

/* How the wait for a refused client ended. */
enum lq_pain {
	LQ_PAIN_RECOVERED,	/* accept() handed out its connection */
	LQ_PAIN_NEVER,		/* it gave up */
	LQ_PAIN_FORGOTTEN,	/* it made room for another one */
};

void lq_ledger_settled(struct lq_listener *l, enum lq_pain how, u64 ms);
void lq_listener_queues(struct lq_queues *queues, const struct lq_listener *l);
void lq_ledger_look(struct lq_listener *l);
void lq_ledger_sum(struct lq_totals *sum, const struct lq_totals *totals);

/* A command says that it is not to be looked at; counts who is passed over. */
static inline bool lq_is_ignored(struct lq_listener *l)
{
	if (likely(!READ_ONCE(l->ignored)))
		return false;
	atomic64_inc(&l->totals.tallies[LQ_TALLY_ignored]);
	return true;
}

static inline void lq_tally(struct lq_listener *l, enum lq_tally tally)
{
	atomic64_inc(&l->totals.tallies[tally]);
}

static inline void lq_hist_add(struct lq_listener *l, enum lq_hist hist, u64 value)
{
	u32 bucket = hist == LQ_HIST_retrans ? min_t(u64, value, 7) : lq_hist_bucket(value);

	atomic64_inc(&l->totals.hists[hist][bucket]);
}

/* endpoint.c */
struct lq_endpoint *lq_endpoint_find(struct lq_ledger *ledger, u32 id);
struct lq_endpoint *lq_endpoint_get(struct lq_ledger *ledger, const struct lq_address *where,
				    struct lq_endpoint *fresh);
void lq_endpoint_wake(struct lq_ledger *ledger, struct lq_endpoint *ep);
void lq_endpoint_rest(struct lq_ledger *ledger, struct lq_endpoint *ep);
bool lq_endpoint_ignores(struct net *net, const struct lq_flow *flow);
int lq_endpoint_set_ignored(struct lq_ledger *ledger, const struct lq_address *where, bool any,
			    bool ignored);
bool lq_endpoint_is_meant(const struct lq_endpoint *ep, const struct lq_address *where,
			  bool any);
struct lq_endpoint *lq_endpoint_next(struct lq_ledger *ledger, const struct lq_address *where,
				     bool any, u32 id);
void lq_endpoints_free(struct lq_ledger *ledger);

/* overflow.c */
void lq_overflowed(struct lq_overflow *o, enum lq_reason reason, u32 depth, u32 limit);
void lq_overflow_exit(void);

/* pain.c */
int lq_pain_init(void);
void lq_pain_exit(void);
void lq_pain_refused(struct lq_listener *l, const struct lq_event *event);
bool lq_pain_waits(void);
void lq_pain_accepted(const struct lq_event *event);
void lq_pain_forget(unsigned int netns);

#endif
