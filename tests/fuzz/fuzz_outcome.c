// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_outcome.c - libFuzzer looks for facts that break a property of the rules
 *
 * Bytes become a struct lq_outcome, enums and bools brought into range; every
 * stage is asked. The properties are those of tests/unit/property.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/property.h"

struct input {
	const u8 *data;
	size_t size;
};

/* The next byte, 0 when there is none left. */
static u8 byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static bool bit(struct input *in)
{
	return byte(in) & 1;
}

static void read_facts(struct lq_outcome *o, struct input *in)
{
	memset(o, 0, sizeof(*o));
	for (int i = 0; i < 4; i++)
		o->moved |= (u32)byte(in) << 8 * i;
	o->returned = byte(in) % (LQ_RET_CHILD + 1);
	o->synack = byte(in) % (LQ_SYNACK_FASTOPEN + 1);
	o->flags = byte(in);
	o->synack_failed = bit(in);
	o->lsm_asked = bit(in);
	o->lsm_denied = bit(in);
	o->proven_asked = bit(in);
	o->child_asked = bit(in);
	o->ack_sent = bit(in);
	o->challenge_asked = bit(in);
	o->cookies_always = bit(in);
	o->timewait = bit(in);
	o->repeats_syn = bit(in);
	o->via_check_req = bit(in);
	o->fastopen = bit(in);
	o->stolen = bit(in);
	o->joined = bit(in);
	o->child_dead = bit(in);
	o->closed = bit(in);
	o->upper = bit(in);
	o->queue_full = bit(in);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = { data, size };
	struct lq_outcome o;
	const char *broken;

	read_facts(&o, &in);
	for (int stage = 0; stage < STAGES; stage++) {
		broken = broken_property(stage, &o);
		if (!broken)
			continue;
		fprintf(stderr, "stage %d gives %s, broken: %s\n", stage,
			verdict_names[verdict_of(stage, &o)], broken);
		abort();
	}
	return 0;
}
