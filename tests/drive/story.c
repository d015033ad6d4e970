// SPDX-License-Identifier: GPL-2.0
/*
 * story.c - reads a story line by line, then asks whether all that happened was told
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

enum { MAX_WORDS = 64, MAX_DEPTH = 8, SETTLE_MS = 50, MAX_TRIES = 100 };
enum { MAX_RACING_MS = 120000 };
/* The kernel's first timers run out after 1 s: half of it is for the story. */
enum { LATE_MS = 150, MAX_STILL = 2 };

struct reader {
	const char	*next;		/* the rest of the text */
	bool		live[MAX_DEPTH];	/* of the if blocks around this line */
	int		depth;
};

/* Cuts the next line off, without its comment; false at the end. */
static bool next_line(struct reader *r, char *line, size_t size)
{
	size_t n = strcspn(r->next, "\n"), i;

	if (!*r->next)
		return false;
	snprintf(line, size, "%.*s", (int)n, r->next);
	for (i = 0; line[i]; i++)
		if (line[i] == '#' && (!i || line[i - 1] == ' ' || line[i - 1] == '\t'))
			line[i] = '\0';
	r->next += n + (r->next[n] == '\n');
	return true;
}

static int split(char *line, char **argv)
{
	int argc = 0;
	char *save = NULL, *word;

	for (word = strtok_r(line, " \t", &save); word && argc < MAX_WORDS;
	     word = strtok_r(NULL, " \t", &save))
		argv[argc++] = word;
	return argc;
}

static bool all_live(const struct reader *r)
{
	int i;

	for (i = 0; i < r->depth; i++)
		if (!r->live[i])
			return false;
	return true;
}

/* if FEATURE ..., else, end; true if the line was one of them. */
static bool block(struct reader *r, int argc, char **argv)
{
	bool yes = true;
	int i;

	if (!strcmp(argv[0], "if")) {
		for (i = 1; i < argc; i++)
			yes = yes && feature_have(argv[i]);
		if (r->depth == MAX_DEPTH)
			die("if blocks are nested too deep");
		r->live[r->depth++] = yes;
	} else if (!strcmp(argv[0], "else") && r->depth) {
		r->live[r->depth - 1] = !r->live[r->depth - 1];
	} else if (!strcmp(argv[0], "end") && r->depth) {
		r->depth--;
	} else {
		return false;
	}
	return true;
}

static bool is_condition(const char *word)
{
	return !strcmp(word, "needs") || !strcmp(word, "only");
}

/* needs FEATURE ... (all), only FEATURE ... (one): false if the story can't run here. */
static bool runs_here(int argc, char **argv, char *reason, size_t size)
{
	bool one = false;
	int i;

	if (!is_condition(argv[0]))
		return true;
	for (i = 1; i < argc; i++) {
		one = one || feature_have(argv[i]);
		if (!strcmp(argv[0], "needs") && !feature_have(argv[i])) {
			snprintf(reason, size, "needs %s", argv[i]);
			return false;
		}
	}
	if (strcmp(argv[0], "only") || one)
		return true;
	snprintf(reason, size, "only %s", argc > 1 ? argv[1] : "");
	return false;
}

/* Runs the statements; false if the story is skipped. */
static bool tell(const char *text, char *title, char *reason, size_t size)
{
	char line[1024], words[1024], *argv[MAX_WORDS], *rest;
	struct reader r = { .next = text };
	int argc, at = 0;

	while (next_line(&r, line, sizeof(line))) {
		report_line(++at);
		snprintf(words, sizeof(words), "%s", line);
		argc = split(words, argv);
		if (!argc || block(&r, argc, argv) || !all_live(&r))
			continue;
		log_line("# %s", line);
		rest = line + (argv[0] - words) + strlen(argv[0]);
		rest += strspn(rest, " \t");
		if (!runs_here(argc, argv, reason, size))
			return false;
		if (!strcmp(argv[0], "title"))
			snprintf(title, size, "%s", rest);
		else if (!is_condition(argv[0]) && !statement_run(argc, argv, rest))
			break;
	}
	if (!report_failed() && r.depth)
		fail("an if block is not closed");
	return true;
}

/* Two runs that are compared begin alike: at the same place of the timer wheel, */
static void begin_alike(const char *path, int tries)
{
	const char *name = strrchr(path, '/') ?: path;
	unsigned int number = tries;

	while (*name)
		number = number * 31 + *name++;
	/* with the same clients, whose timestamps are offset by their addresses. */
	flow_choose(1, number % 100000);
	wire_flush();
	clock_align(0, 20000);
	log_line("== %s", path);
}

static void begin(void)
{
	flow_reset();
	statement_reset();
	wire_flush();
	counters_begin();
	events_begin();
}

/* What is still on its way is given a moment; then everything is compared. */
static void account(void)
{
	long long end = now_ms() + SETTLE_MS, left;

	cpu_join();
	while ((left = end - now_ms()) > 0)
		wire_pump(left);
	report_line(0);
	counters_finish();
	counters_log();
	server_check_drops();
	server_log_drops();
	flow_leftovers();
	events_finish();
}

static void clean_up(void)
{
	cpu_join();
	host_restore();
	route_reset();
	deny_reset();
	flow_reset();
	server_reset();
}

/* Why a play says nothing about the kernel. */
enum void_for { NOTHING, LOST_RACE, STOOD_STILL };

/* Tells it once. */
static bool tell_once(const char *text, char *title, char *reason, size_t size,
		      enum void_for *is_void)
{
	unsigned long frames = frames_to_listener, verdicts = verdicts_seen;
	bool ran, late;

	begin();
	clock_play();
	ran = tell(text, title, reason, size);
	if (ran && !report_failed())
		account();
	late = report_failed() && clock_late_ms() > LATE_MS;
	if (ran && report_failed())
		trace_print();
	*is_void = ran && events_race_lost() ? LOST_RACE : late ? STOOD_STILL : NOTHING;
	if (*is_void != NOTHING) {
		frames_to_listener = frames;
		verdicts_seen = verdicts;
	}
	clean_up();
	return ran;
}

/* Returns true if it ran (then see report_failed()), false with a reason if not. */
bool story_run(const char *path, const char *text, char *title, char *reason, size_t size)
{
	long long end = now_ms() + MAX_RACING_MS;
	int races = 0, still = 0;
	enum void_for is_void;
	bool ran, again;

	do {
		report_begin(path);
		feature_settle(text);
		if (log_wanted())
			begin_alike(path, 1 + races + still);
		ran = tell_once(text, title, reason, size, &is_void);
		again = (is_void == LOST_RACE && ++races < MAX_TRIES && now_ms() < end) ||
			(is_void == STOOD_STILL && still++ < MAX_STILL);
	} while (again);
	if (is_void == LOST_RACE)
		fail_at(0, "the race did not happen in %d tries", races);
	else if (is_void == STOOD_STILL)
		note("the machine stood still in each of %d plays", still);
	else if (still)
		note("played again: the machine stood still, %d times", still);
	if (races && is_void != LOST_RACE)
		snprintf(title + strlen(title), size - strlen(title), ", try %d", races + 1);
	return ran;
}

/* Does the kernel behave as this text says? Counters and events don't matter. */
bool story_try(const char *text)
{
	const char *trace_dir = cfg.trace_dir;
	unsigned long frames = frames_to_listener;
	char title[64], reason[64];
	bool ran;

	cfg.trace_dir = NULL;
	report_begin("probe");
	begin();
	ran = tell(text, title, reason, sizeof(title));
	clean_up();
	cfg.trace_dir = trace_dir;
	frames_to_listener = frames;
	return ran && !report_failed();
}
