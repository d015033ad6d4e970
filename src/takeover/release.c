// SPDX-License-Identifier: GPL-2.0
/*
 * release.c - an endpoint goes back to the stock kernel
 *
 *   no new records ─▶ records become requests (handback.c) ─▶ nobody finds its queue
 *
 * By a command, when its lease ends, when an invariant of its queue fails, when the module
 * goes. One at a time with commands; all that go at once share their grace periods.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <net/net_namespace.h>
#include <net/tcp.h>

#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/name.h"
#include "queue/handback.h"
#include "queue/settings.h"
#include "takeover/lifetime.h"
#include "takeover/release.h"

/* Nobody finds these any more, but segments that have; commands wait. */
static struct lq_synq *left_over;

static void look_earlier(u64 *first, const struct lq_config *config, u64 lease)
{
	if (lq_has_lease(config))
		*first = min(*first, lease);
}

/**
 * lq_leases_watch() - the worker looks when the first lease ends
 * @ledger: of a network namespace
 *
 * Context: process, commands wait.
 */
void lq_leases_watch(struct lq_ledger *ledger)
{
	u64 first = U64_MAX, now = get_jiffies_64();
	struct lq_endpoint *ep;
	struct lq_rule *rule;

	lockdep_assert_held(&lq_commands);
	list_for_each_entry(rule, &ledger->rules, list)
		look_earlier(&first, &rule->config, rule->lease);
	xa_lock_irq(&ledger->listeners);
	list_for_each_entry(ep, &ledger->endpoints, list)
		if (ep->queue && READ_ONCE(ep->queue->why))
			first = now;
		else if (ep->queue)
			look_earlier(&first, &ep->queue->config, ep->queue->lease);
	xa_unlock_irq(&ledger->listeners);
	if (first != U64_MAX)
		mod_delayed_work(system_wq, &ledger->lessor, first > now ? first - now : 0);
}

/**
 * lq_leases_renew() - leases begin anew
 * @ledger: of the network namespace
 * @where: of which endpoints
 * @any: all addresses of that port
 * @rule: and of this rule, or NULL
 *
 * Context: process, commands wait.
 */
void lq_leases_renew(struct lq_ledger *ledger, const struct lq_address *where, bool any,
		     struct lq_rule *rule)
{
	struct lq_endpoint *ep;
	u32 id = 0;

	lockdep_assert_held(&lq_commands);
	if (rule)
		lq_lease_renew(&rule->lease, &rule->config);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, where, any, id))) {
		id = ep->id;
		if (ep->queue)
			lq_lease_renew(&ep->queue->lease, &ep->queue->config);
	}
	xa_unlock_irq(&ledger->listeners);
	lq_leases_watch(ledger);
}

/* Nobody finds the queue through a listener any more. */
static void forget(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	struct lq_listener *l;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	rcu_read_lock();
	list_for_each_entry(l, &ep->listeners, sibling) {
		lq_synq_pass_on_cookies(ep->queue, l->sk, l->uid);
		RCU_INIT_POINTER(l->queue, NULL);
	}
	rcu_read_unlock();
	ep->queue = NULL;
	ep->released = true;
	if (list_empty(&ep->listeners))
		lq_endpoint_rest(ledger, ep);
}

/* Nobody counts in the queue any more. */
static void keep_tallies(const struct lq_synq *q)
{
	struct lq_ledger *ledger = lq_ledger_of(q->net);
	struct lq_endpoint *ep;
	int i;

	xa_lock_irq(&ledger->listeners);
	ep = lq_endpoint_find(ledger, q->id);
	for (i = 0; ep && i < LQ_QT_count; i++)
		ep->tallies[i] += atomic64_read(&q->tallies[i]);
	xa_unlock_irq(&ledger->listeners);
}

/* One that is to go back takes no new records. */
static void drain(struct lq_synq *q, const char *why)
{
	cmpxchg(&q->why, NULL, why);
	WRITE_ONCE(q->draining, true);
	q->goes = true;
}

/* With commands locked. Returns how many there are. */
static int drain_meant(struct lq_ledger *ledger, const struct lq_address *where, bool any,
		       const char *why)
{
	struct lq_endpoint *ep;
	int n = 0;
	u32 id = 0;

	lockdep_assert_held(&lq_commands);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, where, any, id))) {
		id = ep->id;
		if (!ep->queue)
			continue;
		drain(ep->queue, why);
		n++;
	}
	xa_unlock_irq(&ledger->listeners);
	return n;
}

/*
 * With the ledger's lock held: after number @id, one that goes back; NULL: there is none.
 * Not one that was found broken since: it has had no grace period.
 */
static struct lq_endpoint *next_drained(struct lq_ledger *ledger, u32 id)
{
	struct lq_endpoint *ep;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	while ((ep = lq_endpoint_next(ledger, NULL, true, id))) {
		if (ep->queue && ep->queue->goes)
			return ep;
		id = ep->id;
	}
	return NULL;
}

/* With the ledger's lock held, but while it works; the queue stays: commands wait. */
static void hand_back(struct lq_ledger *ledger, struct lq_endpoint *ep)
	__must_hold(&ledger->listeners.xa_lock)
{
	struct lq_synq *q = ep->queue;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	xa_unlock_irq(&ledger->listeners);
	lq_hand_back(q);
	xa_lock_irq(&ledger->listeners);
}

/* With the ledger's lock held. */
static void leave_over(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	struct lq_synq *q = ep->queue;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	forget(ledger, ep);
	q->next = left_over;
	left_over = q;
}

