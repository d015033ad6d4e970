/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc_ledger.h - the ledger to read, commands to write
 */
#ifndef LISTENQ_PROC_LEDGER_H
#define LISTENQ_PROC_LEDGER_H

#include <linux/proc_fs.h>

extern const struct proc_ops lq_listeners_ops;
extern const struct proc_ops lq_endpoints_ops;

#endif
