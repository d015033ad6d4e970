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

#include "kernel/compat.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/name.h"
#include "queue/handback.h"
#include "queue/settings.h"
#include "queue/share.h"
#include "takeover/lifetime.h"
#include "takeover/members.h"
#include "takeover/release.h"
#include "takeover/retire.h"

/* These go back; each with what comes after it (next). Guarded by commands. */
static struct lq_synq *going;

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
	unsigned long port;
	u32 id = 0;

	lockdep_assert_held(&lq_commands);
	xa_for_each(&ledger->rules, port, rule)
		look_earlier(&first, &rule->config, rule->lease);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, NULL, true, id))) {
		id = ep->id;
		if (ep->queue && READ_ONCE(ep->queue->why))
			first = now;
		else if (ep->queue)
			look_earlier(&first, &ep->queue->config, ep->queue->lease);
	}
	xa_unlock_irq(&ledger->listeners);
	if (first != U64_MAX)
		mod_delayed_work(lq_system_wq, &ledger->lessor, first > now ? first - now : 0);
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

/* Nobody finds the queue any more, but segments that have; commands are locked. */
static void forget(struct lq_synq *q)
{
	struct lq_ledger *ledger = lq_ledger_of(q->net);
	struct lq_endpoint *ep;

	lockdep_assert_held(&lq_commands);
	xa_lock_irq(&ledger->listeners);
	list_del_init(&q->resting);
	ep = lq_endpoint_find(ledger, q->id);
	if (ep && ep->queue == q)
		lq_members_end(ledger, ep);
	xa_unlock_irq(&ledger->listeners);
}

/* One that is to go back takes no new records. */
static void drain(struct lq_synq *q, const char *why)
{
	lockdep_assert_held(&lq_commands);
	cmpxchg(&q->why, NULL, why);
	WRITE_ONCE(q->draining, true);
	q->next = going;
	going = q;
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

/* Nothing was pending in a rule's: users make many of these. */
static bool is_silent(const struct lq_synq *q)
{
	return lq_is_shared(q) && !atomic64_read(&q->tallies[LQ_SYNQ_TALLY_handed_back]) &&
	       !atomic64_read(&q->tallies[LQ_SYNQ_TALLY_over_limit]) &&
	       !atomic64_read(&q->tallies[LQ_SYNQ_TALLY_duplicate]) &&
	       !atomic64_read(&q->tallies[LQ_SYNQ_TALLY_orphaned]);
}

static void tell_given_back(const struct lq_synq *q)
{
	char shown[LQ_ADDRESS_LEN];

	lq_name_endpoint(shown, sizeof(shown), q->net, &q->where);
	pr_info("%s is with the kernel again, %s: %lld requests handed back in %u ms, %lld over the bound, %lld the kernel's already, %lld lost\n",
		shown, q->why, atomic64_read(&q->tallies[LQ_SYNQ_TALLY_handed_back]), q->ms,
		atomic64_read(&q->tallies[LQ_SYNQ_TALLY_over_limit]),
		atomic64_read(&q->tallies[LQ_SYNQ_TALLY_duplicate]),
		atomic64_read(&q->tallies[LQ_SYNQ_TALLY_orphaned]));
}

/* With commands locked: nobody works with them any more. */
static void end_going(void)
{
	bool alone = going && !going->next;
	u32 silent = 0;
	struct lq_synq *q;

	lockdep_assert_held(&lq_commands);
	while ((q = going)) {
		going = q->next;
		lq_keep_tallies(q);
		if (!alone && is_silent(q))
			silent++;
		else
			tell_given_back(q);
		lq_synq_free(q);
		cond_resched();
	}
	if (silent)
		pr_info("%u addresses of rules are with the kernel again: nothing was pending\n",
			silent);
}

/*
 * With commands locked: those that drain go back, all at once, for a grace period may be
 * long. The first: who has not seen that it drains has inserted its record by then. The
 * second: who looked for a request before there was one finds it through the queue. The
 * third: nobody works with the queue any more.
 */
static void give_back(void)
{
	struct lq_synq *q;

	lockdep_assert_held(&lq_commands);
	synchronize_rcu();
	for (q = going; q; q = q->next)
		lq_hand_back(q);
	synchronize_rcu();
	for (q = going; q; q = q->next)
		forget(q);
	synchronize_rcu();
	end_going();
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
		give_back();
	lq_takeover_unlock();
	return n || rules ? 0 : -ENOENT;
}

/* With commands locked. */
static int drain_ended(struct lq_ledger *ledger)
{
	struct lq_endpoint *ep;
	struct lq_rule *rule;
	unsigned long port;
	struct lq_synq *q;
	int n = 0;
	u32 id = 0;

	lockdep_assert_held(&lq_commands);
	/* What it took over has a lease of its own. */
	xa_for_each(&ledger->rules, port, rule)
		if (lq_lease_has_ended(&rule->config, rule->lease))
			lq_rule_remove(ledger, rule);
	xa_lock_irq(&ledger->listeners);
	while ((ep = lq_endpoint_next(ledger, NULL, true, id))) {
		id = ep->id;
		q = ep->queue;
		if (!q || (!READ_ONCE(q->why) && !lq_lease_has_ended(&q->config, q->lease)))
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
		give_back();
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
	struct lq_synq *q;

	lq_takeover_lock();
	lq_rules_remove(ledger, NULL);
	drain_meant(ledger, NULL, true, "its network namespace goes");
	for (q = going; q; q = q->next)
		forget(q);
	while ((q = going)) {
		going = q->next;
		lq_synq_free(q);
	}
	lq_takeover_unlock();
	cancel_delayed_work_sync(&ledger->ruler);
	cancel_delayed_work_sync(&ledger->retirer);
	cancel_delayed_work_sync(&ledger->lessor);
}

/* With commands locked. */
static void drain_all(struct lq_ledger *ledger)
{
	lockdep_assert_held(&lq_commands);
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
	struct net *net;

	lockdep_assert_held(&lq_commands);
	down_read(&net_rwsem);
	for_each_net(net)
		if (lq_net_counts(net))
			drain_all(lq_ledger_of(net));
	up_read(&net_rwsem);
	give_back();
}
