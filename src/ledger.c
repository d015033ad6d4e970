// SPDX-License-Identifier: GPL-2.0
/*
 * ledger.c - listeners, and what is counted of them
 *
 *   socket cookie ─▶ listener{totals, owner, queues} ─▶ endpoint{totals of the closed}
 *
 * A listener is made when its socket starts to listen, or when its first segment shows
 * it; it goes when the socket closes. Its totals are then added to its endpoint, which
 * stays: a reader who adds up an endpoint's listeners and @closed misses nothing and
 * counts nothing twice, for both are done with the ledger's lock held.
 *
 * Segments find their listener under RCU and add to atomic counters; they take no lock.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/fdtable.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "compat.h"
#include "facts.h"
#include "kernel.h"
#include "ledger.h"
#include "net.h"
#include "queue.h"
#include "takeover.h"

/*
 * All listeners of all namespaces by cookie, which is unique among them: where segments
 * look. Written with table_lock held, which nests in a ledger's lock.
 */
#define TABLE_BITS 14
static struct hlist_head *table;
static DEFINE_RAW_SPINLOCK(table_lock);

/* Listeners that have left the table and are not yet added to their endpoints. */
static LLIST_HEAD(closing);
static void fold_work(struct work_struct *work);
static DECLARE_WORK(folder, fold_work);

static atomic_t last_number = ATOMIC_INIT(0);

static struct hlist_head *slot_of(u64 cookie)
{
	return &table[hash_64(cookie, TABLE_BITS)];
}

static void add(atomic64_t *to, const atomic64_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (atomic64_read(&from[i]))
			atomic64_add(atomic64_read(&from[i]), &to[i]);
}

/**
 * lq_ledger_sum() - add totals to others
 * @sum: what is added to
 * @totals: what is added
 */
void lq_ledger_sum(struct lq_totals *sum, const struct lq_totals *totals)
{
	add(sum->verdicts, totals->verdicts, LQ_V_count);
	add(sum->tallies, totals->tallies, LQ_TALLY_count);
	add(sum->hists[0], totals->hists[0], LQ_HIST_count * LQ_HIST_BUCKETS);
	add(sum->full_ns, totals->full_ns, LQ_QUEUE_count);
	if (totals->last_loss > sum->last_loss) {
		sum->last_loss = totals->last_loss;
		sum->last_loss_reason = totals->last_loss_reason;
	}
}

/**
 * lq_listener_put() - give a reference back
 * @l: the listener
 *
 * The table's reference goes last of those that RCU readers rely on, so that nobody
 * looks any more.
 *
 * Context: any.
 */
void lq_listener_put(struct lq_listener *l)
{
	if (!refcount_dec_and_test(&l->refs))
		return;
	put_pid(l->owner.pid);
	put_pid(l->acceptor.pid);
	kfree(l);
}

static void where_listens(struct lq_address *where, const struct sock *sk)
{
	struct lq_flow flow;

	lq_flow_of_listener(&flow, sk);
	memset(where, 0, sizeof(*where));
	where->ifindex = sk->sk_bound_dev_if;
	where->port = flow.sport;
	where->family = flow.family;
	where->v6only = flow.family == 6 && ipv6_only_sock(sk);
	memcpy(where->addr, flow.saddr, sizeof(where->addr));
}

/**
 * lq_listener_where() - name a listener for people
 * @l: the listener
 * @text: is set
 * @size: of @text, LQ_WHERE_LEN
 *
 * Context: any.
 */
void lq_listener_where(struct lq_listener *l, char *text, size_t size)
{
	unsigned int port = ntohs(l->where.port);
	char comm[TASK_COMM_LEN];
	unsigned long flags;
	int pid;

	raw_spin_lock_irqsave(&l->task_lock, flags);
	pid = pid_nr(l->owner.pid);
	memcpy(comm, l->owner.comm, sizeof(comm));
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
	if (!pid)
		strscpy(comm, "?", sizeof(comm));
	if (l->where.family == 4)
		snprintf(text, size, "%pI4:%u %s[%d]", l->where.addr, port, comm, pid);
	else
		snprintf(text, size, "[%pI6c]:%u %s[%d]", l->where.addr, port, comm, pid);
}

