/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drop.h - why, and where, the kernel drops a SYN
 */
#ifndef LISTENQ_DROP_H
#define LISTENQ_DROP_H

#include <linux/skbuff.h>

#include "core/event.h"

enum lq_before lq_drop_word(const struct sk_buff *skb, unsigned int reason,
			    const void *location);
void lq_drop_init(void);

#endif
