/* SPDX-License-Identifier: GPL-2.0 */
/*
 * diverted.h - are the kernel's functions diverted just now?
 */
#ifndef LISTENQ_DIVERTED_H
#define LISTENQ_DIVERTED_H

#include <linux/types.h>

int lq_diverted_get(void);
void lq_diverted_put(void);
bool lq_diverted_exit(void);

#endif
