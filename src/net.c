// SPDX-License-Identifier: GPL-2.0
/*
 * net.c - per network namespace: counters and /proc/net/listenq
 */
#include <linux/slab.h>

#include "kernel/faults.h"
#include "ledger/busy.h"
#include "ledger/counts.h"
#include "ledger/listener.h"
#include "ledger/refused.h"
#include "net.h"
#include "takeover/release.h"
#include "takeover/takeover.h"
#include "user/proc.h"

static int __net_init net_start(struct net *net)
{
	struct lq_net *ln = net_generic(net, lq_net_id);
	int err;

	ln->counts = alloc_percpu(struct lq_counts);
	if (!ln->counts)
		return -ENOMEM;
	lq_ledger_init(&ln->ledger);
	lq_takeover_begin(&ln->ledger, net);
	err = lq_has_fault(LQ_FAULT_PROC) ? -ENOMEM : lq_proc_net_init(net, ln);
	if (err) {
		free_percpu(ln->counts);
		ln->counts = NULL;
	}
	return err;
}

/* The core waits a grace period between this and nets_stop(). */
static void net_hide(struct net *net)
{
	struct lq_net *ln = net_generic(net, lq_net_id);

	lq_proc_net_exit(ln);
	ln->hidden = ln->counts;
	WRITE_ONCE(ln->counts, NULL);
}

/* All that go away at once: RCU takes its time. */
static void nets_stop(struct list_head *exiting)
{
	struct lq_net *ln;
	struct net *net;

	list_for_each_entry(net, exiting, exit_list)
		lq_refused_forget(net->ns.inum);
	/* A client that another CPU took out may still be on its way to a ledger. */
	synchronize_rcu();
	list_for_each_entry(net, exiting, exit_list) {
		ln = net_generic(net, lq_net_id);
		lq_ledger_stop(&ln->ledger);
	}
	lq_busy_settle();
	lq_ledgers_settle();
	list_for_each_entry(net, exiting, exit_list) {
		ln = net_generic(net, lq_net_id);
		lq_release_forget(&ln->ledger);
		lq_ledger_free(&ln->ledger);
		free_percpu(ln->hidden);
	}
}

static struct pernet_operations net_ops = {
	.init = net_start,
	.pre_exit = net_hide,
	.exit_batch = nets_stop,
	.id = &lq_net_id,
	.size = sizeof(struct lq_net),
};

/**
 * lq_net_init() - start counting in every network namespace, present and to come
 *
 * Context: process, sleeps. Before the hooks are attached.
 * Return: 0 or a negative error.
 */
int lq_net_init(void)
{
	return register_pernet_subsys(&net_ops);
}

/**
 * lq_net_exit() - remove the files and counters of every network namespace
 *
 * Context: process, sleeps. After the hooks are detached.
 */
void lq_net_exit(void)
{
	unregister_pernet_subsys(&net_ops);
}
