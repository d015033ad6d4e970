// SPDX-License-Identifier: GPL-2.0
/*
 * clock.c - time in ticks of the kernel, from a chosen place in its timer wheel
 *
 * The kernel's timers run out at ticks, and the later they are due, the coarser the
 * slots of the wheel: when a SYN-ACK goes out again depends on the number of the tick it
 * was first sent in. Two runs can only be compared tick by tick when both start at the
 * same place of the wheel, and act far from the edge of a tick.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drive.h"

/* The slots are that coarse for all timers of less than 16 s (HZ=250): LVL_SHIFT(3). */
enum { WHEEL = 512 };

static long long tick_ns, edge_ns, edge_jiffies;	/* an edge, and the tick it begins */
static long long base_ns;
static long long begun_ns, asked_ns;		/* a play; how long it asked to wait */

static long long clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static long long jiffies(void)
{
	FILE *f = fopen("/proc/timer_list", "r");
	long long found = -1;
	char line[256];

	while (f && found < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "jiffies: %lld", &found) != 1)
			found = -1;
	if (f)
		fclose(f);
	if (found < 0)
		die("no jiffies in /proc/timer_list");
	return found;
}

/* The coarse clock moves at the edge of a tick; jiffies is read before the next. */
static void find_edge(void)
{
	long long coarse = clock_ns(CLOCK_MONOTONIC_COARSE);
	struct timespec res;

	clock_getres(CLOCK_MONOTONIC_COARSE, &res);
	tick_ns = res.tv_nsec;
	while (clock_ns(CLOCK_MONOTONIC_COARSE) == coarse)
		;
	edge_ns = clock_ns(CLOCK_MONOTONIC);
	edge_ns -= edge_ns % (tick_ns / 8);
	edge_jiffies = jiffies();
}

/* The next tick whose number ends in that phase, counted from the edge. */
static long long next_tick(long long ticks, unsigned int phase)
{
	return ticks + (phase + WHEEL - (edge_jiffies + ticks) % WHEEL) % WHEEL;
}

/*
 * Waits until a tick whose number ends in that phase has begun; time counts from there. A
 * minute of jiffies does not end for so many milliseconds: SYN cookies change then.
 */
void clock_align(unsigned int phase, int ms)
{
	long long now, ticks, minute, left;

	if (!tick_ns)
		find_edge();
	minute = 60000000000 / tick_ns;
	now = clock_ns(CLOCK_MONOTONIC);
	ticks = next_tick((now - edge_ns) / tick_ns + 1, phase);
	left = minute - (edge_jiffies + ticks) % minute;
	if (left * tick_ns / 1000000 < ms)
		ticks = next_tick(ticks + left, phase);
	base_ns = edge_ns + ticks * tick_ns;
	clock_until(0);
}

/* Time counts from now: nobody knows how long something took. */
void clock_begin(void)
{
	if (tick_ns)
		base_ns += (clock_ns(CLOCK_MONOTONIC) - base_ns) / tick_ns * tick_ns;
}

/* What the lower 32 bits of jiffies say, which start at -300 s. */
int clock_jiffies_ms(void)
{
	struct timespec tick;

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (int32_t)jiffies() * (long long)tick.tv_nsec / 1000000;
}

/* Ticks since then. */
int clock_tick(void)
{
	return tick_ns ? (clock_ns(CLOCK_MONOTONIC) - base_ns) / tick_ns : 0;
}

/* As timestamps of TCP count. */
uint32_t clock_tsval(void)
{
	return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

/* Hears what comes until so long after the start, a quarter of a tick past the edge. */
void clock_until(int ms)
{
	long long end = base_ns + ms * 1000000LL / tick_ns * tick_ns + tick_ns / 4, left;

	wire_pump_ns(0);
	while ((left = end - clock_ns(CLOCK_MONOTONIC)) > 0)
		wire_pump_ns(left);
}

/* at TIME: since the story began */
bool clock_statement(int argc, char **argv)
{
	int ms;

	if (argc != 2 || !duration_parse(argv[1], &ms))
		return false;
	clock_until(ms);
	return true;
}

/*
 * How long a play took beyond what it asked to wait for: while the machine stood still,
 * the kernel's timers went on, and what they do is in no story.
 */
void clock_play(void)
{
	begun_ns = clock_ns(CLOCK_MONOTONIC);
	asked_ns = 0;
}

int clock_late_ms(void)
{
	return (clock_ns(CLOCK_MONOTONIC) - begun_ns - asked_ns) / 1000000;
}

/* Waits so long for a descriptor, without one (-1) for nothing; true: it has something. */
bool clock_wait(int fd, long long ns)
{
	struct timespec ts = { ns / 1000000000, ns % 1000000000 };
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long since = clock_ns(CLOCK_MONOTONIC), took;
	bool ready = ppoll(&p, 1, &ts, NULL) > 0;

	took = clock_ns(CLOCK_MONOTONIC) - since;
	asked_ns += took < ns ? took : ns;
	return ready;
}
