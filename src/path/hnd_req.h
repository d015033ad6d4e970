/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hnd_req.h - a segment without SYN for a listener that is taken over, and odd SYNs
 */
#ifndef LISTENQ_HND_REQ_H
#define LISTENQ_HND_REQ_H

#include <net/tcp.h>

struct sock *lq_hnd_req(struct sock *sk, struct sk_buff *skb);
int lq_odd_syn(struct sock *sk, struct sk_buff *skb);

#endif
