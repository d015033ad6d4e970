// SPDX-License-Identifier: GPL-2.0
/*
 * server.c - the listening sockets of a story, opened in the server's namespace
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drive.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_SMC
#define AF_SMC 43
#endif
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif
#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
enum { MEMINFO_DROPS = 8, MEMINFO_VARS = 9, ACCEPT_WAIT_MS = 2000 };

static struct listener listeners[16];
static int nr;
static bool drops_together;

uint64_t server_netns(void)
{
	static uint64_t inode;
	struct stat st;

	if (!inode && !stat("/proc/self/ns/net", &st))
		inode = st.st_ino;
	return inode;
}

/* What kind of socket: plain TCP, or a protocol that listens through one. */
static int socket_open(const char *kind)
{
	int type = SOCK_STREAM | SOCK_CLOEXEC;

	if (!strcmp(kind, "smc"))
		return socket(AF_SMC, type, server_family() == AF_INET6);
	return socket(server_family(), type, strcmp(kind, "mptcp") ? 0 : IPPROTO_MPTCP);
}

static int socket_bound(const char *kind, uint16_t port, bool reuseport, bool v6only)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in a4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket_open(kind), on = 1, err;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (reuseport)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	on = v6only;
	if (server_family() == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (server_family() == AF_INET6)
		err = bind(fd, (void *)&a6, sizeof(a6));
	else
		err = bind(fd, (void *)&a4, sizeof(a4));
	if (!err)
		return fd;
	close(fd);
	return -1;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	return getsockname(fd, (void *)&a, &len) ? 0 : ntohs(a.sin6_port);
}

/* A port that is bound, so that nobody else gets it, and where nobody listens. */
uint16_t server_closed_port(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = socket_bound("tcp", 0, false, false);
	return port_of(fd);
}

struct listener *listener_find(const char *name)
{
	int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(listeners[i].name, name))
			return &listeners[i];
	return NULL;
}

struct listener *listener_by_index(int i)
{
	return i < nr ? &listeners[i] : NULL;
}

static unsigned int listener_drops(const struct listener *l)
{
	unsigned int mem[MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(mem);

	if (l->fd < 0 || !l->cookie)
		return l->drops;
	getsockopt(l->fd, SOL_SOCKET, SO_MEMINFO, mem, &len);
	return mem[MEMINFO_DROPS];
}

/*
 * drops N [NAME | any]: adds to what a listener must show, or all of them together
 * (who of a reuseport group got a client is not for a story to know).
 */
bool server_drops(int argc, char **argv)
{
	const char *name = argc > 2 ? argv[2] : "L";
	struct listener *l = listener_find(name);
	long long n;

	if (argc < 2 || !number_parse(argv[1], &n))
		return false;
	if (!strcmp(name, "any")) {
		drops_together = true;
		l = &listeners[0];
	}
	if (!l || !nr) {
		fail("no such listener: %s", name);
		return false;
	}
	l->want_drops += n;
	return true;
}

/* The drops that "ss -m" shows are a counter like the others: exact, or a failure. */
void server_check_drops(void)
{
	unsigned int got, all = 0, want = 0;
	int i;

	for (i = 0; i < nr; i++) {
		got = listener_drops(&listeners[i]);
		all += got;
		want += listeners[i].want_drops;
		if (!drops_together && listeners[i].cookie && got != listeners[i].want_drops)
			fail_at(0, "drops of listener %s: expected %u, got %u",
				listeners[i].name, listeners[i].want_drops, got);
	}
	if (drops_together && all != want)
		fail_at(0, "drops of all listeners: expected %u, got %u", want, all);
}

/* Which listener of a group got a client is not for a story to know. */
void server_log_drops(void)
{
	unsigned int drops = 0;
	int i;

	for (i = 0; i < nr; i++)
		drops += listener_drops(&listeners[i]);
	log_line("drops %u", drops);
}

/* A command to the module about a listener's endpoint; returns an error number. */
static int command(const char *what, const struct listener *l)
{
	FILE *file = fopen("/proc/net/listenq/endpoints", "w");
	int err = 0;

	if (!file)
		return errno;
	fprintf(file, "%s *:%u", what, l->port);
	if (fflush(file))
		err = errno;
	fclose(file);
	return err;
}

/* Its endpoint, unless another listener's takeover has done it. IPv6 stays with stock. */
static bool take_over(const struct listener *l)
{
	int err = command("takeover", l);

	return !err || err == EEXIST;
}

/* A later listener may get the same port: what is pending there must not be its own. */
void server_reset(void)
{
	int i;

	for (i = 0; i < nr; i++)
		if (listeners[i].fd >= 0)
			close(listeners[i].fd);
	for (i = 0; i < nr && !strcmp(cfg.acted, "listenq"); i++)
		command("release", &listeners[i]);
	nr = 0;
	drops_together = false;
}

/*
 * Two last ACKs may be on different processors: the next segment must not be there before
 * so many connections are. Not every kind of listener tells.
 */
void server_await_accept_queue(const struct listener *l, unsigned int n)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);
	int ms;

	for (ms = 0; ms < 200; ms++) {
		/* Of a listener it is the length of its accept queue (tcp_get_info). */
		if (getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &len) ||
		    info.tcpi_unacked >= n)
			return;
		clock_wait(-1, 1000000);
	}
}

