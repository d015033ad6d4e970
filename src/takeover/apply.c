// SPDX-License-Identifier: GPL-2.0
/*
 * apply.c - rules take new addresses over
 *
 * By the task that listens there, or a worker (ask.c). SYNs that came before are the
 * kernel's, and counted (to_stock_early).
 *
 * An address that finds no memory stays with the kernel: it is tried again when somebody
 * listens there, and with all others of its kind from time to time.
 */
#include <linux/sched.h>

#include "kernel/compat.h"
#include "ledger/endpoint.h"
#include "ledger/here.h"
#include "ledger/walk.h"
#include "queue/types.h"
#include "takeover/apply.h"
#include "takeover/ask.h"
#include "takeover/install.h"
#include "takeover/rules.h"

#define RETRY	(10 * HZ)	/* until what was refused is tried again */
#define REFUSED	HZ		/* before that listen() is not worth another look */
#define BATCH	16		/* taken over before other commands have their turn */

/* tcp_conn_request has decided so often; repeated SYNs have a request by then. */
static u64 syns_of(const struct lq_listener *l)
{
	u64 n = 0;
	int v;

	for (v = LQ_V_syn_queued; v <= LQ_V_syn_fastopen_closed; v++)
		n += lq_counted(&l->totals, verdicts[v]);
	return n;
}

static void add_early(struct lq_listener *l, void *sum)
{
	*(u64 *)sum += syns_of(l) - l->not_early;
}

/* It was there before the rule: what comes from now on is early. */
static void begin_early(struct lq_listener *l, void *unused)
{
	l->not_early = syns_of(l);
}

/* With the ledger's lock held. Of a large group some have been there for long. */
static void walk_last(struct lq_endpoint *ep, void (*act)(struct lq_listener *l, void *arg),
		      void *arg)
{
	unsigned long at = ep->open > LQ_PIECE ? ep->next_place - LQ_PIECE : 0;

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	lq_walk_piece(ep, &at, XA_PRESENT, act, arg);
}

/* SYNs of an endpoint's listeners up to now, but for one that another processor has in hand */
static u64 early_of(struct lq_endpoint *ep)
{
	u64 n = 0;

	walk_last(ep, add_early, &n);
	return n;
}

/* The endpoint of that number if a rule is to take it over; with the ledger's lock held. */
static struct lq_endpoint *find_wanted(struct lq_ledger *ledger, u32 id, struct lq_rule **rule)
{
	struct lq_endpoint *ep = lq_endpoint_find(ledger, id);

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!ep || !ep->open || ep->queue || ep->released)
		return NULL;
	*rule = lq_rule_find(ledger, ep->where.port);
	return *rule ? ep : NULL;
}

/*
 * With commands and the ledger's lock held. Returns the queue if nobody listens there any more. Of
 * who comes after the rule the first SYNs may have been too early.
 */
static struct lq_synq *install(struct lq_ledger *ledger, struct lq_endpoint *ep,
			       struct lq_synq *q, bool comes_after)
{
	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!ep)
		return q;
	if (comes_after)
		atomic64_set(&q->to_stock[LQ_TO_STOCK_early], early_of(ep));
	return lq_install(ledger, q);
}

static void apply(struct lq_ledger *ledger, u32 id, bool comes_after)
{
	struct lq_address where = { 0 };
	struct lq_synq *made = NULL;
	kuid_t uid = INVALID_UID;
	struct lq_endpoint *ep;
	struct lq_rule *rule = NULL;
	int err = 0;

	lockdep_assert_held(&lq_commands);
	if (lq_takeover_is_stopped())
		return;
	xa_lock_irq(&ledger->listeners);
	ep = find_wanted(ledger, id, &rule);
	if (ep) {
		where = ep->where;
		uid = lq_install_payer(ep);
		err = lq_install_prepare(ledger, ep, &rule->config, true, &made);
		ep = find_wanted(ledger, id, &rule);
	}
	if (made) {
		made = install(ledger, ep, made, comes_after);
	} else if (ep) {
		if (!comes_after)
			walk_last(ep, begin_early, NULL);
		lq_rules_put_off(ledger, ep, jiffies + RETRY);
		ep->refused_until = (jiffies + REFUSED) ?: 1;
	}
	xa_unlock_irq(&ledger->listeners);
	lq_install_discard(made);
	if (err && rule)
		lq_rule_refused(ledger, rule, &where, uid, err);
}

/**
 * lq_rule_apply() - the rule about its port takes an endpoint over, if it still is to
 * @ledger: of the network namespace
 * @id: number of the endpoint
 *
 * Context: process, sleeps, commands locked.
 */
void lq_rule_apply(struct lq_ledger *ledger, u32 id)
{
	lockdep_assert_held(&lq_commands);
	apply(ledger, id, true);
}

/**
 * lq_rule_begin() - a new rule takes over who listens already
 * @ledger: of the network namespace
 * @where: the rule's port
 *
 * Each address for itself: one that is refused keeps nobody else out. Where nobody listens the
 * rule comes when somebody does; what is taken over stays as it is.
 *
 * Context: process, sleeps, commands locked.
 */
void lq_rule_begin(struct lq_ledger *ledger, const struct lq_address *where)
{
	struct lq_endpoint *ep;
	u32 id = 0;

	lockdep_assert_held(&lq_commands);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, where, true, id))) {
		id = ep->id;
		ep->released = false;
		xa_unlock_irq(&ledger->listeners);
		apply(ledger, id, false);
		xa_lock_irq(&ledger->listeners);
	}
	xa_unlock_irq(&ledger->listeners);
}

static struct lq_endpoint *first_of(struct list_head *wanted)
{
	return list_first_entry_or_null(wanted, struct lq_endpoint, wanted);
}

/*
 * One that waits for its rule, and no more; 0: there is none. Those that were refused come
 * after all others, once each time.
 */
static u32 next_wanted(struct lq_ledger *ledger)
{
	struct lq_endpoint *ep;
	u32 id = 0;

	xa_lock_irq(&ledger->listeners);
	if (!list_empty(&ledger->refused) && time_after_eq(jiffies, ledger->retry))
		list_splice_tail_init(&ledger->refused, &ledger->again);
	ep = first_of(&ledger->wanted) ?: first_of(&ledger->again);
	if (ep) {
		id = ep->id;
		list_del_init(&ep->wanted);
	}
	xa_unlock_irq(&ledger->listeners);
	return id;
}

/* When the worker is to come again. */
static void come_again(struct lq_ledger *ledger)
{
	xa_lock_irq(&ledger->listeners);
	/* One that was just refused may have asked for a later time. */
	if (!list_empty(&ledger->wanted) || !list_empty(&ledger->again))
		mod_delayed_work(lq_system_wq, &ledger->ruler, 0);
	else if (!list_empty(&ledger->refused))
		mod_delayed_work(lq_system_wq, &ledger->ruler,
				 max_t(long, ledger->retry - jiffies, 1));
	xa_unlock_irq(&ledger->listeners);
}

/**
 * lq_rules_apply() - rules take over what is wanted
 * @work: of the ledger
 *
 * Context: process, sleeps.
 */
void lq_rules_apply(struct work_struct *work)
{
	struct lq_ledger *ledger = container_of(to_delayed_work(work), struct lq_ledger, ruler);
	int n = 0;
	u32 id;

	lq_takeover_lock();
	while (!lq_takeover_is_stopped() && n++ < BATCH && (id = next_wanted(ledger)))
		lq_rule_apply(ledger, id);
	lq_takeover_unlock();
	if (!lq_takeover_is_stopped())
		come_again(ledger);
}
