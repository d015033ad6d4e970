// SPDX-License-Identifier: GPL-2.0
/*
 * proc.c - /proc/net/listenq of a network namespace
 *
 * One record per line, key=value, a version on the first line.
 */
#include <linux/proc_fs.h>

#include "user/proc.h"
#include "user/proc_clients.h"
#include "user/proc_counts.h"
#include "user/proc_ledger.h"
#include "user/proc_requests.h"

/**
 * lq_proc_net_init() - make /proc/net/listenq of one namespace
 * @net: the namespace
 * @ln: ours in it; dir is set
 *
 * Return: 0 or -ENOMEM.
 */
int lq_proc_net_init(struct net *net, struct lq_net *ln)
{
	ln->dir = proc_mkdir("listenq", net->proc_net);
	if (!ln->dir)
		return -ENOMEM;
	if (!proc_create_data("verdicts", 0444, ln->dir, &lq_verdicts_ops, net) ||
	    !proc_create_data("listeners", 0444, ln->dir, &lq_listeners_ops, net) ||
	    !proc_create_data("endpoints", 0644, ln->dir, &lq_endpoints_ops, net) ||
	    !proc_create_data("clients", 0444, ln->dir, &lq_clients_ops, net) ||
	    !proc_create_data("requests", 0444, ln->dir, &lq_requests_ops, net) ||
	    (net_eq(net, &init_net) &&
	     !proc_create_data("hooks", 0444, ln->dir, &lq_hooks_ops, net))) {
		lq_proc_net_exit(ln);
		return -ENOMEM;
	}
	return 0;
}

/**
 * lq_proc_net_exit() - remove the files; on return nobody reads them any more
 * @ln: ours in the namespace
 */
void lq_proc_net_exit(struct lq_net *ln)
{
	proc_remove(ln->dir);
	ln->dir = NULL;
}
