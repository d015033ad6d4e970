// SPDX-License-Identifier: GPL-2.0
/*
 * frame.c - one call of a function that decides: from its entry to its return
 *
 * Frames of one CPU are stacked; marks (a security module was asked, a SYN-ACK was
 * sent, ...) go to the innermost one. The stock counters are read at both ends:
 * bottom halves are off in between, so what moved on this CPU moved in this call.
 */
#include <linux/bits.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <net/ip.h>
#include <net/tcp.h>

#include "kernel/between.h"
#include "kernel/compat.h"
#include "observe/frame.h"

static DEFINE_PER_CPU(struct lq_frame *, current_frame);

/*
 * Does this processor observe? From a moment on in which it had no segment in the middle:
 * what is told has been seen from its beginning, by all hooks.
 */
static DEFINE_PER_CPU(unsigned long, observing);
static bool started;

/**
 * lq_current_frame() - the innermost observed call on this CPU
 *
 * Context: any handler of ours; preemption off.
 * Return: the frame, or NULL.
 */
struct lq_frame *lq_current_frame(void)
{
	return __this_cpu_read(current_frame);
}

/* As deep as devices send through each other (XMIT_RECURSION_LIMIT). */
#define NESTED 8

/*
 * Frames of calls that return probes see. An instance of such a probe would be no place for them:
 * the processors take those from one list, each time one that another had.
 */
struct frames {
	unsigned int used;
	struct lq_frame frame[NESTED];
};

static struct frames __percpu *frames;

/**
 * lq_frames_init() - memory for lq_frame_next()
 *
 * Context: process, sleeps. Before the hooks are attached.
 * Return: 0 or -ENOMEM.
 */
int lq_frames_init(void)
{
	frames = alloc_percpu(struct frames);
	return frames ? 0 : -ENOMEM;
}

/**
 * lq_frames_exit() - free it
 *
 * Context: process. After the hooks are detached.
 */
void lq_frames_exit(void)
{
	free_percpu(frames);
}

/**
 * lq_frame_next() - memory for the frame of a call that a return probe sees
 *
 * Context: its entry handler, preemption off.
 * Return: it, lq_frame_keep()'s to take; NULL: calls are nested too deep.
 */
struct lq_frame *lq_frame_next(void)
{
	struct frames *here = this_cpu_ptr(frames);

	return here->used < NESTED ? &here->frame[here->used] : NULL;
}

/**
 * lq_frame_keep() - lq_frame_next()'s has been opened
 *
 * Context: as lq_frame_next(), bottom halves off.
 */
void lq_frame_keep(void)
{
	__this_cpu_inc(frames->used);
}

/**
 * lq_frame_last() - the frame that was kept last is over
 *
 * Context: the return handler, bottom halves off since the entry.
 * Return: it; to be read until the next is opened.
 */
struct lq_frame *lq_frame_last(void)
{
	struct frames *here = this_cpu_ptr(frames);

	return &here->frame[--here->used];
}

/**
 * lq_is_observing() - is what happens here to be looked at?
 *
 * Context: preemption off.
 * Return: whether all hooks are in place, and were when this processor began its segment.
 */
bool lq_is_observing(void)
{
	return __this_cpu_read(observing);
}

/**
 * lq_observing_start() - all hooks are in place
 *
 * Context: process, sleeps.
 * Return: 0.
 */
int lq_observing_start(void)
{
	lq_between_segments(&observing, true);
	started = true;
	return 0;
}

/**
 * lq_observing_stop() - nothing is told from now on; no frame is open on return
 *
 * A frame that is open while its return probe goes away would lose its request's
 * reference. Frames run with bottom halves off, so that one grace period ends them. What is
 * between two hooks just now is not told.
 *
 * Does nothing when that was done before.
 *
 * Context: process, sleeps. Load and unload alone. Before the hooks are detached.
 */
void lq_observing_stop(void)
{
	int cpu;

	if (!started)
		return;
	started = false;
	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu(observing, cpu), false);
	synchronize_rcu();
}

#define NET_COUNTER(net, field) \
	((u32)__this_cpu_read((net)->mib.net_statistics->mibs[field]))
#define TCP_COUNTER(net, field) \
	((u32)__this_cpu_read((net)->mib.tcp_statistics->mibs[field]))
