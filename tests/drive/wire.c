// SPDX-License-Identifier: GPL-2.0
/*
 * wire.c - the client's end of the veth pair: frames out, frames in
 *
 * The client's addresses are configured nowhere, so its kernel answers nothing;
 * the server reaches them through a permanent neighbour (tests/net.sh).
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drive.h"

static int fd = -1;
static int ifindex;
static uint8_t client_mac[6], server_mac[6];
static char server_dev[IFNAMSIZ];

static void enter(const char *ns)
{
	char path[256];
	int ns_fd;

	snprintf(path, sizeof(path), "%s%s", strchr(ns, '/') ? "" : "/run/netns/", ns);
	ns_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ns_fd < 0 || setns(ns_fd, CLONE_NEWNET))
		die("can't enter network namespace %s", path);
	close(ns_fd);
}

/* The first interface that is up and no loopback: its index, name and address. */
static void find_device(uint8_t *mac, int *index, char *name)
{
	struct if_nameindex *all = if_nameindex(), *i;
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = false;

	for (i = all; !found && i && i->if_index; i++) {
		struct ifreq req = { 0 };

		snprintf(req.ifr_name, IFNAMSIZ, "%s", i->if_name);
		if (ioctl(s, SIOCGIFFLAGS, &req) || !(req.ifr_flags & IFF_UP) ||
		    req.ifr_flags & IFF_LOOPBACK || ioctl(s, SIOCGIFHWADDR, &req))
			continue;
		memcpy(mac, req.ifr_hwaddr.sa_data, 6);
		*index = i->if_index;
		snprintf(name, IFNAMSIZ, "%s", i->if_name);
		found = true;
	}
	errno = 0;
	if (!found)
		die("no device is up in a namespace");
	if_freenameindex(all);
	close(s);
}

/* Leaves the process in the server's namespace. */
void wire_open(void)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int size = 4 << 20, unused;
	char name[IFNAMSIZ];

	enter(cfg.client_ns);
	find_device(client_mac, &ifindex, name);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	ll.sll_ifindex = ifindex;
	if (fd < 0 || bind(fd, (void *)&ll, sizeof(ll)))
		die("packet socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	enter(cfg.server_ns);
	find_device(server_mac, &unused, server_dev);
}

const char *wire_server_dev(void)
{
	return server_dev;
}

void wire_send(const struct segment *seg)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
	unsigned char buf[2048];
	size_t len = frame_build(seg, buf, server_mac, client_mac);

	if (sendto(fd, buf, len, 0, (void *)&ll, sizeof(ll)) != (ssize_t)len)
		die("send a frame");
}

void wire_send_icmp(const struct segment *seg, uint8_t type, uint8_t code)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = ifindex };
	unsigned char buf[256];
	size_t len = frame_icmp(seg, type, code, buf, server_mac, client_mac);

	if (sendto(fd, buf, len, 0, (void *)&ll, sizeof(ll)) != (ssize_t)len)
		die("send an ICMP error");
}

static bool receive(void)
{
	struct sockaddr_ll ll;
	socklen_t len = sizeof(ll);
	unsigned char buf[4096];
	struct segment seg;
	bool parsed;
	ssize_t n;

	n = recvfrom(fd, buf, sizeof(buf), MSG_DONTWAIT, (void *)&ll, &len);
	if (n < 0)
		return false;
	if (ll.sll_pkttype == PACKET_OUTGOING)
		return true;
	parsed = frame_parse(buf, n, &seg);
	log_frame(buf, n, &seg, parsed);
	if (parsed)
		flow_deliver(&seg);
	return true;
}

/* Hands what arrives to its flow; returns after the first batch or after that time. */
void wire_pump_ns(long long ns)
{
	if (!clock_wait(fd, ns))
		return;
	while (receive())
		;
}

void wire_pump(int ms)
{
	wire_pump_ns(ms * 1000000LL);
}

/* Replies to an earlier story belong to nobody. */
void wire_flush(void)
{
	unsigned char buf[64];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		;
}
