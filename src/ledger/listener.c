// SPDX-License-Identifier: GPL-2.0
/*
 * listener.c - listening sockets, from listen() to close()
 *
 *   socket cookie ─▶ listener{totals, owner, queues} ─▶ endpoint{totals of the closed}
 *
 * A listener is made when its socket starts to listen, or when its first segment shows it; it goes
 * when the socket closes. Its totals are then added to its endpoint, which stays: a reader who adds
 * up an endpoint's listeners and @closed (walk.c) misses nothing and counts nothing twice.
 *
 * Segments find their listener under RCU and add to counters (counters.h); they take no lock.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>

#include "kernel/compat.h"
#include "kernel/facts.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/here.h"
#include "ledger/listener.h"
#include "ledger/number.h"
#include "ledger/owner.h"
#include "ledger/task.h"
#include "ledger/totals.h"

/*
 * All listeners of all namespaces by cookie, which is unique among them: where segments
 * look. Written with table_lock held, which nests in a ledger's lock. Which cookies share a slot
 * is a secret: they themselves are none, and come in order.
 */
#define TABLE_BITS 14
static struct hlist_head *table;
static u64 secret;
static DEFINE_RAW_SPINLOCK(table_lock);

/* Listeners that have left the table and are not yet added to their endpoints. */
static LLIST_HEAD(closing);
static void fold_work(struct work_struct *work);
static DECLARE_WORK(folder, fold_work);

const struct lq_owner *lq_owner;

static struct hlist_head *slot_of(u64 cookie)
{
	return &table[hash_64(cookie * secret, TABLE_BITS)];
}

/**
 * lq_listener_put() - give a reference back
 * @l: the listener
 *
 * The table's reference goes last of those that RCU readers rely on: nobody looks any more.
 *
 * Context: any.
 */
void lq_listener_put(struct lq_listener *l)
{
	if (!refcount_dec_and_test(&l->refs))
		return;
	put_pid(l->owner.pid);
	put_pid(l->acceptor.pid);
	lq_here_free(&l->totals);
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

/*
 * With the ledger's lock held. Who adds the endpoint up just now has taken @closed as it was
 * before: if he did not come to the listener yet, he won't find it any more.
 */
static void fold(struct lq_ledger *ledger, struct lq_listener *l, const struct lq_totals *here)
{
	const struct lq_sum *sum = ledger->sum;
	struct lq_endpoint *ep = l->endpoint;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	lq_totals_sum(&ep->closed, &l->totals);
	lq_totals_sum(&ep->closed, here);
	if (sum && sum->id == ep->id && l->place >= sum->at) {
		lq_totals_sum(sum->totals, &l->totals);
		lq_totals_sum(sum->totals, here);
	}
	xa_erase(&ep->listeners, l->place);
	l->endpoint = NULL;
	if (!xa_empty(&ep->listeners))
		return;
	/* A single one takes no memory there, if that is its number. */
	ep->next_place = 0;
	lq_endpoint_rest(ledger, ep);
}

/* No segment works with it any more: what it counted becomes the endpoint's. */
static void fold_late(struct lq_listener *l)
{
	static struct lq_totals here;	/* the worker's */
	struct lq_ledger *ledger = l->ledger;
	unsigned long flags;

	lq_totals_note_full(l, LQ_SYNQ, false);
	lq_totals_note_full(l, LQ_ACCEPTQ, false);
	memset(&here, 0, sizeof(here));
	lq_here_add(&here, &l->totals);
	xa_lock_irqsave(&ledger->listeners, flags);
	fold(ledger, l, &here);
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
	llist_for_each_entry_safe(l, next, left, closing) {
		fold_late(l);
		cond_resched();
	}
}

/* What is in the queues of a listener that is older than we are: attempts, too; see insert(). */
static void count_older(struct lq_listener *l)
{
	struct lq_lengths q;

	lq_lengths_of(&q, l->sk);
	lq_totals_recount(&l->totals, q.synq, q.acceptq);
}

static struct lq_listener *new_listener(struct sock *sk, struct task_struct *task)
{
	enum lq_queue_kind queue;
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
	for (queue = 0; queue < LQ_QUEUE_KINDS; queue++)
		l->overflow[queue].l = l;
	raw_spin_lock_init(&l->task_lock);
	if (task)
		lq_task_remember(&l->owner, task);
	l->uid = lq_sk_uid(sk);
	l->payer = task ? lq_task_payer(task, l->uid) : l->uid;
	l->since = ktime_get_real_ns();
	count_older(l);
	return l;
}

/* With the ledger's lock held: among the listeners of its endpoint; without memory, nowhere. */
static int join(struct lq_ledger *ledger, struct lq_listener *l, struct lq_endpoint **fresh)
{
	struct lq_endpoint *ep = lq_endpoint_get(ledger, &l->where, fresh);
	int err;

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!ep)
		return -ENOMEM;
	l->place = ep->next_place;
	err = xa_insert(&ep->listeners, l->place, l, GFP_ATOMIC | __GFP_NOWARN);
	if (err) {
		if (xa_empty(&ep->listeners))
			lq_endpoint_rest(ledger, ep);
		return err;
	}
	xa_set_mark(&ep->listeners, l->place, LQ_OPEN);
	ep->next_place++;
	ep->opened++;
	WRITE_ONCE(ep->open, ep->open + 1);
	atomic64_add(lq_totals_waiting(&l->totals), &ep->closed.unstamped);
	l->endpoint = ep;
	l->endpoint_id = ep->id;
	l->ignored = ep->ignored;
	/* A segment that finds it in the table finds its endpoint's SYN queue, too. */
	RCU_INIT_POINTER(l->queue, ep->queue);
	return 0;
}

