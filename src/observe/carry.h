/* SPDX-License-Identifier: GPL-2.0 */
/*
 * carry.h - a segment on its way between two hooks
 */
#ifndef LISTENQ_CARRY_H
#define LISTENQ_CARRY_H

#include <net/request_sock.h>
#include <net/sock.h>

#include "core/event.h"

void lq_give_back(const struct sk_buff *skb, struct net *net, struct lq_event *event);
void lq_request_dropped(struct sock *sk, struct request_sock *req);
bool lq_skb_dropped(struct sk_buff *skb);
void lq_carry(enum lq_via via, const struct sk_buff *skb, struct net *net,
	      const struct lq_event *event, enum lq_verdict verdict);
void lq_take_carry(struct lq_event *event, struct sock *sk, const struct sk_buff *skb);

int lq_carry_init(void);
void lq_carry_exit(void);

#endif
