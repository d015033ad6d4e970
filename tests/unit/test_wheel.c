// SPDX-License-Identifier: GPL-2.0
/*
 * test_wheel.c - twin of src/core/wheel.c
 *
 *   cases   what each function promises, in the order of the source
 *   wheel   due times as by a clock of 64 bits, and in order, across the wrap
 *
 * With the argument "cases" the named cases run alone, as 'make coverage' wants.
 */
#include <string.h>

#include "chance.h"
#include "core/wheel.h"
#include "tap.h"
#include "wheel_model.h"

#define WHEEL_DRAWS	300000

/* The first delay is 1 s of 1000 ticks. */
#define FIRST	1000
#define MOST	120000

static void test_wheel_due(void)
{
	IS(lq_wheel_due, no_delay, lq_wheel_due(800, 0), 801);
	IS(lq_wheel_due, first_level, lq_wheel_due(802, 62), 865);
	IS(lq_wheel_due, second_level, lq_wheel_due(801, 63), 872);
	IS(lq_wheel_due, second_level_on_slot, lq_wheel_due(800, 64), 872);
	IS(lq_wheel_due, second_level_end, lq_wheel_due(801, 503), 1312);
	IS(lq_wheel_due, third_level, lq_wheel_due(801, 504), 1344);
	IS(lq_wheel_due, fourth_level, lq_wheel_due(0, 4032), 4096);
	IS(lq_wheel_due, fifth_level, lq_wheel_due(0, 32256), 32768);
	IS(lq_wheel_due, sixth_level, lq_wheel_due(0, 258048), 262144);
	IS(lq_wheel_due, longest, lq_wheel_due(0, (63 << 21) - 1), 63 << 21);
	IS(lq_wheel_due, second_of_1000, lq_wheel_due(5, 1000), 1024);
	IS(lq_wheel_due, second_of_250, lq_wheel_due(5, 250), 256);
	IS(lq_wheel_due, second_of_100, lq_wheel_due(5, 100), 112);
	IS(lq_wheel_due, before_wrap, lq_wheel_due(0xffffff00, 254), 0);
	IS(lq_wheel_due, up_to_wrap, lq_wheel_due(0xffffff00, 247), 0xfffffff8);
	IS(lq_wheel_due, across_wrap, lq_wheel_due(0xffffff00, 1000), 768);
}

static void test_delay_of(void)
{
	IS(lq_delay_of, first, lq_delay_of(FIRST, MOST, 0), 1000);
	IS(lq_delay_of, doubles, lq_delay_of(FIRST, MOST, 1), 2000);
	IS(lq_delay_of, below_most, lq_delay_of(FIRST, MOST, 6), 64000);
	IS(lq_delay_of, most, lq_delay_of(FIRST, MOST, 7), MOST);
	IS(lq_delay_of, any_number, lq_delay_of(FIRST, MOST, 255), MOST);
	IS(lq_delay_of, first_is_most, lq_delay_of(FIRST, FIRST, 0), FIRST);
	IS(lq_delay_of, just_most, lq_delay_of(4, 32, 3), 32);
	IS(lq_delay_of, first_above_most, lq_delay_of(FIRST, 10, 0), 10);
	IS(lq_delay_of, no_overflow, lq_delay_of(1U << 31, ~0U, 1), ~0U);
	IS(lq_delay_of, last_list, lq_delay_of(1, 1 << 22, 19), 1 << 19);
	IS(lq_delay_of, last_list_has_one_delay, lq_delay_of(1, 1 << 22, 20), 1 << 19);
}

/* Most around an edge: of a level, or of the shorter clock. */
static u32 draw_delay(void)
{
	u32 edge = 63U << 3 * below(7);

	switch (below(3)) {
	case 0:
		return edge + below(5) - 2;
	case 1:
		return below(1 << below(27));
	default:
		return (100 + 150 * below(7)) << below(7);
	}
}

static void test_wheel_in_64_bits(void)
{
	unsigned int wrong = 0, early = 0;

	for (int i = 0; i < WHEEL_DRAWS && wrong < 10; i++) {
		u64 now = ((u64)below(9) << 32) + below(1 << below(31));
		u32 delay = draw_delay(), due;

		if (below(2))
			now = ((u64)1 << 32) - below(1 << below(31));
		due = lq_wheel_due(now, delay);
		early += (s32)(due - ((u32)now + delay)) <= 0;
		if (due == (u32)wheel_fires(now, delay))
			continue;
		wrong++;
		diag("now %#llx, delay %u: %#x, expected %#llx", (unsigned long long)now,
		     delay, due, (unsigned long long)wheel_fires(now, delay));
	}
	ok(!wrong, "lq_wheel_due__as_in_64_bits");
	ok(!early, "lq_wheel_due__never_early");
}

/* What keeps a list in order. Every tick around the wrap, for all kinds of delays. */
static void test_wheel_order(void)
{
	unsigned int wrong = 0;

	for (int i = 0; i < 300 && wrong < 10; i++) {
		u32 delay = draw_delay(), now = -delay - 4000;
		u32 last = lq_wheel_due(now, delay);

		for (u32 n = 0; n < 8000; n++, now++) {
			u32 due = lq_wheel_due(now, delay);

			if ((s32)(due - last) < 0 && ++wrong < 10)
				diag("delay %u: %#x, then %#x", delay, last, due);
			last = due;
		}
	}
	ok(!wrong, "lq_wheel_due__never_goes_back");
}

/* Whether the wheel's clock is one ahead of jiffies makes no difference to seconds. */
static void test_wheel_clock(void)
{
	static const u32 rates[] = { 100, 250, 300, 1000 };
	unsigned int wrong = 0;

	for (int i = 0; i < 4; i++)
		for (u32 seconds = 1; seconds <= 120; seconds++)
			for (u32 now = -200000U; now < -199000U; now++)
				wrong += lq_wheel_due(now, seconds * rates[i]) !=
					 lq_wheel_due(now + 1, seconds * rates[i] - 1);
	ok(!wrong, "lq_wheel_due__seconds_by_a_clock_one_ahead");
}

int main(int argc, char **argv)
{
	/* A sanitizer's report comes behind the last case that was good. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	draw = random_bits;
	test_wheel_due();
	test_delay_of();
	if (argc > 1 && !strcmp(argv[1], "cases"))
		return tap_end();
	test_wheel_in_64_bits();
	test_wheel_order();
	test_wheel_clock();
	return tap_end();
}
