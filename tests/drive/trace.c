// SPDX-License-Identifier: GPL-2.0
/*
 * trace.c - the events a private tracefs instance holds, against the expected ones
 *
 * An event is the story's if it names one of its clients or listeners. The
 * events of one flow, and those of one listener, come in a known order, but for
 * those of "=any"; between flows nothing is said about order.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drive.h"

struct event {
	enum event_kind		kind;
	const char		*fields;	/* "key=value key=value ..." */
	const struct flow	*flow;
	const struct listener	*listener;	/* of an lq_listener event */
	bool			taken;
};

static char *text;
static size_t text_size;
static struct event events[4096];
static unsigned int nr;

static const char *path(void)
{
	static char p[512];

	snprintf(p, sizeof(p), "%s/trace", cfg.trace_dir);
	return p;
}

void trace_clear(void)
{
	int fd = open(path(), O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		die("%s", path());
	close(fd);
	nr = 0;
}

static void slurp(void)
{
	int fd = open(path(), O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n;

	if (fd < 0)
		die("%s", path());
	do {
		if (text_size - used < 65536) {
			text_size += 262144;
			text = realloc(text, text_size);
			if (!text)
				die("no memory");
		}
		n = read(fd, text + used, text_size - used - 1);
		used += n > 0 ? n : 0;
	} while (n > 0);
	text[used] = '\0';
	close(fd);
}

/* The value of a field; false if the event has none of that name. */
static bool field(const char *fields, const char *key, char *value, size_t size)
{
	size_t n = strlen(key);
	const char *p = fields;

	value[0] = '\0';
	while (p) {
		if (!strncmp(p, key, n) && p[n] == '=') {
			snprintf(value, size, "%.*s", (int)strcspn(p + n + 1, " "), p + n + 1);
			return true;
		}
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return false;
}

static const struct listener *listener_of(const char *fields)
{
	char port[32], cookie[32];
	const struct listener *l, *same_port = NULL;
	int i;

	if (!field(fields, "sport", port, sizeof(port)))
		return NULL;
	field(fields, "listener", cookie, sizeof(cookie));
	for (i = 0; (l = listener_by_index(i)); i++) {
		if (l->port != atoi(port))
			continue;
		same_port = l;
		if (l->cookie == strtoull(cookie, NULL, 0))
			return l;
	}
	return same_port;
}

/* Fills who the event speaks of; false if of nobody in this story. */
static bool classify(struct event *ev)
{
	char addr[64], port[32], ns[32];
	struct in6_addr a;

	if (field(ev->fields, "netns", ns, sizeof(ns)) &&
	    strtoull(ns, NULL, 0) != server_netns())
		return false;
	ev->listener = listener_of(ev->fields);
	if (ev->kind == EV_LISTENER)
		return ev->listener;
	field(ev->fields, "dport", port, sizeof(port));
	field(ev->fields, "daddrv6", addr, sizeof(addr));
	if (inet_pton(AF_INET6, addr, &a) == 1)
		ev->flow = flow_by_client(&a, atoi(port));
	return ev->flow || ev->listener;
}

/* Reads everything; returns how many events are the story's. */
unsigned int trace_read(void)
{
	char *line, *at, *save = NULL, mark[32];
	unsigned int kept, written;
	int k;

	slurp();
	nr = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "# entries-in-buffer/entries-written: %u/%u", &kept,
			   &written) == 2 && kept < written)
			fail_at(0, "the trace buffer kept %u of %u events", kept, written);
		for (k = 0; line[0] != '#' && k < EV_KINDS; k++) {
			snprintf(mark, sizeof(mark), " %s: ", event_names[k]);
			at = strstr(line, mark);
			if (!at || nr == ARRAY_SIZE(events))
				continue;
			events[nr] = (struct event){ .kind = k, .fields = at + strlen(mark) };
			nr += classify(&events[nr]);
		}
	}
	return nr;
}

static bool equal(const char *key, const char *want, const char *got)
{
	size_t n = strlen(key);
	struct in6_addr a, b;

	if (n > 6 && !strcmp(key + n - 6, "addrv6"))
		return inet_pton(AF_INET6, want, &a) == 1 && inet_pton(AF_INET6, got, &b) == 1 &&
		       !memcmp(&a, &b, sizeof(a));
	/* __print_flags() prints nothing for no flags at all. */
	if (!*got && !strcmp(key, "flags"))
		got = "0x0";
	return !strcmp(want, got);
}

