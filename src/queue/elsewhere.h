/* SPDX-License-Identifier: GPL-2.0 */
/*
 * elsewhere.h - queues that may have a flow's record, found by its address
 */
#ifndef LISTENQ_ELSEWHERE_H
#define LISTENQ_ELSEWHERE_H

#include "ledger/endpoint.h"
#include "queue/types.h"

unsigned int lq_synqs_of(struct net *net, const struct lq_v4_flow *key, int sdif,
			 struct lq_synq *found[LQ_CANDIDATES]);
unsigned int lq_record_devices(struct net *net, int dif, int sdif, int devices[LQ_FLOW_DEVICES]);
struct lq_listener *lq_taker_elsewhere(const struct sock *sk, struct sk_buff *skb,
				       const struct lq_synq *own);

#endif
