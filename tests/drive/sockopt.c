// SPDX-License-Identifier: GPL-2.0
/*
 * sockopt.c - the options of a listen statement as socket options
 */
#include <errno.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "drive.h"

/* Throws away what carries one of the flags: byte 13 of the TCP header. */
static bool set_filter(int fd, const char *word)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };
	uint8_t flags;

	if (!flags_parse(word, &flags))
		return false;
	code[1].k = flags;
	return !setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog));
}

/*
 * Who of a group gets a segment: of two, the second one gets those of every other client port, or
 * all without SYN. Programs see the payload; where there is no second one, it is the first.
 */
static bool set_choice(int fd, const char *by)
{
	unsigned int tcp = SKF_NET_OFF + (ipv4_frames() ? 20 : 40);
	struct sock_filter of_port[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, tcp),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	struct sock_filter of_syn[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, tcp + 13),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 1),
	};
	struct sock_fprog prog = { ARRAY_SIZE(of_syn), of_syn };

	if (!strcmp(by, "port"))
		prog = (struct sock_fprog){ ARRAY_SIZE(of_port), of_port };
	else if (strcmp(by, "syn"))
		return false;
	return !setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &prog, sizeof(prog));
}

/* One key for every client. */
static bool set_md5(int fd, const char *key)
{
	struct tcp_md5sig md5 = { .tcpm_flags = TCP_MD5SIG_FLAG_PREFIX };
	struct sockaddr_in6 *any = (void *)&md5.tcpm_addr;

	md5.tcpm_addr.ss_family = server_family();
	if (cfg.mode == MODE_MAPPED)
		memset(any->sin6_addr.s6_addr + 10, 0xff, 2);
	md5.tcpm_keylen = strlen(key);
	memcpy(md5.tcpm_key, key, strlen(key));
	return !setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG_EXT, &md5, sizeof(md5));
}

static bool set_minttl(int fd, int ttl)
{
	if (ipv4_frames())
		return !setsockopt(fd, IPPROTO_IP, IP_MINTTL, &ttl, sizeof(ttl));
	return !setsockopt(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, &ttl, sizeof(ttl));
}

/* NAME=N */
static const struct {
	const char	*name;
	int		level, option;
} numbers[] = {
	{ "defer", IPPROTO_TCP, TCP_DEFER_ACCEPT },
	{ "fastopen", IPPROTO_TCP, TCP_FASTOPEN },
	{ "syncnt", IPPROTO_TCP, TCP_SYNCNT },
	{ "mss", IPPROTO_TCP, TCP_MAXSEG },
	{ "clamp", IPPROTO_TCP, TCP_WINDOW_CLAMP },
	{ "rcvbuf", SOL_SOCKET, SO_RCVBUF },
	{ "sndbuf", SOL_SOCKET, SO_SNDBUF },
	{ "tos", IPPROTO_IP, IP_TOS },
	{ "ttl", IPPROTO_IP, IP_TTL },
};

/* Sets one option of a listen statement; false with errno if it can't be had. */
bool listen_option(int fd, const char *word)
{
	const char *arg = strchr(word, '=');
	int n = arg ? atoi(arg + 1) : 0;
	size_t i;

	if (!strcmp(word, "reuseport") || !strcmp(word, "v6only") || !strcmp(word, "mptcp") ||
	    !strcmp(word, "smc") || !strncmp(word, "as=", 3) || !strncmp(word, "port-of=", 8))
		return true;	/* seen before the bind */
	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		if (arg && !strncmp(word, numbers[i].name, arg - word) &&
		    !numbers[i].name[arg - word])
			return !setsockopt(fd, numbers[i].level, numbers[i].option, &n,
					   sizeof(n));
	if (!strncmp(word, "minttl=", 7))
		return set_minttl(fd, n);
	if (!strncmp(word, "filter=", 7))
		return set_filter(fd, arg + 1);
	if (!strncmp(word, "chosen-by=", 10))
		return set_choice(fd, arg + 1);
	if (!strncmp(word, "md5=", 4))
		return set_md5(fd, arg + 1);
	errno = EINVAL;
	return false;
}
