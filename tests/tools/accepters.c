// SPDX-License-Identifier: GPL-2.0
/*
 * accepters THREADS CONNECTIONS: many threads sleep in accept() on one listener
 *
 * Each sleeping accept() would hold an instance of a return probe; whoever counts
 * accepts must not depend on returns. Prints how many connections were accepted.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int listener;
static atomic_long accepted;

static void *acceptor(void *unused)
{
	(void)unused;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return NULL;
		atomic_fetch_add(&accepted, 1);
		close(fd);
	}
}

static void connect_once(const struct sockaddr_in *to)
{
	struct linger reset = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	if (fd < 0 || connect(fd, (const struct sockaddr *)to, sizeof(*to))) {
		perror("connect");
		exit(1);
	}
	/* Accepted and closed by the server before the next one. */
	if (read(fd, &byte, 1) < 0)
		perror("read");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	long connections;
	pthread_t thread;
	int threads;

	if (argc != 3) {
		fprintf(stderr, "usage: accepters THREADS CONNECTIONS\n");
		return 2;
	}
	threads = atoi(argv[1]);
	connections = atol(argv[2]);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockname(listener, (struct sockaddr *)&addr, &len) ||
	    listen(listener, 128)) {
		perror("listen");
		return 1;
	}
	while (threads--)
		pthread_create(&thread, NULL, acceptor, NULL);
	usleep(200000);
	for (long i = 0; i < connections; i++)
		connect_once(&addr);
	printf("%d %ld\n", ntohs(addr.sin_port), atomic_load(&accepted));
	return 0;
}
