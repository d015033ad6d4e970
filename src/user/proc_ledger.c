// SPDX-License-Identifier: GPL-2.0
/*
 * proc_ledger.c - /proc/net/listenq/listeners and endpoints: the ledger to read; commands
 * are written to endpoints (command.c)
 *
 * One line per listener or endpoint, key=value; see docs/files.md for the words. Lines are
 * made under RCU and, for what belongs to the ledger, with its lock held; what is counted of
 * an endpoint's listeners is added up before, in pieces (ledger/walk.c).
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/inet.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/pid_namespace.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "kernel/compat.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/here.h"
#include "ledger/ledger.h"
#include "ledger/lengths.h"
#include "ledger/name.h"
#include "ledger/stamp.h"
#include "ledger/totals.h"
#include "ledger/walk.h"
#include "queue/memory.h"
#include "queue/parking.h"
#include "queue/settings.h"
#include "queue/share.h"
#include "queue/to_stock.h"
#include "takeover/rules.h"
#include "user/command.h"
#include "user/files.h"
#include "user/proc_ledger.h"
#include "user/proc_totals.h"

/**
 * struct reader - an open file
 * @net: its network namespace
 * @pids: the reader's pid namespace, a reference
 * @id: number of the endpoint at hand
 * @sum: room to add an endpoint's totals up
 */
struct reader {
	struct net *net;
	struct pid_namespace *pids;
	u32 id;
	struct lq_totals sum;
};

static struct lq_ledger *ledger_of(const struct reader *reader)
{
	return lq_ledger_of(reader->net);
}

/* As it is: what guards it is its owner's, and held by the two below. */
static void print_task(struct seq_file *m, struct reader *reader, const char *key,
		       const struct lq_task *task)
{
	if (!task->pid) {
		seq_printf(m, " %s=?", key);
		return;
	}
	seq_printf(m, " %s=%d/", key, pid_nr_ns(task->pid, reader->pids));
	lq_show_escaped(m, task->comm);
}

/* A task of a listener's */
static void show_task(struct seq_file *m, struct reader *reader, struct lq_listener *l,
		      const char *key, const struct lq_task *task)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&l->task_lock, flags);
	print_task(m, reader, key, task);
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
}

/* With the ledger's lock held. */
static void show_closer(struct seq_file *m, struct reader *reader, const struct lq_endpoint *ep)
{
	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	print_task(m, reader, "closer", &ep->closer);
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
	return child ? lq_stamp_age_us(child) : 0;
}

/* Connections that are looked at with bottom halves off */
#define PIECE 16

/* Of so many connections in the accept queue, from the @skip-th on. */
static u32 gone_of(struct sock *sk, u32 skip)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;
	u32 looked = 0, n = 0;

	spin_lock_bh(&queue->rskq_lock);
	for (req = queue->rskq_accept_head; req && looked < skip + PIECE; req = req->dl_next)
		if (looked++ >= skip)
			n += lq_ledger_gave_up(req->sk, req->sk, lq_stamp_age_us(req->sk));
	spin_unlock_bh(&queue->rskq_lock);
	return n;
}

/*
 * Of the oldest connections in the accept queue: whose clients have gone, and had waited for
 * service before. accept() may still take them: nobody is served by that. In pieces: if accept()
 * takes some in between, so many are not looked at. The FIN of MPTCP is its socket's, which is
 * not looked at.
 */
static u32 gone(struct sock *sk)
{
	u32 skip, n = 0;

	for (skip = 0; skip < LQ_MOST_LOOKED_AT && skip < READ_ONCE(sk->sk_ack_backlog);
	     skip += PIECE)
		n += gone_of(sk, skip);
	return n;
}

/* The reason why a takeover would do nothing for it */
static void show_why_stock(struct seq_file *m, const struct sock *sk)
{
	enum lq_to_stock why = lq_to_stock_of_listener(sk);

	seq_printf(m, " why_stock=%s", why == LQ_OURS ? "-" : lq_to_stock_names[why]);
}

