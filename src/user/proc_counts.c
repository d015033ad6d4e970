// SPDX-License-Identifier: GPL-2.0
/*
 * proc_counts.c - /proc/net/listenq/verdicts, and in the initial namespace hooks
 */
#include "core/verdict.h"
#include "kernel/compat.h"
#include "ledger/counts.h"
#include "ledger/stamp.h"
#include "observe/hook_table.h"
#include "path/divert.h"
#include "user/files.h"
#include "user/proc_counts.h"

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
	lq_show_head(m);
	seq_printf(m, " segments=%llu unobserved=%llu diverge=%llu ambiguous=%llu\n",
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
	struct lq_stamp_stats stamps;
	int row;

	lq_show_head(m);
	seq_putc(m, '\n');
	for (row = 0; row < lq_hook_count; row++) {
		const struct lq_hook *hook = &lq_hooks[row];
		bool attached = hook->state == LQ_HOOK_ATTACHED;

		seq_printf(m, "hook=%s kind=%s state=%s by=%s armed=%d hits=%lu missed=%lu sees=\"%s\"\n",
			   hook->name, kinds[hook->kind], states[hook->state],
			   attached ? lq_hook_how(hook) : "none",
			   attached && lq_hook_armed(hook), lq_hook_hits(hook),
			   lq_hook_missed(hook), hook->sees);
	}
	lq_divert_show(m);
	lq_stamps_read_stats(&stamps);
	seq_printf(m, "accept_stamps size=%lu used=%lu untracked=%lu\n", stamps.size,
		   stamps.used, stamps.untracked);
	return 0;
}

static int open_checked(struct inode *inode, struct file *file,
			int (*show)(struct seq_file *m, void *unused))
{
	int err = lq_file_opened(inode, file);

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

const struct proc_ops lq_verdicts_ops = {
	.proc_open = verdicts_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};

const struct proc_ops lq_hooks_ops = {
	.proc_open = hooks_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = single_release,
};