/* Into the table, unless somebody was faster. Readers see it when all of it is done. */
static int insert(struct lq_ledger *ledger, struct lq_listener *l, struct lq_endpoint **fresh)
{
	unsigned long flags;
	int err;

	xa_lock_irqsave(&ledger->listeners, flags);
	err = __xa_insert(&ledger->listeners, l->cookie, NULL, GFP_ATOMIC | __GFP_NOWARN);
	if (err)
		goto unlock;
	err = join(ledger, l, fresh);
	if (err) {
		__xa_erase(&ledger->listeners, l->cookie);
		goto unlock;
	}
	/* Its place is there: it takes no memory. */
	__xa_store(&ledger->listeners, l->cookie, l, GFP_ATOMIC | __GFP_NOWARN);
	ledger->nr_listeners++;
	lq_number_give(l);
	raw_spin_lock(&table_lock);
	hlist_add_head_rcu(&l->node, slot_of(l->cookie));
	raw_spin_unlock(&table_lock);
	lq_owner->listeners(ledger, l->endpoint, l);
unlock:
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
	if (!fresh || !l || insert(ledger, l, &fresh))
		goto free;
	kfree(fresh);
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

/* Did a request of that age, of a closed listener, begin in its sight? */
static bool is_followed(const struct lq_endpoint *ep, u64 age_us)
{
	u64 watched = READ_ONCE(ep->watched);

	return !READ_ONCE(ep->ignored) &&
	       (!watched || ktime_get_ns() - watched > age_us * NSEC_PER_USEC);
}

/**
 * lq_listener_totals() - where to count what becomes of a listener's request
 * @sk: the listener, open or closed
 * @age_us: of the request
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: its totals, those of its endpoint when it is closed; NULL: there are none, or
 * the request began while the endpoint was ignored, or it is now.
 */
struct lq_totals *lq_listener_totals(struct sock *sk, u64 age_us)
{
	struct lq_listener *l = lq_listener_find(lq_sock_cookie(sk));
	struct lq_address where;
	struct lq_endpoint *ep;

	if (l)
		return READ_ONCE(l->ignored) ? NULL : &l->totals;
	/* A closed socket knows where it listened as long as it has requests. */
	where_listens(&where, sk);
	ep = lq_endpoint_at(lq_ledger_of(sock_net(sk)), &where);
	return ep && is_followed(ep, age_us) ? &ep->closed : NULL;
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
	l = l ?: lq_listener_find(lq_sock_cookie(sk));
	if (!l)
		return;
	raw_spin_lock_irqsave(&l->task_lock, flags);
	if (!l->owner.pid) {
		lq_task_remember(&l->owner, task);
		/* Whose segment was faster has not chosen who pays. */
		WRITE_ONCE(l->payer, lq_task_payer(task, l->uid));
	}
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
		WRITE_ONCE(l->endpoint->open, l->endpoint->open - 1);
		xa_clear_mark(&l->endpoint->listeners, l->place, LQ_OPEN);
		l->closed = ktime_get_ns();
		raw_spin_lock(&table_lock);
		hlist_del_rcu(&l->node);
		raw_spin_unlock(&table_lock);
		lq_number_take(l);
		lq_owner->listeners(ledger, l->endpoint, l);
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

/**
 * lq_listeners_init() - make the tables of all listeners and endpoints
 *
 * If it fails, lq_listeners_exit() is to be called.
 *
 * Return: 0 or -ENOMEM.
 */
int lq_listeners_init(void)
{
	secret = get_random_u64() | 1;
	lq_numbers_init();
	table = kvcalloc(BIT(TABLE_BITS), sizeof(*table), GFP_KERNEL);
	return table ? lq_endpoints_init() : -ENOMEM;
}

/**
 * lq_listeners_exit() - free these tables
 *
 * Context: process, sleeps. After the last ledger was freed.
 */
void lq_listeners_exit(void)
{
	lq_endpoints_exit();
	kvfree(table);
}

/**
 * lq_ledger_init() - begin a namespace's ledger
 * @ledger: zero
 */
void lq_ledger_init(struct lq_ledger *ledger)
{
	xa_init_flags(&ledger->listeners, XA_FLAGS_LOCK_IRQ);
	mutex_init(&ledger->adding);
	lq_endpoints_begin(ledger);
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

	xa_for_each(&ledger->listeners, cookie, l) {
		take_out(ledger, cookie);
		cond_resched();
	}
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
