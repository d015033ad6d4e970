// SPDX-License-Identifier: GPL-2.0
/*
 * task.c - who listens, who accepts, who closes
 */
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/user_namespace.h>

#include "ledger/task.h"

/**
 * lq_task_remember() - remember a task, by its thread group
 * @to: remembers nobody yet, or the caller puts whom it does
 * @task: the task
 *
 * Context: any.
 */
void lq_task_remember(struct lq_task *to, struct task_struct *task)
{
	to->pid = get_pid(task_tgid(task));
	strscpy(to->comm, task->group_leader->comm, sizeof(to->comm));
}

/**
 * lq_task_payer() - who pays for what is taken over because a task listens
 * @task: the task
 * @uid: its socket's
 *
 * In a user namespace that he has made a user has many others (newuidmap): they are all his.
 * What root has made is told apart by these.
 *
 * Context: any.
 * Return: the user.
 */
kuid_t lq_task_payer(struct task_struct *task, kuid_t uid)
{
	struct user_namespace *ns;
	kuid_t owner;

	rcu_read_lock();
	ns = task_cred_xxx(task, user_ns);
	while (ns->parent && ns->parent != &init_user_ns)
		ns = ns->parent;
	owner = ns == &init_user_ns ? uid : ns->owner;
	rcu_read_unlock();
	return uid_eq(owner, GLOBAL_ROOT_UID) ? uid : owner;
}

/**
 * lq_listener_note_acceptor() - the current task accepts from it
 * @l: the listener
 *
 * Context: the task, preemption off.
 */
void lq_listener_note_acceptor(struct lq_listener *l)
{
	struct pid *pid = task_tgid(current), *old = NULL;
	unsigned long flags;

	if (likely(READ_ONCE(l->acceptor.pid) == pid))
		return;
	raw_spin_lock_irqsave(&l->task_lock, flags);
	if (l->acceptor.pid != pid) {
		old = l->acceptor.pid;
		lq_task_remember(&l->acceptor, current);
	}
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
	put_pid(old);
}

/**
 * lq_endpoint_note_closer() - the current task closes a listener with clients in its queues
 * @ep: its endpoint, which remembers who did: the listener is gone when somebody asks
 *
 * Context: the task, with the ledger's lock held.
 */
void lq_endpoint_note_closer(struct lq_endpoint *ep)
{
	struct pid *old = ep->closer.pid;

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	lq_task_remember(&ep->closer, current);
	put_pid(old);
}

/**
 * lq_listener_note_closer() - the same, of a listener
 * @l: the listener
 *
 * Context: the task, preemption off.
 */
void lq_listener_note_closer(struct lq_listener *l)
{
	struct lq_ledger *ledger = l->ledger;
	unsigned long flags;

	xa_lock_irqsave(&ledger->listeners, flags);
	if (l->endpoint)
		lq_endpoint_note_closer(l->endpoint);
	xa_unlock_irqrestore(&ledger->listeners, flags);
}
