// SPDX-License-Identifier: GPL-2.0
/*
 * random.c - draws a story from a seed and a number
 *
 * Nothing is expected in it: it is played twice, and what happened is compared. A
 * handshake is begun and then goes wrong in a few ways, most of them close to an edge: of
 * a window, of a timer, of a queue. The same seed and number give the same story, in any
 * run and on any machine.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "drive.h"

struct draw {
	uint64_t	state;
	char		*out;
	size_t		size, used;
	int		ms;		/* when the next statement is */
	int		start;		/* when the client begins */
	bool		ts;		/* the client uses timestamps */
	int		tsval;
	bool		grouped;	/* there may be a second listener */
	bool		second;		/* it is to come yet */
};

/* splitmix64 */
uint64_t random_step(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static unsigned int below(struct draw *d, unsigned int n)
{
	return random_step(&d->state) % n;
}

static bool chance(struct draw *d, unsigned int percent)
{
	return below(d, 100) < percent;
}

#define ONE_OF(d, values) ((values)[below((d), ARRAY_SIZE(values))])

static void __attribute__((format(printf, 2, 3))) tell(struct draw *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	d->used += vsnprintf(d->out + d->used, d->size - d->used, fmt, ap);
	va_end(ap);
	if (d->used >= d->size)
		die("a story is too long");
}

/*
 * The server
 */

/* The kernel's default is among the values, but not drawn often. */
static void draw_sysctls(struct draw *d)
{
	static const struct {
		const char	*name;
		int		percent;
		int		values[6];
		int		nr;
	} table[] = {
		{ "tcp_syncookies", 60, { 0, 0, 2, 2, 1 }, 5 },
		{ "tcp_max_syn_backlog", 20, { 1, 2, 4, 5, 8, 16 }, 6 },
		{ "tcp_abort_on_overflow", 15, { 1 }, 1 },
		{ "tcp_timestamps", 25, { 0, 2 }, 2 },
		{ "tcp_sack", 10, { 0 }, 1 },
		{ "tcp_window_scaling", 10, { 0 }, 1 },
		{ "tcp_ecn", 40, { 0, 1, 2 }, 3 },
		{ "tcp_synack_retries", 45, { 0, 1, 1, 2, 3 }, 5 },
		{ "tcp_reflect_tos", 20, { 1 }, 1 },
		{ "tcp_invalid_ratelimit", 20, { 0, 100, 1000, 3000 }, 4 },
		{ "ip_default_ttl", 5, { 40, 255 }, 2 },
		{ "tcp_workaround_signed_windows", 8, { 1 }, 1 },
		{ "tcp_adv_win_scale", 8, { -2, 0, 2, 3 }, 4 },
		{ "tcp_fwmark_accept", 3, { 1 }, 1 },
		{ "tcp_rfc1337", 3, { 1 }, 1 },
		{ "ip_forward", 2, { 1 }, 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (chance(d, table[i].percent))
			tell(d, "sysctl net.ipv4.%s %d\n", table[i].name,
			     table[i].values[below(d, table[i].nr)]);
}

static void draw_option(struct draw *d, int percent, const char *name, const int *values, int nr)
{
	if (chance(d, percent))
		tell(d, " %s=%d", name, values[below(d, nr)]);
}

static void draw_options(struct draw *d)
{
	static const int defer[] = { 1, 1, 2, 3, 5, 10 }, syncnt[] = { 1, 2, 3 };
	static const int rcvbuf[] = { 1, 4000, 20000, 200000, 2000000 };
	static const int mss[] = { 88, 536, 1000, 1460 }, tos[] = { 16, 32, 0x28, 3, 255 };
	static const int clamp[] = { 1000, 30000, 100000 }, ttl[] = { 1, 33, 255 };
	static const int fastopen[] = { 1, 5 }, minttl[] = { 1, 64, 65 };
	static const char * const filter[] = { "S", "A", "P", "R", "F" };

	draw_option(d, 25, "defer", defer, ARRAY_SIZE(defer));
	draw_option(d, 15, "syncnt", syncnt, ARRAY_SIZE(syncnt));
	draw_option(d, 15, "rcvbuf", rcvbuf, ARRAY_SIZE(rcvbuf));
	draw_option(d, 10, "mss", mss, ARRAY_SIZE(mss));
	draw_option(d, 8, "clamp", clamp, ARRAY_SIZE(clamp));
	draw_option(d, 8, "tos", tos, ARRAY_SIZE(tos));
	draw_option(d, 5, "ttl", ttl, ARRAY_SIZE(ttl));
	draw_option(d, 2, "fastopen", fastopen, ARRAY_SIZE(fastopen));
	/* Where a segment lands, tcp_v4_rcv asks for these before anybody knows whose it is. */
	if (!d->grouped)
		draw_option(d, 2, "minttl", minttl, ARRAY_SIZE(minttl));
	if (!d->grouped && chance(d, 2))
		tell(d, " filter=%s", ONE_OF(d, filter));
	tell(d, "\n");
}

/*
 * Another one of its group, with options of its own. listenq has one SYN queue for both, which
 * outlives each of them, and stock two: so the client is alone, and none closes.
 */
static void draw_second(struct draw *d)
{
	tell(d, "listen 128 reuseport as=L2 port-of=L");
	draw_options(d);
	d->second = false;
}

static int draw_listener(struct draw *d)
{
	static const int backlogs[] = { 0, 1, 1, 2, 3, 5, 16, 128 };
	static const char * const choices[] = { "port", "syn" };
	int backlog = ONE_OF(d, backlogs);

	d->grouped = chance(d, 25);
	d->second = d->grouped;
	if (d->grouped)
		backlog = 16;
	tell(d, "listen %d", backlog);
	if (d->grouped)
		tell(d, " reuseport chosen-by=%s", ONE_OF(d, choices));
	draw_options(d);
	if (d->second && chance(d, 50))
		draw_second(d);
	return backlog;
}

/*
 * Of SYN-ACKs that are due in the same tick, the stock kernel repeats the youngest first,
 * listenq the oldest; where the queue is half full, others are given up then. The client
 * that is looked at closely never shares its slot in the timer wheel with others.
 */
static void draw_gap(struct draw *d)
{
	d->ms += 520;
	tell(d, "at %dms\n", d->ms);
}

static void draw_newcomers(struct draw *d, const char *what, int n)
{
	if (n)
		tell(d, "%s %d\n", what, n);
	draw_gap(d);
}

/* Other clients, so that queues are full or nearly so. */
static void draw_others(struct draw *d, int backlog)
{
	int n = backlog > 5 ? below(d, 8) : backlog + below(d, 3);

	if (!d->grouped && chance(d, 35))
		draw_newcomers(d, "connect", n);
	n = backlog > 5 ? below(d, 10) : backlog + below(d, 3);
	if (!d->grouped && chance(d, 35))
		draw_newcomers(d, "crowd", n);
	d->start = d->ms;
	tell(d, "at %dms\n", d->ms);
}

/*
 * The client
 */

/* What an option that nobody knows, or that is broken, looks like. */
static void draw_raw_option(struct draw *d)
{
	static const char * const options[] = {
		"01010101",			/* NOPs */
		"00000000",			/* end of list, then the same */
		"fd04abcd",			/* an experiment of somebody's */
		"0500", "0501", "fd28",		/* too short, too long */
		"1c04803c",			/* user timeout */
		"020405b4", "020402180204ffff",	/* MSS, again and again */
		"0303ff", "030305030308",	/* window scale */
		"0402", "0404abcd",		/* SACK permitted, of a wrong length */
		"080a00000001000000000101",	/* timestamps, again */
		"0808000000010000",		/* of a wrong length */
		"2202", "220a0102030405060708",	/* Fast Open: asks, brings a cookie */
		"fe04f989", "fe06e2d4c3d9",	/* Fast Open as an experiment; SMC */
		"1e0400010000",			/* Multipath TCP, odd */
		"0502", "050a00000001",		/* SACK, of nothing and cut off */
		"13120102030405060708090a0b0c0d0e0f10",	/* MD5 */
		"02", "03", "08",		/* cut off */
	};

	tell(d, " opt %s", ONE_OF(d, options));
}

static void draw_syn_options(struct draw *d)
{
	static const int mss[] = { 0, 1, 47, 48, 88, 216, 536, 537, 1300, 1440, 1460, 4312,
				   8960, 65535 };
	static const int wscale[] = { 0, 1, 2, 7, 7, 7, 13, 14, 15, 255 };

	if (chance(d, 85))
		tell(d, " mss %d", chance(d, 50) ? 1460 : ONE_OF(d, mss));
	if (chance(d, 60))
		tell(d, " sackok");
	d->ts = chance(d, 55);
	if (d->ts)
		tell(d, " ts %d %d", d->tsval, chance(d, 90) ? 0 : 12345);
	if (chance(d, 60))
		tell(d, " wscale %d", ONE_OF(d, wscale));
	if (chance(d, 12))
		draw_raw_option(d);
}

static void draw_ip(struct draw *d)
{
	static const int tos[] = { 1, 2, 3, 4, 0x10, 0x28, 0xb8, 0xff };

	if (chance(d, 15))
		tell(d, " tos %d", ONE_OF(d, tos));
	if (chance(d, 5))
		tell(d, " ttl %d", 1 + below(d, 255));
	if (chance(d, 2))
		tell(d, " badsum");
	if (chance(d, 1))
		tell(d, " dst %s", chance(d, 50) ? "broadcast" : "multicast");
	if (chance(d, 1))
		tell(d, " eth broadcast");
}

static void draw_window(struct draw *d)
{
	static const int windows[] = { 0, 1, 100, 501, 8192, 64240, 65535 };

	if (chance(d, 40))
		tell(d, " win %d", ONE_OF(d, windows));
}

static void draw_syn(struct draw *d)
{
	static const char * const flags[] = { "SEW", "SE", "SW", "SP", "SU", "SFPU" };
	static const int seq[] = { 1, -1, 2, 1000, -1000, 65535, 0x7fffffff };

	tell(d, "A > %s", chance(d, 75) ? "S" : ONE_OF(d, flags));
	if (chance(d, 5))
		tell(d, " seq %d", ONE_OF(d, seq));
	draw_window(d);
	draw_syn_options(d);
	if (chance(d, 4))
		tell(d, " len %d", 1 + below(d, 20));
	draw_ip(d);
	tell(d, "\n");
}

static void draw_timestamp(struct draw *d)
{
	static const char * const echoes[] = {
		"echo-1", "echo+1", "echo-1000", "echo+1000", "echo-64", "echo-5000", "0"
	};
	static const int off[] = { -1, 1, 100, -100, 100000, -100000, 0x7fffffff };

	if (chance(d, d->ts ? 5 : 92))
		return;
	tell(d, " ts %d %s", d->tsval + (chance(d, 80) ? d->ms : ONE_OF(d, off)),
	     chance(d, 80) ? "echo" : ONE_OF(d, echoes));
}

static void draw_numbers(struct draw *d)
{
	static const int seq[] = { 0, 2, -1, 3, 10, 537, 1460, 14600, 28960, 28961, 29200, 29201,
				   64240, 64241, 65160, 65161, 65535, 65536, 65537, 1000000,
				   -65535, -1000000, 0x7fffffff, -0x7fffffff };
	static const int ack[] = { 0, 2, 3, -1, 100, 65535, 1000000, -1000000, 0x7fffffff,
				   -0x7fffffff };

	if (chance(d, 22))
		tell(d, " seq %d", ONE_OF(d, seq));
	if (chance(d, 18))
		tell(d, " ack %d", ONE_OF(d, ack));
	draw_window(d);
}

static void draw_segment(struct draw *d)
{
	static const char * const often[] = { "A", "A", "A", "A", "PA", "PA", "FA", "RA", "R" };
	static const char * const seldom[] = {
		"0", "P", "F", "U", "SA", "SR", "SRA", "SF", "SFA", "FR", "AU", "AEW", "AE", "AW",
		"FPA", "RP", "RFA", "FSRPAUEW", "SAEW",
	};
	static const int lens[] = { 1, 2, 10, 100, 536, 1000, 1400 };
	const char *flags = chance(d, 82) ? ONE_OF(d, often) : ONE_OF(d, seldom);

	tell(d, "A > %s", flags);
	draw_numbers(d);
	draw_timestamp(d);
	if (flags[0] == 'P' || chance(d, 15))
		tell(d, " len %d", ONE_OF(d, lens));
	if (chance(d, 4))
		draw_raw_option(d);
	draw_ip(d);
	tell(d, "\n");
}

/* The good answer, so that many handshakes are completed. */
static void draw_last_ack(struct draw *d)
{
	tell(d, "A > A");
	if (d->ts)
		tell(d, " ts %d echo", d->tsval + d->ms);
	tell(d, "\n");
}

/*
 * Time
 */

/* The SYN-ACK goes out again 1, 3, 7, 15 s after the first, a bit late. */
static void draw_delay(struct draw *d)
{
	static const int timers[] = { 1000, 1000, 1000, 3000, 3000, 7000, 15000 };
	static const int limits[] = { 100, 300, 500, 2000 };
	int kind = below(d, 100), near;

	if (kind < 40)
		return;
	near = d->start + ONE_OF(d, timers) + (int)below(d, 80) - 40;
	if (kind < 60)
		d->ms += 1 + below(d, 20);
	else if (kind < 72)
		d->ms += 50 + below(d, 1000);
	else if (kind < 80)
		d->ms += ONE_OF(d, limits) + (int)below(d, 16) - 8;
	else if (kind < 95 && near > d->ms)
		d->ms = near;
	else
		d->ms += 200 + below(d, 4000);
	tell(d, "at %dms\n", d->ms);
}

static void draw_icmp(struct draw *d)
{
	static const char * const errors[] = {
		"3 0", "3 1", "3 1", "3 2", "3 3", "3 4", "3 13", "4 0", "5 1", "11 0", "12 0",
	};
	static const int seq[] = { 1, -1, 1000 };

	tell(d, "A icmp %s %d\n", ONE_OF(d, errors), chance(d, 75) ? 0 : ONE_OF(d, seq));
}

static void draw_act(struct draw *d)
{
	static const char * const routes[] = { "unreachable", "prohibit", "blackhole" };
	int kind = below(d, 100);

	if (kind < 14) {
		tell(d, "take %d\n", 1 + below(d, 3));
	} else if (kind < 17) {
		tell(d, "A write %d\n", 1 + below(d, 1000));
	} else if (kind < 19) {
		tell(d, "A fin\n");
	} else if (kind < 21 && !d->grouped) {
		tell(d, "backlog %u\n", below(d, 4));
	} else if (kind < 23) {
		tell(d, "sysctl net.ipv4.tcp_syncookies %u\n", below(d, 3));
	} else if (kind >= 23 && kind < 28 && !d->grouped) {
		draw_gap(d);
		draw_newcomers(d, kind < 25 ? "crowd" : "connect", 1 + below(d, 3));
	} else if (kind == 28 && !d->grouped) {
		tell(d, "close\n");
	} else if (kind < 33) {
		draw_icmp(d);
	} else if (kind < 35) {
		tell(d, "route %s A\n", ONE_OF(d, routes));
	}
}

/* When everything is over, or some time before. */
static void draw_end(struct draw *d)
{
	static const int waits[] = { 100, 100, 1200, 1200, 3300, 3300, 7400, 15500 };

	d->ms += chance(d, 1) ? 70000 : ONE_OF(d, waits);
	tell(d, "at %dms\n", d->ms);
}

/* Where in the timer wheel it begins. */
unsigned int random_phase(uint64_t seed, unsigned int number)
{
	uint64_t state = seed ^ (uint64_t)number << 32;

	return random_step(&state) % 512;
}

/*
 * A connection from the same port that is over, so that the client is known, and its SYN
 * finds TIME_WAIT.
 */
static void draw_history(struct draw *d)
{
	d->ts = chance(d, 50);
	tell(d, "A > S mss 1460");
	if (d->ts)
		tell(d, " ts %d 0", d->tsval);
	tell(d, "\n");
	draw_last_ack(d);
	tell(d, "take 100\nA fin\n");
	d->ms += 40;
	tell(d, "at %dms\nA > FA ack 2", d->ms);
	if (d->ts)
		tell(d, " ts %d echo", d->tsval + d->ms);
	d->ms += 40;
	tell(d, "\nat %dms\n", d->ms);
	if (chance(d, 80))
		tell(d, "A > S seq %d mss 1460%s\n", below(d, 3) ? 100000 : -5,
		     chance(d, 50) ? "" : " ts 5000000 0");
}

/* Returns how many milliseconds it takes. */
int random_story(uint64_t seed, unsigned int number, char *out, size_t size)
{
	struct draw d = { .out = out, .size = size, .state = seed, .ms = 8 };
	int segments;

	d.state = random_step(&d.state) + number;
	d.tsval = 1000 + below(&d, 1000000);
	draw_sysctls(&d);
	draw_others(&d, draw_listener(&d));
	if (chance(&d, 6))
		draw_history(&d);
	segments = 1 + below(&d, 8);
	if (chance(&d, 95)) {
		draw_syn(&d);
		segments--;
	}
	while (segments-- > 0) {
		draw_delay(&d);
		draw_act(&d);
		if (d.second && chance(&d, 60))
			draw_second(&d);
		if (chance(&d, 12))
			draw_syn(&d);
		else if (chance(&d, 30))
			draw_last_ack(&d);
		else
			draw_segment(&d);
	}
	draw_end(&d);
	return d.ms;
}
