// SPDX-License-Identifier: GPL-2.0
/*
 * flood [-t] [-f N] [-b N] [-l N] IFACE MAC DST PORT KIND COUNT [US]: send COUNT
 * frames, exactly
 *
 * One-segment frames to a listener, each from another address and port, so that a
 * listener's counts can be compared with a number that nobody else made. KIND is
 * syn, ack, rst, synack, null, badsum (a SYN), badshort (one without payload) or fuzz: flags
 * and numbers by chance, of a few flows, so that many are for pending requests. DST is an
 * IPv4 address (sources 10.99.x.y) or an IPv6 address (sources fd99::x). Prints how many were
 * sent.
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
	{ "badshort", SYN, 0 }, { "fuzz", 0, 0 },
};

#define FUZZ_FLOWS 500

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

static uint32_t chance(void)
{
	static uint32_t state = 2463534242;

	/* xorshift32 of George Marsaglia */
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

/* Every second one is a plain SYN, so that requests are there for the others. */
static void fuzz(struct segment *s)
{
	static const uint8_t flags[] = { ACK, RST, SYN, SYN | ACK, RST | ACK, 0, ACK | TH_FIN,
					 SYN | RST, SYN | TH_FIN, ACK | TH_PUSH, ACK, RST };

	s->flow = chance() % FUZZ_FLOWS;
	s->seq = 1000 + s->flow * 7919;
	s->flags = SYN;
	if (chance() & 1)
		return;
	s->flags = flags[chance() % sizeof(flags)];
	s->seq += chance() % 3 ? chance() % 2 : chance();
	s->ack = chance();
	s->len = chance() % 4 ? 0 : chance() % LONG_PAYLOAD;
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
	size_t len;

	if (!strcmp(to->kind->name, "fuzz"))
		fuzz(&s);
	len = to->four ? frame_put(frame, to->mac, &s) : put6(frame, to, &s);
	/* Any bit of it will do. */
	if (!strncmp(to->kind->name, "bad", 3))
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

/* How many, and how */
struct pace {
	long	count, flows, first, last;
	int	timed, us;
};

static void options(struct pace *p, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "tf:b:l:")) != -1) {
		if (opt == 't')
			p->timed = 1;
		else if (opt == 'f')
			p->flows = atol(optarg);
		else if (opt == 'b')
			p->first = atol(optarg);
		else if (opt == 'l')
			p->last = atol(optarg);
	}
}

static int open_wire(const char *name)
{
	struct sockaddr_ll wire = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	wire.sll_ifindex = if_nametoindex(name);
	if (!wire.sll_ifindex || fd < 0 || bind(fd, (struct sockaddr *)&wire, sizeof(wire))) {
		perror(name);
		exit(1);
	}
	return fd;
}

static void find_target(struct target *to, char **argv)
{
	if (!frame_mac(argv[0], to->mac)) {
		fprintf(stderr, "flood: bad MAC address '%s'\n", argv[0]);
		exit(2);
	}
	to->four = inet_pton(AF_INET, argv[1], &to->dst4);
	if (!to->four && !inet_pton(AF_INET6, argv[1], &to->dst6)) {
		fprintf(stderr, "flood: bad address '%s'\n", argv[1]);
		exit(2);
	}
	to->port = atoi(argv[2]);
	to->kind = find_kind(argv[3]);
}

static void flood(int fd, const struct target *to, const struct pace *p)
{
	uint8_t frame[256];
	long long start = 0;
	long sent = 0;

	for (long n = 0; n < p->count; n++) {
		if (p->timed && n == (p->last ? p->count - p->last : 0))
			start = meter_start();
		size_t len = put(frame, to, p->first + (p->flows ? n % p->flows : n));

		if (send(fd, frame, len, 0) > 0)
			sent++;
		if (p->us)
			usleep(p->us);
	}
	if (p->timed)
		printf("%ld %lld\n", sent, meter_stop(start));
	else
		printf("%ld\n", sent);
}

int main(int argc, char **argv)
{
	struct target to = { 0 };
	struct pace pace = { 0 };
	int fd;

	options(&pace, argc, argv);
	argc -= optind - 1;
	argv += optind - 1;
	if (argc < 7) {
		fputs("usage: flood [-t] [-f N] [-b N] [-l N] IFACE MAC DST PORT KIND COUNT [US]\n",
		      stderr);
		return 2;
	}
	fd = open_wire(argv[1]);
	find_target(&to, argv + 2);
	pace.count = atol(argv[6]);
	pace.us = argc > 7 ? atoi(argv[7]) : 0;
	flood(fd, &to, &pace);
	return 0;
}
