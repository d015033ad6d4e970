// SPDX-License-Identifier: GPL-2.0
/*
 * options.c - TCP options of a segment, as far as the rules look at them: timestamps
 *
 * They come from the network: no length is believed that reaches beyond the header.
 */
#include "core/options.h"

#define OPT_END		0
#define OPT_NOP		1
#define OPT_TIMESTAMP	8
#define LEN_TIMESTAMP	10

static u32 get_be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/**
 * lq_parse_timestamps() - find the timestamps among a segment's options
 * @segment: has_ts, tsval and tsecr are set
 * @options: behind the fixed header
 * @len: bytes, 0..40
 *
 * As tcp_parse_options: the last one counts, a bad length ends the search.
 *
 * Return: whether there are any.
 */
bool lq_parse_timestamps(struct lq_segment *segment, const u8 *options, u32 len)
{
	u32 size;

	segment->has_ts = false;
	for (; len; options += size, len -= size) {
		size = 1;
		if (options[0] == OPT_END)
			break;
		if (options[0] == OPT_NOP)
			continue;
		if (len < 2 || options[1] < 2 || options[1] > len)
			break;
		size = options[1];
		if (options[0] != OPT_TIMESTAMP || size != LEN_TIMESTAMP)
			continue;
		segment->has_ts = true;
		segment->tsval = get_be32(options + 2);
		segment->tsecr = get_be32(options + 6);
	}
	return segment->has_ts;
}
