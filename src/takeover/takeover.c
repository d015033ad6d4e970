// SPDX-License-Identifier: GPL-2.0
/*
 * takeover.c - commands: an endpoint is taken over, changed; rules for those to come
 *
 *   takeover ─▶ queue ─▶ listeners point to it ─▶ their segments are diverted
 *
 * The way back is in release.c. Commands come one at a time. An endpoint's listeners get
 * and lose the pointer to its queue with the ledger's lock held; segments follow it under
 * RCU.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <net/net_namespace.h>
#include <net/tcp.h>

#include "kernel/ksym.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/name.h"
#include "ledger/owner.h"
#include "observe/frame.h"
#include "path/diverted.h"
#include "queue/part.h"
#include "queue/record.h"
#include "queue/timer.h"
#include "takeover/lifetime.h"
#include "takeover/members.h"
#include "takeover/release.h"
#include "takeover/takeover.h"

/* The module is not all there yet, or goes; guarded by commands. */
static bool stopped = true;

static u32 backlogs_of(struct lq_endpoint *ep)
{
	struct lq_listener *l;
	u32 backlogs = 0;

	list_for_each_entry(l, &ep->listeners, sibling)
		backlogs += READ_ONCE(l->sk->sk_max_ack_backlog);
	return max(backlogs, 1U);
}

/*
 * A queue for an endpoint that is not taken over yet, in front of @made. The ledger's lock
 * is held before and after; sleeps.
 */
static int prepare(struct lq_ledger *ledger, struct lq_endpoint *ep,
		   const struct lq_config *config, struct lq_synq **made)
	__releases(&ledger->listeners.xa_lock)
	__acquires(&ledger->listeners.xa_lock)
{
	u32 backlogs = backlogs_of(ep), id = ep->id;
	u32 records = lq_config_or(config, LQ_SETTING_synq, backlogs);
	struct lq_address where = ep->where;
	struct lq_synq *q;
	int err;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	xa_unlock_irq(&ledger->listeners);
	err = lq_synq_new(ledger->net, config, records, backlogs, &q);
	if (!err) {
		q->where = where;
		q->id = id;
		q->next = *made;
		*made = q;
	}
	xa_lock_irq(&ledger->listeners);
	return err;
}

static void discard(struct lq_synq *made)
{
	struct lq_synq *q;

	while ((q = made)) {
		made = q->next;
		lq_synq_free(q);
	}
}

/*
 * With the ledger's lock held. Returns those whose endpoints have been forgotten
 * meanwhile: nobody listens there.
 */
static struct lq_synq *install(struct lq_ledger *ledger, struct lq_synq *made)
{
	struct lq_synq *q, *left = NULL;
	struct lq_endpoint *ep;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	while ((q = made)) {
		made = q->next;
		ep = lq_endpoint_find(ledger, q->id);
		if (ep) {
			ep->released = false;
			ep->queue = q;
			lq_endpoint_wake(ledger, ep);
			lq_lease_renew(&q->lease, &q->config);
			lq_members_changed(ledger, ep);
		} else {
			q->next = left;
			left = q;
		}
	}
	return left;
}

/*
 * All that are meant, or none; sleeps. With @any, those that are taken over already stay
 * as they are; a rule leaves those alone that somebody has released.
 */
static int take_over(struct lq_ledger *ledger, const struct lq_address *where, bool any,
		     bool by_rule, const struct lq_config *config)
{
	struct lq_synq *made = NULL;
	struct lq_endpoint *ep;
	int err = 0;
	u32 id = 0;

	lockdep_assert_held(&lq_commands);
	xa_lock_irq(&ledger->listeners);
	while (!err && (ep = lq_endpoint_next(ledger, where, any, id))) {
		id = ep->id;
		if (ep->queue)
			err = any ? 0 : -EEXIST;
		else if (!by_rule || !ep->released)
			err = prepare(ledger, ep, config, &made);
	}
	if (!id && !any)
		err = -ENOENT;
	if (!err)
		made = install(ledger, made);
	xa_unlock_irq(&ledger->listeners);
	discard(made);
	lq_leases_watch(ledger);
	return err;
}

/**
 * lq_takeover() - command "takeover"
 * @net: network namespace
 * @where: the endpoint's address
 * @any: all addresses of that port, those to come too
 * @config: what the keys said
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error; nothing is changed then.
 */
int lq_takeover(struct net *net, const struct lq_address *where, bool any,
		const struct lq_config *config)
{
	struct lq_ledger *ledger = lq_ledger_of(net);
	int err;

	lq_takeover_lock();
	err = stopped ? -ESHUTDOWN : lq_can_take_over() ? 0 : -EOPNOTSUPP;
	if (!err && any)
		err = lq_rule_add(ledger, where->port, config);
	if (!err) {
		err = take_over(ledger, where, any, false, config);
		if (err && any)
			lq_rule_remove(ledger, lq_rule_find(ledger, where->port));
	}
	lq_takeover_unlock();
	return err;
}

