// SPDX-License-Identifier: GPL-2.0
/*
 * test_options.c - twin of src/core/options.c
 *
 *   cases     good, bad and cut off options, and the last timestamps count
 *   options   random ones: the same is found as by the kernel's parser
 *
 * With the argument "cases" the named cases run alone, as 'make coverage' wants.
 */
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "core/options.h"
#include "tap.h"

#define RANDOM_OPTIONS 100000

/* tcp_parse_options, as far as timestamps go */
static void stock_parse_options(struct lq_segment *s, const u8 *ptr, int length)
{
	s->has_ts = false;
	while (length > 0) {
		int opcode = *ptr++, opsize;

		switch (opcode) {
		case 0:
			return;
		case 1:
			length--;
			continue;
		default:
			if (length < 2)
				return;
			opsize = *ptr++;
			if (opsize < 2)
				return;
			if (opsize > length)
				return;
			if (opcode == 8 && opsize == 10) {
				s->has_ts = true;
				s->tsval = (u32)ptr[0] << 24 | ptr[1] << 16 | ptr[2] << 8 | ptr[3];
				s->tsecr = (u32)ptr[4] << 24 | ptr[5] << 16 | ptr[6] << 8 | ptr[7];
			}
			ptr += opsize - 2;
			length -= opsize;
		}
	}
}

/* In memory of just that size, at its end: nothing beyond may be read. */
static bool parse(struct lq_segment *s, const u8 *options, u32 len)
{
	u8 *memory = malloc(len ? len : 1);
	bool found;

	if (!memory)
		abort();
	memset(s, 0, sizeof(*s));
	s->has_ts = true;
	memcpy(memory, options, len);
	found = lq_parse_timestamps(s, len ? memory : memory + 1, len);
	free(memory);
	return found;
}

static void parsed(const char *name, const u8 *options, u32 len, bool expected, u32 tsval,
		   u32 tsecr)
{
	struct lq_segment s;
	bool found = parse(&s, options, len);

	if (!ok(found == expected && s.has_ts == expected && s.tsval == tsval &&
		s.tsecr == tsecr, "lq_parse_timestamps__%s", name))
		diag("found %d, %#x %#x", found, s.tsval, s.tsecr);
}

#define BYTES(...) (const u8 []){ __VA_ARGS__ }, sizeof((u8 []){ __VA_ARGS__ })
#define TS 8, 10, 0xf1, 0xe2, 0xd3, 0xc4, 0xb5, 0xa6, 0x97, 0x88
#define TS_SAYS true, 0xf1e2d3c4, 0xb5a69788
#define NO_TS false, 0, 0

static void test_parse_timestamps(void)
{
	parsed("none", (const u8 *)"", 0, NO_TS);
	parsed("alone", BYTES(TS), TS_SAYS);
	parsed("aligned", BYTES(1, 1, TS), TS_SAYS);
	parsed("unaligned", BYTES(1, TS, 1), TS_SAYS);
	parsed("behind_mss", BYTES(2, 4, 5, 0xb4, 4, 2, TS, 1, 3, 3, 7), TS_SAYS);
	parsed("behind_two_bytes", BYTES(4, 2, TS), TS_SAYS);
	parsed("at_40_bytes", BYTES(254, 30, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
				    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, TS), TS_SAYS);
	parsed("last_one_counts", BYTES(8, 10, 1, 2, 3, 4, 5, 6, 7, 8, TS), TS_SAYS);
	parsed("before_end", BYTES(TS, 0), TS_SAYS);
	parsed("behind_end", BYTES(0, TS), NO_TS);
	parsed("inside_another", BYTES(254, 12, TS), NO_TS);
	parsed("truncated", BYTES(8, 10, 1, 2, 3, 4, 5, 6, 7), NO_TS);
	parsed("truncated_kind", BYTES(1, 8), NO_TS);
	parsed("kind_and_length", BYTES(8, 10), NO_TS);
	parsed("short_length", BYTES(8, 9, 1, 2, 3, 4, 5, 6, 7, 8), NO_TS);
	parsed("long_length", BYTES(8, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9), NO_TS);
	parsed("short_then_good", BYTES(8, 3, 1, TS), TS_SAYS);
	parsed("length_0", BYTES(3, 0, TS), NO_TS);
	parsed("length_1", BYTES(3, 1, TS), NO_TS);
	parsed("length_2", BYTES(3, 2, TS), TS_SAYS);
	parsed("length_of_the_rest", BYTES(3, 3, 1), NO_TS);
	parsed("length_beyond", BYTES(3, 255, TS), NO_TS);
	parsed("good_then_truncated", BYTES(TS, 8, 10), TS_SAYS);
	parsed("only_nops", BYTES(1, 1, 1, 1), NO_TS);
}

/* Kinds and lengths that mean something are frequent. */
static u32 random_options(u8 *options)
{
	u32 len = below(41);

	for (u32 i = 0; i < len; i++)
		options[i] = ONE_OF(8, 10, 8, 10, 1, 1, 0, 2, 3, 4, 12, draw());
	if (len >= 10 && flip()) {
		u32 at = below(len - 9);

		options[at] = 8;
		options[at + 1] = 10;
	}
	return len;
}

static void test_any_options(void)
{
	unsigned int found = 0, wrong = 0;
	struct lq_segment s, expected;
	u8 options[40];
	u32 len;

	for (int i = 0; i < RANDOM_OPTIONS && !wrong; i++) {
		len = random_options(options);
		memset(&expected, 0, sizeof(expected));
		stock_parse_options(&expected, options, len);
		found += parse(&s, options, len);
		wrong += s.has_ts != expected.has_ts || s.tsval != expected.tsval ||
			 s.tsecr != expected.tsecr;
	}
	note("timestamps in %u of %u", found, RANDOM_OPTIONS);
	ok(!wrong && found, "lq_parse_timestamps__any_options_as_the_kernel");
}

int main(int argc, char **argv)
{
	/* A sanitizer's report comes behind the last case that was good. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	draw = random_bits;
	test_parse_timestamps();
	if (argc > 1 && !strcmp(argv[1], "cases"))
		return tap_end();
	test_any_options();
	return tap_end();
}
