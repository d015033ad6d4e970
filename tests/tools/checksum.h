/* SPDX-License-Identifier: GPL-2.0 */
/*
 * checksum.h - the Internet checksum (RFC 1071) of what tests build themselves
 */
#ifndef LISTENQ_CHECKSUM_H
#define LISTENQ_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t checksum_add(const void *data, size_t len, uint32_t acc)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		acc += p[0] << 8 | p[1];
	return len ? acc + (p[0] << 8) : acc;
}

/* In host order */
static inline uint16_t checksum_fold(uint32_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return ~acc & 0xffff;
}

#endif
