/* SPDX-License-Identifier: GPL-2.0 */
/*
 * marks.h - what a program in the guest tells the emulator's plugin (lines.c): no-operations
 * with an address that nobody else uses
 */
#ifndef LISTENQ_MARKS_H
#define LISTENQ_MARKS_H

#include <sys/cdefs.h>

#define MARK_BASE	0x6c715100	/* "lqQ" */
#define MARK_BEGIN	(MARK_BASE + 1)	/* a run */
#define MARK_END	(MARK_BASE + 2)
#define MARK_ONE	(MARK_BASE + 3)	/* what is counted, on this processor: one more begins */

/* nopl MARK(%rax,%rax,1) */
#define MARK_CODE	{ 0x0f, 0x1f, 0x84, 0x00 }
static __always_inline void mark(int what)
{
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00; .long %c0" :: "i" (what) : "memory");
}

#endif
