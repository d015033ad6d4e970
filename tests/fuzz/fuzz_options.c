// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz_options.c - libFuzzer looks for TCP options that are read beyond their end
 *
 * Bytes are the options of a header, in memory of just their size.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/options.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u32 len = size < 40 ? size : 40;
	struct lq_segment s = { 0 };
	u8 *options = malloc(len);
	bool found;

	if (!options && len)
		abort();
	if (len)
		memcpy(options, data, len);
	found = lq_parse_timestamps(&s, options, len);
	free(options);
	if (found == s.has_ts && (s.has_ts || (!s.tsval && !s.tsecr)) &&
	    (!s.has_ts || len >= 10))
		return 0;
	fprintf(stderr, "options: found %d, %#x %#x in %u bytes\n", found, s.tsval, s.tsecr,
		len);
	abort();
}
