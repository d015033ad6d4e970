// SPDX-License-Identifier: GPL-2.0
/*
 * statement.c - what each statement of a story does
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drive.h"

enum { REPLY_WAIT_MS = 1000, AWAKE_MS = 5 };

static struct flow *current;	/* the flow that the last statement spoke of */

void statement_reset(void)
{
	current = NULL;
}

static bool say(struct flow *f, int argc, char **argv)
{
	struct segment seg;

	if (!argc) {
		fail("which flags?");
		return false;
	}
	if (!segment_build(f, argc, argv, &seg))
		return false;
	if (seg.cpu >= 0)
		return cpu_send(f, &seg, seg.cpu);
	flow_send(f, &seg);
	return true;
}

/* FLAGS ... [in TIME], or "none TIME" */
static bool hear(struct flow *f, int argc, char **argv)
{
	int i, ms = REPLY_WAIT_MS;
	struct segment seg;
	char text[128];

	for (i = 0; i + 1 < argc; i++)
		if ((!strcmp(argv[i], "in") || !strcmp(argv[i], "none")) &&
		    !duration_parse(argv[i + 1], &ms))
			return false;
	if (argc && !strcmp(argv[0], "none")) {
		if (!flow_reply(f, ms, &seg))
			return true;
		segment_text(f, &seg, text, sizeof(text));
		fail("expected no reply, got: %s", text);
		return false;
	}
	if (!argc || !flow_reply(f, ms, &seg)) {
		fail("no reply %s to flow %s in %d ms", argc ? argv[0] : "?", f->name, ms);
		return false;
	}
	segment_check(f, &seg, argc, argv);
	if (report_failed() || cfg.verbose) {
		segment_text(f, &seg, text, sizeof(text));
		note("%s", text);
	}
	if ((seg.flags & (F_SYN | F_ACK)) == (F_SYN | F_ACK)) {
		if (f->peer_isn != seg.seq)
			f->prev_isn = f->peer_isn;
		f->peer_isn = seg.seq;
		mptcp_learn(f, &seg.opt);
		f->heard = seg.opt;
		f->peer_known = true;
	}
	return !report_failed();
}

/* A SYN that gets a place in the SYN queue, and its SYN-ACK. */
static bool syn(struct flow *f)
{
	if (!say(f, 3, (char *[]){ "S", "mss", "1460" }))
		return false;
	expect_verdict(f, "syn_queued");
	return hear(f, 3, (char *[]){ "SA", "ack", "1" });
}

static bool handshake(struct flow *f)
{
	if (!syn(f) || !say(f, 1, (char *[]){ "A" }))
		return false;
	counters_add("PassiveOpens", 1);
	return expect_verdict(f, "req_completed");
}

/* One more than the backlog fits into a queue; into the SYN queue of 5.10.223 as many. */
static bool fill(int argc, char **argv)
{
	struct listener *l = listener_find("L");
	int i, n;

	if (argc < 2 || !l) {
		fail("fill acceptq | fill synq");
		return false;
	}
	n = l->backlog + 1;
	if (!strcmp(argv[1], "synq") && !feature_have("synq_gt"))
		n--;
	for (i = 0; i < n; i++)
		if (!(!strcmp(argv[1], "synq") ? syn(flow_fresh()) : handshake(flow_fresh())))
			return false;
	if (strcmp(argv[1], "synq"))
		server_await_accept_queue(l, n);
	return true;
}

/* syns N, handshakes N: from as many new clients */
static bool many(int argc, char **argv)
{
	int i, n = argc > 1 ? atoi(argv[1]) : 1;

	for (i = 0; i < n; i++)
		if (!(argv[0][0] == 's' ? syn(flow_fresh()) : handshake(flow_fresh())))
			return false;
	return true;
}

