/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc_requests.h - pending records to read
 */
#ifndef LISTENQ_PROC_REQUESTS_H
#define LISTENQ_PROC_REQUESTS_H

#include <linux/proc_fs.h>

extern const struct proc_ops lq_requests_ops;

#endif