static void show_listener(struct seq_file *m, struct reader *reader, struct lq_listener *l)
{
	struct lq_lengths q;

	/* Valid: it was in the table under RCU, and its socket's reference goes after that. */
	lq_ledger_lengths(&q, l);
	seq_printf(m, "listener=%llu endpoint=%u", l->cookie, l->endpoint_id);
	lq_show_address(m, reader->net, &l->where);
	seq_printf(m, " reuseport=%u uid=%u", l->sk->sk_reuseport,
		   from_kuid_munged(seq_user_ns(m), l->uid));
	show_task(m, reader, l, "owner", &l->owner);
	show_task(m, reader, l, "acceptor", &l->acceptor);
	seq_printf(m, " synq=%u young=%u synq_limit=%u synq_max=%u", q.synq, q.young,
		   q.synq_limit, lq_here_high(l, LQ_SYNQ));
	seq_printf(m, " acceptq=%u acceptq_limit=%u acceptq_max=%u oldest_us=%llu",
		   q.acceptq, q.acceptq_limit, lq_here_high(l, LQ_ACCEPTQ),
		   oldest_us(l->sk));
	seq_printf(m, " gone=%u cap=%u inode=%llu", gone(l->sk), READ_ONCE(l->cap),
		   (u64)sock_i_ino(l->sk));
	show_why_stock(m, l->sk);
	lq_show_time(m, "since", l->since);
	lq_ledger_look(l);
	memset(&reader->sum, 0, sizeof(reader->sum));
	lq_totals_add(&reader->sum, l);
	lq_here_add(&reader->sum, &l->totals);
	lq_totals_level(&reader->sum);
	lq_show_totals(m, &reader->sum, q.acceptq);
}

static const char *const synq_tally_names[] = { LQ_SYNQ_TALLIES(LQ_STRING) };

/* With the ledger's lock held: it keeps the queue. */
static void show_queue(struct seq_file *m, struct lq_ledger *ledger, const struct lq_synq *q)
{
	const struct lq_listener *sender = rcu_dereference(q->sender);
	u64 n;
	int i;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	seq_printf(m, " pending=%d young=%d limit=%u records=%u bytes=%llu held_bytes=%llu",
		   atomic_read(&q->len), atomic_read(&q->young),
		   sender ? lq_synq_limit(q, sender->sk) : 0, lq_memory_records(q),
		   READ_ONCE(q->bytes), lq_share_held(q));
	lq_config_show(m, &q->config);
	lq_parking_show(m, q);
	seq_printf(m, " has_own=%d by_rule=%d", READ_ONCE(q->has_own), lq_is_shared(q));
	for (i = 0; i < LQ_TO_STOCK_count; i++) {
		n = atomic64_read(&q->to_stock[i]);
		if (n)
			seq_printf(m, " to_stock_%s=%llu", lq_to_stock_names[i], n);
	}
}

/* Of all queues that the endpoint has had; with the ledger's lock held. */
static void show_synq_tallies(struct seq_file *m, struct lq_ledger *ledger,
			      const struct lq_endpoint *ep)
{
	u64 n;
	int i;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	for (i = 0; i < LQ_SYNQ_TALLY_count; i++) {
		n = ep->tallies[i] + (ep->queue ? atomic64_read(&ep->queue->tallies[i]) : 0);
		if (n)
			seq_printf(m, " %s=%llu", synq_tally_names[i], n);
	}
}

#define LQ_NUMBERED(number, name) #name,

static const char *const before_names[] = { "", LQ_BEFORES(LQ_NUMBERED) };

/* SYNs that no listener of it saw */
static void show_before(struct seq_file *m, const struct lq_endpoint *ep)
{
	const char *between = "";
	s64 n;
	int i;

	seq_puts(m, " before=");
	for (i = 1; i < LQ_BEFORE_count; i++) {
		n = atomic64_read(&ep->before[i]);
		if (!n)
			continue;
		seq_printf(m, "%s%s:%lld", between, before_names[i], n);
		between = ",";
	}
	seq_printf(m, "%s before_clients=%lld before_came=%lld", *between ? "" : "-",
		   atomic64_read(&ep->before_clients), atomic64_read(&ep->before_came));
	lq_show_time(m, "first_before", READ_ONCE(ep->when_before.first));
	lq_show_time(m, "last_before", READ_ONCE(ep->when_before.last));
}

static const char *state_of(const struct lq_endpoint *ep)
{
	if (ep->queue)
		return ep->queue->draining ? "draining" : "taken_over";
	return ep->ignored ? "ignored" : "observing";
}

