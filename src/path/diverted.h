/* SPDX-License-Identifier: GPL-2.0 */
/*
 * diverted.h - are the kernel's functions diverted just now?
 */
#ifndef LISTENQ_DIVERTED_H
#define LISTENQ_DIVERTED_H

#include <linux/types.h>

/* How it is observed what goes through functions that can be diverted (parameter hooks=). */
enum lq_observe {
	LQ_OBSERVE_KPROBE,	/* by probes and return probes */
	LQ_OBSERVE_AUTO,	/* by diverting where that is possible */
	LQ_OBSERVE_FTRACE,	/* by diverting */
};

int lq_diverted_init(enum lq_observe how);
int lq_diverted_observe(enum lq_observe how);
int lq_diverted_get(void);
void lq_diverted_put(void);
bool lq_diverted_exit(void);

#endif
