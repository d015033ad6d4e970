// SPDX-License-Identifier: GPL-2.0
/*
 * handshakes SERVERNS MAC PORT: handshakes that are done step by step
 *
 * Runs in the client's namespace, where it writes and reads frames; its listener, on
 * 10.9.0.1 PORT, is in SERVERNS. Reads commands, one a line, and answers each with a line.
 * Flows are numbered, each has an address and a port of its own.
 *
 *   listen BACKLOG         listen(), also again
 *   close                  the listener
 *   swap                   another one, or the one before, is the listener from now on
 *   syn FIRST COUNT        SYNs; synacks=N of these have got their SYN-ACK
 *   ack FIRST COUNT        their last ACKs
 *   data FIRST COUNT       eight bytes each, the flow's number
 *   rst FIRST COUNT        RSTs
 *   accept COUNT           accepted=N, up to COUNT, until nobody comes for a second;
 *                          with_data=N of these had just their eight bytes; order=FLOW,...
 *                          as ranges; they are reset and closed
 *   seen                   rsts=N frames with RST, repeated=N SYN-ACKs again, since the last;
 *                          what comes to a flow that has ended is not counted
 *   race FIRST ROUNDS      a parked handshake becomes a connection, for accept() makes room
 *                          on one CPU, while its data comes again and again on another:
 *                          good=N rounds with one connection that got its data once
 *   crowd FIRST ROUNDS     the same, but it is not clear who of two gets the place that
 *                          there is: their last ACKs come at the same time
 *
 *   late DELAY_MS WAIT_MS  three clients of this kernel, through a wire that takes DELAY_MS;
 *                          the queue holds two; the third comes with the second and speaks
 *                          first. WAIT_MS after its ACK has come, accept() is called: us=N
 *                          from its return to the first byte of the third's request;
 *                          rtt_us=N: round trip that its connection believes in
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"

#define MOST_FLOWS 200000
#define PAYLOAD 8
#define PATIENCE_MS 1000
#define CLIENTS 3

struct flow {
	uint32_t synack;
	bool answered;
	bool ended;
};

static struct flow *flows;
static uint8_t mac[ETH_ALEN];
static int wire, listener = -1, other = -1, home, server_ns, port;
static unsigned long rsts, repeated;
/* The flow whose data the other thread repeats, -1: none. */
static atomic_long pressed = -1;
static atomic_bool pressing;

static void die(const char *what)
{
	fprintf(stderr, "handshakes: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static uint32_t isn_of(long n)
{
	return 0x10000 + (uint32_t)n * 2654435761U;
}

static void payload_of(long n, char *text)
{
	snprintf(text, PAYLOAD + 1, "%08ld", n);
}

static size_t build(uint8_t *frame, long n, uint8_t flags, uint32_t seq, bool data)
{
	char text[PAYLOAD + 1];
	struct segment s = {
		.flow = n,
		.server = FRAMES_SERVER,
		.port = port,
		.flags = flags,
		.seq = isn_of(n) + seq,
		.ack = flows[n].synack + 1,
		.data = text,
		.len = data ? PAYLOAD : 0,
	};

	payload_of(n, text);
	return frame_put(frame, mac, &s);
}

static void send_one(long n, uint8_t flags, uint32_t seq, bool data)
{
	uint8_t frame[128];
	size_t len = build(frame, n, flags, seq, data);

	while (send(wire, frame, len, 0) != (ssize_t)len) {
		/* The server is behind with its work. */
		if (errno != ENOBUFS)
			die("send");
		usleep(1000);
	}
}

static void segment_came(long n, const struct tcphdr *th)
{
	if (n < 0 || n >= MOST_FLOWS)
		return;
	if (th->th_flags & RST) {
		rsts += !flows[n].ended;
	} else if (th->th_flags & SYN) {
		repeated += flows[n].answered;
		flows[n].answered = true;
		flows[n].synack = ntohl(th->th_seq);
	}
}

/* A server that is behind with its work must not lose any of many (netdev_max_backlog). */
static void breathe(long n)
{
	if (n % 100 == 99)
		usleep(2000);
}

static void pump(void)
{
	frames_read(wire, port, segment_came);
}

static void enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		die("setns");
}

static void do_listen(int backlog)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(FRAMES_SERVER),
	};
	int one = 1;

	if (listener < 0) {
		enter(server_ns);
		listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
		if (bind(listener, (struct sockaddr *)&at, sizeof(at)))
			die("bind");
		enter(home);
	}
	if (listen(listener, backlog))
		die("listen");
	puts("ok");
}

static void do_close(void)
{
	close(listener);
	listener = -1;
	puts("ok");
}

static void do_swap(void)
{
	int fd = listener;

	listener = other;
	other = fd;
	puts("ok");
}

static void send_all(long first, long count, uint8_t flags, uint32_t seq, bool data)
{
	long n;

	for (n = first; n < first + count; n++) {
		send_one(n, flags, seq, data);
		breathe(n);
		pump();
	}
	puts("ok");
}

