// SPDX-License-Identifier: GPL-2.0
/*
 * rules.c - ports that are taken over whatever the address; commands come one at a time
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/mutex.h>
#include <linux/slab.h>

#include "kernel/compat.h"
#include "ledger/name.h"
#include "path/diverted.h"
#include "takeover/rules.h"

/* A rule that could take nobody over for so long, and then again: that is another story. */
#define EPISODE (60 * HZ)

/* Commands come one at a time; guards rules, and that queues stay. */
DEFINE_MUTEX(lq_commands);

/* The module is not all there yet, or goes. */
static bool stopped = true;

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
 * lq_takeover_is_stopped() - is the module not all there, or does it go?
 *
 * Return: whether nothing is to be taken over; with commands locked, that stays so.
 */
bool lq_takeover_is_stopped(void)
{
	return READ_ONCE(stopped);
}

/**
 * lq_takeover_let() - commands may come, or none any more
 * @go_on: which
 *
 * Who has commands locked sees it, and makes an end.
 *
 * Context: any.
 */
void lq_takeover_let(bool go_on)
{
	WRITE_ONCE(stopped, !go_on);
}

/**
 * lq_rule_find() - the rule about a port
 * @ledger: of the network namespace
 * @port: network order
 *
 * Context: any, with commands locked or under RCU; what is returned lives as long.
 * Return: the rule, or NULL.
 */
struct lq_rule *lq_rule_find(struct lq_ledger *ledger, __be16 port)
{
	return xa_load(&ledger->rules, ntohs(port));
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
	rule = kzalloc(sizeof(*rule), GFP_KERNEL);
	if (!rule)
		return -ENOMEM;
	err = lq_diverted_get();
	if (err)
		goto free;
	rule->port = port;
	rule->config = *config;
	lq_lease_renew(&rule->lease, config);
	err = xa_err(xa_store(&ledger->rules, ntohs(port), rule, GFP_KERNEL));
	if (!err)
		return 0;
	lq_diverted_put();
free:
	kfree(rule);
	return err;
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
	xa_erase(&ledger->rules, ntohs(rule->port));
	kfree_rcu(rule, rcu);
	lq_diverted_put();
}

/**
 * lq_rules_remove() - addresses to come are not taken over any more
 * @ledger: of their network namespace
 * @where: of which port; NULL: of all
 *
 * Context: process, commands locked.
 * Return: how many rules there were.
 */
int lq_rules_remove(struct lq_ledger *ledger, const struct lq_address *where)
{
	struct lq_rule *rule;
	unsigned long port;
	int n = 0;

	lockdep_assert_held(&lq_commands);
	xa_for_each(&ledger->rules, port, rule) {
		if (where && rule->port != where->port)
			continue;
		lq_rule_remove(ledger, rule);
		n++;
	}
	return n;
}

static const char *reason_of(int err)
{
	switch (err) {
	case -ENOSPC:
		return "rules may take half of mem_max, one user half of what others leave of that";
	case -ENOMEM:
		return "no memory for its SYN queue";
	default:
		return "a function of the kernel can't be diverted";
	}
}

/**
 * lq_rule_refused() - a rule could not take an address over
 * @ledger: of its network namespace
 * @rule: the rule
 * @where: the address
 * @uid: who listens there
 * @err: -ENOSPC, that is more than rules or this user may take; -ENOMEM; or what
 *	lq_diverted_get() has failed with
 *
 * Counted; said once, until there was none for a while: users choose how often they listen.
 *
 * Context: process, sleeps, commands locked.
 */
void lq_rule_refused(struct lq_ledger *ledger, struct lq_rule *rule,
		     const struct lq_address *where, kuid_t uid, int err)
{
	u64 now = get_jiffies_64(), last = rule->refused;
	char shown[LQ_ADDRESS_LEN];

	lockdep_assert_held(&lq_commands);
	atomic64_inc(&ledger->rules_refused);
	rule->refused = max(now, 1ULL);
	if (last && now - last < EPISODE)
		return;
	lq_name_endpoint(shown, sizeof(shown), ledger->net, where);
	pr_warn("*:%u: %s of uid %u stays with the kernel: %s (rules_refused= counts more)\n",
		ntohs(rule->port), shown, from_kuid_munged(&init_user_ns, uid), reason_of(err));
}
