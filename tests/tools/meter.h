/* SPDX-License-Identifier: GPL-2.0 */
/*
 * meter.h - the cost of a run: everything that it sets off, by whomever it is done
 *
 * Under scripts/vm -i the guest's clock counts instructions, on one processor, so
 * nanoseconds are instructions. A run begins when nothing else is left to do, and
 * ends when all that it woke (readers of events, workers) has had its turn.
 */
#ifndef LISTENQ_METER_H
#define LISTENQ_METER_H

#include <sched.h>
#include <time.h>
#include <unistd.h>

#define METER_REST_US 200000
#define METER_TURNS 16

static inline long long meter_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static inline long long meter_start(void)
{
	/* While we sleep, RCU, timers and workers finish what is left of others. */
	usleep(METER_REST_US);
	return meter_now();
}

/* As an idle task, it runs on only where nobody else wants the processor. */
static inline long long meter_stop(long long start)
{
	const struct sched_param param = { 0 };

	sched_setscheduler(0, SCHED_IDLE, &param);
	for (int i = 0; i < METER_TURNS; i++)
		sched_yield();
	return meter_now() - start;
}

#endif
