// SPDX-License-Identifier: GPL-2.0
/*
 * deny.c - a security module that refuses the requests of one listener
 *
 * A BPF program on security_inet_conn_request() ("bpf" is among Debian's default
 * security modules): -EPERM where the listener has the given port, written as
 * six instructions so that nothing but the kernel's headers is needed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "drive.h"

#define INSN(c, d, s, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })

enum { SKC_NUM = 14 };		/* offset in struct sock_common, the head of struct sock */

static int link_fd = -1;

/* Bytes behind a type in the BTF, by its kind. */
static size_t extra(uint32_t info)
{
	size_t n = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17:		/* DECL_TAG */
		return 4;
	case BTF_KIND_ARRAY:
		return 12;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case 19:		/* ENUM64 */
		return 12 * n;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return 8 * n;
	default:
		return 0;
	}
}

/* The number of a kernel function among the kernel's types; 0: not there. */
static int function_id(const char *name)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC), id, found = 0;
	const struct btf_header *h;
	const char *p, *strings;
	struct stat st;
	size_t got = 0;
	ssize_t n = 1;
	char *data;

	if (fd < 0 || fstat(fd, &st))
		return 0;
	data = malloc(st.st_size);
	while (data && got < (size_t)st.st_size && n > 0) {
		n = read(fd, data + got, st.st_size - got);
		got += n > 0 ? n : 0;
	}
	close(fd);
	h = (void *)data;
	if (data && got > sizeof(*h)) {
		strings = data + h->hdr_len + h->str_off;
		p = data + h->hdr_len + h->type_off;
		for (id = 1; p < data + h->hdr_len + h->type_off + h->type_len; id++) {
			const struct btf_type *t = (void *)p;

			if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC &&
			    !strcmp(strings + t->name_off, name))
				found = id;
			p += sizeof(*t) + extra(t->info);
		}
	}
	free(data);
	return found;
}

void deny_reset(void)
{
	if (link_fd >= 0)
		close(link_fd);
	link_fd = -1;
}

/* deny [NAME]: from here on, until "allow" or the end of the story */
bool deny_statement(int argc, char **argv)
{
	struct listener *l = listener_find(argc > 1 ? argv[1] : "L");
	const struct bpf_insn code[] = {
		INSN(BPF_LDX | BPF_MEM | BPF_DW, 1, 1, 0, 0),	/* the socket */
		INSN(BPF_LDX | BPF_MEM | BPF_H, 1, 1, SKC_NUM, 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, -EPERM),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 1, l ? l->port : 0),
		INSN(BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0),
		INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0),
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_LSM,
		.expected_attach_type = BPF_LSM_MAC,
		.insns = (uintptr_t)code,
		.insn_cnt = ARRAY_SIZE(code),
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr attach = { 0 };
	int fd;

	load.attach_btf_id = function_id("bpf_lsm_inet_conn_request");
	fd = l && load.attach_btf_id ? syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load)) : -1;
	if (fd >= 0) {
		attach.raw_tracepoint.prog_fd = fd;
		link_fd = syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attach, sizeof(attach));
		close(fd);
	}
	if (link_fd < 0)
		fail("deny: %s", strerror(errno));
	clock_begin();
	return link_fd >= 0;
}

bool allow_statement(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	deny_reset();
	clock_begin();
	return true;
}
