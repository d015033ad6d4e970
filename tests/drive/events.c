// SPDX-License-Identifier: GPL-2.0
/*
 * events.c - what the module has to say about a story, statement by statement
 *
 * Each expected event is a list of checks on its fields. Most of them nobody
 * writes down: who, where, which segment come from what the driver did, the
 * reason and the loss from the list of verdicts.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../include/listenq_verdict.h"
#include "drive.h"

const char * const event_names[EV_KINDS] = {
	"lq_verdict", "lq_request", "lq_accept", "lq_listener"
};

unsigned long frames_to_listener, verdicts_seen;

static struct expect *first, **last = &first;
static char race[40];		/* the verdict that a story is about, see main.c */
static char race_field[16];	/* and which field of it must say so; "" is any */
static char race_value[32];
static char race_unless[32];	/* with this counter it is another race; "" is none */

struct verdict_row {
	int		number;
	const char	*name, *reason;
	int		loss;
};

#define ROW(number, name, reason, loss, text) { number, #name, #reason, loss },
static const struct verdict_row verdicts[] = { LQ_VERDICTS(ROW) };
#undef ROW

static const struct verdict_row *verdict_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (!strcmp(verdicts[i].name, name))
			return &verdicts[i];
	return NULL;
}

/* The last stage that saw the segment, by the sections of the list. */
static const char *verdict_stage(int number)
{
	if (number <= LQ_V_syn_mapped_source)
		return "do_rcv";
	if (number <= LQ_V_cookie_listener_closed)
		return "hnd_req";
	if (number == LQ_V_req_bad_ack)
		return "hnd_req,do_rcv,check_req";
	if (number == LQ_V_given_back_dropped)
		return "check_req,rcv";
	if (number <= LQ_V_syn_fastopen_closed)
		return "conn_request";
	if (number <= LQ_V_req_fastopen_passed || number >= LQ_V_req_parked)
		return "check_req";
	return "rcv";
}

void events_begin(void)
{
	while (first) {
		struct expect *e = first;

		first = e->next;
		free(e);
	}
	last = &first;
	race[0] = '\0';
	if (cfg.trace_dir)
		trace_clear();
}

const struct expect *expect_first(void)
{
	return first;
}

const struct expect *expect_next(const struct expect *e)
{
	return e->next;
}

static struct expect *expect_add(enum event_kind kind, struct flow *f, struct listener *l)
{
	struct expect *e = calloc(1, sizeof(*e));

	if (!e)
		die("no memory");
	e->line = report_current_line();
	e->kind = kind;
	e->flow = f;
	e->listener = l;
	e->among = 1;
	*last = e;
	last = &e->next;
	return e;
}

/* A second check of a field takes the place of the first. */
void expect_check(struct expect *e, const char *key, char op, const char *value)
{
	int i;

	for (i = 0; i < e->nr; i++)
		if (!strcmp(e->check[i].key, key) && e->check[i].op == op)
			break;
	if (i == (int)ARRAY_SIZE(e->check))
		die("too many checks in one expectation");
	snprintf(e->check[i].key, sizeof(e->check[i].key), "%s", key);
	snprintf(e->check[i].value, sizeof(e->check[i].value), "%s", value);
	e->check[i].op = op;
	if (i == e->nr)
		e->nr++;
}

static void check_number(struct expect *e, const char *key, unsigned long long v)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", v);
	expect_check(e, key, '=', text);
}

static void check_address(struct expect *e, const char *key, const struct in6_addr *a)
{
	char text[64];

	inet_ntop(AF_INET6, a, text, sizeof(text));
	expect_check(e, key, '=', text);
}

static void check_flow(struct expect *e, const struct flow *f, const struct in6_addr *server,
		       uint16_t port)
{
	static const char * const families[] = {
		[MODE_IPV4] = "AF_INET", [MODE_IPV6] = "AF_INET6",
		[MODE_MAPPED] = "AF_INET,AF_INET6",
	};

	expect_check(e, "family", '=', families[cfg.mode]);
	check_number(e, "sport", port);
	check_number(e, "dport", f->sport);
	check_address(e, "saddrv6", server);
	check_address(e, "daddrv6", &f->src);
	check_number(e, "netns", server_netns());
}

/* Takeover decides on SYNs and on segments of its records, and leaves the rest alone. */
static const char *who_acts(const struct flow *f, int verdict)
{
	const char *stage = verdict_stage(verdict);

	if (cfg.mode == MODE_IPV6 || (f->listener && f->listener->stock) ||
	    (strcmp(stage, "conn_request") && strcmp(stage, "check_req")))
		return "stock";
	return cfg.acted;
}

/* The event of the last segment that the flow sent; NULL if no such verdict. */
struct expect *expect_verdict(struct flow *f, const char *name)
{
	const struct verdict_row *v = verdict_find(name);
	const struct segment *s = &f->sent;
	struct expect *e;
	char flags[48];

	if (!v) {
		fail("listenq_verdict.h has no verdict %s", name);
		return NULL;
	}
	e = expect_add(EV_VERDICT, f, f->listener);
	frames_to_listener++;
	flags_event(s->flags, flags, sizeof(flags));
	expect_check(e, "verdict", '=', name);
	expect_check(e, "reason", '=', v->reason);
	check_number(e, "loss", v->loss);
	expect_check(e, "stage", '=', verdict_stage(v->number));
	expect_check(e, "acted", '=', who_acts(f, v->number));
	expect_check(e, "via", '=', v->number == LQ_V_req_bad_ack ||
		     v->number == LQ_V_given_back_dropped ? "check_req" : "none");
	expect_check(e, "flags", '=', flags);
	check_number(e, "seq", s->seq);
	check_number(e, "ack", s->ack);
	check_number(e, "len", s->len);
	check_flow(e, f, &s->dst, s->dport);
	if (f->listener && f->listener->cookie)
		check_number(e, "listener", f->listener->cookie);
	return e;
}

