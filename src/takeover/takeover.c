// SPDX-License-Identifier: GPL-2.0
/*
 * takeover.c - commands: an endpoint is taken over, changed; rules for those to come
 *
 *   takeover ─▶ install.c     *:PORT ─▶ rules.c     listen() ─▶ ask.c ─▶ apply.c
 *
 * The way back is in release.c, and of what rules have made in retire.c, too. Commands come
 * one at a time.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <net/net_namespace.h>
#include <net/tcp.h>

#include "kernel/ksym.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/owner.h"
#include "observe/frame.h"
#include "path/diverted.h"
#include "queue/memory.h"
#include "queue/part.h"
#include "queue/record.h"
#include "queue/share.h"
#include "takeover/apply.h"
#include "takeover/ask.h"
#include "takeover/install.h"
#include "takeover/lifetime.h"
#include "takeover/members.h"
#include "takeover/release.h"
#include "takeover/retire.h"
#include "takeover/takeover.h"

/* An address that is named, on every device if none is: all of them, or none; sleeps. */
static int take_over(struct lq_ledger *ledger, const struct lq_address *where,
		     const struct lq_config *config)
{
	struct lq_synq *made = NULL, *q;
	struct lq_endpoint *ep;
	u32 id = 0, n = 0;
	int err = 0;

	lockdep_assert_held(&lq_commands);
	xa_lock_irq(&ledger->listeners);
	while (!err && (ep = lq_endpoint_next(ledger, where, false, id))) {
		id = ep->id;
		err = ep->queue ? -EEXIST :
		      lq_install_prepare(ledger, ep, config, false, &made);
		n++;
	}
	if (!err)
		made = lq_install(ledger, made);
	/* Nobody listens there, and they have been forgotten meanwhile. */
	for (q = made; !err && q; q = q->next)
		n--;
	if (!n)
		err = -ENOENT;
	xa_unlock_irq(&ledger->listeners);
	lq_install_discard(made);
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
	err = lq_takeover_is_stopped() ? -ESHUTDOWN : lq_can_take_over() ? 0 : -EOPNOTSUPP;
	if (!err)
		err = any ? lq_rule_add(ledger, where->port, config) :
			    take_over(ledger, where, config);
	if (!err && any)
		lq_rule_begin(ledger, where);
	lq_leases_watch(ledger);
	lq_takeover_unlock();
	return err;
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

static void tell_refused(struct lq_ledger *ledger, const struct lq_address *where, u32 n)
{
	atomic64_add(n, &ledger->rules_refused);
	pr_warn("*:%u: %u addresses stay as they are: more than their users may have of what rules may take\n",
		ntohs(where->port), n);
}

/* What commands name is no rule's any more, if they do not fail. */
static void settle_named(struct lq_synq *named, bool failed)
{
	struct lq_synq *q;

	while ((q = named)) {
		named = q->next;
		q->named = false;
		if (!failed)
			lq_share_name(q);
	}
}

/**
 * lq_takeover_set() - command "set"
 * @net: network namespace
 * @where: the endpoint's address
 * @any: all addresses of that port
 * @config: what the keys said; the others stay. Leases begin anew
 *
 * Who names an address that a rule has taken over makes it his own: it stays when nobody
 * listens, and takes no part in what rules may have of mem_max. With @any, those that rules have
 * taken over and that may have no more stay as they are: users choose how many these are.
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
	struct lq_synq *named = NULL;
	struct lq_endpoint *ep;
	struct lq_rule *rule;
	u32 id = 0, refused = 0;
	int err = 0;

	lq_takeover_lock();
	rule = any ? lq_rule_find(ledger, where->port) : NULL;
	xa_lock_irq(&ledger->listeners);
	while (!err && (ep = lq_endpoint_next(ledger, where, any, id))) {
		id = ep->id;
		if (!ep->queue)
			continue;
		if (!any) {
			ep->queue->named = true;
			ep->queue->next = named;
			named = ep->queue;
		}
		err = prepare_change(ledger, ep->queue, config, &changes);
		if (err == -ENOSPC && any && lq_is_shared(ep->queue)) {
			refused++;
			err = 0;
		}
	}
	xa_unlock_irq(&ledger->listeners);
	if (!err && !changes)
		err = refused ? -ENOSPC : rule ? 0 : -ENOENT;
	if (!err && refused)
		tell_refused(ledger, where, refused);
	if (!err && rule)
		lq_config_merge(&rule->config, config);
	lq_synq_change(changes, !err);
	settle_named(named, err);
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
	xa_init(&ledger->rules);
	INIT_LIST_HEAD(&ledger->wanted);
	INIT_LIST_HEAD(&ledger->again);
	INIT_LIST_HEAD(&ledger->refused);
	INIT_LIST_HEAD(&ledger->resting);
	INIT_DELAYED_WORK(&ledger->ruler, lq_rules_apply);
	INIT_DELAYED_WORK(&ledger->retirer, lq_retire_work);
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
		.opened = lq_rules_opened,
		.backlog = lq_members_backlog,
		.made_room = lq_members_made_room,
		.read = lq_synq_read,
	};
	int err = lq_records_init();

	if (err)
		return err;
	err = lq_memory_init();
	if (err) {
		lq_records_exit();
		return err;
	}
	lq_owner = &owner;
	lq_parts_choose_hash();
	return 0;
}

/**
 * lq_takeover_start() - commands may come
 *
 * Context: process, sleeps. After the hooks are attached.
 */
void lq_takeover_start(void)
{
	lq_takeover_let(true);
	lq_asks_start(lq_rule_apply);
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
	lq_takeover_let(false);
	lq_asks_stop();
	lq_takeover_lock();
	lq_release_all();
	lq_takeover_unlock();
	lq_observing_stop();
	if (!lq_diverted_exit())
		lq_asks_settle();
}

/**
 * lq_takeover_exit() - free what commands need
 *
 * Context: process. Nothing is taken over any more.
 */
void lq_takeover_exit(void)
{
	lq_memory_exit();
	lq_records_exit();
}