static long answered(long first, long count)
{
	long n, there = 0;

	for (n = first; n < first + count; n++)
		there += flows[n].answered;
	return there;
}

static void do_syn(long first, long count)
{
	long long end;
	long n;

	for (n = first; n < first + count; n++) {
		flows[n].answered = false;
		flows[n].ended = false;
		send_one(n, SYN, 0, false);
		breathe(n);
		pump();
	}
	end = now_us() + PATIENCE_MS * 1000;
	/* A machine that was too busy for some gets them again. */
	while (answered(first, count) < count && now_us() < end) {
		usleep(100000);
		pump();
		for (n = first; n < first + count; n++)
			if (!flows[n].answered)
				send_one(n, SYN, 0, false);
	}
	printf("synacks=%ld\n", answered(first, count));
}

/* A connection for accept(), or -1: nobody comes. @n: its flow */
static int take(long *n)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	int fd;

	do
		fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK);
	while (fd < 0 && errno == EAGAIN && poll(&p, 1, PATIENCE_MS) > 0);
	if (fd >= 0)
		*n = frame_flow(from.sin_addr.s_addr, from.sin_port);
	return fd;
}

/* Exactly this flow's data, and no more. */
static bool has_data(int fd, long n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char text[PAYLOAD + 1], in[PAYLOAD * 4];

	payload_of(n, text);
	return poll(&p, 1, 0) > 0 && recv(fd, in, sizeof(in), MSG_DONTWAIT) == PAYLOAD &&
	       !memcmp(in, text, PAYLOAD);
}

/* Without a word of the server: the client's RST comes first. */
static void end(int fd, long n, bool data)
{
	pump();
	flows[n].ended = true;
	send_one(n, RST | ACK, 1 + (data ? PAYLOAD : 0), false);
	close(fd);
}

static void do_accept(long count)
{
	long n, got, with_data = 0, from = -1, to = -1;
	char order[4096] = "";
	size_t len = 0;
	bool data;
	int fd;

	for (got = 0; got < count && (fd = take(&n)) >= 0; got++) {
		data = has_data(fd, n);
		with_data += data;
		end(fd, n, data);
		if (n == to + 1 && from >= 0) {
			to = n;
			continue;
		}
		if (from >= 0 && len < sizeof(order))
			len += snprintf(order + len, sizeof(order) - len, "%ld-%ld,", from, to);
		from = n;
		to = n;
	}
	if (from >= 0 && len < sizeof(order))
		snprintf(order + len, sizeof(order) - len, "%ld-%ld", from, to);
	printf("accepted=%ld with_data=%ld order=%s\n", got, with_data, order);
}

static void do_seen(void)
{
	usleep(100000);
	pump();
	printf("rsts=%lu repeated=%lu\n", rsts, repeated);
	rsts = 0;
	repeated = 0;
}

static void stay_on(pthread_t thread, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	errno = pthread_setaffinity_np(thread, sizeof(set), &set);
	if (errno)
		die("two CPUs");
}

static void *press(void *unused)
{
	long n;

	for (;;) {
		n = atomic_load(&pressed);
		atomic_store(&pressing, n >= 0);
		if (n >= 0)
			send_one(n, ACK, 1, true);
	}
	return unused;
}

static bool shake_hands(long n)
{
	long long end = now_us() + PATIENCE_MS * 1000;

	send_one(n, SYN, 0, false);
	while (!flows[n].answered && now_us() < end)
		pump();
	return flows[n].answered;
}

static bool say(long n, const char *what)
{
	fprintf(stderr, "# flow %ld: %s\n", n, what);
	return false;
}

/* From now on its data comes, from the other CPU. */
static void begin_to_press(long n)
{
	atomic_store(&pressed, n);
	while (!atomic_load(&pressing))
		;
}

static void stop_pressing(void)
{
	atomic_store(&pressed, -1);
	while (atomic_load(&pressing))
		;
}

/* The queue holds one: flow @n + 1 has the place that @n waits for, or they both want it. */
static bool round_of(long n, bool crowd)
{
	long first, second = -1;
	int fd, next;
	bool once;

	if (!shake_hands(n) || !shake_hands(n + 1))
		return say(n, "no SYN-ACK");
	if (crowd)
		begin_to_press(n);
	send_one(n + 1, ACK, 1, false);
	send_one(n, ACK, 1, true);
	if (!crowd)
		begin_to_press(n);
	fd = take(&first);
	next = take(&second);
	stop_pressing();
	if (fd < 0 || next < 0)
		return say(n, "not accepted");
	/* On a busy machine the other CPU's data may be there before the ACK of @n + 1. */
	if (first == n && second == n + 1) {
		int later = fd;

		fd = next;
		next = later;
	} else if (first != n + 1 || second != n) {
		return say(n, "another flow");
	}
	once = has_data(next, n) && !has_data(next, n);
	end(fd, n + 1, false);
	end(next, n, true);
	return once || say(n, "its data is not there once");
}

