// SPDX-License-Identifier: GPL-2.0
/*
 * cpu.c - on which CPU a segment is sent
 *
 * veth hands a frame over on the CPU that sent it, and where that is busy, later: two
 * that were sent from two CPUs may overtake each other. So a story stays on one CPU; what it
 * wants sent from another while it goes on, a thread sends that may run there only, and the
 * story itself keeps off that CPU until it has joined the thread.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "drive.h"

static struct {
	bool			busy;
	pthread_t		thread;
	atomic_bool		goes;
	cpu_set_t		all;	/* those there are for us */
	cpu_set_t		home;	/* where the story stays */
	struct flow		*flow;
	struct segment		seg;
} other;

/* On the first CPU from now on. */
void cpu_stay(void)
{
	int cpu = 0;

	sched_getaffinity(0, sizeof(other.all), &other.all);
	while (!CPU_ISSET(cpu, &other.all))
		cpu++;
	CPU_ZERO(&other.home);
	CPU_SET(cpu, &other.home);
	sched_setaffinity(0, sizeof(other.home), &other.home);
}

/* Runs work on one CPU and keeps this thread off it; false if that can't be. */
static bool start(int cpu, void *(*work)(void *unused))
{
	cpu_set_t there, here;
	pthread_attr_t attr;
	bool ok;

	here = other.all;
	CPU_CLR(cpu, &here);
	CPU_ZERO(&there);
	CPU_SET(cpu, &there);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(there), &there);
	ok = !sched_setaffinity(0, sizeof(here), &here) &&
	     !pthread_create(&other.thread, &attr, work, NULL);
	if (!ok)
		sched_setaffinity(0, sizeof(other.home), &other.home);
	pthread_attr_destroy(&attr);
	return ok;
}

static void stop(void)
{
	pthread_join(other.thread, NULL);
	sched_setaffinity(0, sizeof(other.home), &other.home);
}

static void *send_it(void *unused)
{
	atomic_store(&other.goes, true);
	wire_send(&other.seg);
	return unused;
}

/* Returns when the other CPU is about to send. One at a time. */
bool cpu_send(struct flow *f, const struct segment *seg, int cpu)
{
	if (other.busy) {
		fail("another CPU is at work already: join");
		return false;
	}
	other.flow = f;
	other.seg = *seg;
	atomic_store(&other.goes, false);
	if (!start(cpu, send_it)) {
		fail("nothing can run on CPU %d", cpu);
		return false;
	}
	other.busy = true;
	/* Awake: to be woken would take a CPU that is about to be busy. */
	while (!atomic_load(&other.goes))
		;
	return true;
}

/* Waits for the other CPU, if one is at work: its segment is the flow's last now. */
void cpu_join(void)
{
	if (!other.busy)
		return;
	stop();
	other.busy = false;
	flow_sent(other.flow, &other.seg);
}

static atomic_int ball;

static void *play_ball(void *unused)
{
	while (atomic_load(&ball) >= 0)
		if (atomic_load(&ball) & 1)
			atomic_fetch_add(&ball, 1);
	return unused;
}

/*
 * Throws a ball from CPU to CPU for a while: do both run at once? By turns will do
 * if the turns are short against the delays that widen races, 20 ms.
 */
static bool play(void)
{
	enum { PLAY_MS = 50, THROWS = 6 };
	long long end;
	int thrown;

	atomic_store(&ball, 1);
	if (!start(1, play_ball))
		return false;
	while (atomic_load(&ball) == 1)		/* it takes its time to begin */
		sched_yield();
	for (end = now_ms() + PLAY_MS; atomic_load(&ball) < THROWS && now_ms() < end; )
		if (!(atomic_load(&ball) & 1))
			atomic_fetch_add(&ball, 1);
	/* Far below 0, for the thread may be about to add one more. */
	thrown = atomic_exchange(&ball, -THROWS);
	stop();
	return thrown >= THROWS;
}

bool cpu_two(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		if (play())
			return true;
		/* A host with little time for us may find a better place for both. */
		wire_pump(20);
	}
	return false;
}
