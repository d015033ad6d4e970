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

#include <linux/mutex.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

#include "compat_takeover.h"
#include "divert.h"
#include "ksym.h"
#include "ledger.h"
#include "net.h"
#include "queue.h"
#include "record.h"
#include "takeover.h"

static DEFINE_MUTEX(commands);
/* The module goes; guarded by commands. */
static bool stopped;

/**
 * lq_takeover_lock() - have commands wait, so that queues stay
 *
 * Context: process, sleeps.
 */
void lq_takeover_lock(void)
{
	mutex_lock(&commands);
}

/**
 * lq_takeover_unlock() - commands go on
 */
void lq_takeover_unlock(void)
{
	mutex_unlock(&commands);
}

/* With commands or the ledger locked. */
static struct lq_rule *find_rule(struct lq_ledger *ledger, __be16 port)
{
	struct lq_rule *rule;

	list_for_each_entry(rule, &ledger->rules, list)
		if (rule->port == port)
			return rule;
	return NULL;
}

/* With the ledger's lock held: among the endpoint's listeners, one that is open. */
static struct lq_listener *open_listener(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	struct lq_listener *l;

	list_for_each_entry(l, &ep->listeners, sibling)
		if (xa_load(&ledger->listeners, l->cookie) == l)
			return l;
	return NULL;
}

/**
 * lq_takeover_listeners() - an endpoint's listeners have changed
 * @ledger: of its network namespace
 * @ep: the endpoint
 *
 * Context: any, with the ledger's lock held.
 */
void lq_takeover_listeners(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	struct lq_synq *q = ep->queue;
	struct lq_listener *l;
	u32 backlogs = 0, n = 0;

	if (unlikely(!q && !ep->released && find_rule(ledger, ep->where.port)))
		schedule_work(&ledger->ruler);
	if (likely(!q))
		return;
	list_for_each_entry(l, &ep->listeners, sibling) {
		if (xa_load(&ledger->listeners, l->cookie) != l)
			continue;
		rcu_assign_pointer(l->queue, q);
		backlogs += READ_ONCE(l->sk->sk_max_ack_backlog);
		n++;
	}
	WRITE_ONCE(q->backlogs, n > 1 ? backlogs : 0);
	l = open_listener(ledger, ep);
	rcu_assign_pointer(q->sender, l);
	if (l && !uid_eq(l->uid, q->uid)) {
		q->uid = l->uid;
		schedule_work(&q->evictor);
	}
	lq_park_kick(q);
}

/**
 * lq_takeover_backlog() - listen() changes the backlog of a listener
 * @sk: the listener, with its old backlog still
 * @backlog: the new one
 *
 * Context: process, preemption off.
 */
void lq_takeover_backlog(struct sock *sk, u32 backlog)
{
	struct lq_synq *q = lq_queue_of(sk);

	if (!q)
		return;
	if (q->backlogs)
		WRITE_ONCE(q->backlogs, q->backlogs + backlog -
			   READ_ONCE(sk->sk_max_ack_backlog));
	lq_park_backlog(q);
}

/**
 * lq_takeover_accepted() - accept() has taken a connection
 * @l: the listener it waited at
 *
 * Context: process, preemption off.
 */
