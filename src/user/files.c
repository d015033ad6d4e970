// SPDX-License-Identifier: GPL-2.0
/*
 * files.c - what all files of /proc/net/listenq have in common: who may open them, their
 * first line
 *
 * Who may read is asked at open: an unprivileged user is root of the network namespace he
 * makes, and of the files in it, so that a file mode would be no check.
 */
#include <linux/capability.h>
#include <linux/math64.h>
#include <linux/time64.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "kernel/compat.h"
#include "ledger/name.h"
#include "observe/watch.h"
#include "user/files.h"

/**
 * lq_file_opened() - may the caller open it? Then look whether we still see
 * @inode: of a file whose data is its network namespace, which outlives it (net_hide)
 * @file: how it is opened
 *
 * Context: process, sleeps.
 * Return: 0 or -EPERM.
 */
int lq_file_opened(struct inode *inode, struct file *file)
{
	struct net *net = pde_data(inode);

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN) ||
	    ((file->f_mode & FMODE_WRITE) && !capable(CAP_NET_ADMIN)))
		return -EPERM;
	lq_watch_look();
	return 0;
}

/**
 * lq_show_time() - key=SECONDS.MILLISECONDS
 * @m: where to
 * @key: its key
 * @ns: wall clock or a duration, 0: never
 */
void lq_show_time(struct seq_file *m, const char *key, u64 ns)
{
	u64 ms = div_u64(ns, NSEC_PER_MSEC);
	u32 rest;

	ms = div_u64_rem(ms, MSEC_PER_SEC, &rest);
	if (ns)
		seq_printf(m, " %s=%llu.%03u", key, ms, rest);
	else
		seq_printf(m, " %s=0", key);
}

/**
 * lq_show_head() - how each file's first line begins: its version, and what we did not see
 * @m: where to
 *
 * Context: any.
 */
void lq_show_head(struct seq_file *m)
{
	struct lq_blindness blindness;

	lq_watch_read(&blindness);
	seq_puts(m, "version=1");
	lq_show_time(m, "blind_since", blindness.since);
	seq_printf(m, " blind_ms=%llu missed=%llu", blindness.ms, blindness.missed);
}

/**
 * lq_show_escaped() - a name that a task or an administrator chose, as one word
 * @m: where to
 * @name: a task's or a device's
 */
void lq_show_escaped(struct seq_file *m, const char *name)
{
	char shown[LQ_ESCAPED_LEN(TASK_COMM_LEN + IFNAMSIZ)];	/* of either */

	lq_escape(shown, sizeof(shown), name);
	seq_puts(m, shown);
}

/**
 * lq_show_address() - where something listens
 * @m: where to
 * @net: its network namespace
 * @where: its address
 *
 * Context: any.
 */
void lq_show_address(struct seq_file *m, struct net *net, const struct lq_address *where)
{
	char dev[IFNAMSIZ];

	if (where->family == 4)
		seq_printf(m, " addr=%pI4", where->addr);
	else
		seq_printf(m, " addr=%pI6c", where->addr);
	seq_printf(m, " port=%u family=ipv%u v6only=%u dev=", ntohs(where->port),
		   where->family, where->v6only);
	lq_name_device(dev, net, where->ifindex);
	lq_show_escaped(m, *dev ? dev : "-");
}
