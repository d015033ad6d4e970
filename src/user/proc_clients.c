// SPDX-License-Identifier: GPL-2.0
/*
 * proc_clients.c - /proc/net/listenq/clients: the failed clients that are remembered, newest
 * first
 *
 * The reader keeps the client at hand, so that one who reads on goes on behind it; a reader
 * who goes back begins again.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/seq_file.h>

#include "core/verdict.h"
#include "kernel/compat.h"
#include "ledger/clients.h"
#include "user/files.h"
#include "user/proc_clients.h"

/**
 * struct reader - an open file
 * @net: its network namespace
 * @walk: the client at hand
 * @pos: its place in the file, 0: none yet
 */
struct reader {
	struct net *net;
	struct lq_clients_walk walk;
	loff_t pos;
};

static const char *const states[] = {
#define STATE_NAME(name) [LQ_CLIENT_##name] = #name,
	LQ_CLIENT_STATES(STATE_NAME)
};

/* One that was not refused failed for what became of it. */
static const char *reason_of(const struct lq_client *c)
{
	static const char *const words[] = {
		[LQ_CLIENT_gone] = "gave_up", [LQ_CLIENT_killed] = "listener_closed",
		[LQ_CLIENT_unanswered] = "unanswered", [LQ_CLIENT_unsent] = "send_failed",
		[LQ_CLIENT_before] = "before_listener", [LQ_CLIENT_came] = "before_listener",
	};

	return c->reason == LQ_R_none ? words[c->state] : lq_reasons[c->reason];
}

/* The client at @pos is at hand; false: there are not so many. */
static bool go_to(struct reader *reader, loff_t pos)
{
	if (pos < reader->pos || !reader->pos) {
		lq_clients_walk(&reader->walk, reader->net->ns.inum);
		reader->pos = 0;
	}
	for (; reader->pos < pos; reader->pos++)
		if (!lq_clients_next(&reader->walk))
			return false;
	return true;
}

static void *clients_start(struct seq_file *m, loff_t *pos)
{
	struct reader *reader = m->private;

	if (!*pos)
		return SEQ_START_TOKEN;
	return go_to(reader, *pos) ? reader : NULL;
}

static void *clients_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct reader *reader = m->private;

	++*pos;
	return go_to(reader, *pos) ? reader : NULL;
}

static void clients_stop(struct seq_file *m, void *v)
{
}

static void show_flow(struct seq_file *m, const struct lq_flow *flow)
{
	const char *format = flow->family == 4 ? "%s=%pI4:%u" : "%s=[%pI6c]:%u";

	seq_printf(m, format, "client", flow->daddr, ntohs(flow->dport));
	seq_putc(m, ' ');
	seq_printf(m, format, "server", flow->saddr, ntohs(flow->sport));
}

static int clients_show(struct seq_file *m, void *v)
{
	struct reader *reader = m->private;
	const struct lq_client *c = &reader->walk.client;
	u64 booted = ktime_get_real_ns() - ktime_get_ns();

	if (v == SEQ_START_TOKEN) {
		lq_show_head(m);
		seq_printf(m, " forgotten=%llu\n", lq_clients_overwritten());
		return 0;
	}
	show_flow(m, &c->flow);
	seq_printf(m, " listener=%llu", c->listener);
	lq_show_address(m, reader->net, &c->where);
	seq_printf(m, " reason=%s state=%s times=%u", reason_of(c), states[c->state], c->times);
	lq_show_time(m, "first", booted + c->since);
	lq_show_time(m, "last", booted + c->last);
	seq_printf(m, " synq=%u synq_limit=%u acceptq=%u acceptq_limit=%u\n", c->queues.synq,
		   c->queues.synq_limit, c->queues.acceptq, c->queues.acceptq_limit);
	return 0;
}

static const struct seq_operations clients_seq = {
	.start = clients_start,
	.next = clients_next,
	.stop = clients_stop,
	.show = clients_show,
};

static int clients_open(struct inode *inode, struct file *file)
{
	int err = lq_file_opened(inode, file);
	struct reader *reader;

	if (err)
		return err;
	reader = __seq_open_private(file, &clients_seq, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->net = pde_data(inode);
	return 0;
}

const struct proc_ops lq_clients_ops = {
	.proc_open = clients_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release_private,
};
