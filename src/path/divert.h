/* SPDX-License-Identifier: GPL-2.0 */
/*
 * divert.h - takeover's way into the kernel's functions
 */
#ifndef LISTENQ_DIVERT_H
#define LISTENQ_DIVERT_H

int lq_divert_attach(void);
void lq_divert_detach(void);

#endif