/* VERDICT VERDICT... [CHECK...]: events of segments alike, in any order */
bool expect_any(struct flow *f, int argc, char **argv)
{
	struct expect *e;
	int i, n = 0;

	while (n < argc && verdict_find(argv[n]))
		n++;
	for (i = 0; i < n; i++) {
		e = expect_verdict(f, argv[i]);
		e->among = n - i;
		if (!expect_checks(e, argc - n, argv + n))
			return false;
	}
	return n;
}

struct expect *expect_request(struct flow *f, const char *what)
{
	static const char known[] =
		" retransmitted expired killed_by_close migrated aborted promoted ";
	struct expect *e;
	char word[32];

	snprintf(word, sizeof(word), " %.20s ", what);
	if (!strstr(known, word)) {
		fail("no such request event: %s", what);
		return NULL;
	}
	e = expect_add(EV_REQUEST, f, f->listener);
	expect_check(e, "what", '=', what);
	check_flow(e, f, &f->dst, f->dport);
	if (f->listener && f->listener->cookie)
		check_number(e, "listener", f->listener->cookie);
	return e;
}

struct expect *expect_accept(struct flow *f)
{
	struct expect *e = expect_add(EV_ACCEPT, f, f->listener);

	check_flow(e, f, &f->dst, f->dport);
	return e;
}

struct expect *expect_listener(struct listener *l, const char *what)
{
	struct expect *e = expect_add(EV_LISTENER, NULL, l);

	expect_check(e, "what", '=', what);
	check_number(e, "sport", l->port);
	check_number(e, "netns", server_netns());
	if (l->cookie)
		check_number(e, "listener", l->cookie);
	return e;
}

/* The last "listen", "backlog" or "close", for a statement that says more about it. */
struct expect *expect_last_listener(const char *what)
{
	struct expect *e, *found = NULL;

	for (e = first; e; e = e->next)
		if (e->kind == EV_LISTENER && !strcmp(e->check[0].value, what))
			found = e;
	return found;
}

/* "L,L2" becomes the cookies of these listeners; anything else stays as it is. */
static void listener_cookies(const char *names, char *out, size_t size)
{
	char copy[64], *name, *save = NULL;
	struct listener *l;
	size_t n = 0;

	snprintf(copy, sizeof(copy), "%s", names);
	snprintf(out, size, "%s", names);
	for (name = strtok_r(copy, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		l = listener_find(name);
		if (l)
			n += snprintf(out + n, size - n, "%s%llu", n ? "," : "",
				      (unsigned long long)l->cookie);
	}
}

/* "key value", "key=value", "key>=value", "key<=value" */
bool expect_checks(struct expect *e, int argc, char **argv)
{
	char key[64], cookies[64], op = '=';
	const char *value;
	size_t n;
	int i;

	for (i = 0; i < argc; i++) {
		n = strcspn(argv[i], "<>=");
		snprintf(key, sizeof(key), "%.*s", (int)n, argv[i]);
		if (argv[i][n]) {
			op = argv[i][n];
			value = argv[i] + n + (op == '=' ? 1 : 2);
		} else if (i + 1 < argc) {
			op = '=';
			value = argv[++i];
		} else {
			fail("%s: a value is missing", key);
			return false;
		}
		if (!strcmp(key, "listener")) {
			listener_cookies(value, cookies, sizeof(cookies));
			value = cookies;
		}
		expect_check(e, key, op, value);
	}
	return true;
}

/* Until as many events have come as were expected so far. */
static void await_events(void)
{
	long long end = now_ms() + 1000;
	const struct expect *e;
	unsigned int want = 0;

	for (e = first; e; e = e->next)
		want++;
	while (trace_read() < want && now_ms() < end)
		wire_pump(20);
}

/* told: what comes next must not overtake the events before it */
bool events_told(int argc, char **argv)
{
	if (argc != 1) {
		fail("%s takes no words", argv[0]);
		return false;
	}
	if (cfg.trace_dir)
		await_events();
	return true;
}

void events_finish(void)
{
	if (!cfg.trace_dir)
		return;
	await_events();
	wire_pump(0);
	trace_compare();
	verdicts_seen += trace_verdicts();
}

/* race VERDICT, race close: without that one, the story did not come about */
bool events_race(int argc, char **argv)
{
	int i;

	if (argc < 2 || argc % 2 || (!verdict_find(argv[1]) && strcmp(argv[1], "close")) ||
	    !cfg.trace_dir) {
		fail("race VERDICT|close [FIELD VALUE] [unless COUNTER], where events are seen");
		return false;
	}
	race_field[0] = '\0';
	race_unless[0] = '\0';
	for (i = 2; i < argc; i += 2) {
		if (!strcmp(argv[i], "unless")) {
			snprintf(race_unless, sizeof(race_unless), "%s", argv[i + 1]);
			continue;
		}
		snprintf(race_field, sizeof(race_field), "%s", argv[i]);
		snprintf(race_value, sizeof(race_value), "%s", argv[i + 1]);
	}
	snprintf(race, sizeof(race), "%s", argv[1]);
	return true;
}

bool events_race_lost(void)
{
	return race[0] && (!trace_has(race, race_field, race_value) ||
			   (race_unless[0] && counters_moved(race_unless)));
}
