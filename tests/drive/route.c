// SPDX-License-Identifier: GPL-2.0
/*
 * route.c - takes the way back to one client away, and gives it back
 *
 * By netlink and not by ip(8): under emulation a command takes so long that the
 * SYN-ACK timer of the request in question runs out meanwhile.
 */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drive.h"

struct request {
	struct nlmsghdr	nlh;
	struct rtmsg	rtm;
	struct rtattr	rta;
	unsigned char	dst[16];
};

static struct {
	struct in6_addr	client;
	unsigned char	type;
} taken[16];

static int nr_taken;

static bool talk(struct request *r)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr	nlh;
		struct nlmsgerr	err;
		char		rest[256];
	} answer = { .err.error = -1 };
	bool ok;

	ok = fd >= 0 && send(fd, r, r->nlh.nlmsg_len, 0) > 0 &&
	     recv(fd, &answer, sizeof(answer), 0) > 0 && !answer.err.error;
	close(fd);
	return ok;
}

static bool change(int type, const struct in6_addr *client, unsigned char route, int flags)
{
	int len = ipv4_frames() ? 4 : 16;
	struct request r = {
		.nlh.nlmsg_len = NLMSG_LENGTH(sizeof(r.rtm)) + RTA_LENGTH(len),
		.nlh.nlmsg_type = type,
		.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
		.rtm.rtm_family = ipv4_frames() ? AF_INET : AF_INET6,
		.rtm.rtm_dst_len = len * 8,
		.rtm.rtm_table = RT_TABLE_MAIN,
		.rtm.rtm_protocol = RTPROT_STATIC,
		.rtm.rtm_type = route,
		.rta.rta_type = RTA_DST,
		.rta.rta_len = RTA_LENGTH(len),
	};

	memcpy(r.dst, client->s6_addr + 16 - len, len);
	return talk(&r);
}

/* route unreachable|prohibit|blackhole FLOW */
bool route_statement(int argc, char **argv)
{
	static const struct {
		const char	*name;
		unsigned char	type;
	} types[] = {
		{ "unreachable", RTN_UNREACHABLE },
		{ "prohibit", RTN_PROHIBIT },
		{ "blackhole", RTN_BLACKHOLE },
	};
	struct flow *f = argc == 3 ? flow_get(argv[2]) : NULL;
	size_t i;

	for (i = 0; f && i < ARRAY_SIZE(types); i++)
		if (!strcmp(argv[1], types[i].name) && nr_taken < (int)ARRAY_SIZE(taken) &&
		    change(RTM_NEWROUTE, &f->src, types[i].type, NLM_F_CREATE | NLM_F_EXCL)) {
			taken[nr_taken].client = f->src;
			taken[nr_taken++].type = types[i].type;
			return true;
		}
	fail("route unreachable|prohibit|blackhole FLOW");
	return false;
}

void route_reset(void)
{
	while (nr_taken) {
		nr_taken--;
		if (!change(RTM_DELROUTE, &taken[nr_taken].client, taken[nr_taken].type, 0))
			fail_at(0, "can't take a route back");
	}
}
