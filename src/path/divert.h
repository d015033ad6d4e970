/* SPDX-License-Identifier: GPL-2.0 */
/*
 * divert.h - takeover's way into the kernel's functions
 */
#ifndef LISTENQ_DIVERT_H
#define LISTENQ_DIVERT_H

#include <linux/types.h>

int lq_divert_attach(void);
void lq_divert_detach(void);
bool lq_divert_is_attached(void);

#endif
