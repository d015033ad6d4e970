/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc.h - /proc/net/listenq
 */
#ifndef LISTENQ_PROC_H
#define LISTENQ_PROC_H

#include "ledger/counts.h"

int lq_proc_net_init(struct net *net, struct lq_net *ln);
void lq_proc_net_exit(struct lq_net *ln);

#endif
