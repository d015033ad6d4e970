// SPDX-License-Identifier: GPL-2.0
/*
 * proc_ledger.c - /proc/net/listenq/listeners and endpoints: the ledger to read; commands
 * are written to endpoints (command.c)
 *
 * One line per listener or endpoint, key=value; see README.md for the words. Lines are
 * made under RCU and, for what belongs to the ledger, with its lock held.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/inet.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/netdevice.h>
#include <linux/pid_namespace.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>

#include "accept.h"
#include "command.h"
#include "facts.h"
#include "ledger.h"
#include "net.h"
#include "proc.h"
#include "queue.h"
#include "takeover.h"

#define LQ_STRING(name) #name,
static const char *const tally_names[] = { LQ_TALLIES(LQ_STRING) };
static const char *const hist_names[] = { LQ_HISTS(LQ_STRING) };

/**
 * struct reader - an open file
 * @net: its network namespace
 * @pids: the reader's pid namespace, a reference
 * @sum: room to add an endpoint's totals up
 */
struct reader {
	struct net *net;
	struct pid_namespace *pids;
	struct lq_totals sum;
};

static struct lq_ledger *ledger_of(const struct reader *reader)
{
	return lq_ledger_of(reader->net);
}

/* Names of tasks and devices may hold anything but 0. */
static void show_escaped(struct seq_file *m, const char *text)
{
	for (; *text; text++)
		if (*text > ' ' && *text <= '~' && *text != '\\')
			seq_putc(m, *text);
		else
			seq_printf(m, "\\x%02x", (unsigned char)*text);
}

static void show_address(struct seq_file *m, struct net *net, const struct lq_address *where)
{
	struct net_device *dev = NULL;

	if (where->family == 4)
		seq_printf(m, " addr=%pI4", where->addr);
	else
		seq_printf(m, " addr=%pI6c", where->addr);
	seq_printf(m, " port=%u family=ipv%u v6only=%u dev=", ntohs(where->port),
		   where->family, where->v6only);
	if (where->ifindex)
		dev = dev_get_by_index_rcu(net, where->ifindex);
	show_escaped(m, dev ? dev->name : where->ifindex ? "?" : "-");
}

static void show_task(struct seq_file *m, struct reader *reader, struct lq_listener *l,
		      const char *key, const struct lq_task *task)
{
	char comm[TASK_COMM_LEN];
	unsigned long flags;
	bool known;
	int pid;

	raw_spin_lock_irqsave(&l->task_lock, flags);
	known = task->pid;
	pid = pid_nr_ns(task->pid, reader->pids);
	memcpy(comm, task->comm, sizeof(comm));
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
	if (!known) {
		seq_printf(m, " %s=?", key);
		return;
	}
	seq_printf(m, " %s=%d/", key, pid);
	show_escaped(m, comm);
}

static void show_time(struct seq_file *m, const char *key, u64 ns)
{
	u64 ms = div_u64(ns, NSEC_PER_MSEC);
	u32 rest;

	ms = div_u64_rem(ms, MSEC_PER_SEC, &rest);
	if (ns)
		seq_printf(m, " %s=%llu.%03u", key, ms, rest);
	else
		seq_printf(m, " %s=0", key);
}

static void show_hist(struct seq_file *m, const char *key, const atomic64_t *buckets)
{
	const char *between = "";
	int b;

	seq_printf(m, " %s=", key);
	for (b = 0; b < LQ_HIST_BUCKETS; b++) {
		if (!atomic64_read(&buckets[b]))
			continue;
		seq_printf(m, "%s%d:%lld", between, b, atomic64_read(&buckets[b]));
		between = ",";
	}
	if (!*between)
		seq_putc(m, '-');
}

static void show_verdicts(struct seq_file *m, const struct lq_totals *totals)
{
	const char *between = "";
	int v;

	seq_puts(m, " verdicts=");
	for (v = 1; v < LQ_V_count; v++) {
		if (!atomic64_read(&totals->verdicts[v]))
			continue;
		seq_printf(m, "%s%s:%lld", between, lq_verdicts[v].name,
			   atomic64_read(&totals->verdicts[v]));
		between = ",";
	}
	if (!*between)
		seq_putc(m, '-');
}

