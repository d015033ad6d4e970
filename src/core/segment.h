/* SPDX-License-Identifier: GPL-2.0 */
/*
 * segment.h - one segment and the flow it belongs to, in plain C
 *
 * No kernel header beyond linux/types.h: core/ is compiled into the module and,
 * unchanged, into user-space tests.
 */
#ifndef LISTENQ_SEGMENT_H
#define LISTENQ_SEGMENT_H

#ifdef __KERNEL__
#include <linux/string.h>
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int32_t s32;
typedef uint16_t __be16;
#endif

/* Bits of the 13th byte of the TCP header (RFC 9293, section 3.1). */
#define LQ_FIN 0x01
#define LQ_SYN 0x02
#define LQ_RST 0x04
#define LQ_PSH 0x08
#define LQ_ACK 0x10
#define LQ_URG 0x20
#define LQ_ECE 0x40
#define LQ_CWR 0x80

/**
 * struct lq_flow - the four-tuple, seen from the listener
 * @family: 4 or 6, the family of the packet (4 on a dual-stack listener too)
 * @sport: port of the listener's side, network order
 * @dport: port of the client's side, network order
 * @saddr: address of the listener's side, network order; IPv4 in the first four bytes
 * @daddr: address of the client's side, the same way
 *
 * Unused address bytes are zero, so that two flows compare with memcmp().
 */
struct lq_flow {
	u8 family;
	u8 zero;
	__be16 sport;
	__be16 dport;
	u8 saddr[16];
	u8 daddr[16];
};

/**
 * struct lq_segment - what the rules look at
 * @seq: first sequence number, host order
 * @ack_seq: acknowledged sequence number, host order, as in the header
 * @len: bytes of payload
 * @flags: LQ_FIN .. LQ_CWR
 * @has_ts: it carries timestamps, and the kernel looks at them (tcp_timestamps)
 * @tsval: the sender's, valid if @has_ts
 * @tsecr: what it echoes, as in the header, valid if @has_ts
 */
struct lq_segment {
	u32 seq;
	u32 ack_seq;
	u32 len;
	u8 flags;
	bool has_ts;
	u32 tsval;
	u32 tsecr;
};

/**
 * struct lq_lengths - of both queues of a listener, at one moment
 * @synq: pending requests
 * @young: those whose SYN-ACK was never repeated
 * @synq_limit: how many fit (sk_max_ack_backlog; tcp_max_syn_backlog is apart)
 * @acceptq: connections that wait for accept()
 * @acceptq_limit: sk_max_ack_backlog
 */
struct lq_lengths {
	u32 synq;
	u32 young;
	u32 synq_limit;
	u32 acceptq;
	u32 acceptq_limit;
};

/* First sequence number behind the segment: SYN and FIN count. */
static inline u32 lq_end_seq(const struct lq_segment *s)
{
	return s->seq + s->len + !!(s->flags & LQ_SYN) + !!(s->flags & LQ_FIN);
}

#endif
