// SPDX-License-Identifier: GPL-2.0
/*
 * collide [-s] [-n ROUNDS] [-w LOOPS] [-r MS] [-t MS] SERVERNS MAC KIND: two segments of
 * one handshake, from two CPUs at once
 *
 *   data   the last ACK, and the first data    each connection is there, with its data
 *   syn    the SYN again, and the last ACK     no SYN-ACK with another number
 *   acks   the last ACK twice                  one connection
 *   rst    an RST, and the last ACK            a connection that was reset, or none
 *   late   a SYN that is held up (delay_us=) while the same SYN and its last ACK pass
 *   busy   first data that is held up while the last ACK passes and the server is at work
 *          with the connection
 *
 * Runs in the client's namespace; the listener, 10.9.0.1 port 7100, is in SERVERNS and is
 * taken over (-s: it is not). Each round is a flow of its own. veth hands a frame over on
 * the CPU that sent it, and the listener's work is done before send() returns: two threads,
 * each at home on one CPU, leave a barrier and send, one of them up to LOOPS turns later.
 * Which sends what alternates.
 *
 * With -t the endpoint is released and taken over every MS milliseconds. Half of the rounds
 * wait for that, or for its end, with their last ACK.
 *
 * With -r the server closes every MS milliseconds, and opens again. A round is disturbed, and
 * not judged, when one of its segments was under way or its connection waited for accept()
 * meanwhile: the stock kernel answers those by RST. With half of the others the server is
 * another one when the last ACK comes than when the SYN did.
 *
 * Prints what came of it as WORD=NUMBER:
 *
 *   rounds       played
 *   both         both CPUs were in the kernel at the same time
 *   established  connections accepted, of those that data (or later data) reached unbroken
 *   rst          RSTs that came
 *   repeated     SYN-ACKs that came again with the same number
 *   other_isn    and those with another number, while the connection is there
 *   put_aside    and when it had ended, or the round is disturbed
 *   extra        connections accepted beyond one a round
 *   failed       rounds that did not end as they must
 *   disturbed    rounds in which nobody listened, with -r
 *   excused      RSTs of these
 *   inherited    undisturbed rounds with another server at their end
 *   turns        how often it was released, or the server closed
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
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

#define PORT 7100
#define MOST_ROUNDS 1000000
#define PAYLOAD 16
/* A round that is late is not lost: the machine may have been busy with others. */
#define TRIES 100
#define PATIENCE_NS 3000000000LL
#define STAY_OPEN 64
/* The late SYN waits in the kernel, the others pass when it should be there. */
#define HOLD_US "3000"
#define HEAD_START 30000
#define LONG_HOLD_US "20000"
/* The end of a release, where it hands back */
#define BEFORE_END_US 30000

/* Of the thread, not of the process: its namespace is its own. */
#define ENDPOINTS "/proc/thread-self/net/listenq/endpoints"
#define TAKEOVER "takeover 10.9.0.1:7100"
#define RELEASE "release 10.9.0.1:7100"

struct flow {
	uint32_t isn;		/* the client's */
	uint32_t synack;	/* the server's, valid if synacks */
	uint16_t synacks;
	uint16_t rsts;
	uint16_t others;	/* SYN-ACKs with another number */
	bool ended;
	bool disturbed;
};

/* What one thread sends, and when it did. */
struct shot {
	uint8_t frame[128];
	size_t len;
	unsigned int skew;	/* turns that it waits */
	atomic_bool inside;	/* of the kernel */
	atomic_long server;	/* that it reached, -1: none for some of the time */
};

struct patience {
	int tries;
	long long end;
};

struct connection {
	int fd;
	long n;
};

static struct flow *flows;
static struct connection open_for_now[STAY_OPEN];
static struct {
	unsigned long both, established, rst, repeated, other_isn, put_aside, extra, failed;
	unsigned long disturbed, excused, inherited;
} sum;

static const char *kind;
static int wire, delay_us = -1, restart_ms, release_ms;
static atomic_int listener;
/* Counts closed and opened: odd, nobody listens. */
static atomic_long servers;
static atomic_bool over, releasing;
static long turns;
static atomic_long release_us;
/* Who got this round's SYN and last ACK. */
static long server_of_syn, server_of_round;
static uint8_t mac[ETH_ALEN];
static struct shot shots[2];
static atomic_long go, going, gone;
static atomic_bool met;

