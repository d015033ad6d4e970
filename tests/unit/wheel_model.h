/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wheel_model.h - src/core/wheel.c by a clock of 64 bits
 */
#ifndef LISTENQ_WHEEL_MODEL_H
#define LISTENQ_WHEEL_MODEL_H

#include "core/segment.h"

/* The kernel's timer wheel with a clock that does not wrap. */
static inline u64 wheel_fires(u64 now, u32 delay)
{
	u64 slot = 1;

	for (u64 end = 63; delay >= end; end *= 8)
		slot *= 8;
	return ((now + delay) / slot + 1) * slot;
}

#endif
