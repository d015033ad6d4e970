/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chance.h - what random tests draw
 */
#ifndef LISTENQ_CHANCE_H
#define LISTENQ_CHANCE_H

#include "core/segment.h"

/* Where chance comes from: 32 bits. */
static u32 (*draw)(void);

/* xorshift: the same in every run, and in every thread one of its own. */
static inline u32 random_bits(void)
{
	static __thread u64 state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 32;
}

static inline u32 below(u32 n)
{
	return draw() % n;
}

static inline bool flip(void)
{
	return draw() & 1;
}

static inline bool rarely(void)
{
	return !below(8);
}

/* x, one less, one more. */
static inline u32 near(u32 x)
{
	return x + below(3) - 1;
}

#define ONE_OF(...) \
	(((const u32[]){ __VA_ARGS__ })[below(sizeof((u32[]){ __VA_ARGS__ }) / sizeof(u32))])

#endif