static void show_totals(struct seq_file *m, const struct lq_totals *totals)
{
	u64 segments = 0, lost = 0;
	int i;

	for (i = 1; i < LQ_V_count; i++) {
		segments += atomic64_read(&totals->verdicts[i]);
		if (lq_verdicts[i].loss)
			lost += atomic64_read(&totals->verdicts[i]);
	}
	seq_printf(m, " segments=%llu lost=%llu", segments, lost);
	show_time(m, "last_loss", totals->last_loss);
	seq_printf(m, " last_loss_reason=%s", lq_reasons[totals->last_loss_reason]);
	seq_printf(m, " full_ms=%llu synq_full_ms=%llu",
		   div_u64(atomic64_read(&totals->full_ns[LQ_ACCEPTQ]), NSEC_PER_MSEC),
		   div_u64(atomic64_read(&totals->full_ns[LQ_SYNQ]), NSEC_PER_MSEC));
	for (i = 0; i < LQ_TALLY_count; i++)
		seq_printf(m, " %s=%lld", tally_names[i], atomic64_read(&totals->tallies[i]));
	for (i = 0; i < LQ_HIST_count; i++)
		show_hist(m, hist_names[i], totals->hists[i]);
	show_verdicts(m, totals);
	seq_putc(m, '\n');
}

/* Totals of a listener, with the time that its queues have been full up to now. */
static void add_listener(struct lq_totals *sum, const struct lq_listener *l)
{
	enum lq_queue queue;
	u64 since;

	lq_ledger_sum(sum, &l->totals);
	for (queue = 0; queue < LQ_QUEUE_count; queue++) {
		since = READ_ONCE(l->full_since[queue]);
		if (since)
			atomic64_add(ktime_get_ns() - since, &sum->full_ns[queue]);
	}
}

/* The connection at the head of the accept queue has waited longest. */
static u64 oldest_us(struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct sock *child = NULL;

	spin_lock_bh(&queue->rskq_lock);
	if (queue->rskq_accept_head)
		child = queue->rskq_accept_head->sk;
	spin_unlock_bh(&queue->rskq_lock);
	return child ? lq_accept_waiting_us(child) : 0;
}

static void show_listener(struct seq_file *m, struct reader *reader, struct lq_listener *l)
{
	struct lq_queues q;

	/* Valid: it was in the table under RCU, and its socket's reference goes after that. */
	lq_listener_queues(&q, l);
	seq_printf(m, "listener=%llu endpoint=%u", l->cookie, l->endpoint_id);
	show_address(m, reader->net, &l->where);
	seq_printf(m, " reuseport=%u uid=%u", l->sk->sk_reuseport,
		   from_kuid_munged(seq_user_ns(m), l->uid));
	show_task(m, reader, l, "owner", &l->owner);
	show_task(m, reader, l, "acceptor", &l->acceptor);
	seq_printf(m, " synq=%u young=%u synq_limit=%u synq_max=%u", q.synq, q.young,
		   q.synq_limit, READ_ONCE(l->high[LQ_SYNQ]));
	seq_printf(m, " acceptq=%u acceptq_limit=%u acceptq_max=%u oldest_us=%llu",
		   q.acceptq, q.acceptq_limit, READ_ONCE(l->high[LQ_ACCEPTQ]),
		   oldest_us(l->sk));
	show_time(m, "since", l->since);
	lq_ledger_look(l);
	memset(&reader->sum, 0, sizeof(reader->sum));
	add_listener(&reader->sum, l);
	show_totals(m, &reader->sum);
}

#define LQ_STOCK_ROW(name) #name,
static const char *const to_stock_names[] = { LQ_TO_STOCK(LQ_STOCK_ROW) };
static const char *const queue_tally_names[] = { LQ_QUEUE_TALLIES(LQ_STOCK_ROW) };

