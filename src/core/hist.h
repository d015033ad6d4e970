/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hist.h - log2 histograms: bucket b counts values of 2^b .. 2^(b+1)-1, 0 is in bucket 0
 */
#ifndef LISTENQ_HIST_H
#define LISTENQ_HIST_H

#include "core/segment.h"

#define LQ_HIST_BUCKETS 28

/* The last bucket takes what is larger, too. */
static inline u32 lq_hist_bucket(u64 value)
{
	u32 bucket = value > 1 ? 63 - __builtin_clzll(value) : 0;

	return bucket < LQ_HIST_BUCKETS ? bucket : LQ_HIST_BUCKETS - 1;
}

#endif