static void do_race(long first, long rounds, bool crowd)
{
	static pthread_t presser;
	long i, good = 0;

	if (!presser) {
		errno = pthread_create(&presser, NULL, press, NULL);
		if (errno)
			die("thread");
		stay_on(presser, 1);
	}
	for (i = 0; i < rounds; i++)
		good += round_of(first + 2 * i, crowd);
	printf("good=%ld\n", good);
}

static int new_client(void)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(FRAMES_SERVER),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		die("connect");
	return fd;
}

/* The third's own clock says when its ACK went out. */
static long long third_speaks(const int *fds)
{
	struct pollfd p = { .fd = fds[CLIENTS - 1], .events = POLLOUT };

	if (poll(&p, 1, 5000) <= 0 || send(p.fd, "hello", 5, 0) != 5)
		die("third client");
	return now_us();
}

static unsigned int rtt_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len))
		die("TCP_INFO");
	return info.tcpi_rtt;
}

/* Whoever says something is the third. */
static long long first_byte(struct pollfd *in, long long *drained, unsigned int *rtt)
{
	long long end = now_us() + 20000000;
	int i, fd, n = 1;
	char byte;

	in[0] = (struct pollfd) { .fd = listener, .events = POLLIN };
	while (now_us() < end && poll(in, n, 20000) > 0) {
		for (i = 1; i < n; i++)
			if (in[i].revents && recv(in[i].fd, &byte, 1, MSG_DONTWAIT) == 1) {
				end = now_us();
				*rtt = rtt_of(in[i].fd);
				return end;
			}
		if (n > CLIENTS)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
		if (fd < 0)
			continue;
		if (n == 1)
			*drained = now_us();
		in[n++] = (struct pollfd) { .fd = fd, .events = POLLIN };
	}
	return 0;
}

static void do_late(int delay_ms, int wait_ms)
{
	static const struct linger abrupt = { .l_onoff = 1 };
	struct pollfd in[CLIENTS + 1] = { 0 };
	int fds[CLIENTS], i;
	long long at, drained = 0;
	unsigned int rtt = 0;

	fds[0] = new_client();
	usleep(2 * delay_ms * 1000 + 20000);
	for (i = 1; i < CLIENTS; i++)
		fds[i] = new_client();
	at = third_speaks(fds) + (delay_ms + wait_ms) * 1000;
	usleep(at - now_us());
	at = first_byte(in, &drained, &rtt);
	printf("us=%lld rtt_us=%u\n", at ? at - drained : -1, rtt);
	for (i = 0; i < CLIENTS; i++) {
		setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &abrupt, sizeof(abrupt));
		close(fds[i]);
	}
	usleep(delay_ms * 1000 + 20000);
	for (i = 1; i <= CLIENTS; i++)
		if (in[i].fd)
			close(in[i].fd);
}

static void obey(const char *line)
{
	char word[16] = "";
	long a = 0, b = 0;

	if (sscanf(line, "%15s %ld %ld", word, &a, &b) < 1)
		puts("what?");
	else if (a < 0 || b < 0 || a + 2 * b > MOST_FLOWS)
		puts("too many");
	else if (!strcmp(word, "listen"))
		do_listen(a);
	else if (!strcmp(word, "close"))
		do_close();
	else if (!strcmp(word, "swap"))
		do_swap();
	else if (!strcmp(word, "syn"))
		do_syn(a, b);
	else if (!strcmp(word, "ack"))
		send_all(a, b, ACK, 1, false);
	else if (!strcmp(word, "data"))
		send_all(a, b, ACK, 1, true);
	else if (!strcmp(word, "rst"))
		send_all(a, b, RST, 1, false);
	else if (!strcmp(word, "accept"))
		do_accept(a);
	else if (!strcmp(word, "seen"))
		do_seen();
	else if (!strcmp(word, "race"))
		do_race(a, b, false);
	else if (!strcmp(word, "crowd"))
		do_race(a, b, true);
	else if (!strcmp(word, "late"))
		do_late(a, b);
	else
		puts("what?");
	fflush(stdout);
}

static int open_ns(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path);
	return fd;
}

static void open_wire(void)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = if_nametoindex("lqc"),
	};
	int one = 1, size = 32 << 20;

	wire = socket(AF_PACKET, SOCK_RAW, 0);
	if (wire < 0 || !to.sll_ifindex ||
	    setsockopt(wire, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(wire, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) ||
	    setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(wire, (struct sockaddr *)&to, sizeof(to)))
		die("lqc");
}

int main(int argc, char **argv)
{
	char path[256], line[128];

	if (argc != 4 || !frame_mac(argv[2], mac)) {
		fprintf(stderr, "usage: handshakes SERVERNS MAC PORT\n");
		return 2;
	}
	port = atoi(argv[3]);
	snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
	home = open_ns("/proc/self/ns/net");
	server_ns = open_ns(path);
	flows = calloc(MOST_FLOWS, sizeof(*flows));
	if (!flows)
		die("memory");
	open_wire();
	/* What it sends comes in that order. */
	stay_on(pthread_self(), 0);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
