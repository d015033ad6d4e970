// SPDX-License-Identifier: GPL-2.0
/*
 * refused.c - what became of the clients that were refused
 *
 * The first refusal of a client (network namespace and four-tuple) is noted (clients.c); when
 * accept() hands out its connection, the time in between is what it had to suffer. Who
 * does not come through in time never did.
 *
 * Until it comes again its attempt counts as refused, for the reason of the first refusal;
 * while it has a request or a connection it does not.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/workqueue.h>

#include "ledger/clients.h"
#include "ledger/listener.h"
#include "ledger/refused.h"
#include "ledger/totals.h"

#define GIVE_UP_S	180		/* connect() gives up after 127 s (tcp_syn_retries) */
#define PENDING_S	3600		/* beyond: who waits in an accept queue */
#define LOOK_EVERY	(5 * HZ)

static void look_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(looker, look_work);

static struct lq_listener *get(struct lq_listener *l)
{
	refcount_inc(&l->refs);
	return l;
}

static void settle(struct lq_listener *l, enum lq_refused_end how, u64 ns)
{
	lq_totals_settled(l, how, div_u64(ns, NSEC_PER_MSEC));
	lq_listener_put(l);
}

/* Attempts that count as refused at a listener which may have closed: more, or less. */
static void count_refused(struct lq_listener *l, enum lq_reason reason, int n)
{
	struct lq_late late = { .reason = reason, .refused = n };

	lq_totals_late(l, &late);
	lq_listener_put(l);
}

/* The place is locked: an attempt begins with a refusal. */
static void begin(const struct lq_clients_at *at, struct lq_client *c, struct lq_listener *l,
		  enum lq_reason reason, enum lq_refused_how how)
{
	lq_clients_assert_locked(at);
	c->reason = reason;
	c->state = how == LQ_REFUSED_PENDING ? LQ_CLIENT_pending :
		   how == LQ_REFUSED_KILLED ? LQ_CLIENT_killed : LQ_CLIENT_refused;
	lq_count(&l->totals, clients[reason], 1);
	if (c->state == LQ_CLIENT_refused)
		lq_count(&l->totals, refused[reason], 1);
}

static void count_client(struct lq_overflow *o)
{
	atomic_inc(&o->clients);
	atomic_inc(&o->crowd);
}

/*
 * The place is locked: an overflow counts a client once. Who may have been counted by it
 * already, and was forgotten, is not: "at least" so many.
 */
static void count_once(const struct lq_clients_at *at, struct lq_client *c,
		       struct lq_overflow *o)
{
	enum lq_queue_kind queue = lq_overflow_queue(o);
	u32 episode, last = c->episodes[queue];

	lq_clients_assert_locked(at);
	/* Pairs with begin() of overflow.c: its counters are at 0. */
	episode = smp_load_acquire(&o->episode);
	if (last == episode)
		return;
	/* Or it went from one listener to another, and came back. */
	if (last > episode || lq_clients_forgot(at, queue) >= episode)
		WRITE_ONCE(o->unsure, true);
	else
		count_client(o);
	c->episodes[queue] = max(last, episode);
}

/**
 * struct moved - what is to be counted where the lock is not held any more
 * @at: the listener, a reference; NULL: nothing is
 * @reason: enum lq_reason
 * @refused: attempts that count as refused there, more or less
 * @left: the client has left it
 */
struct moved {
	struct lq_listener *at;
	enum lq_reason reason;
	int refused;
	bool left;
};

/* The place is locked: the client is another listener's from now on. */
static void move(const struct lq_clients_at *at, struct lq_client *c, struct lq_listener *to,
		 struct moved *moved)
{
	lq_clients_assert_locked(at);
	moved->at = c->l;
	moved->left = c->l != to;
	c->l = get(to);
	if (moved->left)
		lq_tally(to, LQ_TALLY_waiting);
}

