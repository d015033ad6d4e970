/* SPDX-License-Identifier: GPL-2.0 */
/*
 * faults.h - what tests can have go wrong, and wait for
 *
 * Only where the module was loaded with testing=1; elsewhere each place of it is a NOP.
 */
#ifndef LISTENQ_FAULTS_H
#define LISTENQ_FAULTS_H

#include <linux/delay.h>
#include <linux/jump_label.h>
#include <linux/types.h>

/* Bits of the parameter fault=: make something go wrong. */
#define LQ_FAULT_UNARMED	0x1	/* the first function probe looks unarmed */
#define LQ_FAULT_MISSING	0x2	/* the first required function looks absent */
#define LQ_FAULT_BLIND		0x4	/* the self-check sees nothing */
#define LQ_FAULT_PROC		0x8	/* /proc files can't be made */
#define LQ_FAULT_NO_STAMPS	0x10	/* no accept stamp is ever free */
#define LQ_FAULT_QUEUE		0x20	/* a SYN queue looks broken when its timer runs */
#define LQ_FAULT_ONE		0x40	/* a return probe follows one call at a time */
#define LQ_FAULT_NO_RECORDS	0x80	/* a SYN queue finds no memory to grow */
#define LQ_FAULT_OVERTAKEN	0x100	/* a full accept queue looks as if it had room */
#define LQ_FAULT_ALL		0x1ff

/* Places where delay_us= can widen a race window (bits of delay_at=). */
#define LQ_DELAY_REQUEST	0x1	/* before a request enters the SYN queue */
#define LQ_DELAY_CHILD		0x2	/* before a child is made of a request */
#define LQ_DELAY_CLOSE		0x4	/* before a closing listener drops its children */
#define LQ_DELAY_KILL		0x8	/* before a RST or SYN ends a request */
#define LQ_DELAY_FIND		0x10	/* before a segment looks for its record */
#define LQ_DELAY_ACCEPT		0x20	/* before a child enters the accept queue */
#define LQ_DELAY_HAND_BACK	0x40	/* before a record becomes the kernel's */
#define LQ_DELAY_REFUSED	0x80	/* before it is asked why there is no child */
#define LQ_DELAY_SYN		0x100	/* before the listener of a SYN is looked up */

DECLARE_STATIC_KEY_FALSE(lq_testing);
extern unsigned int lq_fault;
extern unsigned int lq_delay_us;
extern unsigned int lq_delay_at;

int lq_faults_init(void);
unsigned int lq_rest_after_ms(unsigned int usual);

/* Is one of these to go wrong? */
static inline bool lq_has_fault(unsigned int bits)
{
	return static_branch_unlikely(&lq_testing) && lq_fault & bits;
}

/* For tests of races. */
static inline void lq_widen_race(unsigned int where)
{
	if (static_branch_unlikely(&lq_testing) && READ_ONCE(lq_delay_at) & where)
		udelay(READ_ONCE(lq_delay_us));
}

#endif
