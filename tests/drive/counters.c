// SPDX-License-Identifier: GPL-2.0
/*
 * counters.c - the kernel's own counters of the server's namespace
 *
 * A story declares what moves ("+ ListenDrops 1"). A counter of the watch list
 * that moves undeclared fails the story, as does a declared one that doesn't.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

static const char * const watched[] = {
	"SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "EmbryonicRsts",
	"PAWSActive", "PAWSEstab", "TSEcrRejected", "PAWSOldAck", "ListenOverflows",
	"ListenDrops", "TCPTimeouts", "TCPMD5NotFound", "TCPMD5Unexpected", "TCPMD5Failure",
	"TCPMinTTLDrop", "TCPDeferAcceptDrop", "TCPReqQFullDoCookies", "TCPReqQFullDrop",
	"TCPRetransFail", "TCPChallengeACK", "TCPSYNChallenge", "TCPFastOpenPassive",
	"TCPFastOpenPassiveFail", "TCPFastOpenListenOverflow", "TCPFastOpenCookieReqd",
	"TCPSynRetrans", "TCPACKSkippedSynRecv", "TCPACKSkippedPAWS", "TCPACKSkippedSeq",
	"TCPACKSkippedTimeWait", "TCPACKSkippedChallenge", "TCPAbortOnData",
	"TCPAbortOnClose", "TCPAbortOnMemory", "TCPAbortOnTimeout", "TCPMigrateReqSuccess",
	"TCPMigrateReqFailure", "TCPTimeWaitOverflow", "TCPFastOpenPassiveAltKey",
	"ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "RetransSegs", "InErrs",
	"OutRsts", "InCsumErrors",
};

struct counter {
	char		name[40];
	long long	before, after, want, logged;
	int		line;		/* of the last declaration, 0: none */
	bool		watched;
	bool		any;		/* however much it moves is right */
};

static struct counter table[512];
static int nr;

/* They are read in the same order again and again. */
static struct counter *find(const char *name)
{
	static int last;
	int i;

	for (i = 0; i < nr; i++) {
		last = (last + 1) % nr;
		if (!strcmp(table[last].name, name))
			return &table[last];
	}
	return NULL;
}

static struct counter *add(const char *name)
{
	size_t i;

	if (nr == (int)ARRAY_SIZE(table))
		die("too many counters");
	snprintf(table[nr].name, sizeof(table[nr].name), "%s", name);
	for (i = 0; i < ARRAY_SIZE(watched); i++)
		if (!strcmp(watched[i], name))
			table[nr].watched = true;
	return &table[nr++];
}

/* Lines come in pairs: the names, then the values, with the same first word. */
static void read_pairs(const char *path, bool after)
{
	static char names[16384], values[16384];
	static const char blank[] = { ' ', '\n', '\0' };
	char *n, *v, *ns, *vs;
	FILE *f = fopen(path, "r");

	if (!f)
		die("%s", path);
	while (fgets(names, sizeof(names), f) && fgets(values, sizeof(values), f)) {
		if (strncmp(names, "Tcp", 3) && strncmp(names, "MPTcp", 5) &&
		    strncmp(names, "Icmp:", 5))
			continue;
		n = strtok_r(names, blank, &ns);
		v = strtok_r(values, blank, &vs);
		while ((n = strtok_r(NULL, blank, &ns)) && (v = strtok_r(NULL, blank, &vs))) {
			struct counter *c = find(n);

			if (!c)
				c = add(n);
			*(after ? &c->after : &c->before) = atoll(v);
		}
	}
	fclose(f);
}

static void read_all(bool after)
{
	read_pairs("/proc/self/net/snmp", after);
	read_pairs("/proc/self/net/netstat", after);
}

void counters_begin(void)
{
	int i;

	read_all(false);
	for (i = 0; i < nr; i++) {
		table[i].logged = table[i].before;
		table[i].want = 0;
		table[i].any = false;
		table[i].line = 0;
	}
}

bool counters_know(const char *name)
{
	if (!nr)
		counters_begin();
	return find(name);
}

/* What a statement does by its nature, like the PassiveOpens of a handshake. */
void counters_add(const char *name, long long n)
{
	struct counter *c = find(name);

	if (c)
		c->want += n;
}

bool counters_declare(const char *name, const char *value)
{
	struct counter *c = find(name);
	long long n = 0;

	if (strcmp(value, "any") && !number_parse(value, &n))
		return false;
	if (!c) {
		fail("this kernel has no counter %s", name);
		return false;
	}
	c->any |= !strcmp(value, "any");
	c->want += n;
	c->line = report_current_line();
	return true;
}

/* Since the story began. */
bool counters_moved(const char *name)
{
	struct counter *c = find(name);

	read_all(true);
	return c && c->after != c->before;
}

void counters_finish(void)
{
	int i;

	read_all(true);
	for (i = 0; i < nr; i++) {
		struct counter *c = &table[i];
		long long got = c->after - c->before;

		if ((c->watched || c->line) && !c->any && got != c->want)
			fail_at(c->line, "counter %s: expected %+lld, got %+lld", c->name,
				c->want, got);
	}
}

/* All that moved since the last time, or since the beginning. */
void counters_log(void)
{
	int i;

	read_all(true);
	for (i = 0; i < nr; i++) {
		if (table[i].after != table[i].logged)
			log_line("counter %s %+lld", table[i].name,
				 table[i].after - table[i].logged);
		table[i].logged = table[i].after;
	}
}
