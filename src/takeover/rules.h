/* SPDX-License-Identifier: GPL-2.0 */
/*
 * rules.h - ports that are taken over whatever the address, and the lock of commands
 */
#ifndef LISTENQ_RULES_H
#define LISTENQ_RULES_H

#include <linux/mutex.h>

#include "ledger/types.h"
#include "queue/config.h"

/**
 * struct lq_rule - every address of a port is taken over, those to come too
 * @list: of its ledger; written with commands locked and the ledger's lock held
 * @port: network order
 * @config: what commands said
 * @lease: jiffies when it ends, with a lease_ms
 * @rcu: for its end
 */
struct lq_rule {
	struct list_head list;
	__be16 port;
	struct lq_config config;
	u64 lease;
	struct rcu_head rcu;
};

/* Commands come one at a time. */
extern struct mutex lq_commands;

void lq_takeover_lock(void);
void lq_takeover_unlock(void);
int lq_rules_remove(struct lq_ledger *ledger, const struct lq_address *where);

struct lq_rule *lq_rule_find(struct lq_ledger *ledger, __be16 port);
int lq_rule_add(struct lq_ledger *ledger, __be16 port, const struct lq_config *config);
void lq_rule_remove(struct lq_ledger *ledger, struct lq_rule *rule);

#endif
