/* SPDX-License-Identifier: GPL-2.0 */
/*
 * options.h - TCP options of a segment, as far as the rules look at them
 */
#ifndef LISTENQ_OPTIONS_H
#define LISTENQ_OPTIONS_H

#include "core/segment.h"

bool lq_parse_timestamps(struct lq_segment *segment, const u8 *options, u32 len);

#endif
