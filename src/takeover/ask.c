// SPDX-License-Identifier: GPL-2.0
/*
 * ask.c - that rules be applied to a new address: to whom that is said
 *
 *   listen() ─▶ endpoint wanted ─┬─▶ the task on its way back (task_work_add)
 *                                └─▶ a worker, a tick later, for what is wanted still
 *
 * To take over needs memory and sleeps, so that a hook can't do it. The task that listens
 * does it itself on its way back: when its listen() has returned, the address is taken over.
 * It never waits for us: while a command is at work, it leaves that to the worker, as do kernel
 * threads, and kernels that have no task works for us.
 *
 * When the module goes it waits for tasks that are between the hook and their work. Whatever
 * has a task stand still there (a tracer, a signal, its end) lets it do its work before
 * (ptrace_notify(), get_signal(), do_exit()).
 */
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <net/net_namespace.h>

#include "kernel/compat.h"
#include "kernel/ksym.h"
#include "takeover/ask.h"
#include "takeover/rules.h"

/**
 * struct lq_ask - a task that will apply a rule
 * @work: of the task
 * @list: among all
 * @task: whose work it is: it is there as long
 * @ledger: of the network namespace, of which it has a reference
 * @id: number of the endpoint
 */
struct lq_ask {
	struct callback_head work;
	struct list_head list;
	struct task_struct *task;
	struct lq_ledger *ledger;
	u32 id;
};

static DEFINE_RAW_SPINLOCK(asks_lock);	/* a leaf; guards what follows */
static LIST_HEAD(asks);			/* newest first */
static bool open;			/* there may be more */
static bool any;			/* there were some */

static void (*apply_rule)(struct lq_ledger *ledger, u32 id);

/* So short a time ago that it would be again. */
static bool was_refused(const struct lq_endpoint *ep)
{
	unsigned long until = READ_ONCE(ep->refused_until);

	return until && time_before(jiffies, until);
}

/**
 * lq_rules_put_off() - an endpoint's turn comes again with those of others that were refused
 * @ledger: of its network namespace
 * @ep: the endpoint
 * @retry: jiffies when the worker looks at them, if there are no others
 *
 * Context: any, with the ledger's lock held.
 */
void lq_rules_put_off(struct lq_ledger *ledger, struct lq_endpoint *ep, unsigned long retry)
{
	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (list_empty(&ledger->refused))
		ledger->retry = retry;
	list_move_tail(&ep->wanted, &ledger->refused);
	queue_delayed_work(lq_system_wq, &ledger->ruler,
			   max_t(long, ledger->retry - jiffies, 1));
}

/**
 * lq_rules_want() - an endpoint is to be taken over by a rule
 * @ledger: of its network namespace
 * @ep: the endpoint, which has no queue
 *
 * Context: any, with the ledger's lock held.
 */
void lq_rules_want(struct lq_ledger *ledger, struct lq_endpoint *ep)
{
	bool first = list_empty(&ledger->wanted);

	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!ep->open)
		return;
	if (was_refused(ep)) {
		/* The worker forgets those that have closed. */
		if (list_empty(&ep->wanted))
			lq_rules_put_off(ledger, ep, ep->refused_until);
		return;
	}
	/* What was refused before is tried again. */
	list_move_tail(&ep->wanted, &ledger->wanted);
	if (first)
		mod_delayed_work(lq_system_wq, &ledger->ruler, 1);
}

/* It need not be in the list. */
static void forget(struct lq_ask *ask)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&asks_lock, flags);
	list_del(&ask->list);
	raw_spin_unlock_irqrestore(&asks_lock, flags);
	put_net(ask->ledger->net);
	kfree(ask);
}

/* The task is about to return to its user, or exits. */
static void on_return(struct callback_head *work)
{
	struct lq_ask *ask = container_of(work, struct lq_ask, work);
	struct lq_ledger *ledger = ask->ledger;

	if (mutex_trylock(&lq_commands)) {
		apply_rule(ledger, ask->id);
		mutex_unlock(&lq_commands);
	} else {
		mod_delayed_work(lq_system_wq, &ledger->ruler, 0);
	}
	forget(ask);
}

/* One system call may open all listeners of a group (io_uring): one is enough. */
static bool has_asked(const struct lq_ask *ask)
{
	const struct lq_ask *last = list_first_entry_or_null(&asks, struct lq_ask, list);

	lockdep_assert_held(&asks_lock);
	return last && last->task == ask->task && last->ledger == ask->ledger &&
	       last->id == ask->id;
}

static bool enter(struct lq_ask *ask)
{
	unsigned long flags;
	bool entered;

	raw_spin_lock_irqsave(&asks_lock, flags);
	entered = open && !has_asked(ask);
	if (entered) {
		any = true;
		list_add(&ask->list, &asks);
	}
	raw_spin_unlock_irqrestore(&asks_lock, flags);
	return entered;
}

/* The current task, which listens: so its network namespace is there. */
static void ask_task(struct lq_ledger *ledger, u32 id)
{
	struct lq_ask *ask = kmalloc(sizeof(*ask), GFP_ATOMIC | __GFP_NOWARN);

	if (!ask)
		return;
	init_task_work(&ask->work, on_return);
	INIT_LIST_HEAD(&ask->list);
	ask->ledger = ledger;
	ask->id = id;
	ask->task = current;
	get_net(ledger->net);
	if (!enter(ask) || static_call(lq_work_add)(current, &ask->work, TWA_RESUME))
		forget(ask);
}

/**
 * lq_rules_opened() - the current task has made a socket listen
 * @l: the listener
 *
 * Context: process, preemption off.
 */
void lq_rules_opened(const struct lq_listener *l)
{
	const struct lq_endpoint *ep = READ_ONCE(l->endpoint);

	if (likely(rcu_access_pointer(l->queue)) || !ep || READ_ONCE(ep->released) ||
	    was_refused(ep) || !lq_rule_find(l->ledger, l->where.port))
		return;
	if (in_task() && !(current->flags & (PF_KTHREAD | PF_IO_WORKER)) &&
	    l->sk->sk_net_refcnt && lq_can_work_in_tasks())
		ask_task(l->ledger, l->endpoint_id);
}

static void let(bool more)
{
	raw_spin_lock_irq(&asks_lock);
	open = more;
	raw_spin_unlock_irq(&asks_lock);
}

/**
 * lq_asks_start() - tasks may apply rules
 * @apply: does it, with commands locked; process context, sleeps
 *
 * Context: process.
 */
void lq_asks_start(void (*apply)(struct lq_ledger *ledger, u32 id))
{
	apply_rule = apply;
	let(true);
}

static bool is_any_left(void)
{
	bool left;

	raw_spin_lock_irq(&asks_lock);
	left = !list_empty(&asks);
	raw_spin_unlock_irq(&asks_lock);
	return left;
}

/**
 * lq_asks_stop() - no task applies rules any more
 *
 * Context: process, sleeps; commands are not locked.
 */
void lq_asks_stop(void)
{
	let(false);
	while (is_any_left())
		usleep_range(1000, 2000);
}

/**
 * lq_asks_settle() - nor is one in a function of ours for that
 *
 * One that is off the list may have been preempted on its last instructions. That takes its
 * time, and is not needed where others wait for the same (lq_diverted_exit()).
 *
 * Context: process, sleeps; after lq_asks_stop().
 */
void lq_asks_settle(void)
{
	if (any)
		synchronize_rcu_tasks();
	any = false;
}
