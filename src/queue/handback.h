/* SPDX-License-Identifier: GPL-2.0 */
/*
 * handback.h - records become requests of the stock kernel
 */
#ifndef LISTENQ_HANDBACK_H
#define LISTENQ_HANDBACK_H

#include "queue/types.h"

void lq_hand_back(struct lq_synq *q);

#endif