static void count_moved(const struct moved *moved, bool attempt)
{
	struct lq_late late = {
		.reason = moved->reason, .refused = moved->refused,
		.waiting = moved->left ? -1 : 0, .attempts = moved->left && attempt ? -1 : 0,
	};

	if (!moved->at)
		return;
	lq_totals_late(moved->at, &late);
	lq_listener_put(moved->at);
}

/* The place is locked; whether an attempt begins: what it was before has ended elsewhere. */
static bool refuse_again(const struct lq_clients_at *at, struct lq_client *c,
			 struct lq_listener *l, enum lq_reason reason, enum lq_refused_how how,
			 struct moved *moved)
{
	bool counts = c->state == LQ_CLIENT_refused;

	lq_clients_assert_locked(at);
	if (how == LQ_REFUSED_SYN && !counts) {
		move(at, c, l, moved);
		begin(at, c, l, reason, how);
		return true;
	}
	if (counts ? how == LQ_REFUSED_KILLED : how == LQ_REFUSED_ACK) {
		c->state = counts ? LQ_CLIENT_killed : LQ_CLIENT_refused;
		moved->at = get(c->l);
		moved->reason = c->reason;
		moved->refused = counts ? -1 : 1;
	}
	return false;
}

/**
 * lq_refused_note() - a client was refused
 * @l: by this listener, in the table
 * @event: the segment
 * @reason: why
 * @how: what of it was refused
 * @o: because a queue overflowed, which counts clients; NULL: none did
 *
 * Context: a handler, preemption off.
 * Return: whether an attempt began with it; else it is known that it was refused before.
 */
bool lq_refused_note(struct lq_listener *l, const struct lq_event *event, enum lq_reason reason,
		     enum lq_refused_how how, struct lq_overflow *o)
{
	struct moved moved = { 0 };
	struct lq_clients_at at;
	struct lq_client *c;
	bool fresh = true;

	c = lq_clients_lock(&at, l->netns, &event->flow);
	if (c) {
		fresh = refuse_again(&at, c, l, reason, how, &moved);
		c->last = ktime_get_coarse_ns();
	} else {
		c = lq_clients_add(&at, l, &event->flow);
		c->last = c->since;
		lq_tally(l, LQ_TALLY_waiting);
		begin(&at, c, l, reason, how);
	}
	c->queues = event->reading.queues;
	c->times++;
	if (o)
		count_once(&at, c, o);
	lq_clients_unlock(&at);
	if (at.pushed_out)
		settle(at.pushed_out, LQ_REFUSED_FORGOTTEN, 0);
	count_moved(&moved, false);
	return fresh;
}

/**
 * lq_refused_knows() - does a client's attempt count as refused?
 * @event: its segment
 *
 * Context: a handler, preemption off.
 * Return: whether it does.
 */
bool lq_refused_knows(const struct lq_event *event)
{
	struct lq_clients_at at;
	struct lq_client *c;
	bool knows;

	c = lq_clients_lock(&at, event->netns, &event->flow);
	knows = c && c->state == LQ_CLIENT_refused;
	lq_clients_unlock(&at);
	return knows;
}

/**
 * lq_refused_comes_again() - a client has a request, or a connection
 * @l: its listener
 * @event: its segment
 *
 * Context: a handler, preemption off.
 * Return: whether it was refused before: its attempt goes on, and does not count as refused
 * any more.
 */
bool lq_refused_comes_again(struct lq_listener *l, const struct lq_event *event)
{
	struct moved moved = { .refused = -1 };
	struct lq_clients_at at;
	struct lq_client *c;

	c = lq_clients_lock(&at, l->netns, &event->flow);
	if (c && c->state == LQ_CLIENT_refused) {
		c->state = LQ_CLIENT_pending;
		moved.reason = c->reason;
		move(&at, c, l, &moved);
	}
	lq_clients_unlock(&at);
	if (moved.left)
		lq_count(&l->totals, attempts[LQ_ATTEMPT_attempts], 1);
	count_moved(&moved, true);
	return moved.at;
}

