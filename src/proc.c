// SPDX-License-Identifier: GPL-2.0
/*
 * proc.c - /proc/net/listenq: who may open its files; verdicts, and in the initial
 * namespace hooks
 *
 * One record per line, key=value, a version on the first line. Who may read is
 * asked at open: an unprivileged user is root of the network namespace he makes,
 * and of the files in it, so that a file mode would be no check.
 */
#include <linux/capability.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>

#include "accept.h"
#include "compat.h"
#include "hook.h"
#include "net.h"
#include "proc.h"
#include "verdict.h"

static void sum_counts(struct net *net, struct lq_counts *sum)
{
	struct lq_counts __percpu *counts = lq_net_counts(net);
	int cpu, v;

	memset(sum, 0, sizeof(*sum));
	if (!counts)
		return;
	for_each_possible_cpu(cpu) {
		struct lq_counts *c = per_cpu_ptr(counts, cpu);

		for (v = 0; v < LQ_V_count; v++)
			sum->verdicts[v] += READ_ONCE(c->verdicts[v]);
		sum->unobserved += READ_ONCE(c->unobserved);
		sum->diverge += READ_ONCE(c->diverge);
		sum->ambiguous += READ_ONCE(c->ambiguous);
	}
}

static int verdicts_show(struct seq_file *m, void *unused)
{
	struct net *net = m->private;
	struct lq_counts *sum;
	u64 segments = 0;
	int v;

	sum = kmalloc(sizeof(*sum), GFP_KERNEL);
	if (!sum)
		return -ENOMEM;
	sum_counts(net, sum);
	for (v = 1; v < LQ_V_count; v++)
		segments += sum->verdicts[v];
	seq_printf(m, "version=1 segments=%llu unobserved=%llu diverge=%llu ambiguous=%llu\n",
		   segments, sum->unobserved, sum->diverge, sum->ambiguous);
	for (v = 1; v < LQ_V_count; v++)
		seq_printf(m, "number=%d verdict=%s reason=%s loss=%d count=%llu text=\"%s\"\n",
			   v, lq_verdicts[v].name, lq_reasons[lq_verdicts[v].reason],
			   lq_verdicts[v].loss, sum->verdicts[v], lq_verdicts[v].text);
	kfree(sum);
	return 0;
}

static int hooks_show(struct seq_file *m, void *unused)
{
	static const char *const kinds[] = { "entry", "return", "tracepoint" };
	static const char *const states[] = { "absent", "left_out", "unused", "attached" };
	struct lq_accept_stats stamps;
	int row;

	seq_puts(m, "version=1\n");
	for (row = 0; row < lq_hook_count; row++) {
		const struct lq_hook *hook = &lq_hooks[row];
		bool attached = hook->state == LQ_HOOK_ATTACHED;

		seq_printf(m, "hook=%s kind=%s state=%s by=%s armed=%d hits=%lu missed=%lu sees=\"%s\"\n",
			   hook->name, kinds[hook->kind], states[hook->state],
			   attached ? lq_hook_how(hook) : "none",
			   attached && lq_hook_armed(hook), lq_hook_hits(hook),
			   lq_hook_missed(hook), hook->sees);
	}
	lq_accept_read_stats(&stamps);
	seq_printf(m, "accept_stamps size=%lu used=%lu untracked=%lu\n", stamps.size,
		   stamps.used, stamps.untracked);
	return 0;
}

/**
 * lq_proc_may_open() - is the caller allowed to?
 * @inode: of a file whose data is its network namespace, which outlives it (net_hide)
 * @file: how it is opened
 *
 * Return: 0 or -EPERM.
 */
int lq_proc_may_open(struct inode *inode, struct file *file)
{
	struct net *net = pde_data(inode);

	if (!ns_capable(net->user_ns, CAP_NET_ADMIN) ||
	    ((file->f_mode & FMODE_WRITE) && !capable(CAP_NET_ADMIN)))
		return -EPERM;
	return 0;
}

static int open_checked(struct inode *inode, struct file *file,
			int (*show)(struct seq_file *m, void *unused))
{
	int err = lq_proc_may_open(inode, file);

	return err ?: single_open_size(file, show, pde_data(inode), 4 * PAGE_SIZE);
}

static int verdicts_open(struct inode *inode, struct file *file)
{
	return open_checked(inode, file, verdicts_show);
}

static int hooks_open(struct inode *inode, struct file *file)
{
	return open_checked(inode, file, hooks_show);
}

static const struct proc_ops verdicts_ops = {
	.proc_open = verdicts_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

static const struct proc_ops hooks_ops = {
	.proc_open = hooks_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

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
	if (!proc_create_data("verdicts", 0444, ln->dir, &verdicts_ops, net) ||
	    !proc_create_data("listeners", 0444, ln->dir, &lq_listeners_ops, net) ||
	    !proc_create_data("endpoints", 0644, ln->dir, &lq_endpoints_ops, net) ||
	    !proc_create_data("requests", 0444, ln->dir, &lq_requests_ops, net) ||
	    (net_eq(net, &init_net) &&
	     !proc_create_data("hooks", 0444, ln->dir, &hooks_ops, net))) {
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