static void tell_no_memory(const struct lq_ledger *ledger, const struct lq_address *where)
{
	char shown[LQ_ADDRESS_LEN];

	lq_name_endpoint(shown, sizeof(shown), ledger->net, where);
	pr_err("endpoints: %s: no memory for the SYN queue of a new address\n", shown);
}

/* A new address on a port that a rule is about. */
static void apply_rules(struct work_struct *work)
{
	struct lq_ledger *ledger = container_of(work, struct lq_ledger, ruler);
	struct lq_address where = { 0 };
	struct lq_rule *rule;

	lq_takeover_lock();
	list_for_each_entry(rule, &ledger->rules, list) {
		where.port = rule->port;
		if (stopped)
			break;
		if (take_over(ledger, &where, true, true, &rule->config))
			tell_no_memory(ledger, &where);
	}
	lq_takeover_unlock();
}

/* The ledger's lock is held before and after. The queue stays: commands wait. */
static int prepare_change(struct lq_ledger *ledger, struct lq_synq *q,
			  const struct lq_config *config, struct lq_change **changes)
{
	int err;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	xa_unlock_irq(&ledger->listeners);
	err = lq_synq_prepare(q, config, changes);
	xa_lock_irq(&ledger->listeners);
	return err;
}

/**
 * lq_takeover_set() - command "set"
 * @net: network namespace
 * @where: the endpoint's address
 * @any: all addresses of that port
 * @config: what the keys said; the others stay. Leases begin anew
 *
 * Context: process, sleeps.
 * Return: 0, -ENOENT when none of them is taken over, -ENOMEM or -ENOSPC; nothing is
 * changed then.
 */
int lq_takeover_set(struct net *net, const struct lq_address *where, bool any,
		    const struct lq_config *config)
{
	struct lq_ledger *ledger = lq_ledger_of(net);
	struct lq_change *changes = NULL;
	struct lq_endpoint *ep;
	struct lq_rule *rule;
	int err = 0;
	u32 id = 0;

	lq_takeover_lock();
	rule = any ? lq_rule_find(ledger, where->port) : NULL;
	xa_lock_irq(&ledger->listeners);
	while (!err && (ep = lq_endpoint_next(ledger, where, any, id))) {
		id = ep->id;
		if (ep->queue)
			err = prepare_change(ledger, ep->queue, config, &changes);
	}
	xa_unlock_irq(&ledger->listeners);
	if (!err && !changes && !rule)
		err = -ENOENT;
	if (!err && rule)
		lq_config_merge(&rule->config, config);
	lq_synq_change(changes, !err);
	if (!err)
		lq_leases_renew(ledger, where, any, rule);
	lq_takeover_unlock();
	return err;
}

/**
 * lq_takeover_begin() - a network namespace may have rules
 * @ledger: its ledger
 * @net: the namespace
 */
void lq_takeover_begin(struct lq_ledger *ledger, struct net *net)
{
	ledger->net = net;
	INIT_LIST_HEAD(&ledger->rules);
	INIT_WORK(&ledger->ruler, apply_rules);
	INIT_DELAYED_WORK(&ledger->lessor, lq_leases_end);
}

/**
 * lq_takeover_init() - before the first command
 *
 * Return: 0 or -ENOMEM.
 */
int lq_takeover_init(void)
{
	static const struct lq_owner owner = {
		.listeners = lq_members_changed,
		.backlog = lq_members_backlog,
		.made_room = lq_members_made_room,
		.read = lq_synq_read,
	};

	lq_owner = &owner;
	lq_parts_choose_hash();
	return lq_records_init();
}

/**
 * lq_takeover_start() - commands may come
 *
 * Context: process, sleeps. After the hooks are attached.
 */
void lq_takeover_start(void)
{
	lq_takeover_lock();
	stopped = false;
	lq_takeover_unlock();
}

/**
 * lq_takeover_stop() - everything goes back to the stock kernel
 *
 * What observe's resting probes saw is seen by nobody once nothing is diverted any more:
 * observing ends before.
 *
 * Context: process, sleeps. A command that comes later is refused.
 */
void lq_takeover_stop(void)
{
	lq_takeover_lock();
	stopped = true;
	lq_release_all();
	lq_takeover_unlock();
	lq_observing_stop();
	lq_diverted_exit();
}

/**
 * lq_takeover_exit() - free what commands need
 *
 * Context: process. Nothing is taken over any more.
 */
void lq_takeover_exit(void)
{
	lq_records_exit();
}
