/* SPDX-License-Identifier: GPL-2.0 */
/*
 * tap.h - test results in the Test Anything Protocol, for one-file programs
 */
#ifndef LISTENQ_TAP_H
#define LISTENQ_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int tap_tests, tap_failures;

/* One result: "ok 7 - name". */
__attribute__((format(printf, 2, 3)))
static inline bool ok(bool good, const char *name, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++tap_tests);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	if (!good)
		tap_failures++;
	return good;
}

/* For who reads the whole output. */
#define note(text, ...) printf("# " text "\n", __VA_ARGS__)

/* What a failed test saw, on lines that start with '#'. */
__attribute__((format(printf, 1, 2)))
static inline void diag(const char *text, ...)
{
	va_list args;

	fflush(stdout);
	fputs("# ", stderr);
	va_start(args, text);
	vfprintf(stderr, text, args);
	va_end(args);
	fputc('\n', stderr);
}

/* One result: is it the number that it should be? */
static inline void is(const char *name, unsigned int value, unsigned int expected)
{
	if (!ok(value == expected, "%s", name))
		diag("%u, expected %u", value, expected);
}

/* Named after the function and the case. */
#define IS(function, way, value, expected) is(#function "__" #way, value, expected)
#define OK(function, way, good) ok(good, #function "__" #way)

/* The plan comes last: a program that dies on the way has none and fails. */
static inline int tap_end(void)
{
	printf("1..%u\n", tap_tests);
	return tap_failures || !tap_tests;
}

#endif
