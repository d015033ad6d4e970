// SPDX-License-Identifier: GPL-2.0
/*
 * frame.c - a segment as bytes on the wire, and back
 *
 * Headers are written byte by byte: what is sent is exactly what a story says,
 * wrong checksums included, whatever the host's headers think of it.
 */
#include <string.h>

#include "../tools/checksum.h"
#include "drive.h"

enum { ETH_HDR = 14, IP4_HDR = 20, IP6_HDR = 40, TCP_HDR = 20 };

static void put16(unsigned char *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v & 0xff;
}

static void put32(unsigned char *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

static uint16_t get16(const unsigned char *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Options in the order a Linux client writes them; returns bytes, padded to 4. */
static size_t put_options(const struct tcp_options *o, unsigned char *start)
{
	unsigned char *p = start;

	if (o->has_mss) {
		*p++ = 2; *p++ = 4;
		put16(p, o->mss);
		p += 2;
	}
	if (o->has_sackok) {
		*p++ = 4; *p++ = 2;
	}
	if (o->has_ts) {
		*p++ = 8; *p++ = 10;
		put32(p, o->tsval);
		put32(p + 4, o->tsecr);
		p += 8;
	}
	if (o->has_wscale) {
		*p++ = 3; *p++ = 3; *p++ = o->wscale;
	}
	if (o->has_tfo) {
		*p++ = 34; *p++ = 2 + o->tfo_len;
		memcpy(p, o->tfo, o->tfo_len);
		p += o->tfo_len;
	}
	memcpy(p, o->raw, o->raw_len);
	p += o->raw_len;
	while ((p - start) % 4)
		*p++ = 1;
	return p - start;
}

static void get_options(const unsigned char *p, const unsigned char *end, struct tcp_options *o)
{
	for (; p < end && *p; p += *p == 1 ? 1 : p[1]) {
		if (*p == 1)
			continue;
		if (p + 1 >= end || p[1] < 2 || p + p[1] > end)
			return;
		if (p[0] == 2 && p[1] == 4) {
			o->has_mss = true;
			o->mss = get16(p + 2);
		} else if (p[0] == 3 && p[1] == 3) {
			o->has_wscale = true;
			o->wscale = p[2];
		} else if (p[0] == 4) {
			o->has_sackok = true;
		} else if (p[0] == 8 && p[1] == 10) {
			o->has_ts = true;
			o->tsval = get32(p + 2);
			o->tsecr = get32(p + 6);
		} else if (p[0] == 34 && p[1] <= 18) {
			o->has_tfo = true;
			o->tfo_len = p[1] - 2;
			memcpy(o->tfo, p + 2, o->tfo_len);
		} else if (p[0] == 30 && o->raw_len + p[1] <= (int)sizeof(o->raw)) {
			memcpy(o->raw + o->raw_len, p, p[1]);
			o->raw_len += p[1];
		}
	}
}

static size_t put_ip4(unsigned char *p, const struct segment *s, size_t tcp_len)
{
	memset(p, 0, IP4_HDR);
	p[0] = 0x45;
	p[1] = s->tos;
	put16(p + 2, IP4_HDR + tcp_len);
	p[6] = 0x40;
	p[8] = s->ttl;
	p[9] = IPPROTO_TCP;
	memcpy(p + 12, s->src.s6_addr + 12, 4);
	memcpy(p + 16, s->dst.s6_addr + 12, 4);
	put16(p + 10, checksum_fold(checksum_add(p, IP4_HDR, 0)));
	return IP4_HDR;
}

static size_t put_ip6(unsigned char *p, const struct segment *s, size_t tcp_len)
{
	put32(p, 6u << 28 | s->tos << 20);
	put16(p + 4, tcp_len);
	p[6] = IPPROTO_TCP;
	p[7] = s->ttl;
	memcpy(p + 8, &s->src, 16);
	memcpy(p + 24, &s->dst, 16);
	return IP6_HDR;
}

static size_t put_tcp(unsigned char *p, const struct segment *s)
{
	uint32_t pseudo = IPPROTO_TCP;
	size_t hdr, len;
	int i;

	hdr = TCP_HDR + put_options(&s->opt, p + TCP_HDR);
	len = hdr + s->len;
	put16(p, s->sport);
	put16(p + 2, s->dport);
	put32(p + 4, s->seq);
	put32(p + 8, s->ack);
	p[12] = hdr / 4 << 4;
	p[13] = s->flags;
	put16(p + 14, s->win);
	put32(p + 16, 0);
	for (i = 0; i < s->len; i++)
		p[hdr + i] = 'a' + i % 26;

	/* The mapped form adds 0xffff for each address: nothing in one's complement. */
	pseudo = checksum_add(s->src.s6_addr, 16, checksum_add(s->dst.s6_addr, 16, pseudo + len));
	put16(p + 16, checksum_fold(checksum_add(p, len, pseudo)));
	if (s->badsum)
		p[16] ^= 0x55;
	return len;
}

size_t frame_build(const struct segment *seg, unsigned char *buf, const uint8_t *dst_mac,
		   const uint8_t *src_mac)
{
	size_t ip_hdr = ipv4_frames() ? IP4_HDR : IP6_HDR;
	size_t tcp_len = put_tcp(buf + ETH_HDR + ip_hdr, seg);

	memcpy(buf, dst_mac, 6);
	if (seg->eth_broadcast)
		memset(buf, 0xff, 6);
	memcpy(buf + 6, src_mac, 6);
	put16(buf + 12, ipv4_frames() ? 0x0800 : 0x86dd);
	if (ipv4_frames())
		put_ip4(buf + ETH_HDR, seg, tcp_len);
	else
		put_ip6(buf + ETH_HDR, seg, tcp_len);
	return ETH_HDR + ip_hdr + tcp_len;
}

/*
 * An ICMP error of IPv4, from the segment's source: it quotes a SYN-ACK, or whatever else
 * the segment's destination has sent with the number that the segment acknowledges.
 */
size_t frame_icmp(const struct segment *seg, uint8_t type, uint8_t code, unsigned char *buf,
		  const uint8_t *dst_mac, const uint8_t *src_mac)
{
	enum { ICMP_HDR = 8, QUOTED = IP4_HDR + 8, LEN = ICMP_HDR + QUOTED };
	unsigned char *ip = buf + ETH_HDR, *icmp = ip + IP4_HDR, *quoted = icmp + ICMP_HDR;
	struct segment sent = *seg;

	memcpy(buf, dst_mac, 6);
	memcpy(buf + 6, src_mac, 6);
	put16(buf + 12, 0x0800);
	put_ip4(ip, seg, LEN);
	ip[9] = IPPROTO_ICMP;
	put16(ip + 10, 0);
	put16(ip + 10, checksum_fold(checksum_add(ip, IP4_HDR, 0)));
	memset(icmp, 0, LEN);
	icmp[0] = type;
	icmp[1] = code;
	put16(icmp + 6, seg->len);	/* fragmentation needed: the MTU */
	sent.src = seg->dst;
	sent.dst = seg->src;
	put_ip4(quoted, &sent, 40);
	put16(quoted + IP4_HDR, seg->dport);
	put16(quoted + IP4_HDR + 2, seg->sport);
	put32(quoted + IP4_HDR + 4, seg->ack);
	put16(icmp + 2, checksum_fold(checksum_add(icmp, LEN, 0)));
	return ETH_HDR + IP4_HDR + LEN;
}

static void map4(struct in6_addr *a, const unsigned char *p)
{
	memset(a, 0, sizeof(*a));
	a->s6_addr[10] = 0xff;
	a->s6_addr[11] = 0xff;
	memcpy(a->s6_addr + 12, p, 4);
}

/* Returns false for what is no whole TCP segment of either family. */
bool frame_parse(const unsigned char *buf, size_t len, struct segment *s)
{
	const unsigned char *ip = buf + ETH_HDR, *tcp;
	size_t hdr, tcp_len;

	memset(s, 0, sizeof(*s));
	if (len >= ETH_HDR + IP4_HDR + TCP_HDR && get16(buf + 12) == 0x0800) {
		if (ip[9] != IPPROTO_TCP)
			return false;
		hdr = (ip[0] & 15) * 4;
		tcp_len = get16(ip + 2) - hdr;
		map4(&s->src, ip + 12);
		map4(&s->dst, ip + 16);
		s->tos = ip[1];
		s->ttl = ip[8];
	} else if (len >= ETH_HDR + IP6_HDR + TCP_HDR && get16(buf + 12) == 0x86dd) {
		if (ip[6] != IPPROTO_TCP)
			return false;
		hdr = IP6_HDR;
		tcp_len = get16(ip + 4);
		memcpy(&s->src, ip + 8, 16);
		memcpy(&s->dst, ip + 24, 16);
		s->tos = get32(ip) >> 20 & 0xff;
		s->ttl = ip[7];
	} else {
		return false;
	}
	tcp = ip + hdr;
	hdr = ETH_HDR + hdr;
	if (hdr + tcp_len > len || tcp_len < TCP_HDR || tcp_len < (size_t)(tcp[12] >> 4) * 4)
		return false;
	s->sport = get16(tcp);
	s->dport = get16(tcp + 2);
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13];
	s->win = get16(tcp + 14);
	s->len = tcp_len - (tcp[12] >> 4) * 4;
	get_options(tcp + TCP_HDR, tcp + (tcp[12] >> 4) * 4, &s->opt);
	return true;
}
