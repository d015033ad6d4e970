// SPDX-License-Identifier: GPL-2.0
/*
 * flood [-t] [-f N] [-b N] [-l N] IFACE MAC DST PORT KIND COUNT [US]: send COUNT
 * frames, exactly
 *
 * One-segment frames to a listener, each from another address and port, so that a
 * listener's counts can be compared with a number that nobody else made. KIND is
 * syn, ack, rst, synack, null or badsum (a SYN). DST is an IPv4 address (sources
 * 10.99.x.y) or an IPv6 address (sources fd99::x). Prints how many were sent.
 *
 *   US  microseconds to wait after each
 *   -f  only N different flows: then the same frames come again
 *   -b  begin with flow N
 *   -t  print the nanoseconds that it took, too (see meter.h)
 *   -l  those that the last N took
 */
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip6.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"
#include "meter.h"

/* Of up to 76 bytes tcp_v4_rcv checks the sum before it looks for a listener. */
#define LONG_PAYLOAD 100

struct kind {
	const char *name;
	uint8_t flags;
	size_t payload;
};

static const struct kind kinds[] = {
	{ "syn", SYN, 0 }, { "ack", ACK, 0 }, { "rst", RST, 0 },
	{ "synack", SYN | ACK, 0 }, { "null", 0, 0 }, { "badsum", SYN, LONG_PAYLOAD },
};

/* To whom, and what. */
struct target {
	uint8_t mac[ETH_ALEN];
	bool four;
	struct in_addr dst4;
	struct in6_addr dst6;
	uint16_t port;
	const struct kind *kind;
};

static size_t put6(uint8_t *frame, const struct target *to, const struct segment *s)
{
	struct ip6_hdr *ip = (struct ip6_hdr *)(frame + sizeof(struct ether_header));
	size_t len = sizeof(struct tcphdr) + s->len;
	uint32_t host = htonl(1 + s->flow / FRAMES_PORTS);

	frame_put_ether(frame, to->mac, ETHERTYPE_IPV6);
	memset(ip, 0, sizeof(*ip));
	ip->ip6_vfc = 0x60;
	ip->ip6_hlim = 64;
	ip->ip6_nxt = IPPROTO_TCP;
	ip->ip6_plen = htons(len);
	inet_pton(AF_INET6, "fd99::", &ip->ip6_src);
	memcpy(ip->ip6_src.s6_addr + 12, &host, sizeof(host));
	ip->ip6_dst = to->dst6;
	return frame_put_tcp((struct tcphdr *)(ip + 1), s, checksum_add(&ip->ip6_src, 32, 0)) -
	       frame;
}

/* Returns its length. */
static size_t put(uint8_t *frame, const struct target *to, uint32_t flow)
{
	static const uint8_t payload[LONG_PAYLOAD];
	struct segment s = {
		.flow = flow,
		.server = ntohl(to->dst4.s_addr),
		.port = to->port,
		.flags = to->kind->flags,
		.seq = 1000 + flow * 7919,
		.ack = flow + 1,
		.data = payload,
		.len = to->kind->payload,
	};
	size_t len = to->four ? frame_put(frame, to->mac, &s) : put6(frame, to, &s);

	/* Any bit of it will do. */
	if (!strcmp(to->kind->name, "badsum"))
		frame[len - 1] ^= 1;
	return len;
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
	struct sockaddr_ll wire = { .sll_family = AF_PACKET };
	struct target to = { 0 };
	uint8_t frame[256];
	long count, flows = 0, first = 0, last = 0, sent = 0;
	int fd, pace, opt, timed = 0;
	long long start = 0;

	while ((opt = getopt(argc, argv, "tf:b:l:")) != -1) {
		if (opt == 't')
			timed = 1;
		else if (opt == 'f')
			flows = atol(optarg);
		else if (opt == 'b')
			first = atol(optarg);
		else if (opt == 'l')
			last = atol(optarg);
	}
	argc -= optind - 1;
	argv += optind - 1;
	if (argc < 7) {
		fputs("usage: flood [-t] [-f N] [-b N] [-l N] IFACE MAC DST PORT KIND COUNT [US]\n",
		      stderr);
		return 2;
	}
	wire.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (!wire.sll_ifindex || fd < 0 ||
	    bind(fd, (struct sockaddr *)&wire, sizeof(wire))) {
		perror(argv[1]);
		return 1;
	}
	if (!frame_mac(argv[2], to.mac)) {
		fprintf(stderr, "flood: bad MAC address '%s'\n", argv[2]);
		return 2;
	}
	to.four = inet_pton(AF_INET, argv[3], &to.dst4);
	if (!to.four && !inet_pton(AF_INET6, argv[3], &to.dst6)) {
		fprintf(stderr, "flood: bad address '%s'\n", argv[3]);
		return 2;
	}
	to.port = atoi(argv[4]);
	to.kind = find_kind(argv[5]);
	count = atol(argv[6]);
	pace = argc > 7 ? atoi(argv[7]) : 0;
	for (long n = 0; n < count; n++) {
		if (timed && n == (last ? count - last : 0))
			start = meter_start();
		size_t len = put(frame, &to, first + (flows ? n % flows : n));

		if (send(fd, frame, len, 0) > 0)
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