/* What a socket must be made with, before its options. */
struct wanted {
	const char *kind;
	bool reuseport;
	bool v6only;
};

/* A word of a listen statement, as far as it is none of listen_option() */
static void read_word(struct listener *l, struct wanted *w, const char *word)
{
	struct listener *other;

	w->reuseport |= !strcmp(word, "reuseport");
	w->v6only |= !strcmp(word, "v6only") && cfg.mode == MODE_IPV6;
	if (!strcmp(word, "mptcp") || !strcmp(word, "smc"))
		w->kind = word;
	l->stock |= w->kind == word || !strncmp(word, "fastopen=", 9) ||
		    !strncmp(word, "minttl=", 7);
	if (!strncmp(word, "as=", 3))
		snprintf(l->name, sizeof(l->name), "%s", word + 3);
	other = strncmp(word, "port-of=", 8) ? NULL : listener_find(word + 8);
	if (other)
		l->port = other->port;
}

/* listen BACKLOG [as=NAME] [port-of=NAME] [option ...] */
bool server_listen(int argc, char **argv)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	struct listener *l = &listeners[nr];
	socklen_t len = sizeof(l->cookie);
	struct wanted w = { .kind = "tcp" };
	char number[16];
	int i;

	if (argc < 2 || nr == (int)ARRAY_SIZE(listeners))
		goto bad;
	memset(l, 0, sizeof(*l));
	snprintf(l->name, sizeof(l->name), "L");
	for (i = 2; i < argc; i++)
		read_word(l, &w, argv[i]);
	if (!l->port)
		l->port = flow_server_port();
	l->backlog = atoi(argv[1]);
	l->fd = socket_bound(w.kind, l->port, w.reuseport, w.v6only);
	if (l->fd < 0 || listener_find(l->name))
		goto bad;
	for (i = 2; i < argc; i++)
		if (!listen_option(l->fd, argv[i])) {
			fail("listen option %s: %s", argv[i], strerror(errno));
			close(l->fd);
			return false;
		}
	/* Accepted sockets inherit this: their close leaves nothing behind. */
	setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (listen(l->fd, l->backlog))
		goto bad;
	l->port = port_of(l->fd);
	if (!strcmp(cfg.acted, "listenq") && !take_over(l))
		goto bad;
	if (strcmp(w.kind, "tcp") || getsockopt(l->fd, SOL_SOCKET, SO_COOKIE, &l->cookie, &len))
		l->cookie = 0;
	nr++;
	snprintf(number, sizeof(number), "%d", l->backlog);
	expect_check(expect_listener(l, "listen"), "backlog", '=', number);
	return true;