static void each_drained(struct lq_ledger *ledger,
			 void (*act)(struct lq_ledger *ledger, struct lq_endpoint *ep))
{
	struct lq_endpoint *ep;
	u32 id = 0;

	xa_lock_irq(&ledger->listeners);
	while ((ep = next_drained(ledger, id))) {
		id = ep->id;
		act(ledger, ep);
	}
	xa_unlock_irq(&ledger->listeners);
}

static void hand_back_drained(struct lq_ledger *ledger)
{
	each_drained(ledger, hand_back);
}

static void forget_drained(struct lq_ledger *ledger)
{
	each_drained(ledger, leave_over);
}

/* In this network namespace, or in all. */
static void for_ledgers(struct lq_ledger *one, void (*act)(struct lq_ledger *ledger))
{
	struct net *net;

	if (one) {
		act(one);
		return;
	}
	down_read(&net_rwsem);
	for_each_net(net)
		if (lq_net_counts(net))
			act(lq_ledger_of(net));
	up_read(&net_rwsem);
}

static void tell_given_back(const struct lq_synq *q)
{
	char shown[LQ_ADDRESS_LEN];

	lq_name_endpoint(shown, sizeof(shown), q->net, &q->where);
	pr_info("%s is with the kernel again, %s: %lld requests handed back in %u ms, %lld over the bound, %lld the kernel's already, %lld lost\n",
		shown, q->why, atomic64_read(&q->tallies[LQ_QT_handed_back]), q->ms,
		atomic64_read(&q->tallies[LQ_QT_over_limit]),
		atomic64_read(&q->tallies[LQ_QT_duplicate]),
		atomic64_read(&q->tallies[LQ_QT_orphaned]));
}

/*
 * With commands locked: those that drain go back, all at once, for a grace period may be
 * long. The first: who has not seen that it drains has inserted its record by then. The
 * second: who looked for a request before there was one finds it through the queue. The
 * third: nobody works with the queue any more.
 */
static void give_back(struct lq_ledger *one)
{
	struct lq_synq *q;

	lockdep_assert_held(&lq_commands);
	synchronize_rcu();
	for_ledgers(one, hand_back_drained);
	synchronize_rcu();
	for_ledgers(one, forget_drained);
	synchronize_rcu();
	while ((q = left_over)) {
		left_over = q->next;
		keep_tallies(q);
		tell_given_back(q);
		lq_synq_free(q);
	}
}

/**
 * lq_release() - command "release"
 * @net: network namespace
 * @where: the endpoint's address
 * @any: all addresses of that port, and the rule for those to come
 *
 * Context: process, sleeps.
 * Return: 0, or -ENOENT when none of them is taken over.
 */
int lq_release(struct net *net, const struct lq_address *where, bool any)
{
	struct lq_ledger *ledger = lq_ledger_of(net);
	int rules, n;

	lq_takeover_lock();
	rules = any ? lq_rules_remove(ledger, where) : 0;
	n = drain_meant(ledger, where, any, "released");
	if (n)
		give_back(ledger);
	lq_takeover_unlock();
	return n || rules ? 0 : -ENOENT;
}

/* With commands locked. */
static int drain_ended(struct lq_ledger *ledger)
{
	struct lq_rule *rule, *next;
	struct lq_address where = { 0 };
	struct lq_endpoint *ep;
	struct lq_synq *q;
	int n = 0;

	lockdep_assert_held(&lq_commands);
	/* What it took over has a lease of its own. */
	list_for_each_entry_safe(rule, next, &ledger->rules, list) {
		where.port = rule->port;
		if (lq_lease_has_ended(&rule->config, rule->lease))
			lq_rules_remove(ledger, &where);
	}
	xa_lock_irq(&ledger->listeners);
	list_for_each_entry(ep, &ledger->endpoints, list) {
		q = ep->queue;
		if (!q || (!q->why && !lq_lease_has_ended(&q->config, q->lease)))
			continue;
		drain(q, "its lease has ended");
		n++;
	}
	xa_unlock_irq(&ledger->listeners);
	return n;
}

/**
 * lq_leases_end() - give back those whose lease has ended, or whose queue is broken
 * @work: of the ledger
 *
 * Context: process, sleeps.
 */
void lq_leases_end(struct work_struct *work)
{
	struct lq_ledger *ledger = container_of(to_delayed_work(work), struct lq_ledger, lessor);

	lq_takeover_lock();
	if (drain_ended(ledger))
		give_back(ledger);
	lq_leases_watch(ledger);
	lq_takeover_unlock();
}

/**
 * lq_release_forget() - a network namespace goes away, with what is pending in it
 * @ledger: its ledger; all its listeners are gone
 *
 * Context: process, sleeps. No segment of the namespace arrives any more.
 */
void lq_release_forget(struct lq_ledger *ledger)
{
	struct lq_endpoint *ep;
	struct lq_synq *q;
	u32 id = 0;

	lq_takeover_lock();
	lq_rules_remove(ledger, NULL);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, NULL, true, id))) {
		id = ep->id;
		q = ep->queue;
		if (!q)
			continue;
		forget(ledger, ep);
		xa_unlock_irq(&ledger->listeners);
		lq_synq_free(q);
		xa_lock_irq(&ledger->listeners);
	}
	xa_unlock_irq(&ledger->listeners);
	lq_takeover_unlock();
	cancel_work_sync(&ledger->ruler);
	cancel_delayed_work_sync(&ledger->lessor);
}

static void drain_all(struct lq_ledger *ledger)
{
	lq_rules_remove(ledger, NULL);
	drain_meant(ledger, NULL, true, "the module goes");
}

/**
 * lq_release_all() - the module goes
 *
 * Context: process, sleeps, commands wait and are refused from now on.
 */
void lq_release_all(void)
{
	lockdep_assert_held(&lq_commands);
	for_ledgers(NULL, drain_all);
	give_back(NULL);
}