static void die(const char *what)
{
	fprintf(stderr, "collide: %s: %s\n", what, strerror(errno));
	exit(2);
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static pthread_t beside;

static bool is(const char *name)
{
	return !strcmp(kind, name);
}

/* Each flow has its own, so that data can't be taken for another's. */
static void payload_of(long n, char *text)
{
	snprintf(text, PAYLOAD, "flow %010ld", n);
}

/* Segment of flow @n; @seq relative to the client's initial number. */
static void build(struct shot *shot, long n, uint8_t flags, uint32_t seq, bool data)
{
	char text[PAYLOAD] = "";
	struct segment s = {
		.flow = n,
		.server = FRAMES_SERVER,
		.port = PORT,
		.flags = flags,
		.seq = flows[n].isn + seq,
		.ack = flows[n].synack + 1,
		.data = text,
		.len = data ? PAYLOAD : 0,
	};

	payload_of(n, text);
	shot->len = frame_put(shot->frame, mac, &s);
}

/* Not by the clock: reading it may take a lock that stops the other CPU. */
static void turn(unsigned int times)
{
	while (times--)
		asm volatile("");
}

static void fire(struct shot *shot)
{
	struct shot *other = &shots[shot == shots];
	long server;

	turn(shot->skew);
	server = atomic_load(&servers);
	atomic_store(&shot->inside, true);
	if (atomic_load(&other->inside))
		atomic_store(&met, true);
	if (send(wire, shot->frame, shot->len, 0) != (ssize_t)shot->len)
		die("send");
	atomic_store(&shot->inside, false);
	atomic_store(&shot->server, server % 2 || server != atomic_load(&servers) ? -1 : server);
}

static void send_one(long n, uint8_t flags, uint32_t seq, bool data)
{
	struct shot shot;

	build(&shot, n, flags, seq, data);
	if (send(wire, shot.frame, shot.len, 0) != (ssize_t)shot.len)
		die("send");
}

/*
 * Another number is a mistake as long as the connection is there. A SYN that a busy machine
 * has put aside for longer begins another handshake, which the client refuses.
 */
static void synack_came(long n, uint32_t seq)
{
	struct flow *f = &flows[n];

	if (!f->synacks++) {
		f->synack = seq;
	} else if (f->synack == seq) {
		sum.repeated++;
	} else if (!f->ended) {
		f->others++;
	} else {
		sum.put_aside++;
		send_one(n, RST, 1, false);
	}
}

static void segment_came(long n, const struct tcphdr *th)
{
	if (n < 0 || n >= MOST_ROUNDS)
		return;
	if (th->th_flags & RST)
		flows[n].rsts++;
	else if (th->th_flags & SYN)
		synack_came(n, ntohl(th->th_seq));
}

static void pump(void)
{
	frames_read(wire, PORT, segment_came);
}

/* Most often what is waited for is there already: the clock is asked late. */
static bool goes_on(struct patience *p)
{
	if (p->tries++ < TRIES)
		return true;
	if (!p->end)
		p->end = now_ns() + PATIENCE_NS;
	return now_ns() < p->end;
}

static bool has_synack(long n)
{
	struct patience p = { 0 };

	do
		pump();
	while (!flows[n].synacks && !flows[n].rsts && goes_on(&p));
	return flows[n].synacks;
}

static void *other_cpu(void *unused)
{
	for (long round = 1;; round++) {
		while (atomic_load(&go) < round)
			;
		atomic_store(&going, round);
		if (shots[1].len)
			fire(&shots[1]);
		atomic_store(&gone, round);
	}
	return unused;
}

static void wait_for_other(long round)
{
	while (atomic_load(&gone) < round)
		;
	sum.both += atomic_exchange(&met, false);
}

/* Whose connection it is: by its client's address */
static int accept_now(long *n)
{
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof(from);
	int fd = accept4(listener, (struct sockaddr *)&from, &len, SOCK_NONBLOCK);

	*n = frame_flow(from.sin_addr.s_addr, from.sin_port);
	return fd;
}

static bool is_same_server(void)
{
	return atomic_load(&servers) == server_of_round;
}

static int accept_one(long n)
{
	struct patience p = { 0 };
	long whose;
	int fd;

	do {
		fd = accept_now(&whose);
		if (fd < 0 || whose == n)
			continue;
		/* Of a disturbed round, or one too many. */
		sum.extra += !flows[whose].disturbed;
		close(fd);
		fd = -1;
	} while (fd < 0 && is_same_server() && goes_on(&p));
	return fd;
}

/* Exactly this flow's data, and no more. */
static bool has_data(int fd, long n)
{
	struct patience p = { 0 };
	char text[PAYLOAD] = "", in[PAYLOAD * 4];
	ssize_t len;

	payload_of(n, text);
	do
		len = recv(fd, in, sizeof(in), MSG_DONTWAIT);
	while (len < 0 && errno == EAGAIN && goes_on(&p));
	return len == PAYLOAD && !memcmp(in, text, PAYLOAD);
}

/* It ends without a word of the server. */
static void end(struct connection *c)
{
	if (c->fd <= 0)
		return;
	send_one(c->n, RST | ACK, 1 + PAYLOAD, false);
	flows[c->n].ended = true;
	close(c->fd);
	c->fd = 0;
}

/*
 * The connection works. It ends some rounds later: a segment that the other CPU has put
 * aside for a while must still find it.
 */
static bool connection_is_good(long n)
{
	struct connection *place = &open_for_now[n % STAY_OPEN];
	int fd = accept_one(n);
	bool good;

	if (fd < 0)
		return false;
	if (!is("data"))
		send_one(n, ACK, 1, true);
	good = has_data(fd, n);
	sum.established += good;
	end(place);
	place->fd = fd;
	place->n = n;
	return good;
}

static void aim(long n)
{
	struct shot *a = &shots[n & 1], *b = &shots[~n & 1];

	build(a, n, ACK, 1, false);
	if (is("data"))
		build(b, n, ACK, 1, true);
	else if (is("syn"))
		build(b, n, SYN, 0, false);
	else if (is("rst"))
		build(b, n, RST, 1, false);
	else
		build(b, n, ACK, 1, false);
}

static void skew(unsigned int most)
{
	unsigned int n = most ? random() % most : 0;

	shots[0].skew = random() & 1 ? n : 0;
	shots[1].skew = shots[0].skew ? 0 : n;
}

/* A SYN while somebody listens. */
static void knock(long n)
{
	long server;

	for (;;) {
		while ((server = atomic_load(&servers)) % 2)
			;
		send_one(n, SYN, 0, false);
		if (server == atomic_load(&servers))
			break;
		pump();
		sum.excused += flows[n].rsts;
		flows[n].rsts = 0;
	}
	server_of_syn = server;
}

/* A last ACK comes when its handshake is handed back, or was; the last release tells when. */
static void wait_for_release(bool to_its_end)
{
	long us = release_us - random() % BEFORE_END_US;

	while (!atomic_load(&releasing))
		usleep(100);
	if (!to_its_end && us > 0)
		usleep(us);
	while (to_its_end && atomic_load(&releasing))
		usleep(100);
}

/* Half of the last ACKs meet another server, or a release, if there ever is one. */
static void wait_for_event(long n)
{
	while (restart_ms && n & 2 &&
	       (atomic_load(&servers) % 2 || atomic_load(&servers) == server_of_syn))
		;
	if (release_ms && n & 2)
		wait_for_release(n & 4);
}

/* Returns whether the flow's handshake got to its last ACK. */
static bool clash(long n, unsigned int most)
{
	knock(n);
	if (!has_synack(n))
		return false;
	wait_for_event(n);
	aim(n);
	skew(most);
	atomic_store(&go, n + 1);
	fire(&shots[0]);
	return true;
}

static void hold(const char *us)
{
	if (delay_us >= 0 && pwrite(delay_us, us, strlen(us), 0) < 0)
		die("delay_us");
}

/* The other CPU's SYN is under way when the handshake takes place on this one. */
static bool overtake(long n)
{
	bool good;

	hold(HOLD_US);
	build(&shots[1], n, SYN, 0, false);
	atomic_store(&go, n + 1);
	while (atomic_load(&going) <= n)
		;
	turn(HEAD_START);
	hold("0");
	send_one(n, SYN, 0, false);
	good = has_synack(n);
	build(&shots[0], n, ACK, 1, false);
	fire(&shots[0]);
	return good;
}

/* While the data of the other CPU is held up, the server is at work with the connection. */
static bool keep_busy(long n)
{
	struct connection *place = &open_for_now[n % STAY_OPEN];
	bool good;
	int fd;

	send_one(n, SYN, 0, false);
	if (!has_synack(n))
		return false;
	hold(LONG_HOLD_US);
	build(&shots[1], n, ACK, 1, true);
	atomic_store(&go, n + 1);
	while (atomic_load(&going) <= n)
		;
	turn(HEAD_START);
	hold("0");
	send_one(n, ACK, 1, false);
	fd = accept_one(n);
	/* Takes its time with the connection locked. */
	while (atomic_load(&gone) <= n) {
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5);
		setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "reno", 4);
	}
	good = fd >= 0 && has_data(fd, n);
	sum.established += good;
	end(place);
	place->fd = fd;
	place->n = n;
	return good;
}

