/* SPDX-License-Identifier: GPL-2.0 */
/*
 * between.h - words of processors that change between two segments
 */
#ifndef LISTENQ_BETWEEN_H
#define LISTENQ_BETWEEN_H

#include <linux/percpu.h>

void lq_between_segments(unsigned long __percpu *word, unsigned long value);

#endif
