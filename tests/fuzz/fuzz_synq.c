// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_synq.c - libFuzzer looks for operations that break a SYN queue's shard
 *
 * Bytes are what chance is in the unit tests: which operation, on which record or flow,
 * how much time goes by. The shard must do as the model (synq_model.h), and its buckets
 * and lists must fit together after each one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "unit/synq_model.h"

#include "input.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct model m;
	const char *wrong = NULL;

	input.data = data;
	input.size = size;
	draw = drawn;
	model_init(&m);
	while (input.size && !wrong) {
		wrong = model_step(&m);
		if (!wrong)
			wrong = model_broken(&m);
	}
	if (!wrong)
		return 0;
	fprintf(stderr, "%s, %zu bytes before the end\n", wrong, input.size);
	abort();
}
