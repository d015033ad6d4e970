// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_decide.c - libFuzzer looks for a world in which the rules go wrong
 *
 * Bytes become a world as chance does in the unit tests (world.h), and a second time
 * raw facts and answers, possible or not. The rules must say what the kernel in small
 * (stock.h) does, whatever is raw must end in a verdict of its stage, and the same
 * facts in the same one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/effect.h"
#include "unit/stock.h"

#include "input.h"

static void stop(const char *what, enum stage stage, enum lq_verdict v,
		 enum lq_verdict expected)
{
	fprintf(stderr, "%s: stage %d gives %s, expected %s\n", what, stage,
		verdict_names[v], verdict_names[expected]);
	abort();
}

static void check_world(enum stage stage)
{
	enum lq_verdict v, expected;
	struct lq_outcome unused;
	struct world w;

	draw_world(&w, stage);
	expected = stock(stage, &w, &unused);
	v = rules(stage, &w, &w.reading, &w.others);
	if (v != expected)
		stop("not as the kernel", stage, v, expected);
}

static void draw_raw(void *to, size_t size)
{
	u8 *bytes = to;

	while (size--)
		*bytes++ = byte();
}

/* Bools are 0 or 1, enums in their range; everything else is as it comes. */
static void draw_answers(struct lq_answers *a)
{
	u32 bits = byte() | (u32)byte() << 8;

	*a = (struct lq_answers) {
		.child = byte() % (LQ_CHILD_NO_COPY + 1),
		.cookie = byte() % (LQ_COOKIE_OPTIONS_OFF + 1),
		.checksum_bad = bits & 1, .not_unicast = bits & 1 << 1,
		.mapped_source = bits & 1 << 2, .no_request = bits & 1 << 3,
		.refused = bits & 1 << 4, .denied = bits & 1 << 5,
		.no_route = bits & 1 << 6, .unproven = bits & 1 << 7,
		.fastopen = bits & 1 << 8, .unsent = bits & 1 << 9,
		.quota_used_up = bits & 1 << 10, .joined = bits & 1 << 11,
		.child_dead = bits & 1 << 12, .migrated = bits & 1 << 13,
	};
}

static void draw_anything(struct world *w)
{
	memset(w, 0, sizeof(*w));
	draw_kernel(w);
	draw_settings(w);
	draw_request(w);
	draw_reading(w);
	draw_timestamps(w);
	draw_answers(&w->others);
	draw_raw(&w->reading.queues, sizeof(w->reading.queues));
	draw_raw(&w->facts.segment.seq, sizeof(u32) * 3);
	draw_raw(&w->facts.req.rcv_nxt, sizeof(u32) * 5);
	w->facts.segment.flags = byte();
}

static bool fits(enum stage stage, enum lq_verdict v)
{
	return belongs(stage, v) || (stage == CHECK_REQ && v == LQ_V_none);
}

static void check_anything(void)
{
	struct world w, same;
	enum lq_verdict v;

	draw_anything(&w);
	same = w;
	for (int stage = 0; stage < STAGES; stage++) {
		v = rules(stage, &w, &w.reading, &w.others);
		if (!fits(stage, v))
			stop("not of its stage", stage, v, LQ_V_none);
		if (rules(stage, &same, &same.reading, &same.others) != v)
			stop("not the same again", stage, v, LQ_V_none);
		lq_undo_own_effect(&same.reading, &w.reading, v);
		same = w;
	}
	v = lq_decide_do_rcv(&w.facts.segment, &w.others);
	if (v > LQ_V_syn_mapped_source && v != LQ_V_stray_rst)
		stop("not of do_rcv", STAGES, v, LQ_V_none);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	input.data = data;
	input.size = size;
	draw = drawn;
	if (byte() % 4)
		check_world(byte() % STAGES);
	else
		check_anything();
	return 0;
}