/* With the ledger's lock held: it keeps the queue. */
static void show_queue(struct seq_file *m, const struct lq_synq *q)
{
	const struct lq_listener *sender = rcu_dereference(q->sender);
	u64 n;
	int i;

	seq_printf(m, " pending=%d young=%d limit=%u records=%u", atomic_read(&q->len),
		   atomic_read(&q->young), sender ? lq_queue_limit(q, sender->sk) : 0,
		   lq_queue_records(q));
	lq_config_show(m, &q->config);
	lq_park_show(m, q);
	for (i = 0; i < LQ_TO_STOCK_count; i++) {
		n = atomic64_read(&q->to_stock[i]);
		if (n)
			seq_printf(m, " to_stock_%s=%llu", to_stock_names[i], n);
	}
}

/* Of all queues that the endpoint has had; with the ledger's lock held. */
static void show_queue_tallies(struct seq_file *m, const struct lq_endpoint *ep)
{
	u64 n;
	int i;

	for (i = 0; i < LQ_QT_count; i++) {
		n = ep->tallies[i] + (ep->queue ? atomic64_read(&ep->queue->tallies[i]) : 0);
		if (n)
			seq_printf(m, " %s=%llu", queue_tally_names[i], n);
	}
}

static const char *state_of(const struct lq_endpoint *ep)
{
	if (ep->queue)
		return ep->queue->draining ? "draining" : "taken_over";
	return ep->ignored ? "ignored" : "observing";
}

static void show_endpoint(struct seq_file *m, struct reader *reader, struct lq_endpoint *ep)
{
	struct lq_ledger *ledger = ledger_of(reader);
	struct lq_listener *l;
	unsigned long flags;
	u32 open = 0;

	memset(&reader->sum, 0, sizeof(reader->sum));
	xa_lock_irqsave(&ledger->listeners, flags);
	lq_ledger_sum(&reader->sum, &ep->closed);
	list_for_each_entry(l, &ep->listeners, sibling) {
		/* Others have closed, and are not yet added to @closed. */
		if (xa_load(&ledger->listeners, l->cookie) == l) {
			lq_ledger_look(l);
			open++;
		}
		add_listener(&reader->sum, l);
	}
	seq_printf(m, "endpoint=%u", ep->id);
	show_address(m, reader->net, &ep->where);
	seq_printf(m, " state=%s", state_of(ep));
	if (ep->queue)
		show_queue(m, ep->queue);
	show_queue_tallies(m, ep);
	xa_unlock_irqrestore(&ledger->listeners, flags);
	seq_printf(m, " listeners=%u opened=%u", open, ep->opened);
	show_time(m, "since", ep->since);
	show_totals(m, &reader->sum);
}

/* Position 0 is the first line, n the listener with the lowest number from n on, -1 the end. */
static void *listeners_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	unsigned long cookie = *pos;

	rcu_read_lock();
	if (!*pos)
		return SEQ_START_TOKEN;
	if (cookie == ULONG_MAX)
		return NULL;
	return xa_find(&ledger_of(m->private)->listeners, &cookie, ULONG_MAX, XA_PRESENT);
}

static void *listeners_next(struct seq_file *m, void *v, loff_t *pos)
{
	unsigned long cookie = v == SEQ_START_TOKEN ? 0 : ((struct lq_listener *)v)->cookie;

	if (cookie == ULONG_MAX)
		return NULL;
	*pos = ++cookie;
	return xa_find(&ledger_of(m->private)->listeners, &cookie, ULONG_MAX, XA_PRESENT);
}

static void ledger_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static int listeners_show(struct seq_file *m, void *v)
{
	struct lq_ledger *ledger = ledger_of(m->private);

	if (v == SEQ_START_TOKEN)
		seq_printf(m, "version=1 listeners=%u untracked=%lld\n",
			   READ_ONCE(ledger->nr_listeners),
			   atomic64_read(&ledger->untracked));
	else
		show_listener(m, m->private, v);
	return 0;
}