/* A queue is at its limit from now on, or no more. */
static void note_full(struct lq_listener *l, enum lq_queue queue, bool full)
{
	u64 since = READ_ONCE(l->full_since[queue]);

	if (likely(full == !!since))
		return;
	if (full) {
		cmpxchg64(&l->full_since[queue], 0, ktime_get_ns());
		return;
	}
	since = xchg(&l->full_since[queue], 0);
	if (since)
		atomic64_add(ktime_get_ns() - since, &l->totals.full_ns[queue]);
}

/* With the ledger's lock held. */
static void fold(struct lq_ledger *ledger, struct lq_listener *l)
{
	struct lq_endpoint *ep = l->endpoint;

	lq_ledger_sum(&ep->closed, &l->totals);
	list_del(&l->sibling);
	l->endpoint = NULL;
	if (list_empty(&ep->listeners))
		lq_endpoint_rest(ledger, ep);
}

/* No segment works with it any more: what it counted becomes the endpoint's. */
static void fold_late(struct lq_listener *l)
{
	struct lq_ledger *ledger = l->ledger;
	unsigned long flags;

	note_full(l, LQ_SYNQ, false);
	note_full(l, LQ_ACCEPTQ, false);
	xa_lock_irqsave(&ledger->listeners, flags);
	fold(ledger, l);
	xa_unlock_irqrestore(&ledger->listeners, flags);
	sock_put(l->sk);
	lq_listener_put(l);
}

/*
 * A worker and not call_rcu(): unloading would have to wait for all callbacks of the
 * machine, which a flood keeps busy for long.
 */
static void fold_work(struct work_struct *work)
{
	struct llist_node *left = llist_del_all(&closing);
	struct lq_listener *l, *next;

	if (!left)
		return;
	synchronize_rcu();
	llist_for_each_entry_safe(l, next, left, closing)
		fold_late(l);
}

static void remember(struct lq_task *to, struct task_struct *task)
{
	to->pid = get_pid(task_tgid(task));
	strscpy(to->comm, task->group_leader->comm, sizeof(to->comm));
}

static struct lq_listener *new_listener(struct sock *sk, struct task_struct *task)
{
	enum lq_queue queue;
	struct lq_listener *l;

	/* Its close may go unseen (without=, probes switched off): then it waits for us. */
	if (!refcount_inc_not_zero(&sk->sk_refcnt))
		return NULL;
	l = kzalloc(sizeof(*l), GFP_ATOMIC | __GFP_NOWARN);
	if (!l) {
		sock_put(sk);
		return NULL;
	}
	refcount_set(&l->refs, 1);
	l->cookie = lq_sock_cookie(sk);
	l->sk = sk;
	l->ledger = lq_ledger_of(sock_net(sk));
	l->netns = sock_net(sk)->ns.inum;
	where_listens(&l->where, sk);
	for (queue = 0; queue < LQ_QUEUE_count; queue++)
		l->overflow[queue].l = l;
	raw_spin_lock_init(&l->task_lock);
	if (task)
		remember(&l->owner, task);
	l->uid = lq_sk_uid(sk);
	l->number = (u32)atomic_inc_return(&last_number) & LQ_LISTENER_NUMBERS;
	l->since = ktime_get_real_ns();
	return l;
}

/* Into the table, unless somebody was faster. */
static int insert(struct lq_ledger *ledger, struct lq_listener *l,
		  struct lq_endpoint *fresh)
{
	unsigned long flags;
	int err;

	xa_lock_irqsave(&ledger->listeners, flags);
	err = __xa_insert(&ledger->listeners, l->cookie, l, GFP_ATOMIC | __GFP_NOWARN);
	if (!err) {
		l->endpoint = lq_endpoint_get(ledger, &l->where, fresh);
		l->endpoint_id = l->endpoint->id;
		l->ignored = l->endpoint->ignored;
		l->endpoint->opened++;
		list_add_tail(&l->sibling, &l->endpoint->listeners);
		ledger->nr_listeners++;
		/* A segment that finds it there finds its endpoint's SYN queue, too. */
		RCU_INIT_POINTER(l->queue, l->endpoint->queue);
		raw_spin_lock(&table_lock);
		hlist_add_head_rcu(&l->node, slot_of(l->cookie));
		raw_spin_unlock(&table_lock);
		lq_takeover_listeners(ledger, l->endpoint);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
	return err;
}

/* Once per listener, from any handler: the memory is taken without waiting. */
static struct lq_listener *make(struct sock *sk, struct task_struct *task)
{
	struct lq_ledger *ledger = lq_ledger_of(sock_net(sk));
	struct lq_endpoint *fresh;
	struct lq_listener *l;