/* Reads N bytes from (or writes N bytes to) the accepted connection of a flow. */
static bool child_io(struct flow *f, bool write, const char *count)
{
	struct timeval tv = { .tv_sec = 1 };
	char buf[2048] = { 0 };
	ssize_t n;
	int want = atoi(count);

	if (f->child < 0) {
		fail("flow %s is not accepted", f->name);
		return false;
	}
	setsockopt(f->child, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (write)
		/* Nobody may acknowledge what its buffer has no room for. */
		n = send(f->child, buf, want, MSG_NOSIGNAL | MSG_DONTWAIT);
	else
		n = recv(f->child, buf, want ? want : 1, want ? MSG_WAITALL : 0);
	if (n != want)
		fail("expected %d bytes, got %zd", want, n);
	return n == want;
}

/* The application closes its end in the ordinary way: FIN. */
static bool child_shut(struct flow *f)
{
	struct linger off = { 0 };

	if (f->child < 0) {
		fail("flow %s is not accepted", f->name);
		return false;
	}
	setsockopt(f->child, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	close(f->child);
	f->child = -1;
	return true;
}

/* icmp TYPE CODE [N]: the quoted segment has number N, relative to the SYN-ACK's */
static bool icmp(struct flow *f, int argc, char **argv)
{
	struct segment seg;

	if (argc < 2 || !ipv4_frames()) {
		fail("icmp TYPE CODE [N], IPv4 only");
		return false;
	}
	if (!segment_build(f, 3, (char *[]){ "A", "ack", argc > 2 ? argv[2] : "0" }, &seg))
		return false;
	wire_send_icmp(&seg, atoi(argv[0]), atoi(argv[1]));
	return true;
}

static bool expectation(struct flow *f, int argc, char **argv)
{
	struct expect *e = NULL;

	if (!f && strcmp(argv[0], "=listener")) {
		fail("%s of which flow?", argv[0]);
		return false;
	}
	if (!strcmp(argv[0], "=accept"))
		return expect_checks(expect_accept(f), argc - 1, argv + 1);
	if (argc < 2) {
		fail("%s what?", argv[0]);
		return false;
	}
	if (!strcmp(argv[0], "=") && !strcmp(argv[1], "none"))
		return true;
	if (!strcmp(argv[0], "=any"))
		return expect_any(f, argc - 1, argv + 1);
	if (!strcmp(argv[0], "=") || !strcmp(argv[0], "=either")) {
		e = expect_verdict(f, argv[1]);
		if (e && argv[0][1])
			e->among = 2;
	} else if (!strcmp(argv[0], "=request")) {
		e = expect_request(f, argv[1]);
	} else if (!strcmp(argv[0], "=listener")) {
		e = expect_last_listener(argv[1]);
		if (!e)
			fail("no statement before asks for '%s'", argv[1]);
	} else {
		fail("no such expectation: %s", argv[0]);
	}
	return e && expect_checks(e, argc - 2, argv + 2);
}

static bool of_flow(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct flow *f = flow_get(argv[0]);

	current = f;
	if (!strcmp(what, ">"))
		return say(f, argc - 2, argv + 2);
	if (!strcmp(what, "<"))
		return hear(f, argc - 2, argv + 2);
	if (what[0] == '=')
		return expectation(f, argc - 1, argv + 1);
	if (!strcmp(what, "handshake"))
		return handshake(f);
	if (!strcmp(what, "syn"))
		return syn(f);
	if (!strcmp(what, "shut"))
		return child_shut(f);
	if (!strcmp(what, "icmp"))
		return icmp(f, argc - 2, argv + 2);
	if (argc == 3 && (!strcmp(what, "read") || !strcmp(what, "write")))
		return child_io(f, what[0] == 'w', argv[2]);
	fail("no such statement: %s %s", argv[0], what);
	return false;
}

static bool counters(int argc, char **argv)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2)
		if (!counters_declare(argv[i], argv[i + 1]))
			return false;
	return true;
}

static bool pass_time(int argc, char **argv)
{
	long long end, left;
	int ms;

	if (argc < 2 || !duration_parse(argv[1], &ms))
		return false;
	/* A short time is passed awake: timers may be late while another CPU is busy. */
	for (end = now_ms() + ms; (left = end - now_ms()) > 0; )
		wire_pump(ms > AWAKE_MS ? left : 0);
	return true;
}

static bool join(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	cpu_join();
	return true;
}

/* What was sent before is received first: on a busy machine ksoftirqd may have it still. */
enum { RECEIVED_US = 1000 };

static bool sysctl(int argc, char **argv)
{
	if (argc == 3) {
		usleep(RECEIVED_US);
		return host_sysctl(argv[1], argv[2]);
	}
	fail("sysctl NAME VALUE");
	return false;
}

static const struct {
	const char	*name;
	bool		(*run)(int argc, char **argv);
} table[] = {
	{ "listen",	server_listen },
	{ "backlog",	server_backlog },
	{ "close",	server_close },
	{ "accept",	server_accept },
	{ "flow",	flow_statement },
	{ "fill",	fill },
	{ "syns",	many },
	{ "handshakes",	many },
	{ "sysctl",	sysctl },
	{ "delay",	host_delay },
	{ "join",	join },
	{ "race",	events_race },
	{ "told",	events_told },
	{ "route",	route_statement },
	{ "deny",	deny_statement },
	{ "allow",	allow_statement },
	{ "nomem",	memory_statement },
	{ "+",		counters },
	{ "drops",	server_drops },
	{ "sleep",	pass_time },
	{ "at",		clock_statement },
};

/* rest: the line behind the first word, for commands. False ends the story. */
bool statement_run(int argc, char **argv, const char *rest)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (!strcmp(argv[0], table[i].name))
			return table[i].run(argc, argv);
	if (!strcmp(argv[0], "run") || !strcmp(argv[0], "undo"))
		return host_run(rest, argv[0][0] == 'u');
	if (argv[0][0] == '=')
		return expectation(current, argc, argv);
	if (argv[0][0] >= 'A' && argv[0][0] <= 'Z')
		return of_flow(argc, argv);
	fail("no such statement: %s", argv[0]);
	return false;
}
