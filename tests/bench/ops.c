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
 * The first two work over lo and print the nanoseconds (see meter.h) that it took.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../tools/meter.h"

#define MESSAGE 64

static int must(int value, const char *what)
{
	if (value < 0) {
		perror(what);
		exit(1);
	}
	return value;
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

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "handshake")) {
		printf("%lld\n", handshake(atol(argv[2])));
	} else if (argc == 3 && !strcmp(argv[1], "ping-pong")) {
		printf("%lld\n", ping_pong(atol(argv[2])));
	} else if (argc >= 4 && !strcmp(argv[1], "listen")) {
		wait_as_listener(atoi(argv[2]), atoi(argv[3]), argc > 4);
	} else {
		fprintf(stderr, "usage: ops handshake|ping-pong|listen NUMBER [BACKLOG [fill]]\n");
		return 2;
	}
	return 0;
}
