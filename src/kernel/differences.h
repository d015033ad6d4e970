/* SPDX-License-Identifier: GPL-2.0 */
/*
 * differences.h - in what this kernel differs from others
 */
#ifndef LISTENQ_DIFFERENCES_H
#define LISTENQ_DIFFERENCES_H

#include "core/decide.h"

extern struct lq_kernel lq_this_kernel;

int lq_differences_init(void);

#endif
