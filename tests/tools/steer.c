// SPDX-License-Identifier: GPL-2.0
/*
 * steer.c - a BPF program that leads the clients of a port to the listener of another one
 *
 * usage: steer lookup|assign PID PORT PATH
 *
 * The listener is taken from PID (pidfd_getfd) and put into a map, where the program finds
 * it for IPv4 segments to PORT.
 *
 *   lookup   an sk_lookup program of the network namespace that this runs in, for as long as
 *            PATH, its link, is there
 *   assign   a program for "tc filter ... bpf da object-pinned PATH" that assigns SYNs
 *            (bpf_sk_assign) and leaves what comes later to the kernel, which knows the
 *            flow by then
 *
 * Written as instructions, so that nothing but the kernel's headers is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOVE(d, s)	INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define SET(d, i)	INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define CALL(f)		INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define EXIT		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define LEAVE(verdict)	SET(0, verdict), EXIT
#define FRAME(size, at)	INSN(BPF_LD | BPF_ABS | (size), 0, 0, 0, at)

/* Where the comparison does not hold, the kernel goes on as if there were no program. */
#define ONLY_IF(how, reg, value, verdict) \
	INSN(BPF_JMP | (how) | BPF_K, reg, 0, 2, value), LEAVE(verdict)

/* Offsets in a frame without IP options */
enum { ETHER_TYPE = 12, IP_PROTOCOL = 23, TCP_DPORT = 36, TCP_FLAGS = 47 };
enum { SYN = 2, ACK = 16 };

/* And one of an sk_lookup program's context, in the order of this machine */
enum { LOCAL_PORT = offsetof(struct bpf_sk_lookup, local_port) };

/* The map's first socket is the one; the program's context is in register 6. */
#define ASSIGN(map, verdict) \
	INSN(BPF_ST | BPF_MEM | BPF_W, 10, 0, -4, 0), \
	INSN(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map), \
	INSN(0, 0, 0, 0, 0), \
	MOVE(2, 10), \
	INSN(BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4), \
	CALL(map_lookup_elem), \
	ONLY_IF(BPF_JNE, 0, 0, verdict), \
	MOVE(7, 0), \
	MOVE(1, 6), \
	MOVE(2, 7), \
	SET(3, 0), \
	CALL(sk_assign), \
	MOVE(1, 7), \
	CALL(sk_release), \
	LEAVE(verdict)

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load(int type, int attach_type, const struct bpf_insn *code, size_t count)
{
	static char log[1 << 16];
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach_type,
		.insns = (uintptr_t)code,
		.insn_cnt = count,
		.license = (uintptr_t)"GPL",
		.log_buf = (uintptr_t)log,
		.log_size = sizeof(log),
		.log_level = 1,
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fputs(log, stderr);
	return fd;
}

/* Returns a link: the program is attached for as long as that is there. */
static int lookup(int map, int port)
{
	const struct bpf_insn code[] = {
		MOVE(6, 1),
		INSN(BPF_LDX | BPF_MEM | BPF_W, 2, 1, LOCAL_PORT, 0),
		ONLY_IF(BPF_JEQ, 2, port, SK_PASS),
		ASSIGN(map, SK_PASS),
	};
	int program = load(BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, code, ARRAY_SIZE(code));
	union bpf_attr attr = { 0 };

	attr.link_create.prog_fd = program;
	attr.link_create.target_fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	return bpf(BPF_LINK_CREATE, &attr);
}

/* Returns a program that tc attaches. */
static int assign(int map, int port)
{
	const struct bpf_insn code[] = {
		MOVE(6, 1),
		FRAME(BPF_H, ETHER_TYPE),
		ONLY_IF(BPF_JEQ, 0, ETH_P_IP, TC_ACT_OK),
		FRAME(BPF_B, IP_PROTOCOL),
		ONLY_IF(BPF_JEQ, 0, IPPROTO_TCP, TC_ACT_OK),
		FRAME(BPF_H, TCP_DPORT),
		ONLY_IF(BPF_JEQ, 0, port, TC_ACT_OK),
		FRAME(BPF_B, TCP_FLAGS),
		INSN(BPF_ALU64 | BPF_AND | BPF_K, 0, 0, 0, SYN | ACK),
		ONLY_IF(BPF_JEQ, 0, SYN, TC_ACT_OK),
		ASSIGN(map, TC_ACT_OK),
	};

	return load(BPF_PROG_TYPE_SCHED_CLS, 0, code, ARRAY_SIZE(code));
}

static bool listens(int fd)
{
	socklen_t length = sizeof(int);
	int value = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value;
}

/* A descriptor of the first listener that the process has, or -1. */
static int listener_of(pid_t pid)
{
	int process = syscall(SYS_pidfd_open, pid, 0), fd, n;

	for (n = 0; process >= 0 && n < 256; n++) {
		fd = syscall(SYS_pidfd_getfd, process, n, 0);
		if (fd >= 0 && listens(fd))
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int map_of(int listener)
{
	uint64_t value = listener;
	uint32_t key = 0;
	union bpf_attr create = {
		.map_type = BPF_MAP_TYPE_SOCKMAP,
		.key_size = sizeof(key),
		.value_size = sizeof(value),
		.max_entries = 1,
	};
	union bpf_attr update = { .key = (uintptr_t)&key, .value = (uintptr_t)&value };
	int map = bpf(BPF_MAP_CREATE, &create);

	update.map_fd = map;
	return map < 0 || bpf(BPF_MAP_UPDATE_ELEM, &update) ? -1 : map;
}

static int fail(const char *what)
{
	fprintf(stderr, "steer: %s: %s\n", what, strerror(errno));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	union bpf_attr pin = { 0 };
	int listener, map, fd;

	if (argc != 5 || (strcmp(argv[1], "lookup") && strcmp(argv[1], "assign"))) {
		fputs("usage: steer lookup|assign PID PORT PATH\n", stderr);
		return 2;
	}
	listener = listener_of(atoi(argv[2]));
	if (listener < 0)
		return fail("no listener");
	map = map_of(listener);
	if (map < 0)
		return fail("no map of sockets");
	fd = strcmp(argv[1], "lookup") ? assign(map, atoi(argv[3])) : lookup(map, atoi(argv[3]));
	if (fd < 0)
		return fail(argv[1]);
	pin.pathname = (uintptr_t)argv[4];
	pin.bpf_fd = fd;
	return bpf(BPF_OBJ_PIN, &pin) ? fail(argv[4]) : EXIT_SUCCESS;
}
