// SPDX-License-Identifier: GPL-2.0
/*
 * ops: what the cost benchmark measures, and the listener it sends frames to
 *
 *   ops handshake COUNT         connect, accept, close, one after the other; closed by
 *                               RST, so that neither a FIN's four segments nor a
 *                               TIME_WAIT hide what the handshake costs
 *   ops ping-pong COUNT         64 bytes there and back on one connection
 *   ops listen PORT BACKLOG [fill]
 *                               a listener that never accepts; with "fill" its accept
 *                               queue is full. Prints its pid when it is ready
 *
 *   ops read FILE               read it to its end: lines, nanoseconds, and those of the
 *                               longest call of read()
 *   ops taken SECONDS           says "ready"; then the nanoseconds of the processor that others
 *                               took meanwhile, which has no idle moment
 *
 * The first two work over lo and print the nanoseconds (see meter.h) that it took.
 *
 * With OPS_TAKEOVER in the environment every listener is taken over before its first
 * segment: that is the file to write the command to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../tools/meter.h"

#define MESSAGE 64
/* More than it takes to look at the clock twice. */
#define LOOK_NS 1000

static int must(int value, const char *what)
{
	if (value < 0) {
		perror(what);
		exit(1);
	}
	return value;
}

/* An endpoint that was taken over before, and whose port was given again, still is. */
static void take_over(const struct sockaddr_in *addr)
{
	const char *name = getenv("OPS_TAKEOVER");
	char command[128], at[INET_ADDRSTRLEN];
	int fd, len;

	if (!name)
		return;
	inet_ntop(AF_INET, &addr->sin_addr, at, sizeof(at));
	len = snprintf(command, sizeof(command), "takeover %s:%d", at, ntohs(addr->sin_port));
	fd = must(open(name, O_WRONLY), name);
	if (write(fd, command, len) != len && errno != EEXIST)
		must(-1, command);
	close(fd);
}

static int listener(struct sockaddr_in *addr, in_addr_t at, int port, int backlog)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	socklen_t len = sizeof(*addr);

	memset(addr, 0, sizeof(*addr));
	addr->sin_family = AF_INET;
	addr->sin_addr.s_addr = at;
	addr->sin_port = htons(port);
	must(bind(fd, (struct sockaddr *)addr, len), "bind");
	must(listen(fd, backlog), "listen");
	must(getsockname(fd, (struct sockaddr *)addr, &len), "getsockname");
	take_over(addr);
	return fd;
}

static int client(const struct sockaddr_in *addr)
{
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket");

	must(connect(fd, (const struct sockaddr *)addr, sizeof(*addr)), "connect");
	return fd;
}

static long long handshake(long count)
{
	struct sockaddr_in addr;
	int fd = listener(&addr, htonl(INADDR_LOOPBACK), 0, 128);
	const struct linger none = { .l_onoff = 1 };
	long long start;

	/* What is accepted inherits it. */
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	start = meter_start();
	for (long n = 0; n < count; n++) {
		int there = client(&addr);
		int here = must(accept(fd, NULL, NULL), "accept");

		close(here);
		close(there);
	}
	return meter_stop(start);
}

static void pass(int from, int to)
{
	char message[MESSAGE] = { 0 };

	if (send(from, message, MESSAGE, 0) != MESSAGE ||
	    recv(to, message, MESSAGE, MSG_WAITALL) != MESSAGE)
		must(-1, "message");
}

static long long ping_pong(long count)
{
	struct sockaddr_in addr;
	int fd = listener(&addr, htonl(INADDR_LOOPBACK), 0, 128);
	int there = client(&addr), one = 1;
	int here = must(accept(fd, NULL, NULL), "accept");
	long long start;

	setsockopt(there, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(here, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	start = meter_start();
	for (long n = 0; n < count; n++) {
		pass(there, here);
		pass(here, there);
	}
	return meter_stop(start);
}

static void wait_as_listener(int port, int backlog, int fill)
{
	struct sockaddr_in addr;

	listener(&addr, htonl(INADDR_ANY), port, backlog);
	/* It is full when it holds one more than it was asked for. */
	for (int n = 0; fill && n <= backlog; n++)
		client(&addr);
	printf("%d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}

static void read_file(const char *name)
{
	long long start, before, now, longest = 0;
	int fd = must(open(name, O_RDONLY), name);
	static char buffer[65536];
	long lines = 0;
	ssize_t n;

	start = meter_start();
	before = meter_now();
	while ((n = must(read(fd, buffer, sizeof(buffer)), name)) > 0) {
		now = meter_now();
		if (now - before > longest)
			longest = now - before;
		for (ssize_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
		before = meter_now();
	}
	printf("%ld %lld %lld\n", lines, meter_stop(start), longest);
}

/* Who looks at the clock all the time sees when he could not. */
static long long taken(long seconds)
{
	long long start = meter_start(), before = start, now = start, sum = 0;

	puts("ready");
	fflush(stdout);
	while (now - start < seconds * 1000000000LL) {
		now = meter_now();
		if (now - before > LOOK_NS)
			sum += now - before;
		before = now;
	}
	return sum;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "handshake")) {
		printf("%lld\n", handshake(atol(argv[2])));
	} else if (argc == 3 && !strcmp(argv[1], "ping-pong")) {
		printf("%lld\n", ping_pong(atol(argv[2])));
	} else if (argc == 3 && !strcmp(argv[1], "read")) {
		read_file(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "taken")) {
		printf("%lld\n", taken(atol(argv[2])));
	} else if (argc >= 4 && !strcmp(argv[1], "listen")) {
		wait_as_listener(atoi(argv[2]), atoi(argv[3]), argc > 4);
	} else {
		fprintf(stderr, "usage: ops COMMAND ARGUMENT...: see ops.c\n");
		return 2;
	}
	return 0;
}