	if (!lq_net_counts(sock_net(sk)))
		return NULL;
	fresh = kzalloc(sizeof(*fresh), GFP_ATOMIC | __GFP_NOWARN);
	l = new_listener(sk, task);
	if (!fresh || !l || insert(ledger, l, fresh))
		goto free;
	/* It may have closed before it was in the table; then nobody else takes it out. */
	if (inet_sk_state_load(sk) != TCP_LISTEN) {
		lq_listener_close(sk);
		return NULL;
	}
	return l;

free:
	if (l) {
		sock_put(sk);
		lq_listener_put(l);
	}
	kfree(fresh);
	return NULL;
}

/**
 * lq_listener_find() - the listener of that number
 * @cookie: its socket's cookie
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the listener, or NULL.
 */
struct lq_listener *lq_listener_find(u64 cookie)
{
	struct lq_listener *l;

	hlist_for_each_entry_rcu(l, slot_of(cookie), node, true)
		if (l->cookie == cookie)
			return l;
	return NULL;
}

/**
 * lq_listener_of() - the listener of a segment's socket
 * @sk: a listening socket
 *
 * Context: a handler, preemption off; what is returned lives as long.
 * Return: the listener, or NULL when it is closing or there was no memory (counted).
 */
struct lq_listener *lq_listener_of(struct sock *sk)
{
	struct lq_listener *l = lq_listener_find(lq_sock_cookie(sk));

