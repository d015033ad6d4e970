// SPDX-License-Identifier: GPL-2.0
/*
 * host.c - sysctls, delays and commands in the server's namespace, taken back
 * afterwards
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drive.h"

struct undo {
	char		*command;	/* or NULL: */
	char		path[128];
	char		value[128];
	struct undo	*next;
};

static struct undo *undos;

static struct undo *undo_add(void)
{
	struct undo *u = calloc(1, sizeof(*u));

	if (!u)
		die("no memory");
	u->next = undos;
	undos = u;
	return u;
}

static bool write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (ssize_t)strlen(value);
}

static bool read_file(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, value, size - 1);
	close(fd);
	value[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Writes a file for the time of the story. */
bool host_set(const char *path, const char *value)
{
	struct undo *u = undo_add();

	snprintf(u->path, sizeof(u->path), "%s", path);
	if (!read_file(path, u->value, sizeof(u->value)) || !write_file(path, value)) {
		fail("%s = %s: %s", path, value, strerror(errno));
		return false;
	}
	return true;
}

bool host_sysctl(const char *name, const char *value)
{
	char path[128], *p;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	for (p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	return host_set(path, value);
}

/* delay PLACE[,PLACE]... MICROSECONDS: the module waits there */
bool host_delay(int argc, char **argv)
{
	static const struct {
		const char	*name;
		unsigned int	bit;
	} places[] = {
#include "delays.h"
	};
	char *place, *save = NULL, bits[16];
	unsigned int at = 0, i;

	if (argc != 3) {
		fail("delay PLACE[,PLACE]... MICROSECONDS");
		return false;
	}
	for (place = strtok_r(argv[1], ",", &save); place; place = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < ARRAY_SIZE(places) && strcmp(place, places[i].name); i++)
			;
		if (i == ARRAY_SIZE(places)) {
			fail("no such place: %s", place);
			return false;
		}
		at |= places[i].bit;
	}
	snprintf(bits, sizeof(bits), "%u", at);
	return host_set("/sys/module/listenq/parameters/delay_us", argv[2]) &&
	       host_set("/sys/module/listenq/parameters/delay_at", bits);
}

/* {A.port} {A.seq} {A.ack} (of the segment sent last), {L.port} {L.cookie} */
static bool member_value(const char *owner, const char *member, char *out, size_t size)
{
	struct listener *l = listener_find(owner);
	struct flow *f = flow_find(owner);

	if (l && !strcmp(member, "port"))
		snprintf(out, size, "%u", l->port);
	else if (l && !strcmp(member, "cookie"))
		snprintf(out, size, "%llu", (unsigned long long)l->cookie);
	else if (f && !strcmp(member, "port"))
		snprintf(out, size, "%u", f->sport);
	else if (f && !strcmp(member, "seq"))
		snprintf(out, size, "%u", f->sent.seq);
	else if (f && !strcmp(member, "ack"))
		snprintf(out, size, "%u", f->sent.ack);
	else
		return false;
	return true;
}

/* {A} a flow's address, {server}, {netns}, {dev}, {ip} = "ip" or "ip -6" */
static bool name_value(const char *name, char *out, size_t size)
{
	struct in6_addr a = server_address();
	const char *dot = strchr(name, '.');
	char owner[32];

	snprintf(owner, sizeof(owner), "%.*s", (int)strcspn(name, "."), name);
	if (dot)
		return member_value(owner, dot + 1, out, size);
	if (!strcmp(name, "server"))
		address_text(&a, out, size);
	else if (!strcmp(name, "netns"))
		snprintf(out, size, "%llu", (unsigned long long)server_netns());
	else if (!strcmp(name, "dev"))
		snprintf(out, size, "%s", wire_server_dev());
	else if (!strcmp(name, "ip"))
		snprintf(out, size, "%s", ipv4_frames() ? "ip" : "ip -6");
	else if (name[0] >= 'A' && name[0] <= 'Z')
		address_text(&flow_get(name)->src, out, size);
	else
		return false;
	return true;
}

char *host_substitute(const char *text)
{
	static char out[2048];
	char name[32], value[128];
	size_t n = 0;
	int used;

	while (*text && n < sizeof(out) - sizeof(value)) {
		used = 0;
		if (sscanf(text, "{%31[A-Za-z0-9.]}%n", name, &used) == 1 && used &&
		    name_value(name, value, sizeof(value))) {
			n += sprintf(out + n, "%s", value);
			text += used;
		} else {
			out[n++] = *text++;
		}
	}
	out[n] = '\0';
	return out;
}

static bool shell(const char *command)
{
	char line[2200];
	int status;

	fflush(stdout);
	snprintf(line, sizeof(line), "exec 1>&2; %s", command);
	status = system(line);
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fail("'%s' failed (status %#x)", command, status);
		return false;
	}
	return true;
}

/* later: when the story ends, whatever happened by then. */
bool host_run(const char *text, bool later)
{
	const char *command = host_substitute(text);
	bool done;

	if (!later) {
		done = shell(command);
		clock_begin();
		return done;
	}
	undo_add()->command = strdup(command);
	return true;
}

void host_restore(void)
{
	while (undos) {
		struct undo *u = undos;

		undos = u->next;
		if (u->command)
			shell(u->command);
		else if (u->value[0] && !write_file(u->path, u->value))
			fail("can't restore %s", u->path);
		free(u->command);
		free(u);
	}
}
