/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc_counts.h - counters of a network namespace, hits of hooks
 */
#ifndef LISTENQ_PROC_COUNTS_H
#define LISTENQ_PROC_COUNTS_H

#include <linux/proc_fs.h>

extern const struct proc_ops lq_verdicts_ops;
extern const struct proc_ops lq_hooks_ops;

#endif