bad:
	fail("can't listen: %s", strerror(errno));
	return false;
}

/* backlog N [NAME]: listen() again on a listener */
bool server_backlog(int argc, char **argv)
{
	struct listener *l = listener_find(argc > 2 ? argv[2] : "L");
	struct expect *e;
	char number[16];

	if (argc < 2 || !l || listen(l->fd, atoi(argv[1]))) {
		fail("backlog N [LISTENER]");
		return false;
	}
	e = expect_listener(l, "backlog");
	expect_check(e, "backlog", '=', argv[1]);
	snprintf(number, sizeof(number), "%d", l->backlog);
	expect_check(e, "old_backlog", '=', number);
	l->backlog = atoi(argv[1]);
	return true;
}

/* close [NAME] */
bool server_close(int argc, char **argv)
{
	struct listener *l = listener_find(argc > 1 ? argv[1] : "L");

	if (!l || l->fd < 0) {
		fail("close [LISTENER]");
		return false;
	}
	l->drops = listener_drops(l);
	close(l->fd);
	l->fd = -1;
	expect_listener(l, "close");
	return true;
}

/* The flow of an accepted connection; NULL if no flow of the story is meant. */
struct flow *server_accept_one(struct listener *l, int ms)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	struct in6_addr addr;
	struct flow *f;
	int fd;

	if (!clock_wait(l->fd, ms * 1000000LL))
		return NULL;
	fd = accept4(l->fd, (void *)&a, &len, SOCK_CLOEXEC);
	if (fd < 0)
		return NULL;
	if (a.ss_family == AF_INET6) {
		addr = ((struct sockaddr_in6 *)&a)->sin6_addr;
	} else {
		memset(&addr, 0, sizeof(addr));
		addr.s6_addr[10] = 0xff;
		addr.s6_addr[11] = 0xff;
		memcpy(addr.s6_addr + 12, &((struct sockaddr_in *)&a)->sin_addr, 4);
	}
	f = flow_by_client(&addr, ntohs(((struct sockaddr_in6 *)&a)->sin6_port));
	if (!f) {
		fail("accept() returned a connection of nobody");
		close(fd);
	} else {
		if (f->child >= 0)
			close(f->child);
		f->child = fd;
		log_line("%d accepted %s", clock_tick(), f->name);
		log_child(f);
	}
	return f;
}

/* accept [N | none] [on=NAME] [check ...]: each accept waits for up to 2 s */
bool server_accept(int argc, char **argv)
{
	struct listener *l;
	const char *name = "L";
	bool none = false;
	struct expect *e;
	struct flow *f;
	int i = 1, n = 1;

	for (; i < argc; i++) {
		if (!strncmp(argv[i], "on=", 3))
			name = argv[i] + 3;
		else if (!strcmp(argv[i], "none"))
			none = true;
		else if (argv[i][0] >= '0' && argv[i][0] <= '9')
			n = atoi(argv[i]);
		else
			break;
	}
	l = listener_find(name);
	if (!l || l->fd < 0) {
		fail("no open listener %s", name);
		return false;
	}
	if (none) {
		f = server_accept_one(l, 0);
		if (f)
			fail("accept() returned flow %s, expected nothing", f->name);
		return !f;
	}
	while (n--) {
		f = server_accept_one(l, ACCEPT_WAIT_MS);
		if (!f) {
			fail("nothing to accept");
			return false;
		}
		e = expect_accept(f);
		if (l->cookie) {
			char number[24];

			snprintf(number, sizeof(number), "%llu", (unsigned long long)l->cookie);
			expect_check(e, "listener", '=', number);
		}
		if (!expect_checks(e, argc - i, argv + i))
			return false;
	}
	return true;
}
