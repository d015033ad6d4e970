// SPDX-License-Identifier: GPL-2.0
/*
 * flood [-t] [-f N] IFACE MAC DST PORT KIND COUNT [US]: send COUNT frames, exactly
 *
 * One-segment frames to a listener, each from another address and port, so that a
 * listener's counts can be compared with a number that nobody else made. KIND is
 * syn, ack, rst, synack, null or badsum (a SYN). DST is an IPv4 address (sources
 * 10.99.x.y) or an IPv6 address (sources fd99::x). Prints how many were sent.
 *
 *   US  microseconds to wait after each
 *   -f  only N different flows: then the same frames come again
 *   -t  print the nanoseconds that it took, too (see meter.h)
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "meter.h"

/* Of up to 76 bytes tcp_v4_rcv checks the sum before it looks for a listener. */
#define LONG_PAYLOAD 100
#define FIRST_PORT 1024
#define PORTS 60000

struct kind {
	const char *name;
	uint8_t flags;
	size_t payload;
};

static const struct kind kinds[] = {
	{ "syn", 0x02, 0 }, { "ack", 0x10, 0 }, { "rst", 0x04, 0 },
	{ "synack", 0x12, 0 }, { "null", 0x00, 0 }, { "badsum", 0x02, LONG_PAYLOAD },
};

static uint32_t sum(const void *data, size_t len, uint32_t acc)
{
	const uint8_t *p = data;

	for (; len > 1; len -= 2, p += 2)
		acc += p[0] << 8 | p[1];
	return len ? acc + (p[0] << 8) : acc;
}

static uint16_t fold(uint32_t acc)
{
	while (acc >> 16)
		acc = (acc & 0xffff) + (acc >> 16);
	return htons(~acc & 0xffff);
}

static void fill_tcp(struct tcphdr *th, uint16_t port, const struct kind *kind, uint32_t n)
{
	memset(th, 0, sizeof(*th));
	th->th_sport = htons(FIRST_PORT + n % PORTS);
	th->th_dport = htons(port);
	th->th_seq = htonl(1000 + n * 7919);
	th->th_ack = kind->flags & 0x10 ? htonl(n + 1) : 0;
	th->th_off = 5;
	th->th_flags = kind->flags;
	th->th_win = htons(65535);
}

static size_t build4(uint8_t *at, struct in_addr dst, uint16_t port, const struct kind *kind,
		     uint32_t n)
{
	size_t len = sizeof(struct tcphdr) + kind->payload;
	struct iphdr *ip = (struct iphdr *)at;
	struct tcphdr *th = (struct tcphdr *)(ip + 1);

	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_TCP;
	ip->tot_len = htons(sizeof(*ip) + len);
	ip->saddr = htonl(0x0a630001 + n / PORTS);
	ip->daddr = dst.s_addr;
	ip->check = fold(sum(ip, sizeof(*ip), 0));
	fill_tcp(th, port, kind, n);
	memset(th + 1, 0, kind->payload);
	th->th_sum = fold(sum(th, len, sum(&ip->saddr, 8, IPPROTO_TCP + len)));
	if (!strcmp(kind->name, "badsum"))
		th->th_sum ^= htons(1);
	return sizeof(*ip) + len;
}

static size_t build6(uint8_t *at, struct in6_addr dst, uint16_t port, const struct kind *kind,
		     uint32_t n)
{
	size_t len = sizeof(struct tcphdr) + kind->payload;
	struct ip6_hdr *ip = (struct ip6_hdr *)at;
	struct tcphdr *th = (struct tcphdr *)(ip + 1);
	uint32_t host = htonl(1 + n / PORTS);

	memset(ip, 0, sizeof(*ip));
	ip->ip6_vfc = 0x60;
	ip->ip6_hlim = 64;
	ip->ip6_nxt = IPPROTO_TCP;
	ip->ip6_plen = htons(len);
	inet_pton(AF_INET6, "fd99::", &ip->ip6_src);
	memcpy(ip->ip6_src.s6_addr + 12, &host, sizeof(host));
	ip->ip6_dst = dst;
	fill_tcp(th, port, kind, n);
	memset(th + 1, 0, kind->payload);
	th->th_sum = fold(sum(th, len, sum(&ip->ip6_src, 32, IPPROTO_TCP + len)));
	if (!strcmp(kind->name, "badsum"))
		th->th_sum ^= htons(1);
	return sizeof(*ip) + len;
}

static const struct kind *find_kind(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	fprintf(stderr, "flood: no kind '%s'\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	struct ether_header *eth;
	const struct kind *kind;
	uint8_t frame[256];
	struct in6_addr dst6;
	struct in_addr dst4;
	long count, flows = 0, sent = 0;
	int fd, four, pace, opt, timed = 0;
	long long start = 0;
	uint16_t port;

	while ((opt = getopt(argc, argv, "tf:")) != -1) {
		if (opt == 't')
			timed = 1;
		else if (opt == 'f')
			flows = atol(optarg);
	}
	argc -= optind - 1;
	argv += optind - 1;
	if (argc < 7) {
		fprintf(stderr, "usage: flood [-t] [-f N] IFACE MAC DST PORT KIND COUNT [US]\n");
		return 2;
	}
	eth = (struct ether_header *)frame;
	to.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (!to.sll_ifindex || fd < 0 ||
	    bind(fd, (struct sockaddr *)&to, sizeof(to))) {
		perror(argv[1]);
		return 1;
	}
	memset(frame, 2, sizeof(*eth));
	if (sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", frame, frame + 1, frame + 2,
		   frame + 3, frame + 4, frame + 5) != 6) {
		fprintf(stderr, "flood: bad MAC address '%s'\n", argv[2]);
		return 2;
	}
	four = inet_pton(AF_INET, argv[3], &dst4);
	if (!four && !inet_pton(AF_INET6, argv[3], &dst6)) {
		fprintf(stderr, "flood: bad address '%s'\n", argv[3]);
		return 2;
	}
	eth->ether_type = htons(four ? ETHERTYPE_IP : ETHERTYPE_IPV6);
	port = atoi(argv[4]);
	kind = find_kind(argv[5]);
	count = atol(argv[6]);
	pace = argc > 7 ? atoi(argv[7]) : 0;
	if (timed)
		start = meter_start();
	for (long n = 0; n < count; n++) {
		uint8_t *body = frame + sizeof(*eth);
		uint32_t flow = flows ? n % flows : n;
		size_t len = four ? build4(body, dst4, port, kind, flow) :
				    build6(body, dst6, port, kind, flow);

		if (send(fd, frame, sizeof(*eth) + len, 0) > 0)
			sent++;
		if (pace)
			usleep(pace);
	}
	if (timed)
		printf("%ld %lld\n", sent, meter_stop(start));
	else
		printf("%ld\n", sent);
	return 0;
}