/* An RST that came first leaves no connection; else it was reset before it was read. */
static bool ended(void)
{
	long n;
	int fd = accept_now(&n);

	if (fd >= 0) {
		sum.established++;
		close(fd);
	}
	return true;
}

/* What is left of a round that is not judged */
static void clean_up(long n)
{
	int fd;

	flows[n].disturbed = true;
	fd = accept_one(n);
	if (fd >= 0)
		close(fd);
	send_one(n, RST | ACK, 1, false);
	send_one(n, RST | ACK, 1 + PAYLOAD, false);
	flows[n].ended = true;
}

static bool finds_connection(long n)
{
	return is("busy") || (is("rst") ? ended() : connection_is_good(n));
}

/* With servers that come and go: was it one that both segments reached? */
static void judge(long n, bool good)
{
	server_of_round = atomic_load(&shots[0].server);
	if (good && server_of_round >= 0 && server_of_round == atomic_load(&shots[1].server) &&
	    finds_connection(n)) {
		sum.inherited += server_of_syn != server_of_round;
		return;
	}
	/* A SYN that a busy machine has put aside came when nobody listened: it was reset. */
	if (good ? is_same_server() : !flows[n].rsts) {
		sum.failed++;
		fprintf(stderr, "# round %ld: SYN-ACKs %u, RSTs %u, servers %ld %ld %ld\n", n,
			flows[n].synacks, flows[n].rsts, server_of_syn, server_of_round,
			atomic_load(&servers));
	} else {
		sum.disturbed++;
	}
	clean_up(n);
}

