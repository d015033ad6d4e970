/* SPDX-License-Identifier: GPL-2.0 */
/*
 * frames.h - segments of numbered flows on an AF_PACKET socket, over IPv4
 *
 * A flow's number is its client's address and port: FRAMES_PORTS ports each, from
 * 10.99.0.1 on.
 */
#ifndef LISTENQ_FRAMES_H
#define LISTENQ_FRAMES_H

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "checksum.h"

#define FRAMES_SERVER 0x0a090001	/* 10.9.0.1 */
#define FRAMES_CLIENT 0x0a630001
#define FRAMES_FIRST_PORT 1024
#define FRAMES_PORTS 60000

#define SYN TH_SYN
#define ACK TH_ACK
#define RST TH_RST

/* From a client; all in host order. */
struct segment {
	long flow;
	uint32_t server;
	uint16_t port;
	uint8_t flags;
	uint32_t seq, ack;
	const void *data;
	size_t len;
};

/* "xx:xx:xx:xx:xx:xx"; returns false when it is none. */
static inline bool frame_mac(const char *text, uint8_t *mac)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", mac, mac + 1, mac + 2, mac + 3,
		      mac + 4, mac + 5) == ETH_ALEN;
}

static inline void frame_put_ether(uint8_t *frame, const uint8_t *mac, uint16_t type)
{
	struct ether_header *eth = (struct ether_header *)frame;

	memcpy(eth->ether_dhost, mac, ETH_ALEN);
	memset(eth->ether_shost, 2, ETH_ALEN);
	eth->ether_type = htons(type);
}

/* @pseudo: of the addresses; returns the end. */
static inline uint8_t *frame_put_tcp(struct tcphdr *th, const struct segment *s, uint32_t pseudo)
{
	size_t len = sizeof(*th) + s->len;

	memset(th, 0, sizeof(*th));
	th->th_sport = htons(FRAMES_FIRST_PORT + s->flow % FRAMES_PORTS);
	th->th_dport = htons(s->port);
	th->th_seq = htonl(s->seq);
	th->th_ack = s->flags & ACK ? htonl(s->ack) : 0;
	th->th_off = sizeof(*th) / 4;
	th->th_flags = s->flags;
	th->th_win = htons(65535);
	if (s->len)
		memcpy(th + 1, s->data, s->len);
	th->th_sum = htons(checksum_fold(checksum_add(th, len, pseudo + IPPROTO_TCP + len)));
	return (uint8_t *)th + len;
}

/* Returns its length. */
static inline size_t frame_put(uint8_t *frame, const uint8_t *mac, const struct segment *s)
{
	struct iphdr *ip = (struct iphdr *)(frame + sizeof(struct ether_header));

	frame_put_ether(frame, mac, ETHERTYPE_IP);
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->tot_len = htons(sizeof(*ip) + sizeof(struct tcphdr) + s->len);
	ip->saddr = htonl(FRAMES_CLIENT + s->flow / FRAMES_PORTS);
	ip->daddr = htonl(s->server);
	ip->check = htons(checksum_fold(checksum_add(ip, sizeof(*ip), 0)));
	return frame_put_tcp((struct tcphdr *)(ip + 1), s, checksum_add(&ip->saddr, 8, 0)) - frame;
}

/* The flow of that client; address and port as they are on the wire. */
static inline long frame_flow(uint32_t addr, uint16_t port)
{
	return (long)(ntohl(addr) - FRAMES_CLIENT) * FRAMES_PORTS + ntohs(port) -
	       FRAMES_FIRST_PORT;
}

/* All that has come so far to a client, from that port of the server. */
static inline void frames_read(int fd, uint16_t port,
			       void (*came)(long flow, const struct tcphdr *th))
{
	struct {
		struct ether_header eth;
		struct iphdr ip;
		struct tcphdr th;
		uint8_t rest[1500];
	} __attribute__((packed)) in;

	while (recv(fd, &in, sizeof(in), MSG_DONTWAIT) >=
	       (ssize_t)(sizeof(in) - sizeof(in.rest))) {
		struct tcphdr th = in.th;

		if (in.ip.protocol == IPPROTO_TCP && ntohs(th.th_sport) == port)
			came(frame_flow(in.ip.daddr, th.th_dport), &th);
	}
}

#endif
