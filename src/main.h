/* SPDX-License-Identifier: GPL-2.0 */
/*
 * main.h - the module's parameters, as others see them
 */
#ifndef LISTENQ_MAIN_H
#define LISTENQ_MAIN_H

#include <linux/delay.h>
#include <linux/types.h>

/* Places where delay_us= can widen a race window (bits of delay_at=). */
#define LQ_DELAY_REQUEST	0x1	/* before a request enters the SYN queue */
#define LQ_DELAY_CHILD		0x2	/* before a child is made of a request */
#define LQ_DELAY_CLOSE		0x4	/* before a closing listener drops its children */
#define LQ_DELAY_KILL		0x8	/* before a RST or SYN ends a request */
#define LQ_DELAY_FIND		0x10	/* before a segment looks for its record */
#define LQ_DELAY_ACCEPT		0x20	/* before a child enters the accept queue */
#define LQ_DELAY_HAND_BACK	0x40	/* before a record becomes the kernel's */
#define LQ_DELAY_REFUSED	0x80	/* before it is asked why there is no child */

/* MiB that pending records may take, 0: an eighth of memory. */
extern unsigned int lq_mem_max;
extern unsigned int lq_delay_us;
extern unsigned int lq_delay_at;

/* For tests of races; two loads and a test otherwise. */
static inline void lq_widen_race(unsigned int where)
{
	if (unlikely(READ_ONCE(lq_delay_at) & where))
		udelay(READ_ONCE(lq_delay_us));
}

#endif