static void show_endpoint(struct seq_file *m, struct reader *reader, struct lq_endpoint *ep,
			  const struct lq_sum *sum)
{
	struct lq_ledger *ledger = ledger_of(reader);
	unsigned long flags;

	seq_printf(m, "endpoint=%u", ep->id);
	lq_show_address(m, reader->net, &ep->where);
	xa_lock_irqsave(&ledger->listeners, flags);
	seq_printf(m, " state=%s", state_of(ep));
	if (ep->queue)
		show_queue(m, ledger, ep->queue);
	show_synq_tallies(m, ledger, ep);
	show_closer(m, reader, ep);
	xa_unlock_irqrestore(&ledger->listeners, flags);
	seq_printf(m, " listeners=%u opened=%u", sum->open, READ_ONCE(ep->opened));
	lq_show_time(m, "since", ep->since);
	show_before(m, ep);
	lq_show_totals(m, sum->totals, sum->waiting);
}

/* Nothing, if it has been forgotten meanwhile. */
static int show_endpoint_at_hand(struct seq_file *m, struct reader *reader)
{
	struct lq_ledger *ledger = ledger_of(reader);
	struct lq_sum sum = { .id = reader->id, .totals = &reader->sum };
	struct lq_endpoint *ep;

	memset(&reader->sum, 0, sizeof(reader->sum));
	if (!lq_add_up(ledger, &sum))
		return SEQ_SKIP;
	rcu_read_lock();
	ep = lq_endpoint_find(ledger, reader->id);
	if (ep)
		show_endpoint(m, reader, ep, &sum);
	rcu_read_unlock();
	return ep ? 0 : SEQ_SKIP;
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

static void listeners_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	rcu_read_unlock();
}

static int listeners_show(struct seq_file *m, void *v)
{
	struct lq_ledger *ledger = ledger_of(m->private);

	if (v != SEQ_START_TOKEN) {
		show_listener(m, m->private, v);
		return 0;
	}
	lq_show_head(m);
	seq_printf(m, " listeners=%u untracked=%lld\n", READ_ONCE(ledger->nr_listeners),
		   atomic64_read(&ledger->untracked));
	return 0;
}

/*
 * The endpoint with the lowest number from @pos on is at hand; NULL: there is none. It may go
 * before it is shown.
 */
static void *endpoints_find(struct reader *reader, loff_t *pos)
{
	unsigned long id = *pos;

	if (*pos > U32_MAX || !xa_find(&ledger_of(reader)->endpoints, &id, U32_MAX, XA_PRESENT))
		return NULL;
	*pos = id;
	reader->id = id;
	return reader;
}

static void *endpoints_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? endpoints_find(m->private, pos) : SEQ_START_TOKEN;
}

static void *endpoints_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return endpoints_find(m->private, pos);
}

static void endpoints_stop(struct seq_file *m, void *v)
{
}

static void show_endpoints_head(struct seq_file *m, struct lq_ledger *ledger)
{
	const char *between = " rules=";
	struct lq_rule *rule;
	unsigned long port;

	lq_show_head(m);
	seq_printf(m, " endpoints=%u forgotten=%llu rules_refused=%lld",
		   READ_ONCE(ledger->nr_endpoints), READ_ONCE(ledger->forgotten),
		   atomic64_read(&ledger->rules_refused));
	rcu_read_lock();
	xa_for_each(&ledger->rules, port, rule) {
		seq_printf(m, "%s*:%u", between, ntohs(rule->port));
		between = ",";
	}
	rcu_read_unlock();
	seq_puts(m, *between == ',' ? "\n" : " rules=-\n");
}

static int endpoints_show(struct seq_file *m, void *v)
{
	if (v != SEQ_START_TOKEN)
		return show_endpoint_at_hand(m, m->private);
	show_endpoints_head(m, ledger_of(m->private));
	return 0;
}

static const struct seq_operations listeners_seq = {
	.start = listeners_start,
	.next = listeners_next,
	.stop = listeners_stop,
	.show = listeners_show,
};

static const struct seq_operations endpoints_seq = {
	.start = endpoints_start,
	.next = endpoints_next,
	.stop = endpoints_stop,
	.show = endpoints_show,
};

static int open_ledger(struct inode *inode, struct file *file,
		       const struct seq_operations *ops)
{
	struct reader *reader;
	int err;

	err = lq_file_opened(inode, file);
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
