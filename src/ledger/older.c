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
