/* SPDX-License-Identifier: GPL-2.0 */
/*
 * input.h - a fuzzer's bytes, drawn one by one; to be included after what defines u8, u32
 */
#ifndef LISTENQ_FUZZ_INPUT_H
#define LISTENQ_FUZZ_INPUT_H

static struct {
	const u8 *data;
	size_t size;
} input;

/* The next byte, 0 when there is none left. */
static u8 byte(void)
{
	if (!input.size)
		return 0;
	input.size--;
	return *input.data++;
}

/* Few bytes: most draws are of a few. The third byte reaches the whole range. */
static u32 drawn(void)
{
	u32 bits = byte();

	return bits < 0xf0 ? bits : bits << 28 | (u32)byte() << 20 | byte();
}

#endif
