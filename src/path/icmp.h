/* SPDX-License-Identifier: GPL-2.0 */
/*
 * icmp.h - an ICMP error that answers a SYN-ACK of ours
 */
#ifndef LISTENQ_ICMP_H
#define LISTENQ_ICMP_H

#include <linux/skbuff.h>

int lq_v4_err(struct sk_buff *skb, u32 info);

#endif
