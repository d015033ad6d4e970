// SPDX-License-Identifier: GPL-2.0
/*
 * rules.c - ports that are taken over whatever the address; commands come one at a time
 */
#include <linux/mutex.h>
#include <linux/slab.h>

#include "kernel/compat.h"
#include "path/diverted.h"
#include "takeover/rules.h"

/* Commands come one at a time; guards rules, and that queues stay. */
DEFINE_MUTEX(lq_commands);

/**
 * lq_takeover_lock() - have commands wait, so that queues stay
 *
 * Context: process, sleeps.
 */
void lq_takeover_lock(void)
{
	mutex_lock(&lq_commands);
}

/**
 * lq_takeover_unlock() - commands go on
 */
void lq_takeover_unlock(void)
{
	mutex_unlock(&lq_commands);
}

/**
 * lq_rule_find() - the rule about a port
 * @ledger: of the network namespace
 * @port: network order
 *
 * Context: with commands or the ledger locked.
 * Return: the rule, or NULL.
 */
struct lq_rule *lq_rule_find(struct lq_ledger *ledger, __be16 port)
{
	struct lq_rule *rule;

	lockdep_assert(lockdep_is_held(&lq_commands) ||
		       lockdep_is_held(&ledger->listeners.xa_lock));
	list_for_each_entry(rule, &ledger->rules, list)
		if (rule->port == port)
			return rule;
	return NULL;
}

/**
 * lq_rule_add() - what listens on a port later is taken over, too
 * @ledger: of the network namespace
 * @port: network order
 * @config: what commands said
 *
 * Context: process, sleeps, commands locked.
 * Return: 0, -EEXIST, -ENOMEM, or as lq_diverted_get().
 */
int lq_rule_add(struct lq_ledger *ledger, __be16 port, const struct lq_config *config)
{
	struct lq_rule *rule;
	int err;

	lockdep_assert_held(&lq_commands);
	if (lq_rule_find(ledger, port))
		return -EEXIST;
	rule = kmalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;
	err = lq_diverted_get();
	if (err) {
		kfree(rule);
		return err;
	}
	rule->port = port;
	rule->config = *config;
	lq_lease_renew(&rule->lease, config);
	xa_lock_irq(&ledger->listeners);
	list_add_tail_rcu(&rule->list, &ledger->rules);
	xa_unlock_irq(&ledger->listeners);
	return 0;
}

/**
 * lq_rule_remove() - a rule is no more
 * @ledger: of its network namespace
 * @rule: the rule
 *
 * Context: process, commands locked.
 */
void lq_rule_remove(struct lq_ledger *ledger, struct lq_rule *rule)
{
	lockdep_assert_held(&lq_commands);
	xa_lock_irq(&ledger->listeners);
	list_del_rcu(&rule->list);
	xa_unlock_irq(&ledger->listeners);
	kfree_rcu(rule, rcu);
	lq_diverted_put();
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

	lockdep_assert_held(&lq_commands);
	list_for_each_entry_safe(rule, next, &ledger->rules, list) {
		if (where && rule->port != where->port)
			continue;
		lq_rule_remove(ledger, rule);
		n++;
	}
	return n;
}
