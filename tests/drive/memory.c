// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - one allocation of the listen path fails (failslab)
 *
 * The caches must be marked when the kernel starts:
 *
 *	slub_debug=A,request_sock_TCP*,TCP*,tcp_bind2_bucket
 */
#include <stdio.h>
#include <string.h>

#include "drive.h"

/* What the path allocates, in its order, and from which cache. */
static const char *cache_of(const char *what)
{
	if (!strcmp(what, "request"))
		return ipv4_frames() ? "request_sock_TCP" : "request_sock_TCPv6";
	if (!strcmp(what, "child"))
		return server_family() == AF_INET ? "TCP" : "TCPv6";
	if (!strcmp(what, "bucket"))
		return "tcp_bind2_bucket";
	return NULL;
}

static int object_size(const char *cache)
{
	char path[128];
	int size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/object_size", cache);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%d", &size) != 1)
		fail("can't read %s", path);
	if (f)
		fclose(f);
	return size;
}

static bool set(const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/failslab/%s", name);
	return host_set(path, value);
}

/*
 * nomem WHAT [after WHAT...]: the next allocation fails, once; those named behind
 * "after" come before it, and failslab lets as many bytes pass.
 */
bool memory_statement(int argc, char **argv)
{
	const char *cache;
	char space[16];
	int i, bytes = 0;

	for (i = 1; i < argc; i++) {
		if (i == 2 && !strcmp(argv[i], "after"))
			continue;
		cache = cache_of(argv[i]);
		if (!cache) {
			fail("no such allocation: %s", argv[i]);
			return false;
		}
		if (i > 2)
			bytes += object_size(cache);
	}
	if (argc < 2) {
		fail("nomem WHAT [after WHAT...]");
		return false;
	}
	snprintf(space, sizeof(space), "%d", bytes ? bytes + 1 : 0);
	return set("verbose", "0") && set("cache-filter", "Y") && set("interval", "0") &&
	       set("space", space) && set("times", "1") && set("probability", "100");
}
