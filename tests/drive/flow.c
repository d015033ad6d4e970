// SPDX-License-Identifier: GPL-2.0
/*
 * flow.c - the clients of a story: who they are, what they send and hear
 *
 * A flow gets an address and a port that no flow of this run had before, so
 * nothing (TCP metrics, TIME_WAIT, a late SYN-ACK) carries over between stories.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "drive.h"

static struct flow *flows[512];
static int nr_flows;
static int nr_fresh;

static uint64_t chosen;		/* where numbers come from that are the same in each run */
static uint32_t next_number;	/* of an address */

/* From now on, flows have the addresses, ports and numbers that belong to this sequence. */
void flow_choose(uint64_t seed, unsigned int sequence)
{
	chosen = seed * 0x9e3779b97f4a7c15 + sequence + 1;
	next_number = sequence * 32 % 0x600000 + 1;
}

static uint32_t random32(void)
{
	uint32_t v = 0;

	if (chosen)
		return random_step(&chosen) >> 32;
	if (getrandom(&v, sizeof(v), 0) != sizeof(v))
		die("getrandom");
	return v;
}

/* For a listener: timestamps are offset by ports too. 0: any. */
uint16_t flow_server_port(void)
{
	return chosen ? 10000 + random32() % 20000 : 0;
}

void address_text(const struct in6_addr *addr, char *out, size_t size)
{
	if (IN6_IS_ADDR_V4MAPPED(addr))
		inet_ntop(AF_INET, addr->s6_addr + 12, out, size);
	else
		inet_ntop(AF_INET6, addr, out, size);
}

struct in6_addr server_address(void)
{
	struct in6_addr a;

	inet_pton(AF_INET6, ipv4_frames() ? "::ffff:10.9.0.1" : "fd09::1", &a);
	return a;
}

/* 10.99.x.y (and up) or fd99::n; the start differs from run to run, if nobody chose it. */
static struct in6_addr next_address(void)
{
	struct in6_addr a;
	char text[64];
	uint32_t n;

	if (!next_number)
		next_number = random32() % 60000;
	n = ++next_number;
	if (n % 256 == 0 || n % 256 == 255)
		next_number = n += 2;
	if (ipv4_frames())
		snprintf(text, sizeof(text), "::ffff:10.%u.%u.%u", 99 + (n >> 16), n >> 8 & 255,
			 n & 255);
	else
		snprintf(text, sizeof(text), "fd99::%x:%x", n >> 16, n & 0xffff);
	inet_pton(AF_INET6, text, &a);
	return a;
}

void flow_reset(void)
{
	while (nr_flows) {
		struct flow *f = flows[--nr_flows];

		if (f->child >= 0)
			close(f->child);
		free(f);
	}
	nr_fresh = 0;
}

static struct flow *flow_new(const char *name)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (!f || nr_flows == (int)ARRAY_SIZE(flows))
		die("too many flows");
	snprintf(f->name, sizeof(f->name), "%s", name);
	f->src = next_address();
	f->dst = server_address();
	f->sport = 1024 + random32() % 60000;
	f->isn = random32();
	f->peer_isn = random32();
	f->child = -1;
	f->listener = listener_find("L");
	f->dport = f->listener ? f->listener->port : server_closed_port();
	flows[nr_flows++] = f;
	return f;
}

struct flow *flow_find(const char *name)
{
	int i;

	for (i = 0; i < nr_flows; i++)
		if (!strcmp(flows[i]->name, name))
			return flows[i];
	return NULL;
}

struct flow *flow_get(const char *name)
{
	struct flow *f = flow_find(name);

	return f ? f : flow_new(name);
}

/* A flow that no story names. */
struct flow *flow_fresh(void)
{
	char name[16];

	snprintf(name, sizeof(name), "#%d", ++nr_fresh);
	return flow_new(name);
}

struct flow *flow_by_client(const struct in6_addr *addr, uint16_t port)
{
	int i;

	for (i = 0; i < nr_flows; i++)
		if (flows[i]->sport == port && !memcmp(&flows[i]->src, addr, sizeof(*addr)))
			return flows[i];
	return NULL;
}

void flow_each(void (*what)(struct flow *f))
{
	int i;

	for (i = 0; i < nr_flows; i++)
		what(flows[i]);
}

void flow_deliver(const struct segment *seg)
{
	struct flow *f = flow_by_client(&seg->dst, seg->dport);

	if (f && f->nr_replies < ARRAY_SIZE(f->reply))
		f->reply[f->nr_replies++] = *seg;
}

/* Takes the next reply, waits up to ms for it. */
bool flow_reply(struct flow *f, int ms, struct segment *seg)
{
	long long end = now_ms() + ms, left;

	wire_pump(0);
	while (!f->nr_replies) {
		left = end - now_ms();
		if (left <= 0)
			return false;
		wire_pump(left);
	}
	*seg = f->reply[0];
	memmove(f->reply, f->reply + 1, --f->nr_replies * sizeof(f->reply[0]));
	return true;
}

/* Every reply must have been expected. */
void flow_leftovers(void)
{
	char text[128];
	unsigned int k;
	int i;

	for (i = 0; i < nr_flows; i++)
		for (k = 0; k < flows[i]->nr_replies; k++) {
			segment_text(flows[i], &flows[i]->reply[k], text, sizeof(text));
			fail_at(0, "unexpected reply: %s", text);
		}
}

/* The last segment of the flow is this one. */
void flow_sent(struct flow *f, const struct segment *seg)
{
	char text[128];

	f->sent = *seg;
	if (cfg.verbose) {
		segment_text(f, seg, text, sizeof(text));
		note("%s", text);
	}
}

void flow_send(struct flow *f, const struct segment *seg)
{
	flow_sent(f, seg);
	wire_send(seg);
}

/* flow B [addr-of A] [port-of A] [to L2] [src ADDRESS] */
bool flow_statement(int argc, char **argv)
{
	struct flow *f, *o;
	int i;

	if (argc < 2 || flow_find(argv[1])) {
		fail("flow NAME, once and before its first use");
		return false;
	}
	f = flow_new(argv[1]);
	for (i = 2; i + 1 < argc; i += 2) {
		o = flow_find(argv[i + 1]);
		if (!strcmp(argv[i], "addr-of") && o) {
			f->src = o->src;
			f->heard = o->heard;
		} else if (!strcmp(argv[i], "port-of") && o) {
			f->sport = o->sport;
		} else if (!strcmp(argv[i], "to") && listener_find(argv[i + 1])) {
			f->listener = listener_find(argv[i + 1]);
			f->dport = f->listener->port;
		} else if (strcmp(argv[i], "src") ||
			   inet_pton(AF_INET6, argv[i + 1], &f->src) != 1) {
			fail("can't do: flow %s ... %s %s", f->name, argv[i], argv[i + 1]);
			return false;
		}
	}
	return true;
}
