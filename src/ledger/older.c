// SPDX-License-Identifier: GPL-2.0
/*
 * older.c - listeners that are older than the module, found among the files of all tasks
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "kernel/compat.h"
#include "ledger/listener.h"
#include "ledger/older.h"

/* Files that are looked at with those of the task locked, and preemption off */
#define PIECE 16

/**
 * struct look - at the files of a task
 * @task: whose
 * @n: files that were looked at
 */
struct look {
	struct task_struct *task;
	u32 n;
};

/* One file: a listener? Returns where to go on with the locks taken anew, else 0. */
static int look_at_file(const void *arg, struct file *file, unsigned int fd)
{
	struct look *look = (struct look *)arg;
	struct socket *sock = lq_sock_from_file(file);
	struct sock *sk = sock ? READ_ONCE(sock->sk) : NULL;

	if (sk && sk->sk_protocol == IPPROTO_TCP && sk_fullsock(sk) &&
	    (sk->sk_family == AF_INET || sk->sk_family == AF_INET6) &&
	    inet_sk_state_load(sk) == TCP_LISTEN)
		lq_listener_open(sk, look->task);
	return ++look->n % PIECE ? 0 : fd + 1;
}

static void look_at_files(struct task_struct *task)
{
	struct look look = { .task = task };
	unsigned int next = 0;

	do {
		task_lock(task);
		next = task->files ? iterate_fd(task->files, next, look_at_file, &look) : 0;
		task_unlock(task);
	} while (next);
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
	for_each_process(task)
		look_at_files(task);
	rcu_read_unlock();
}