	if (likely(l) || inet_sk_state_load(sk) != TCP_LISTEN)
		return l;
	l = make(sk, NULL);
	if (!l)
		l = lq_listener_find(lq_sock_cookie(sk));
	if (!l && inet_sk_state_load(sk) == TCP_LISTEN && lq_net_counts(sock_net(sk)))
		atomic64_inc(&lq_ledger_of(sock_net(sk))->untracked);
	return l;
}

/**
 * lq_listener_open() - a socket listens
 * @sk: the socket
 * @task: who called listen()
 *
 * Context: any, preemption off.
 */
void lq_listener_open(struct sock *sk, struct task_struct *task)
{
	struct lq_listener *l = lq_listener_find(lq_sock_cookie(sk));
	unsigned long flags;

	if (!l && make(sk, task))
		return;
	/* A segment was faster, or the module is younger than the listener. */
	if (!l)
		l = lq_listener_find(lq_sock_cookie(sk));
	if (!l)
		return;
	raw_spin_lock_irqsave(&l->task_lock, flags);
	if (!l->owner.pid)
		remember(&l->owner, task);
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
}

static void take_out(struct lq_ledger *ledger, u64 cookie)
{
	struct lq_listener *l;
	unsigned long flags;

	xa_lock_irqsave(&ledger->listeners, flags);
	l = __xa_erase(&ledger->listeners, cookie);
	if (l) {
		ledger->nr_listeners--;
		raw_spin_lock(&table_lock);
		hlist_del_rcu(&l->node);
		raw_spin_unlock(&table_lock);
		lq_takeover_listeners(ledger, l->endpoint);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
	if (!l)
		return;
	llist_add(&l->closing, &closing);
	schedule_work(&folder);
}

/**
 * lq_listener_close() - a socket does not listen any more
 * @sk: the socket
 *
 * Context: any.
 */
void lq_listener_close(struct sock *sk)
{
	take_out(lq_ledger_of(sock_net(sk)), lq_sock_cookie(sk));
}

/* One file of a task: a listener? */
static int look_at_file(const void *task, struct file *file, unsigned int fd)
{
	struct socket *sock = lq_sock_from_file(file);
	struct sock *sk = sock ? READ_ONCE(sock->sk) : NULL;

	if (sk && sk->sk_protocol == IPPROTO_TCP && sk_fullsock(sk) &&
	    (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	    inet_sk_state_load(sk) == TCP_LISTEN)
		lq_listener_open(sk, (struct task_struct *)task);
	return 0;
}

/**
 * lq_listeners_of_tasks() - find the listeners that are older than the module
 *
 * The oldest task that holds one is taken for its owner. One that no task holds shows
 * up with its first segment.
 *
 * Context: process. After the hooks are attached.
 */
void lq_listeners_of_tasks(void)
{
	struct task_struct *task;

	rcu_read_lock();
	for_each_process(task) {
		task_lock(task);
		if (task->files)
			iterate_fd(task->files, 0, look_at_file, task);
		task_unlock(task);
	}
	rcu_read_unlock();
}

static void note_length(struct lq_listener *l, enum lq_queue queue, u32 length, bool full)
{
	if (length > READ_ONCE(l->high[queue]))
		WRITE_ONCE(l->high[queue], length);
	note_full(l, queue, full);
}

static void note_queues(struct lq_listener *l, const struct lq_queues *q,
			enum lq_verdict verdict)
{
	u32 synq = lq_changed(q->synq, lq_effects[verdict].synq);
	u32 acceptq = lq_changed(q->acceptq, lq_effects[verdict].acceptq);

	note_length(l, LQ_SYNQ, synq, lq_synq_full(&lq_this_kernel, synq, q->synq_limit));
	note_length(l, LQ_ACCEPTQ, acceptq, acceptq > q->acceptq_limit);
}

static void note_loss(struct lq_listener *l, const struct lq_event *event,
		      enum lq_reason reason)
{
	const struct lq_queues *q = &event->reading.queues;

	/* To the tick: under a flood of refusals the exact clock would cost more. */
	WRITE_ONCE(l->totals.last_loss, ktime_get_coarse_real_ns());
	WRITE_ONCE(l->totals.last_loss_reason, reason);
	if (reason == LQ_R_accept_queue_full)
		lq_overflowed(&l->overflow[LQ_ACCEPTQ], reason, q->acceptq, q->acceptq_limit);
	else if (reason == LQ_R_syn_queue_full)
		lq_overflowed(&l->overflow[LQ_SYNQ], reason, q->synq, q->synq_limit);
	else if (reason == LQ_R_last_quarter)
		lq_overflowed(&l->overflow[LQ_SYNQ], reason, q->synq,
			      event->facts.max_syn_backlog);
	lq_pain_refused(l, event);
}

/**
 * lq_ledger_verdict() - a segment got its verdict
 * @l: its listener
 * @event: what is known of it
 * @verdict: how it ended
 *
 * Context: a handler, preemption off.
 */
void lq_ledger_verdict(struct lq_listener *l, const struct lq_event *event,
		       enum lq_verdict verdict)
{
	atomic64_inc(&l->totals.verdicts[verdict]);
	note_queues(l, &event->reading.queues, verdict);
	if (verdict == LQ_V_req_completed) {
		lq_hist_add(l, LQ_HIST_handshake_us, event->age_us);
		lq_hist_add(l, LQ_HIST_retrans, event->retrans);
	}
	if (unlikely(lq_verdicts[verdict].loss))
		note_loss(l, event, lq_verdicts[verdict].reason);
}

/**
 * lq_listener_queues() - how full they are, the SYN queue ours if it is taken over
 * @queues: filled
 * @l: a listener in the table, or the caller keeps it there
 *
 * Context: any, under RCU or with the ledger locked.
 */
void lq_listener_queues(struct lq_queues *queues, const struct lq_listener *l)
{
	const struct lq_synq *q = rcu_dereference_check(l->queue, true);
	struct lq_reading reading;

	if (!q) {
		lq_queues_of(queues, l->sk);
		return;
	}
	lq_queue_read(q, l->sk, &reading);
	*queues = reading.queues;
}

/**
 * lq_ledger_look() - are its queues still full?
 * @l: a listener in the table, or the caller keeps it there
 *
 * Context: any, under RCU.
 */
void lq_ledger_look(struct lq_listener *l)
{
	struct lq_queues q;

	lq_listener_queues(&q, l);
	note_full(l, LQ_SYNQ, lq_synq_full(&lq_this_kernel, q.synq, q.synq_limit));
	note_full(l, LQ_ACCEPTQ, q.acceptq > q.acceptq_limit);
}

/**
 * lq_ledger_expired() - a request ended without a segment
 * @l: its listener
 *
 * Context: timer softirq; the request is out of the SYN queue.
 */
void lq_ledger_expired(struct lq_listener *l)
{
	lq_tally(l, LQ_TALLY_expired);
	lq_ledger_look(l);
}

static void note_acceptor(struct lq_listener *l)
{
	struct pid *pid = task_tgid(current), *old = NULL;
	unsigned long flags;

	if (likely(READ_ONCE(l->acceptor.pid) == pid))
		return;
	raw_spin_lock_irqsave(&l->task_lock, flags);
	if (l->acceptor.pid != pid) {
		old = l->acceptor.pid;
		remember(&l->acceptor, current);
	}
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
	put_pid(old);
}

/**
 * lq_ledger_accepted() - accept() took a connection
 * @l: the listener it waited at
 * @waited_us: so long after it was queued
 *
 * Context: the accepting task, preemption off.
 */
void lq_ledger_accepted(struct lq_listener *l, u64 waited_us)
{
	lq_tally(l, LQ_TALLY_accepted);
	lq_hist_add(l, LQ_HIST_accept_us, waited_us);
	note_acceptor(l);
	note_full(l, LQ_ACCEPTQ, sk_acceptq_is_full(l->sk));
}

/* With the ledger's lock held; NULL when the endpoint has been forgotten, too. */
static struct lq_totals *late_totals(struct lq_ledger *ledger, struct lq_listener *l)
{
	struct lq_endpoint *ep;

	if (l->endpoint)
		return &l->totals;
	ep = lq_endpoint_find(ledger, l->endpoint_id);
	return ep ? &ep->closed : NULL;
}

/**
 * lq_ledger_settled() - nobody waits for a refused client any more
 * @l: the listener that refused it, which may have closed long ago
 * @how: why not
 * @ms: LQ_PAIN_RECOVERED: so long after it was refused first
 *
 * Context: any.
 */
void lq_ledger_settled(struct lq_listener *l, enum lq_pain how, u64 ms)
{
	struct lq_ledger *ledger = l->ledger;
	struct lq_totals *totals;
	unsigned long flags;

	xa_lock_irqsave(&ledger->listeners, flags);
	totals = late_totals(ledger, l);
	if (totals) {
		atomic64_dec(&totals->tallies[LQ_TALLY_waiting]);
		if (how == LQ_PAIN_RECOVERED)
			atomic64_inc(&totals->hists[LQ_HIST_recovered_ms][lq_hist_bucket(ms)]);
		else
			atomic64_inc(&totals->tallies[how == LQ_PAIN_NEVER ? LQ_TALLY_never :
								     LQ_TALLY_forgotten]);
	}
	xa_unlock_irqrestore(&ledger->listeners, flags);
}

/**
 * lq_listeners_init() - make the table of all listeners
 *
 * Return: 0 or -ENOMEM.
 */
int lq_listeners_init(void)
{
	table = kvcalloc(BIT(TABLE_BITS), sizeof(*table), GFP_KERNEL);
	return table ? 0 : -ENOMEM;
}

/**
 * lq_listeners_exit() - free the table of all listeners
 *
 * Context: process, sleeps. After the last ledger was freed.
 */
void lq_listeners_exit(void)
{
	kvfree(table);
}

/**
 * lq_ledger_init() - begin a namespace's ledger
 * @ledger: zero
 */
void lq_ledger_init(struct lq_ledger *ledger)
{
	xa_init_flags(&ledger->listeners, XA_FLAGS_LOCK_IRQ);
	INIT_LIST_HEAD(&ledger->endpoints);
	INIT_LIST_HEAD(&ledger->idle);
}

/**
 * lq_ledger_stop() - take out the listeners that are left
 * @ledger: no segment looks for anything in it any more
 *
 * Context: process. lq_ledgers_settle() comes next.
 */
void lq_ledger_stop(struct lq_ledger *ledger)
{
	struct lq_listener *l;
	unsigned long cookie;

	xa_for_each(&ledger->listeners, cookie, l)
		take_out(ledger, cookie);
}

/**
 * lq_ledgers_settle() - wait until the listeners taken out are in their endpoints' totals
 *
 * Context: process, sleeps.
 */
void lq_ledgers_settle(void)
{
	flush_work(&folder);
}

/**
 * lq_ledger_free() - free what lq_ledger_stop() left
 * @ledger: all its listeners are gone
 */
void lq_ledger_free(struct lq_ledger *ledger)
{
	lq_endpoints_free(ledger);
	xa_destroy(&ledger->listeners);
}