static bool holds(const struct check *c, const char *got)
{
	char want[64], *word, *save = NULL;

	if (c->op == '>')
		return strtoll(got, NULL, 0) >= strtoll(c->value, NULL, 0);
	if (c->op == '<')
		return strtoll(got, NULL, 0) <= strtoll(c->value, NULL, 0);
	snprintf(want, sizeof(want), "%s", c->value);
	for (word = strtok_r(want, ",", &save); word; word = strtok_r(NULL, ",", &save))
		if (equal(c->key, word, got))
			return true;
	return false;
}

/* What the statement was about, for a diagnosis. */
static const char *expect_text(const struct expect *e)
{
	static char out[128];
	const char *who = e->flow ? e->flow->name : e->listener->name;

	snprintf(out, sizeof(out), "%s of %s: %s", event_names[e->kind], who,
		 e->kind == EV_ACCEPT ? "accepted" : e->check[0].value);
	return out;
}

static void compare_one(const struct expect *e, const struct event *ev)
{
	bool bad = false;
	char got[64];
	int i;

	for (i = 0; i < e->nr; i++) {
		const struct check *c = &e->check[i];

		if (!field(ev->fields, c->key, got, sizeof(got))) {
			fail_at(e->line, "%s: the event has no field %s", expect_text(e), c->key);
			bad = true;
		} else if (!holds(c, got)) {
			fail_at(e->line, "%s: expected %s%s%s, got %s", expect_text(e), c->key,
				c->op == '=' ? "=" : c->op == '>' ? ">=" : "<=", c->value, got);
			bad = true;
		}
	}
	if (bad)
		note("event: %s: %s", event_names[ev->kind], ev->fields);
}

static bool same_owner(const struct expect *e, const struct event *ev)
{
	if (e->kind == EV_LISTENER || ev->kind == EV_LISTENER)
		return e->kind == ev->kind && e->listener == ev->listener;
	return e->flow == ev->flow;
}

/* The next event of its flow, or that of its verdict among the next; nr: none. */
static unsigned int find(const struct expect *e)
{
	unsigned int i, next = nr;
	int left = e->among;
	char got[64];

	for (i = 0; i < nr && left; i++) {
		if (events[i].taken || !same_owner(e, &events[i]))
			continue;
		if (next == nr)
			next = i;
		field(events[i].fields, "verdict", got, sizeof(got));
		if (e->among > 1 && !strcmp(got, e->check[0].value))
			return i;
		left--;
	}
	return next;
}

void trace_compare(void)
{
	const struct expect *e;
	unsigned int i;

	for (e = expect_first(); e; e = expect_next(e)) {
		i = find(e);
		if (i == nr) {
			fail_at(e->line, "no event: %s", expect_text(e));
			continue;
		}
		events[i].taken = true;
		if (events[i].kind != e->kind) {
			fail_at(e->line, "expected %s, got %s: %s", expect_text(e),
				event_names[events[i].kind], events[i].fields);
			continue;
		}
		compare_one(e, &events[i]);
	}
	for (i = 0; i < nr; i++)
		if (!events[i].taken)
			fail_at(0, "unexpected event: %s: %s", event_names[events[i].kind],
				events[i].fields);
}

/* All of them, when a story broke off before they could be compared. */
void trace_print(void)
{
	unsigned int i;

	if (!cfg.trace_dir)
		return;
	trace_read();
	for (i = 0; i < nr; i++)
		note("event: %s: %s", event_names[events[i].kind], events[i].fields);
}

/* @name: a verdict, or what happened to a listener; @key: "" is any */
bool trace_has(const char *name, const char *key, const char *value)
{
	char got[64];
	unsigned int i;

	trace_read();
	for (i = 0; i < nr; i++)
		if ((field(events[i].fields, "verdict", got, sizeof(got)) ||
		     field(events[i].fields, "what", got, sizeof(got))) &&
		    !strcmp(got, name) &&
		    (!*key || (field(events[i].fields, key, got, sizeof(got)) &&
			       !strcmp(got, value))))
			return true;
	return false;
}

unsigned int trace_verdicts(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < nr; i++)
		n += events[i].kind == EV_VERDICT;
	return n;
}
