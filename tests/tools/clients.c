// SPDX-License-Identifier: GPL-2.0
/*
 * clients: who wants to be served while others flood
 *
 *   clients listen PORT BACKLOG        accept, send one byte, close; prints "ready"
 *   clients connect ADDRESS PORT SECONDS RATE
 *                                      RATE connections a second for so long. One is good
 *                                      when the server's byte comes within WAIT_MS:
 *                                      connect() alone says nothing of the accept queue.
 *                                      Prints: tried, good, and of the good the ms until
 *                                      the byte: median, 99th percentile, longest
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 5000
#define MOST 4096	/* connections at a time */

static int must(int value, const char *what)
{
	if (value < 0) {
		perror(what);
		exit(1);
	}
	return value;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/* Ended by RST: no TIME_WAIT is left. */
static void close_at_once(int fd)
{
	const struct linger none = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static void serve(int port, int backlog)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	must(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
	must(listen(fd, backlog), "listen");
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (client < 0)
			continue;
		/* The client ends it: a RST of ours might overtake the byte. */
		send(client, "", 1, MSG_NOSIGNAL);
		close(client);
	}
}

static struct pollfd polls[MOST];
static double began[MOST];
static int nr_open;
static double *took;
static long tried, good;

static void start_one(const struct sockaddr_in *to)
{
	double now = now_ms();
	int fd;

	tried++;
	if (nr_open == MOST)
		return;
	fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS) {
		close(fd);
		return;
	}
	polls[nr_open] = (struct pollfd){ .fd = fd, .events = POLLIN };
	began[nr_open++] = now;
}

/* Whether it is over, well or not. */
static int is_over(int i, double now)
{
	char byte;

	if (!polls[i].revents)
		return now - began[i] > WAIT_MS;
	if (recv(polls[i].fd, &byte, 1, 0) == 1)
		took[good++] = now - began[i];
	return 1;
}

static void look(int wait_ms)
{
	double now;

	poll(polls, nr_open, wait_ms);
	now = now_ms();
	for (int i = 0; i < nr_open; i++) {
		if (!is_over(i, now))
			continue;
		close_at_once(polls[i].fd);
		polls[i] = polls[--nr_open];
		began[i] = began[nr_open];
		i--;
	}
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void want(const char *address, int port, double seconds, double rate)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	double start = now_ms(), next = start;

	must(inet_pton(AF_INET, address, &to.sin_addr) - 1, address);
	took = calloc(seconds * rate + 2, sizeof(*took));
	while (now_ms() - start < seconds * 1e3) {
		/* Who was kept from the processor does not come in a crowd. */
		if (now_ms() >= next) {
			start_one(&to);
			next += 1e3 / rate;
			if (next < now_ms())
				next = now_ms();
		}
		look(1);
	}
	while (nr_open)
		look(10);
	qsort(took, good, sizeof(*took), compare);
	printf("%ld %ld %.1f %.1f %.1f\n", tried, good, good ? took[good / 2] : 0,
	       good ? took[good * 99 / 100] : 0, good ? took[good - 1] : 0);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "listen")) {
		serve(atoi(argv[2]), atoi(argv[3]));
	} else if (argc == 6 && !strcmp(argv[1], "connect")) {
		want(argv[2], atoi(argv[3]), atof(argv[4]), atof(argv[5]));
	} else {
		fprintf(stderr, "usage: clients listen PORT BACKLOG\n"
			"       clients connect ADDRESS PORT SECONDS RATE\n");
		return 2;
	}
	return 0;
}
