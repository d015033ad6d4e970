/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wheel.h - how long the stock kernel waits before it repeats a SYN-ACK
 */
#ifndef LISTENQ_WHEEL_H
#define LISTENQ_WHEEL_H

#include "core/segment.h"

/* A delay doubles from 1 tick to 120 s at 1000 Hz in fewer steps. */
#define LQ_DELAYS 20

u32 lq_wheel_due(u32 now, u32 delay);
u32 lq_level_of(u8 timeouts);
u32 lq_delay_of(u32 first, u32 most, u8 timeouts);

#endif
