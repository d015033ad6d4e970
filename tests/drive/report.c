// SPDX-License-Identifier: GPL-2.0
/*
 * report.c - what goes wrong in a story, collected until its TAP line is printed
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "drive.h"

static char text[65536];
static size_t used;
static bool failed;
static int line;
static const char *story;

void report_begin(const char *path)
{
	used = 0;
	text[0] = '\0';
	failed = false;
	line = 0;
	story = path;
}

void report_line(int l)
{
	line = l;
}

int report_current_line(void)
{
	return line;
}

bool report_failed(void)
{
	return failed;
}

static void vappend(int at, const char *fmt, va_list ap)
{
	size_t room = sizeof(text) - used;
	int n;

	if (room < 512)
		return;
	n = snprintf(text + used, room, "# ");
	if (at)
		n += snprintf(text + used + n, room - n, "%s:%d: ", story, at);
	n += vsnprintf(text + used + n, room - n - 2, fmt, ap);
	if ((size_t)n > room - 2)
		n = room - 2;
	text[used + n] = '\n';
	text[used + n + 1] = '\0';
	used += n + 1;
}

void fail(const char *fmt, ...)
{
	va_list ap;

	failed = true;
	va_start(ap, fmt);
	vappend(line, fmt, ap);
	va_end(ap);
}

void fail_at(int at, const char *fmt, ...)
{
	va_list ap;

	failed = true;
	va_start(ap, fmt);
	vappend(at, fmt, ap);
	va_end(ap);
}

/* A line of diagnosis that is no failure by itself. */
void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vappend(0, fmt, ap);
	va_end(ap);
}

void report_print(void)
{
	fputs(text, stdout);
}

/* The driver itself can't go on: not a verdict on any story. */
void die(const char *fmt, ...)
{
	va_list ap;

	printf("Bail out! ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("%s%s\n", errno ? ": " : "", errno ? strerror(errno) : "");
	exit(2);
}

long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}
