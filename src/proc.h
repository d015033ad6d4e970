/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc.h - the files of /proc/net/listenq among themselves
 */
#ifndef LISTENQ_PROC_H
#define LISTENQ_PROC_H

#include <linux/fs.h>
#include <linux/proc_fs.h>

int lq_proc_may_open(struct inode *inode, struct file *file);

extern const struct proc_ops lq_listeners_ops;
extern const struct proc_ops lq_endpoints_ops;
extern const struct proc_ops lq_requests_ops;

#endif