static void play(long n, unsigned int most)
{
	bool good;

	flows[n].isn = 0x10000 + (uint32_t)n * 2654435761U;
	shots[1].len = 0;
	good = is("late") ? overtake(n) : is("busy") ? keep_busy(n) : clash(n, most);
	if (!good)
		atomic_store(&go, n + 1);
	wait_for_other(n + 1);
	pump();
	if (restart_ms)
		judge(n, good);
	else
		sum.failed += !(good && finds_connection(n));
	pump();
}

static void enter(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static void command(const char *order)
{
	int fd = open(ENDPOINTS, O_WRONLY);

	/* It stays, with its counters, from one run to the next. */
	if (fd < 0 || (write(fd, order, strlen(order)) < 0 && errno != EEXIST))
		die(order);
	close(fd);
}

static int new_listener(void)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(FRAMES_SERVER),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* It is closed when the other thread has left accept(). */
	while (bind(fd, (struct sockaddr *)&at, sizeof(at)))
		if (errno != EADDRINUSE)
			die("bind");
	if (listen(fd, 1024))
		die("listen");
	return fd;
}

static void open_listener(const char *ns, bool stock)
{
	char path[256];

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	enter(path);
	listener = new_listener();
	if (!stock)
		command(TAKEOVER);
}

/* In the server's namespace, on whatever CPU. */
static void *restarts(void *ns)
{
	enter(ns);
	for (;;) {
		usleep(restart_ms * 1000);
		atomic_fetch_add(&servers, 1);
		close(listener);
		listener = new_listener();
		atomic_fetch_add(&servers, 1);
		turns++;
	}
	return NULL;
}

