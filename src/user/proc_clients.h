/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc_clients.h - refused clients to read
 */
#ifndef LISTENQ_PROC_CLIENTS_H
#define LISTENQ_PROC_CLIENTS_H

#include <linux/proc_fs.h>

extern const struct proc_ops lq_clients_ops;

#endif