#define IP_COUNTER(net, version, field) \
	((u32)__this_cpu_read((net)->mib.version##_statistics->mibs[field]))

static u32 no_routes(struct net *net)
{
	u32 n = IP_COUNTER(net, ip, IPSTATS_MIB_OUTNOROUTES);

#if IS_ENABLED(CONFIG_IPV6)
	n += IP_COUNTER(net, ipv6, IPSTATS_MIB_OUTNOROUTES);
#endif
	return n;
}

/* @set is constant where this is inlined: what is not in it costs nothing. */
static __always_inline void read_counters(struct net *net, u32 set, u32 *c)
{
#define COUNT(counter, value)						\
	do {								\
		if (set & BIT(counter))					\
			c[counter] = (value);				\
	} while (0)

	COUNT(LQ_C_LISTEN_OVERFLOWS, NET_COUNTER(net, LINUX_MIB_LISTENOVERFLOWS));
	COUNT(LQ_C_LISTEN_DROPS, NET_COUNTER(net, LINUX_MIB_LISTENDROPS));
	COUNT(LQ_C_REQQ_FULL_DROP, NET_COUNTER(net, LINUX_MIB_TCPREQQFULLDROP));
	COUNT(LQ_C_COOKIES_RECV, NET_COUNTER(net, LINUX_MIB_SYNCOOKIESRECV));
	COUNT(LQ_C_COOKIES_FAILED, NET_COUNTER(net, LINUX_MIB_SYNCOOKIESFAILED));
	COUNT(LQ_C_EMBRYONIC_RSTS, NET_COUNTER(net, LINUX_MIB_EMBRYONICRSTS));
	COUNT(LQ_C_SKIPPED_SYN_RECV, NET_COUNTER(net, LINUX_MIB_TCPACKSKIPPEDSYNRECV));
	COUNT(LQ_C_SKIPPED_CHALLENGE, NET_COUNTER(net, LINUX_MIB_TCPACKSKIPPEDCHALLENGE));
	COUNT(LQ_C_CHALLENGE_ACK, NET_COUNTER(net, LINUX_MIB_TCPCHALLENGEACK));
	COUNT(LQ_C_PAWS_ESTAB, NET_COUNTER(net, LINUX_MIB_PAWSESTABREJECTED));
	COUNT(LQ_C_TSECR, LQ_HAS_TSECR ? NET_COUNTER(net, LQ_MIB_TSECRREJECTED) : 0);
	COUNT(LQ_C_DEFER_ACCEPT, NET_COUNTER(net, LINUX_MIB_TCPDEFERACCEPTDROP));
	COUNT(LQ_C_SYN_RETRANS, NET_COUNTER(net, LINUX_MIB_TCPSYNRETRANS));
	COUNT(LQ_C_MIGRATED, LQ_HAS_MIGRATE ? NET_COUNTER(net, LQ_MIB_MIGRATEREQSUCCESS) : 0);
	COUNT(LQ_C_PASSIVE_OPENS, TCP_COUNTER(net, TCP_MIB_PASSIVEOPENS));
	COUNT(LQ_C_ATTEMPT_FAILS, TCP_COUNTER(net, TCP_MIB_ATTEMPTFAILS));
	COUNT(LQ_C_NO_ROUTES, no_routes(net));
#undef COUNT
}

/* Those of @set that have moved, as bits; constant as of read_counters(). */
static __always_inline u32 moved_of(struct net *net, u32 set, const u32 *before)
{
	u32 now[LQ_C_COUNT] lq_uninitialized, moved = 0;
	int i;

	read_counters(net, set, now);
#pragma GCC unroll 32
	for (i = 0; i < LQ_C_COUNT; i++)
		if (set & BIT(i))
			moved |= (now[i] != before[i]) << i;
	return moved;
}

static u32 moved_of_set(struct net *net, u32 set, const u32 *before)
{
	switch (set) {
	case LQ_COUNT_NONE:
		return 0;
	case LQ_COUNT_MIGRATED:
		return moved_of(net, LQ_COUNT_MIGRATED, before);
	case LQ_COUNT_CONN_REQUEST:
		return moved_of(net, LQ_COUNT_CONN_REQUEST, before);
	case LQ_COUNT_HND_REQ:
		return moved_of(net, LQ_COUNT_HND_REQ, before);
	default:
		return moved_of(net, LQ_COUNT_CHECK_REQ, before);
	}
}

static void read_set(struct net *net, u32 set, u32 *c)
{
	switch (set) {
	case LQ_COUNT_NONE:
		break;
	case LQ_COUNT_MIGRATED:
		read_counters(net, LQ_COUNT_MIGRATED, c);
		break;
	case LQ_COUNT_CONN_REQUEST:
		read_counters(net, LQ_COUNT_CONN_REQUEST, c);
		break;
	case LQ_COUNT_HND_REQ:
		read_counters(net, LQ_COUNT_HND_REQ, c);
		break;
	case LQ_COUNT_CHECK_REQ:
		read_counters(net, LQ_COUNT_CHECK_REQ, c);
		break;
	default:
		read_counters(net, LQ_COUNT_ALL, c);
	}
}

/**
 * lq_frame_push() - begin to observe a call
 * @frame: the rest of it is filled
 * @net: the namespace whose counters are compared
 * @set: the counters that may be asked for, one of LQ_COUNT_*
 *
 * Context: bottom halves off until lq_frame_pop().
 */
void lq_frame_push(struct lq_frame *frame, struct net *net, u32 set)
{
	frame->outer = __this_cpu_read(current_frame);
	read_set(net, frame->outer ? LQ_COUNT_ALL : set, frame->counters);
	__this_cpu_write(current_frame, frame);
}

/**
 * lq_frame_pop() - the call is over: note which counters moved
 * @frame: the innermost frame
 * @net: as in lq_frame_push()
 * @set: the counters that are asked for, the same or a part of it
 *
 * What moved in here did not move in the call around it (a SYN-ACK that comes
 * straight back through act_mirred).
 */
void lq_frame_pop(struct lq_frame *frame, struct net *net, u32 set)
{
	struct lq_frame *outer = frame->outer;
	u32 now[LQ_C_COUNT] lq_uninitialized;
	int i;

	__this_cpu_write(current_frame, outer);
	if (likely(!outer)) {
		frame->seen.moved |= moved_of_set(net, set, frame->counters);
		return;
	}
	read_set(net, LQ_COUNT_ALL, now);
	for (i = 0; i < LQ_C_COUNT; i++) {
		if (now[i] == frame->counters[i])
			continue;
		frame->seen.moved |= BIT(i);
		if (sock_net(outer->sk) == net)
			outer->counters[i] += now[i] - frame->counters[i];
	}
}
