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
 * @port: network order
 * @config: what commands said; guarded by commands, as all that follows
 * @lease: jiffies when it ends, with a lease_ms
 * @refused: jiffies when it last could not take an address over, 0: never
 * @rcu: for its end
 */
struct lq_rule {
	__be16 port;
	struct lq_config config;
	u64 lease;
	u64 refused;
	struct rcu_head rcu;
};

/* Commands come one at a time. */
extern struct mutex lq_commands;

void lq_takeover_lock(void);
void lq_takeover_unlock(void);

bool lq_takeover_is_stopped(void);
void lq_takeover_let(bool go_on);

struct lq_rule *lq_rule_find(struct lq_ledger *ledger, __be16 port);
int lq_rule_add(struct lq_ledger *ledger, __be16 port, const struct lq_config *config);
void lq_rule_remove(struct lq_ledger *ledger, struct lq_rule *rule);
int lq_rules_remove(struct lq_ledger *ledger, const struct lq_address *where);
void lq_rule_refused(struct lq_ledger *ledger, struct lq_rule *rule,
		     const struct lq_address *where, kuid_t uid, int err);

#endif
