/* SPDX-License-Identifier: GPL-2.0 */
/*
 * counts.h - what is counted per network namespace
 */
#ifndef LISTENQ_COUNTS_H
#define LISTENQ_COUNTS_H

#include <linux/percpu.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "ledger/types.h"
#include "listenq_verdict.h"

struct proc_dir_entry;

/**
 * struct lq_counts - one CPU's counters of one network namespace
 * @verdicts: segments by verdict
 * @unobserved: calls that came in with bottom halves on and were left alone
 * @diverge: segments with which the kernel did something else than the rules say
 * @ambiguous: segments during which another CPU changed what the rules ask for
 */
struct lq_counts {
	u64 verdicts[LQ_V_count];
	u64 unobserved;
	u64 diverge;
	u64 ambiguous;
};

/**
 * struct lq_net - what we keep for one network namespace
 * @counts: per CPU; NULL once the namespace is going away
 * @hidden: the same, until it is freed
 * @dir: /proc/net/listenq
 * @ledger: its listeners and endpoints
 *
 * Written by register and exit of the namespace. No segment arrives after its
 * devices are gone, and those go before us; timers of left requests may still run
 * and don't come here.
 */
struct lq_net {
	struct lq_counts __percpu *counts;
	struct lq_counts __percpu *hidden;
	struct proc_dir_entry *dir;
	struct lq_ledger ledger;
};

extern unsigned int lq_net_id;

static inline struct lq_counts __percpu *lq_net_counts(struct net *net)
{
	struct lq_net *ln = net_generic(net, lq_net_id);

	return READ_ONCE(ln->counts);
}

/* Context: preemption off. */
static inline void lq_net_add(struct net *net, size_t offset)
{
	struct lq_counts __percpu *counts = lq_net_counts(net);

	if (likely(counts))
		this_cpu_inc(*(u64 __percpu *)((char __percpu *)counts + offset));
}

/* One more of a member of struct lq_counts. */
#define lq_net_count(net, member) lq_net_add(net, offsetof(struct lq_counts, member))

static inline struct lq_ledger *lq_ledger_of(struct net *net)
{
	struct lq_net *ln = net_generic(net, lq_net_id);

	return &ln->ledger;
}

#endif
