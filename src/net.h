/* SPDX-License-Identifier: GPL-2.0 */
/*
 * net.h - what we keep for each network namespace: begun and ended in order
 */
#ifndef LISTENQ_NET_H
#define LISTENQ_NET_H

int lq_net_init(void);
void lq_net_exit(void);

#endif
