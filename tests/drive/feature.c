// SPDX-License-Identifier: GPL-2.0
/*
 * feature.c - in what kernels differ: asked of the kernel itself, never of its version
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drive.h"

/* Behaviour: found by trying, once, before the first story. */
static struct {
	const char	*name;
	bool		have;
	const char	*text;
} tried[] = {
	/* RFC 9293 3.10.7.4: an RST in the window but not exact gets a challenge ACK */
	{ "challenge_ack", false, "listen 5\nA syn\nA > R seq 5\nA < A in 300ms\n" },
	/* a SYN queue is full above its limit (6.1), not at it (5.10.223) */
	{ "synq_gt", false,
	  "sysctl net.ipv4.tcp_syncookies 0\nlisten 1\nA syn\nB > S\nB < SA in 300ms\n" },
	/* the ack of an RST for a request is not looked at (5.10 does) */
	{ "rst_any_ack", false,
	  "listen 5\nA syn\nA > RA ack 999\nA > A\nA < R in 300ms\n" },
	{ "migrate", false,
	  "sysctl net.ipv4.tcp_migrate_req 1\nlisten 5 reuseport\nA handshake\n"
	  "listen 5 reuseport as=L2 port-of=L\nclose\naccept on=L2\n" },
	/* a SYN for a TIME_WAIT passes its ISN on and skips the queue limits (not 6.1) */
	{ "tw_isn", false,
	  "listen 5\nA handshake\naccept\nA shut\nA < FA\nA > FA ack 2\nA < A\n"
	  "A > S seq 100000\nA < SA seq 65539\n" },
	{ "md5", false, "listen 5 md5=key\n" },
	/* SMC has a listener, and it refuses the last ACK by itself (not 5.10) */
	{ "smc", false,
	  "sysctl net.ipv4.tcp_abort_on_overflow 1\nlisten 0 smc\nA handshake\n"
	  "sleep 200ms\nB syn\nB > A\nB < R in 300ms\n" },
	/* a BPF program can be a security module: lsm=...,bpf */
	{ "lsm", false, "listen 5\ndeny\nA > S\nA < none 100ms\n" },
	/* a debug kernel, started so that it can fail chosen allocations (memory.c) */
	{ "failslab", false,
	  "run grep -q 1 /sys/kernel/slab/request_sock_TCP/failslab 2>/dev/null\n"
	  "run test -e /sys/kernel/debug/failslab\n" },
	/* two identical SYNs at once make one request (not 5.10) */
	{ "syn_race", false,
	  "needs cpus2\ndelay request 20000\nlisten 5\nA > S cpu 1\nA > S\njoin\n"
	  "A < SA\nA < none 50ms\n" },
	{ "mptcp", false, "listen 5 mptcp\n" },
	{ "nft", false, "run nft 'add table inet lq; delete table inet lq' 2>/dev/null\n" },
};

static struct {
	char	name[24];
	bool	have;
} forced[32];

static int nr_forced;
static bool two_cpus;

/* -k FEATURE: it is there; -k !FEATURE: it is not. */
void feature_force(const char *word)
{
	if (nr_forced == (int)ARRAY_SIZE(forced))
		die("too many features");
	forced[nr_forced].have = word[0] != '!';
	snprintf(forced[nr_forced++].name, sizeof(forced[0].name), "%s", word + (word[0] == '!'));
}

void feature_probe(void)
{
	int tries;
	size_t i;

	two_cpus = cpu_two();
	for (i = 0; i < ARRAY_SIZE(tried); i++)
		/* Two CPUs may just miss each other. */
		for (tries = strstr(tried[i].text, " cpu ") ? 5 : 1; tries; tries--)
			if (story_try(tried[i].text)) {
				tried[i].have = true;
				break;
			}
}

/*
 * Jiffies start at -300 s. While they are near 0, a listener that never sent a
 * cookie looks as if it had sent one lately (tcp_synq_no_recent_overflow()): from
 * a second before 0 to TCP_SYNCOOKIE_VALID after it. A story lasts that long at most,
 * with the wait for its tick (clock_align()).
 */
enum { NEAR_BEGIN = -1000, NEAR_END = 120000, STORY = 30000, EDGE = 1000 };

static bool near_zero;

static bool near_edge(int ms)
{
	return (ms > NEAR_BEGIN - STORY && ms < NEAR_BEGIN + EDGE) ||
	       (ms > NEAR_END - STORY && ms < NEAR_END + EDGE);
}

/* Before a story begins: what depends on the time holds until it ends. */
void feature_settle(const char *text)
{
	int ms;

	if (!strstr(text, "wrap"))
		return;
	while (near_edge(ms = clock_jiffies_ms()))
		usleep(100000);
	near_zero = ms > NEAR_BEGIN && ms < NEAR_END;
}

/* IPv6 stays with the stock kernel. */
static bool takes_over(void)
{
	return !strcmp(cfg.acted, "listenq") && cfg.mode != MODE_IPV6;
}

bool feature_have(const char *name)
{
	size_t i;
	int k;

	if (name[0] == '!')
		return !feature_have(name + 1);
	for (k = nr_forced - 1; k >= 0; k--)
		if (!strcmp(forced[k].name, name))
			return forced[k].have;
	for (i = 0; i < ARRAY_SIZE(tried); i++)
		if (!strcmp(tried[i].name, name))
			return tried[i].have;
	if (!strcmp(name, "ipv4"))
		return cfg.mode == MODE_IPV4;
	if (!strcmp(name, "ipv6"))
		return cfg.mode == MODE_IPV6;
	if (!strcmp(name, "mapped"))
		return cfg.mode == MODE_MAPPED;
	if (!strcmp(name, "takeover"))
		return takes_over();
	if (!strcmp(name, "events"))
		return cfg.trace_dir;
	if (!strcmp(name, "cpus2"))
		return two_cpus;
	if (!strcmp(name, "tsecr"))
		return counters_know("TSEcrRejected");
	if (!strcmp(name, "wrap"))
		return near_zero;
	fail("no such feature: %s", name);
	return false;
}

/* Those that a kernel has or has not, whatever is being played. */
void feature_print(void)
{
	static const char * const others[] = { "cpus2", "tsecr" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tried); i++)
		if (feature_have(tried[i].name))
			puts(tried[i].name);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (feature_have(others[i]))
			puts(others[i]);
}
