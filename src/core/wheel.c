// SPDX-License-Identifier: GPL-2.0
/*
 * wheel.c - how long the stock kernel waits before it repeats a SYN-ACK, to the tick
 *
 * Plain numbers: times are jiffies, 32 bits that wrap, and delays are ticks.
 */
#include "core/wheel.h"

/*
 * The kernel's timer wheel (calc_wheel_index and calc_index of kernel/time/timer.c) has
 * levels of 64 slots, and each level's slots last eight times as long as those of the
 * level before. A timer is put in the first level that reaches far enough, and fires
 * when the slot after its own begins: late by up to one slot, never early.
 */
#define WHEEL_SHIFT	3	/* LVL_CLK_SHIFT */
#define WHEEL_SLOTS	64U	/* LVL_SIZE */
#define WHEEL_LEVELS	8	/* LVL_DEPTH; 9 above 100 ticks a second */

/* Ticks that are too many for a level (LVL_START of the next one). */
static u32 wheel_end(u32 level)
{
	return (WHEEL_SLOTS - 1) << level * WHEEL_SHIFT;
}

/**
 * lq_wheel_due() - when the kernel's timer wheel would fire a timer
 * @now: jiffies, when it is armed
 * @delay: ticks until it expires, less than 63 << 21 (15 days at 100 ticks a second)
 *
 * A SYN-ACK of ours is repeated in the tick in which the stock one would be. The wheel's
 * clock is jiffies, or one ahead when this tick's timers were run: that moves a timer to
 * another level only if its delay is just the first of that level, as no whole number of
 * seconds is at the usual rates.
 *
 * Return: jiffies, never before one returned for the same delay and an earlier @now.
 */
u32 lq_wheel_due(u32 now, u32 delay)
{
	u32 level = 0, shift;

	while (level < WHEEL_LEVELS - 1 && delay >= wheel_end(level))
		level++;
	shift = level * WHEEL_SHIFT;
	return (((now + delay) >> shift) + 1) << shift;
}

/**
 * lq_level_of() - how often a delay is doubled, which is also the number of its list
 * @timeouts: timers that ran out before
 *
 * Return: less than LQ_DELAYS: who waits longer stays at the last level.
 */
u32 lq_level_of(u8 timeouts)
{
	return timeouts < LQ_DELAYS ? timeouts : LQ_DELAYS - 1;
}

/**
 * lq_delay_of() - how long to wait for the next timer (reqsk_timeout)
 * @first: ticks of the first timer
 * @most: ticks of the longest
 * @timeouts: timers that ran out before
 *
 * The same for all records of a list, which is what keeps it in order.
 *
 * Return: ticks: the first delay, doubled for each of them, at most the longest.
 */
u32 lq_delay_of(u32 first, u32 most, u8 timeouts)
{
	u32 level = lq_level_of(timeouts);

	/* first << level might not fit, most >> level always does. */
	if (first > most >> level)
		return most;
	return first << level;
}
