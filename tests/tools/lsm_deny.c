// SPDX-License-Identifier: GPL-2.0
/*
 * lsm_deny COMMAND...: run COMMAND while a security module refuses requests
 *
 * A two-instruction BPF LSM program on inet_conn_request answers -EPERM for every
 * request of this machine; the kernel must be booted with "bpf" in lsm=. Exits
 * with 4 when it can't be attached, else with COMMAND's code.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_insn deny[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -EPERM },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_LSM_MAC);
	int prog, link, id, status;
	pid_t child;

	if (argc < 2) {
		fprintf(stderr, "usage: lsm_deny COMMAND [ARGUMENT...]\n");
		return 2;
	}
	id = libbpf_find_vmlinux_btf_id("inet_conn_request", BPF_LSM_MAC);
	if (id < 0) {
		fprintf(stderr, "lsm_deny: no BTF of bpf_lsm_inet_conn_request: %s\n",
			strerror(-id));
		return 4;
	}
	opts.attach_btf_id = id;
	prog = bpf_prog_load(BPF_PROG_TYPE_LSM, "lq_deny", "GPL", deny,
			     sizeof(deny) / sizeof(deny[0]), &opts);
	link = prog < 0 ? prog : bpf_raw_tracepoint_open(NULL, prog);
	if (link < 0) {
		fprintf(stderr, "lsm_deny: can't attach: %s\n", strerror(errno));
		return 4;
	}
	child = fork();
	if (!child) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	waitpid(child, &status, 0);
	close(link);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
