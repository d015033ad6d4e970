// SPDX-License-Identifier: GPL-2.0
/*
 * crowd: work for one listener, or for a SO_REUSEPORT group of them, by several processors at once
 *
 *   crowd frames PROCESSORS PORT KIND COUNT
 *                COUNT frames (KIND: syn, ack, or again: SYNs that have come already) from each
 *                processor, over its device c<n>, each of another flow
 *   crowd serve PROCESSORS PORT LISTENERS BACKLOG
 *                that many listeners, chosen by the processor if there are several. Says "ready";
 *                then does what it reads: "fill" (their accept queues), or "handshakes COUNT" for
 *                each processor; and says "done" after each
 *
 * Frames and handshakes tell the plugin (marks.h) when they begin and end; before, each processor
 * has had WARM of them. A thread is pinned to each processor.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../tools/frames.h"
#include "marks.h"

/* The first one is for everybody else (shared). */
#define FIRST	1
/* Apart by their addresses: 10.99.<processor>.x */
#define FLOWS	(256L * FRAMES_PORTS)
#define WARM	100
#define WARM_US	200000
#define REST_US	50000	/* until all that was set off is done */

static struct work {
	int processors, port, listeners, backlog;
	uint8_t flags;
	bool again;
	long count;
	int *fds;
} work;
static pthread_barrier_t ready, over;

static int must(int value, const char *what)
{
	if (value < 0) {
		perror(what);
		exit(1);
	}
	return value;
}

static void pin(int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(FIRST + processor, &set);
	must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static int open_wire(int processor)
{
	struct sockaddr_ll wire = { .sll_family = AF_PACKET };
	int fd = must(socket(AF_PACKET, SOCK_RAW, 0), "socket");
	char name[IF_NAMESIZE];

	snprintf(name, sizeof(name), "c%d", processor);
	wire.sll_ifindex = must((int)if_nametoindex(name) ?: -1, name);
	must(bind(fd, (struct sockaddr *)&wire, sizeof(wire)), name);
	return fd;
}

/* Each device of the server's has the address 02:00:00:00:00:<processor>. */
static void *send_frames(void *arg)
{
	const uint8_t processor = (uintptr_t)arg;
	const uint8_t mac[ETH_ALEN] = { 2, 0, 0, 0, 0, processor };
	struct segment s = { .server = FRAMES_SERVER, .port = work.port, .flags = work.flags };
	int fd = open_wire(processor);
	uint8_t frame[128];

	pin(processor);
	for (long n = -WARM; n < work.count; n++) {
		if (!n)
			pthread_barrier_wait(&ready);
		s.flow = processor * FLOWS + (work.again ? (WARM + n) % WARM : WARM + n);
		s.seq = 1000 + s.flow * 7919;
		s.ack = s.flow + 1;
		size_t len = frame_put(frame, mac, &s);

		mark(MARK_ONE);
		must(send(fd, frame, len, 0), "send");
	}
	pthread_barrier_wait(&over);
	return NULL;
}

static struct sockaddr_in server(void)
{
	return (struct sockaddr_in) {
		.sin_family = AF_INET, .sin_port = htons(work.port),
		.sin_addr.s_addr = htonl(FRAMES_SERVER),
	};
}

/* RST on close: no TIME_WAIT, and no segments more. */
static int client(int flags)
{
	const struct linger at_once = { .l_onoff = 1 };
	struct sockaddr_in addr = server();
	int fd = must(socket(AF_INET, SOCK_STREAM | flags, 0), "socket");

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) && errno != EINPROGRESS)
		must(-1, "connect");
	return fd;
}

static void *shake_hands(void *arg)
{
	int processor = (uintptr_t)arg, there;
	int *accepted = calloc(WARM + work.count, sizeof(*accepted));

	pin(processor);
	for (long n = -WARM; n < work.count; n++) {
		if (!n)
			pthread_barrier_wait(&ready);
		mark(MARK_ONE);
		there = client(0);
		accepted[WARM + n] = must(accept(work.fds[processor % work.listeners], NULL, NULL),
					  "accept");
		close(there);
	}
	pthread_barrier_wait(&over);
	/* It may be another's client: what one of them sends must not find the other gone. */
	for (long n = 0; n < WARM + work.count; n++)
		close(accepted[n]);
	free(accepted);
	return NULL;
}

/* By all processors at once. */
static void together(void *(*what)(void *arg))
{
	pthread_t threads[work.processors];

	pthread_barrier_init(&ready, NULL, work.processors + 1);
	pthread_barrier_init(&over, NULL, work.processors + 1);
	for (uintptr_t i = 0; i < (uintptr_t)work.processors; i++)
		if (pthread_create(&threads[i], NULL, what, (void *)i))
			must(-1, "pthread_create");
	/* Until all are warm. */
	usleep(WARM_US);
	mark(MARK_BEGIN);
	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&over);
	usleep(REST_US);
	mark(MARK_END);
	for (int i = 0; i < work.processors; i++)
		pthread_join(threads[i], NULL);
}

/* The listener of a group that has the processor's number */
static void choose_by_processor(int fd)
{
	struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, SKF_AD_OFF + SKF_AD_CPU },
		{ BPF_ALU | BPF_SUB | BPF_K, 0, 0, FIRST },
		{ BPF_RET | BPF_A, 0, 0, 0 },
	};
	const struct sock_fprog program = { .len = 3, .filter = code };

	must(setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)),
	     "SO_ATTACH_REUSEPORT_CBPF");
}

static void serve(void)
{
	struct sockaddr_in addr = server();
	int one = 1;

	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	work.fds = calloc(work.listeners, sizeof(*work.fds));
	for (int i = 0; i < work.listeners; i++) {
		int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

		if (work.listeners > 1)
			setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		must(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), "bind");
		must(listen(fd, work.backlog), "listen");
		work.fds[i] = fd;
	}
	if (work.listeners > 1)
		choose_by_processor(work.fds[0]);
}

/* An accept queue is full when it holds one more than it was asked for. */
static void fill(void)
{
	for (int i = 0; i < work.listeners; i++) {
		pin(i);
		for (int n = 0; n <= work.backlog; n++)
			client(SOCK_NONBLOCK);
	}
}

static int obey(void)
{
	char order[64];

	puts("ready");
	fflush(stdout);
	while (fgets(order, sizeof(order), stdin)) {
		if (!strcmp(order, "fill\n"))
			fill();
		else if (sscanf(order, "handshakes %ld", &work.count) == 1)
			together(shake_hands);
		else
			return 2;
		puts("done");
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "frames")) {
		work.processors = atoi(argv[2]);
		work.port = atoi(argv[3]);
		work.flags = strcmp(argv[4], "ack") ? SYN : ACK;
		work.again = !strcmp(argv[4], "again");
		work.count = atol(argv[5]);
		together(send_frames);
		return 0;
	}
	if (argc == 6 && !strcmp(argv[1], "serve")) {
		work.processors = atoi(argv[2]);
		work.port = atoi(argv[3]);
		work.listeners = atoi(argv[4]);
		work.backlog = atoi(argv[5]);
		serve();
		return obey();
	}
	fputs("usage: crowd frames|serve ARGUMENT...: see crowd.c\n", stderr);
	return 2;
}
