// SPDX-License-Identifier: GPL-2.0
/*
 * play.c - plays random stories, and logs what a client and a server see
 *
 * Statements that can't be done (nothing was accepted, a listener is closed) are part of
 * it: nothing is expected, so nothing fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drive.h"

/* Replies are not waited for: what came by now is known to the flow. */
static void learn(struct flow *f)
{
	struct segment *s;
	unsigned int i;

	for (i = 0; i < f->nr_replies; i++) {
		s = &f->reply[i];
		if ((s->flags & (F_SYN | F_ACK)) != (F_SYN | F_ACK))
			continue;
		f->peer_isn = s->seq;
		f->peer_known = true;
		f->heard = s->opt;
	}
	f->nr_replies = 0;
}

static void hear(void)
{
	wire_pump_ns(0);
	flow_each(learn);
}

/* A new client's SYN, and its ACK if there is anything to acknowledge. */
static void newcomer(bool completes)
{
	struct flow *f = flow_fresh();
	struct segment seg;

	segment_build(f, 3, (char *[]){ "S", "mss", "1460" }, &seg);
	flow_send(f, &seg);
	hear();
	if (!completes || !f->peer_known)
		return;
	segment_build(f, 1, (char *[]){ "A" }, &seg);
	flow_send(f, &seg);
	hear();
}

/* take N: accepts up to so many connections, without waiting */
static void take(int n)
{
	struct listener *l = listener_find("L");

	while (l && l->fd >= 0 && n-- > 0 && server_accept_one(l, 0))
		;
}

static void log_end(struct flow *f)
{
	char buf[8192];
	ssize_t n;

	if (f->child < 0)
		return;
	log_child(f);
	n = recv(f->child, buf, sizeof(buf), MSG_DONTWAIT);
	log_line("read %s %zd %08x", f->name, n, log_sum(buf, n));
}

static void close_child(struct flow *f)
{
	if (f->child >= 0)
		close(f->child);
	f->child = -1;
}

static void run(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0;

	if (!strcmp(argv[0], "take"))
		take(n);
	else if (!strcmp(argv[0], "crowd") || !strcmp(argv[0], "connect"))
		while (n-- > 0)
			newcomer(argv[0][1] == 'o');
	else if (argc == 2 && !strcmp(argv[1], "fin"))
		shutdown(flow_get(argv[0])->child, SHUT_WR);
	else
		statement_run(argc, argv, "");
	hear();
}

static void run_line(char *line)
{
	char *argv[64], *save = NULL, *word;
	int argc = 0;

	for (word = strtok_r(line, " ", &save); word && argc < 64;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	if (argc)
		run(argc, argv);
}

static void tell(char *text, unsigned int phase, int ms)
{
	char *line, *save = NULL;
	bool begins;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		log_line("# %s", line);
		/* The second one of a group has a name, and may come later. */
		begins = !strncmp(line, "listen ", 7) && !strstr(line, " as=");
		run_line(line);
		if (begins)
			clock_align(phase, ms);
	}
}

/* Nothing of it is left for the next one: connections and listeners end by RST. */
static void finish(void)
{
	take(100);
	flow_each(log_end);
	server_log_drops();
	report_begin("");
	server_close(1, (char *[]){ "close" });
	flow_each(close_child);
	hear();
	counters_log();
	flow_reset();
	host_restore();
	route_reset();
	server_reset();
	wire_flush();
}

static void play_one(uint64_t seed, unsigned int number)
{
	char text[8192];
	int ms = random_story(seed, number, text, sizeof(text));

	report_begin("random");
	wire_flush();
	flow_choose(seed, number);
	statement_reset();
	events_begin();
	log_line("== %u", number);
	tell(text, random_phase(seed, number), ms);
	finish();
}

/* Stories of a seed, from one number on. */
void play_all(uint64_t seed, unsigned int first, unsigned int count)
{
	unsigned int n;

	counters_begin();
	for (n = 0; n < count; n++) {
		play_one(seed, first + n);
		if ((n + 1) % 1000 == 0)
			fprintf(stderr, "# %u of %u played\n", n + 1, count);
	}
}
