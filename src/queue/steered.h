/* SPDX-License-Identifier: GPL-2.0 */
/*
 * steered.h - does a segment come to its listener by its addresses alone?
 */
#ifndef LISTENQ_STEERED_H
#define LISTENQ_STEERED_H

#include <net/tcp.h>

#include "queue/types.h"

bool lq_is_steered(const struct lq_synq *q, struct sock *sk, struct sk_buff *skb,
		   const struct lq_v4_flow *key);

#endif
