/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kernel.h - in what this kernel differs from others
 */
#ifndef LISTENQ_KERNEL_H
#define LISTENQ_KERNEL_H

#include "core/decide.h"

extern struct lq_kernel lq_this_kernel;

int lq_kernel_init(void);

#endif