/**
 * lq_refused_for_good() - a client's request is gone
 * @netns: inode of its network namespace
 * @flow: whose it was
 *
 * Context: any, preemption off.
 * Return: whether it was refused before: its attempt ended so.
 */
bool lq_refused_for_good(unsigned int netns, const struct lq_flow *flow)
{
	enum lq_reason reason = LQ_R_none;
	struct lq_listener *l = NULL;
	struct lq_clients_at at;
	struct lq_client *c;

	c = lq_clients_lock(&at, netns, flow);
	if (c && c->state == LQ_CLIENT_pending) {
		c->state = LQ_CLIENT_refused;
		reason = c->reason;
		l = get(c->l);
	}
	lq_clients_unlock(&at);
	if (!l)
		return false;
	count_refused(l, reason, 1);
	return true;
}

/**
 * lq_refused_turn_came() - accept() handed out a connection
 * @event: the connection
 * @served: the client was still there; one that had gone did not come through
 *
 * Context: the accepting task, preemption off.
 * Return: whether it had been refused before.
 */
bool lq_refused_turn_came(const struct lq_event *event, bool served)
{
	enum lq_reason reason = LQ_R_none;
	struct lq_listener *l = NULL;
	struct lq_clients_at at;
	bool counts = false;
	struct lq_client *c;
	u64 since = 0;

	c = lq_clients_lock(&at, event->netns, &event->flow);
	if (c) {
		since = c->since;
		reason = c->reason;
		counts = c->state == LQ_CLIENT_refused;
		l = lq_clients_leave(&at, c, served ? LQ_CLIENT_recovered : LQ_CLIENT_gone);
	}
	lq_clients_unlock(&at);
	if (!l)
		return false;
	/* How it got its request went unseen. */
	if (unlikely(counts))
		count_refused(get(l), reason, -1);
	settle(l, served ? LQ_REFUSED_RECOVERED : LQ_REFUSED_NEVER,
	       ktime_get_coarse_ns() - since);
	return true;
}

static void settle_never(struct lq_listener *l)
{
	settle(l, LQ_REFUSED_NEVER, 0);
}

/*
 * One that is pending, or waits in the accept queue of a listener, may still come through; but
 * its accept() may go unseen, and nobody is to be looked for all the time.
 */
static bool has_given_up(const struct lq_client *c, u64 deadline)
{
	if (c->state == LQ_CLIENT_pending && !READ_ONCE(c->l->closed))
		return c->since + PENDING_S * NSEC_PER_SEC < deadline;
	return c->since < deadline;
}

static bool is_of(const struct lq_client *c, u64 netns)
{
	return c->netns == netns;
}

static void look_work(struct work_struct *work)
{
	u64 now = ktime_get_coarse_ns(), most = GIVE_UP_S * NSEC_PER_SEC;

	if (now > most)
		lq_clients_sweep(has_given_up, now - most, settle_never);
	schedule_delayed_work(&looker, LOOK_EVERY);
}

/**
 * lq_refused_forget() - a network namespace goes away, with its clients
 * @netns: its inode
 *
 * Context: process. No segment of that namespace arrives any more.
 */
void lq_refused_forget(unsigned int netns)
{
	lq_clients_sweep(is_of, netns, settle_never);
	lq_clients_forget(netns);
}

/**
 * lq_refused_init() - begin to remember
 *
 * Return: 0 or -ENOMEM.
 */
int lq_refused_init(void)
{
	int err = lq_clients_init();

	if (!err)
		schedule_delayed_work(&looker, LOOK_EVERY);
	return err;
}

/**
 * lq_refused_exit() - forget all
 *
 * Context: process, sleeps. After the last network namespace was forgotten.
 */
void lq_refused_exit(void)
{
	cancel_delayed_work_sync(&looker);
	lq_clients_exit();
}