void lq_takeover_accepted(const struct lq_listener *l)
{
	struct lq_synq *q = rcu_dereference_check(l->queue, true);

	if (q)
		lq_park_kick(q);
}

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
	u32 records = config->set & BIT(LQ_KEY_synq) ? config->value[LQ_KEY_synq] : backlogs;
	struct lq_address where = ep->where;
	struct lq_synq *q;
	int err;

	xa_unlock_irq(&ledger->listeners);
	err = lq_queue_new(ledger->net, config, records, backlogs, &q);
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
		lq_queue_free(q);
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

	while ((q = made)) {
		made = q->next;
		ep = lq_endpoint_find(ledger, q->id);
		if (ep) {
			ep->released = false;
			ep->queue = q;
			lq_endpoint_wake(ledger, ep);
			lq_lease_renew(&q->lease, &q->config);
			lq_takeover_listeners(ledger, ep);
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

/* What a rule said is not there yet: a listener on its port, later. */
static int add_rule(struct lq_ledger *ledger, __be16 port, const struct lq_config *config)
{
	struct lq_rule *rule;

	if (find_rule(ledger, port))
		return -EEXIST;
	rule = kmalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;
	rule->port = port;
	rule->config = *config;
	lq_lease_renew(&rule->lease, config);
	xa_lock_irq(&ledger->listeners);
	list_add_tail_rcu(&rule->list, &ledger->rules);
	xa_unlock_irq(&ledger->listeners);
	return 0;
}

static void remove_rule(struct lq_ledger *ledger, struct lq_rule *rule)
{
	xa_lock_irq(&ledger->listeners);
	list_del_rcu(&rule->list);
	xa_unlock_irq(&ledger->listeners);
	kfree_rcu(rule, rcu);
}

/**
 * lq_rules_remove() - addresses to come are not taken over any more
 * @ledger: of their network namespace
 * @where: of which port; NULL: of all
 *
 * Context: process, commands wait.
 * Return: how many rules there were.
 */
int lq_rules_remove(struct lq_ledger *ledger, const struct lq_address *where)
{
	struct lq_rule *rule, *next;
	int n = 0;

	list_for_each_entry_safe(rule, next, &ledger->rules, list) {
		if (where && rule->port != where->port)
			continue;
		remove_rule(ledger, rule);
		n++;
	}
	return n;
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

	mutex_lock(&commands);
	err = stopped ? -ESHUTDOWN : lq_can_take_over() ? 0 : -EOPNOTSUPP;
	if (!err && any)
		err = add_rule(ledger, where->port, config);
	if (!err) {
		err = lq_divert_attach() ?: take_over(ledger, where, any, false, config);
		if (err && any)
			remove_rule(ledger, find_rule(ledger, where->port));
	}
	mutex_unlock(&commands);
	return err;
}

/* A new address on a port that a rule is about. */
static void apply_rules(struct work_struct *work)
{
	struct lq_ledger *ledger = container_of(work, struct lq_ledger, ruler);
	struct lq_address where = { 0 };
	struct lq_rule *rule;

	mutex_lock(&commands);
	list_for_each_entry(rule, &ledger->rules, list) {
		where.port = rule->port;
		if (stopped)
			break;
		if (take_over(ledger, &where, true, true, &rule->config))
			pr_err("endpoints: *:%u: no memory for the SYN queue of a new address\n",
			       ntohs(rule->port));
	}
	mutex_unlock(&commands);
}

/* The ledger's lock is held before and after. The queue stays: commands wait. */
static int prepare_change(struct lq_ledger *ledger, struct lq_synq *q,
			  const struct lq_config *config, struct lq_change **changes)
{
	int err;

	xa_unlock_irq(&ledger->listeners);
	err = lq_queue_prepare(q, config, changes);
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

	mutex_lock(&commands);
	rule = any ? find_rule(ledger, where->port) : NULL;
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
	lq_queue_change(changes, !err);
	if (!err)
		lq_leases_renew(ledger, where, any, rule);
	mutex_unlock(&commands);
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
 * @broken: for tests: queues look broken
 *
 * Return: 0 or -ENOMEM.
 */
int lq_takeover_init(bool broken)
{
	lq_queues_init(broken);
	return lq_records_init();
}

/**
 * lq_takeover_exit() - everything goes back to the stock kernel
 *
 * Context: process, sleeps. A command that comes later is refused.
 */
void lq_takeover_exit(void)
{
	mutex_lock(&commands);
	stopped = true;
	lq_release_all();
	mutex_unlock(&commands);
	lq_divert_detach();
	lq_records_exit();
}