static void *releases(void *ns)
{
	long long start;

	enter(ns);
	while (!atomic_load(&over)) {
		usleep(release_ms * 1000);
		start = now_ns();
		atomic_store(&releasing, true);
		command(RELEASE);
		atomic_store(&release_us, (now_ns() - start) / 1000);
		atomic_store(&releasing, false);
		command(TAKEOVER);
		turns++;
	}
	return NULL;
}

static void open_wire(void)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_IP),
		.sll_ifindex = if_nametoindex("lqc"),
	};
	int one = 1, size = 8 << 20;

	wire = socket(AF_PACKET, SOCK_RAW, 0);
	if (wire < 0 || !to.sll_ifindex ||
	    setsockopt(wire, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(wire, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)) ||
	    setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ||
	    bind(wire, (struct sockaddr *)&to, sizeof(to)))
		die("lqc");
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

static void start(const char *ns)
{
	static char path[256];
	pthread_t other;

	snprintf(path, sizeof(path), "/run/netns/%s", ns);
	if ((restart_ms && pthread_create(&beside, NULL, restarts, path)) ||
	    (release_ms && pthread_create(&beside, NULL, releases, path)))
		die("thread");

	errno = pthread_create(&other, NULL, other_cpu, NULL);
	if (errno)
		die("thread");
	stay_on(other, 1);
	stay_on(pthread_self(), 0);
}

/* Nobody comes any more: what is there was too much, or was reset before it was seen. */
static void finish(void)
{
	long n;
	int i, fd;

	if (release_ms) {
		atomic_store(&over, true);
		pthread_join(beside, NULL);
	}
	usleep(300000);
	pump();
	for (i = 0; i < STAY_OPEN; i++)
		end(&open_for_now[i]);
	while ((fd = accept_now(&n)) >= 0) {
		sum.established += is("rst");
		sum.extra += !is("rst") && !flows[n].disturbed;
		close(fd);
	}
	pump();
	for (n = 0; n < MOST_ROUNDS; n++) {
		*(flows[n].disturbed ? &sum.excused : &sum.rst) += flows[n].rsts;
		*(flows[n].disturbed ? &sum.put_aside : &sum.other_isn) += flows[n].others;
	}
}

static int usage(void)
{
	fprintf(stderr,
		"usage: collide [-s] [-n ROUNDS] [-w LOOPS] [-r MS] [-t MS] SERVERNS MAC data|syn|acks|rst|late|busy\n");
	return 2;
}

static void prepare(const char *ns, bool stock)
{
	int home = open("/proc/self/ns/net", O_RDONLY);

	flows = calloc(MOST_ROUNDS, sizeof(*flows));
	if (!flows)
		die("memory");
	open_listener(ns, stock);
	if (setns(home, CLONE_NEWNET))
		die("the client's namespace");
	close(home);
	open_wire();
	if (is("late") || is("busy"))
		delay_us = open("/sys/module/listenq/parameters/delay_us", O_WRONLY);
	start(ns);
}

int main(int argc, char **argv)
{
	long n, rounds = 1000;
	unsigned int most = 0;
	bool stock = false;
	int opt;

	while ((opt = getopt(argc, argv, "sn:w:r:t:")) != -1) {
		if (opt == 's')
			stock = true;
		else if (opt == 'n')
			rounds = atol(optarg);
		else if (opt == 'w')
			most = atoi(optarg);
		else if (opt == 'r')
			restart_ms = atoi(optarg);
		else if (opt == 't')
			release_ms = atoi(optarg);
		else
			return usage();
	}
	if (argc - optind != 3 || !frame_mac(argv[optind + 1], mac) || rounds > MOST_ROUNDS)
		return usage();
	kind = argv[optind + 2];
	prepare(argv[optind], stock);
	for (n = 0; n < rounds; n++)
		play(n, most);
	finish();
	printf("rounds=%ld both=%lu established=%lu rst=%lu ", rounds, sum.both, sum.established,
	       sum.rst);
	printf("repeated=%lu other_isn=%lu put_aside=%lu extra=%lu failed=%lu ", sum.repeated,
	       sum.other_isn, sum.put_aside, sum.extra, sum.failed);
	printf("disturbed=%lu excused=%lu inherited=%lu turns=%ld\n", sum.disturbed, sum.excused,
	       sum.inherited, turns);
	return 0;
}
