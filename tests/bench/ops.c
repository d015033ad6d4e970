// SPDX-License-Identifier: GPL-2.0
/*
 * ops: what the cost benchmark measures, and the listener it sends frames to
 *
 *   ops handshake COUNT         connect, accept, close, one after the other; closed by
 *                               RST, so that neither a FIN's four segments nor a
 *                               TIME_WAIT hide what the handshake costs
 *   ops handshake6 COUNT        the same over IPv6
 *   ops ping-pong COUNT         64 bytes there and back on one connection
 *   ops listens PORT COUNT      listen() and close() of COUNT sockets of a SO_REUSEPORT group
 *   ops listen PORT BACKLOG [fill]
 *                               a listener that never accepts; with "fill" its accept
 *                               queue is full. Prints its pid when it is ready
 *   ops listen6 PORT BACKLOG    the same over IPv6, not full
 *
 *   ops read FILE               read it to its end: lines, nanoseconds, and those of the
 *                               longest call of read()
 *   ops taken SECONDS           says "ready"; then the nanoseconds of the processor that others
 *                               took meanwhile, which has no idle moment
 *
 * The first three work over lo; they and listens print the nanoseconds (see meter.h) that it took.
 *
 * With OPS_TAKEOVER in the environment every listener over IPv4 is taken over before its first
 * segment: that is the file to write the command to. Those of "listens" are by a rule, before
 * the first of them listens; with OPS_BESIDE there another listener is that does nothing.
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

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static socklen_t length_of(const union address *addr)
{
	return addr->any.sa_family == AF_INET ? sizeof(addr->four) : sizeof(addr->six);
}

/* An endpoint that was taken over before, and whose port was given again, still is. */
static void order_takeover(const char *file, const char *at, int port)
{
	char command[128];
	int fd, len;

	len = snprintf(command, sizeof(command), "takeover %s:%d", at, port);
	fd = must(open(file, O_WRONLY), file);
	if (write(fd, command, len) != len && errno != EEXIST)
		must(-1, command);
	close(fd);
}

static int bound(union address *addr)
{
	int fd = must(socket(addr->any.sa_family, SOCK_STREAM, 0), "socket"), one = 1;

	if (addr->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	must(bind(fd, &addr->any, length_of(addr)), "bind");
	return fd;
}

static int listener(union address *addr, int backlog)
{
	const char *file = getenv("OPS_TAKEOVER");
	char at[INET_ADDRSTRLEN];
	int fd = bound(addr);
	socklen_t len = length_of(addr);

	must(listen(fd, backlog), "listen");
	must(getsockname(fd, &addr->any, &len), "getsockname");
	if (file && addr->any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &addr->four.sin_addr, at, sizeof(at));
		order_takeover(file, at, ntohs(addr->four.sin_port));
	}
	return fd;
}

static union address four(in_addr_t at, int port)
{
	return (union address) { .four = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(at), .sin_port = htons(port),
	} };
}

static union address six(struct in6_addr at, int port)
{
	return (union address) { .six = {
		.sin6_family = AF_INET6, .sin6_addr = at, .sin6_port = htons(port),
	} };
}

static int client(const union address *addr)
{
	int fd = must(socket(addr->any.sa_family, SOCK_STREAM, 0), "socket");

	must(connect(fd, &addr->any, length_of(addr)), "connect");
	return fd;
}

static void beside(void)
{
	const char *file = getenv("OPS_BESIDE");
	union address addr = four(INADDR_LOOPBACK, 0);

	if (!file)
		return;
	setenv("OPS_TAKEOVER", file, 1);
	listener(&addr, 128);
	unsetenv("OPS_TAKEOVER");
}

static long long handshake(union address addr, long count)
{
	const struct linger none = { .l_onoff = 1 };
	long long start;
	int fd;

	beside();
	fd = listener(&addr, 128);
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
	union address addr = four(INADDR_LOOPBACK, 0);
	int fd = listener(&addr, 128);
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

static long long listens(int port, long count)
{
	const char *file = getenv("OPS_TAKEOVER");
	union address addr = four(INADDR_ANY, port);
	int *fds = calloc(count, sizeof(*fds));
	long long start;

	for (long n = 0; n < count; n++)
		fds[n] = bound(&addr);
	if (file)
		order_takeover(file, "*", port);
	start = meter_start();
	for (long n = 0; n < count; n++)
		must(listen(fds[n], 128), "listen");
	for (long n = 0; n < count; n++)
		close(fds[n]);
	return meter_stop(start);
}

static void wait_as_listener(union address addr, int backlog, int fill)
{
	listener(&addr, backlog);
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
		printf("%lld\n", handshake(four(INADDR_LOOPBACK, 0), atol(argv[2])));
	} else if (argc == 3 && !strcmp(argv[1], "handshake6")) {
		printf("%lld\n", handshake(six(in6addr_loopback, 0), atol(argv[2])));
	} else if (argc == 4 && !strcmp(argv[1], "listens")) {
		printf("%lld\n", listens(atoi(argv[2]), atol(argv[3])));
	} else if (argc == 3 && !strcmp(argv[1], "ping-pong")) {
		printf("%lld\n", ping_pong(atol(argv[2])));
	} else if (argc == 3 && !strcmp(argv[1], "read")) {
		read_file(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "taken")) {
		printf("%lld\n", taken(atol(argv[2])));
	} else if (argc >= 4 && !strcmp(argv[1], "listen")) {
		wait_as_listener(four(INADDR_ANY, atoi(argv[2])), atoi(argv[3]), argc > 4);
	} else if (argc == 4 && !strcmp(argv[1], "listen6")) {
		wait_as_listener(six(in6addr_any, atoi(argv[2])), atoi(argv[3]), 0);
	} else {
		fprintf(stderr, "usage: ops COMMAND ARGUMENT...: see ops.c\n");
		return 2;
	}
	return 0;
}