/* A reader goes on where it was, unless that has been forgotten meanwhile. */
static struct lq_endpoint *endpoint_from(struct lq_ledger *ledger, u32 id)
{
	struct lq_endpoint *ep = lq_endpoint_find(ledger, id);

	if (ep)
		return ep;

	list_for_each_entry_rcu(ep, &ledger->endpoints, list)
		if (ep->id >= id)
			return ep;
	return NULL;
}

static void *endpoints_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	rcu_read_lock();
	return *pos ? endpoint_from(ledger_of(m->private), *pos) : SEQ_START_TOKEN;
}

static void *endpoints_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct lq_ledger *ledger = ledger_of(m->private);
	struct lq_endpoint *ep = v;

	if (v == SEQ_START_TOKEN)
		ep = list_first_or_null_rcu(&ledger->endpoints, struct lq_endpoint, list);
	else
		ep = list_next_or_null_rcu(&ledger->endpoints, &ep->list, struct lq_endpoint,
					   list);
	*pos = ep ? ep->id : *pos + 1;
	return ep;
}

static void show_endpoints_head(struct seq_file *m, struct lq_ledger *ledger)
{
	const char *between = " rules=";
	struct lq_rule *rule;

	seq_printf(m, "version=1 endpoints=%u forgotten=%llu",
		   READ_ONCE(ledger->nr_endpoints), READ_ONCE(ledger->forgotten));
	list_for_each_entry_rcu(rule, &ledger->rules, list) {
		seq_printf(m, "%s*:%u", between, ntohs(rule->port));
		between = ",";
	}
	seq_puts(m, *between == ',' ? "\n" : " rules=-\n");
}

static int endpoints_show(struct seq_file *m, void *v)
{
	struct lq_ledger *ledger = ledger_of(m->private);

	if (v == SEQ_START_TOKEN)
		show_endpoints_head(m, ledger);
	else
		show_endpoint(m, m->private, v);
	return 0;
}

static const struct seq_operations listeners_seq = {
	.start = listeners_start,
	.next = listeners_next,
	.stop = ledger_stop,
	.show = listeners_show,
};

static const struct seq_operations endpoints_seq = {
	.start = endpoints_start,
	.next = endpoints_next,
	.stop = ledger_stop,
	.show = endpoints_show,
};

static int open_ledger(struct inode *inode, struct file *file,
		       const struct seq_operations *ops)
{
	struct reader *reader;
	int err;

	err = lq_proc_may_open(inode, file);
	if (err)
		return err;
	reader = __seq_open_private(file, ops, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->net = pde_data(inode);
	reader->pids = get_pid_ns(task_active_pid_ns(current));
	return 0;
}

static int release_ledger(struct inode *inode, struct file *file)
{
	struct reader *reader = ((struct seq_file *)file->private_data)->private;

	put_pid_ns(reader->pids);
	return seq_release_private(inode, file);
}

static int listeners_open(struct inode *inode, struct file *file)
{
	return open_ledger(inode, file, &listeners_seq);
}

static int endpoints_open(struct inode *inode, struct file *file)
{
	return open_ledger(inode, file, &endpoints_seq);
}

/* One command per write. */
static ssize_t endpoints_write(struct file *file, const char __user *from, size_t len,
			       loff_t *pos)
{
	struct reader *reader = ((struct seq_file *)file->private_data)->private;
	char *command;
	int err;

	if (len > PAGE_SIZE)
		return -EINVAL;
	command = memdup_user_nul(from, len);
	if (IS_ERR(command))
		return PTR_ERR(command);
	err = lq_command(reader->net, command);
	kfree(command);
	return err ?: len;
}

const struct proc_ops lq_listeners_ops = {
	.proc_open = listeners_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = release_ledger,
};

const struct proc_ops lq_endpoints_ops = {
	.proc_open = endpoints_open,
	.proc_read = seq_read,
	.proc_write = endpoints_write,
	.proc_lseek = seq_lseek,
	.proc_release = release_ledger,
};
