/* SPDX-License-Identifier: GPL-2.0 */
/*
 * types.h - what is known and counted of each listener and each endpoint
 */
#ifndef LISTENQ_LEDGER_TYPES_H
#define LISTENQ_LEDGER_TYPES_H

#include <linux/if.h>
#include <linux/inet.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <net/sock.h>

#include "core/event.h"
#include "ledger/counters.h"

struct lq_synq;

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
 * struct lq_task - a task, remembered by more than its number
 * @pid: of its thread group, a reference; NULL: unknown
 * @comm: its name
 */
struct lq_task {
	struct pid *pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct lq_endpoint - an address and port of a network namespace, whoever listens there
 * @id: number in the endpoints file
 * @where: its address
 * @ledger: of its network namespace
 * @node: in the bucket of its address
 * @ignored: its segments are not looked at
 * @watched: monotonic ns of the command that ended that, 0: it was never ignored
 * @queue: its SYN queue when it is taken over, else NULL
 * @released: a command gave it back: rules leave it alone
 * @wanted: among those that a rule is to take over
 * @refused_until: jiffies; before that no rule tries again because somebody listens; 0: it may
 * @tallies: of the queues it has had, by enum lq_synq_tally
 * @opened: how many listeners it has had
 * @open: how many it has; read without the lock
 * @listeners: struct lq_listener by its @place, LQ_OPEN or still to be added to @closed
 * @next_place: of the next one
 * @closed: totals of those that are gone
 * @before: SYNs for it that no listener saw, by enum lq_before; atomic, no lock
 * @before_clients: attempts of clients that these belong to
 * @before_came: of these, those that a listener got a later SYN of
 * @when_before: from the first one to the last; no lock
 * @closer: who closed one last that had clients in its queues
 * @since: wall clock when it was first listened on, ns
 * @idle: in the namespace's list of endpoints without a listener, oldest first
 * @rcu: for its end
 *
 * @id, @ledger and @where are constant; @ignored and @watched are written by commands; the rest
 * belongs to the ledger's lock.
 */
struct lq_endpoint {
	u32 id;
	struct lq_address where;
	struct lq_ledger *ledger;
	struct hlist_node node;
	bool ignored;
	u64 watched;
	struct lq_synq *queue;
	bool released;
	struct list_head wanted;
	unsigned long refused_until;
	u64 tallies[LQ_SYNQ_TALLY_count];
	u32 opened;
	u32 open;
	struct xarray listeners;
	unsigned long next_place;
	struct lq_totals closed;
	atomic64_t before[LQ_BEFORE_count];
	atomic64_t before_clients;
	atomic64_t before_came;
	struct lq_span when_before;
	struct lq_task closer;
	u64 since;
	struct list_head idle;
	struct rcu_head rcu;
};

/* Of an endpoint's listeners: those that are open */
#define LQ_OPEN XA_MARK_0

/**
 * struct lq_overflow - a queue that refuses clients, for the lines in dmesg (overflow.c)
 * @l: whose queue
 * @node: on its way to the worker
 * @list: among those the worker watches
 * @active: it is with the worker
 * @episode: its number; the later one of two, of any listener, has the larger one
 * @began: monotonic ns of the first refusal
 * @last: jiffies of the last one
 * @before: of the listener's overflows, when it began
 * @clients: who sent them, each counted once (refused.c)
 * @crowd: of these, since the accept queue was last seen empty
 * @unsure: there may have been more clients
 * @depth: length of the queue at the last one
 * @limit: and its limit
 * @reason: why it refused
 * @dev: the listener's device, as it was called when it began
 * @told: the first line is out
 */
struct lq_overflow {
	struct lq_listener *l;
	struct llist_node node;
	struct list_head list;
	bool active;
	u32 episode;
	u64 began;
	unsigned long last;
	u64 before;
	atomic_t clients;
	atomic_t crowd;
	bool unsure;
	u32 depth;
	u32 limit;
	enum lq_reason reason;
	char dev[IFNAMSIZ];
	bool told;
};

/**
 * struct lq_listener - a listening socket
 * @totals: what is counted of it
 * @node: in the table of all listeners
 * @refs: one of the table, one of each client that waits for it (refused.c), one of the
 *	worker that watches its overflow, of the one that makes its counters (busy.c), of a reader
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
 * @place: among the endpoint's listeners, from 0; a younger one has a larger one
 * @asked: backlog that a listen() under way has asked for; see takeover/backlogs.c
 * @asked_at: jiffies of that listen(), 0: it is long done
 * @task_lock: guards @owner and @acceptor
 * @owner: who called listen()
 * @acceptor: who called accept() last
 * @uid: the socket's
 * @payer: who pays for what a rule takes over: that user, or who has made his user namespace
 * @number: counts listeners, 24 bits: what a pending record remembers of its own; see number.c
 * @by_number: among those that are open, by that
 * @since: wall clock when it was first seen, ns
 * @cap: net.core.somaxconn when it called listen() last, 0: nobody saw that
 * @high: longest queues seen, by enum lq_queue_kind
 * @shared: what was counted of it while processors shared its counters
 * @busy: on its way to get some for each
 * @not_early: SYNs that it had got before the rule came that wants its endpoint
 * @last_wait_us: how long the last connection that was accepted had waited, if that was long; 0: it
 *	was not, or none waits now
 * @full_since: monotonic ns since when a queue is full, 0: it is not
 * @room_since: and when it was full no more, last, 0: never
 * @overflow: what dmesg says of full queues, see overflow.c
 * @closed: monotonic ns when it left the table
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
	unsigned long place;
	u32 asked;
	unsigned long asked_at;
	raw_spinlock_t task_lock;
	struct lq_task owner;
	struct lq_task acceptor;
	kuid_t uid;
	kuid_t payer;
	u32 number;
	struct hlist_node by_number;
	u64 since;
	u32 cap;
	u32 high[LQ_QUEUE_KINDS];
	atomic_t shared;
	struct llist_node busy;
	u64 not_early;
	u64 last_wait_us;
	u64 full_since[LQ_QUEUE_KINDS];
	u64 room_since[LQ_QUEUE_KINDS];
	struct lq_overflow overflow[LQ_QUEUE_KINDS];
	u64 closed;
	struct llist_node closing;
	struct lq_synq __rcu *queue;
};

#define LQ_LISTENER_NUMBERS 0xffffff

/* Of which of its listener's queues it tells. */
static inline enum lq_queue_kind lq_overflow_queue(const struct lq_overflow *o)
{
	return o - o->l->overflow;
}

/* Listeners that are worked on with the ledger's lock held, before others may have it */
#define LQ_PIECE 16

/**
 * struct lq_sum - an endpoint's listeners are being added up, in pieces
 * @id: number of the endpoint
 * @at: place of the first listener that is not in it
 * @totals: their sum, and that of closed ones
 * @open: how many are open
 * @waiting: connections in their accept queues
 * @busy: references to those of the last piece that have counters for each processor, which are
 *	added with interrupts on
 * @nr_busy: how many
 *
 * A listener that leaves meanwhile is added when it leaves, unless it is in it already
 * (listener.c): each is counted once.
 */
struct lq_sum {
	u32 id;
	unsigned long at;
	struct lq_totals *totals;
	u32 open;
	u32 waiting;
	struct lq_listener *busy[LQ_PIECE];
	int nr_busy;
};

#define LQ_PORT_SLOTS 256

/* Where endpoints of a port are counted, and those of some others. */
static inline unsigned int lq_port_slot(__be16 port)
{
	return ntohs(port) % LQ_PORT_SLOTS;
}

/**
 * struct lq_ledger - the listeners and endpoints of a network namespace
 * @listeners: by cookie. Its lock, interrupts off, is the ledger's lock
 * @endpoints: by number, under RCU; written with the lock held
 * @idle: endpoints without a listener, under the lock
 * @nr_idle: how many
 * @nr_listeners: open ones
 * @nr_endpoints: all
 * @nr_queues: those that are taken over
 * @queues_at: these by lq_port_slot() of their port
 * @last_id: number of the newest endpoint
 * @untracked: segments of listeners for which there was no memory
 * @forgotten: endpoints that made room for others
 * @adding: one reader at a time adds up an endpoint
 * @sum: what he adds up, NULL: nobody does
 * @net: its network namespace
 * @rules: struct lq_rule by port: these are taken over whatever the address. Under RCU,
 *	written by commands
 * @wanted: endpoints that these are to take over, under the lock
 * @again: those that they could not, and whose turn it is again
 * @refused: those that they could not, until then
 * @retry: jiffies when that is
 * @ruler: applies rules to all of these
 * @rules_refused: how often they could not
 * @resting: struct lq_synq: what rules have made and nobody listens at, in the order of their
 *	time, under the lock
 * @retirer: has these go
 * @lessor: releases endpoints when their lease ends
 */
struct lq_ledger {
	struct xarray listeners;
	struct xarray endpoints;
	struct list_head idle;
	u32 nr_idle;
	u32 nr_listeners;
	u32 nr_endpoints;
	u32 nr_queues;
	u32 queues_at[LQ_PORT_SLOTS];
	u32 last_id;
	atomic64_t untracked;
	u64 forgotten;
	struct mutex adding;	/* orders readers */
	struct lq_sum *sum;
	struct net *net;
	struct xarray rules;
	struct list_head wanted;
	struct list_head again;
	struct list_head refused;
	unsigned long retry;
	struct delayed_work ruler;
	atomic64_t rules_refused;
	struct list_head resting;
	struct delayed_work retirer;
	struct delayed_work lessor;
};

/* A command says that it is not to be looked at; counts who is passed over. */
static inline bool lq_is_ignored(struct lq_listener *l)
{
	if (likely(!READ_ONCE(l->ignored)))
		return false;
	lq_count(&l->totals, tallies[LQ_TALLY_ignored], 1);
	return true;
}

/* One more. */
static inline void lq_tally(struct lq_listener *l, enum lq_tally tally)
{
	lq_count(&l->totals, tallies[tally], 1);
}

/* One more in the bucket of @value. */
static inline void lq_hist_add(struct lq_listener *l, enum lq_hist hist, u64 value)
{
	u32 bucket = hist == LQ_HIST_retrans ? min_t(u64, value, 7) : lq_hist_bucket(value);

	lq_count(&l->totals, hists[hist][bucket], 1);
}

#endif
