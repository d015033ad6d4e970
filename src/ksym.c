// SPDX-License-Identifier: GPL-2.0
/*
 * ksym.c - THE list of what we call or compare with, resolved by name
 *
 * An address comes from a throw-away kprobe that is never armed. A call goes
 * through static_call, which patches a direct CALL: an indirect call to a function
 * that the kernel sealed is fatal on CPUs with IBT. A function we only compare
 * pointers with is never called.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <net/tcp.h>

#include "ksym.h"

/**
 * lq_no_cookie() - what lq_sock_cookie() does until the kernel's maker is found
 * @sk: a full socket
 *
 * Return: the socket's cookie if somebody had it made, else 0.
 */
u64 lq_no_cookie(struct sock *sk)
{
	return atomic64_read(&sk->sk_cookie);
}

DEFINE_STATIC_CALL(lq_gen_cookie, lq_no_cookie);

/* Called only once it is found: it is required. */
DEFINE_STATIC_CALL_NULL(lq_check_req, tcp_check_req);

enum {
	GEN_COOKIE,
	CHECK_REQ,
	SYN_RECV_V4,
	SYN_RECV_V6,
	CHALLENGE_ACK,
	SYM_COUNT
};

static struct ksym {
	const char *name;
	const char *used_for;
	bool required;
	struct kprobe kp;
	void *addr;
} syms[SYM_COUNT] = {
	[GEN_COOKIE] = { "__sock_gen_cookie", "number of a listener", true },
	[CHECK_REQ] = { "tcp_check_req", "asked once, which rules it has", true },
	[SYN_RECV_V4] = { "tcp_v4_syn_recv_sock", "compared with a listener's own", true },
	[SYN_RECV_V6] = { "tcp_v6_syn_recv_sock", "compared with a listener's own", false },
	[CHALLENGE_ACK] = { "tcp_reqsk_send_challenge_ack", "there or not: RFC 5961", false },
};

/* A probe sits behind an ENDBR, or behind what sealing made of it; calls start there. */
static void *function_start(void *addr)
{
#ifdef CONFIG_X86_KERNEL_IBT
	static const u8 marks[][4] = {
		{ 0xf3, 0x0f, 0x1e, 0xfa },	/* endbr64 */
		{ 0x66, 0x0f, 0x1f, 0x00 },	/* sealed, up to 6.12 */
		{ 0x0f, 0x1f, 0x40, 0xd6 },	/* sealed, 7.x */
	};
	u8 before[4];
	int i;

	if (copy_from_kernel_nofault(before, addr - sizeof(before), sizeof(before)))
		return addr;
	for (i = 0; i < ARRAY_SIZE(marks); i++)
		if (!memcmp(before, marks[i], sizeof(before)))
			return addr - sizeof(before);
#endif
	return addr;
}

/**
 * lq_is_stock_syn_recv() - does a listener make its children the stock way?
 * @syn_recv_sock: icsk_af_ops->syn_recv_sock of the listener
 *
 * Return: false when MPTCP or SMC put their own in front.
 */
bool lq_is_stock_syn_recv(const void *syn_recv_sock)
{
	return syn_recv_sock == syms[SYN_RECV_V4].addr ||
	       syn_recv_sock == syms[SYN_RECV_V6].addr;
}

/**
 * lq_has_challenge_acks() - does this kernel answer a RST that is not exact?
 *
 * Return: whether it has the function for it.
 */
bool lq_has_challenge_acks(void)
{
	return syms[CHALLENGE_ACK].addr;
}

/**
 * lq_ksym_resolve() - find every row's address
 *
 * Context: process, sleeps.
 * Return: 0, or -ENOENT with one line that names the missing function.
 */
int lq_ksym_resolve(void)
{
	struct kprobe *found[SYM_COUNT];
	int i, n = 0, err = 0;

	for (i = 0; i < SYM_COUNT; i++) {
		struct ksym *sym = &syms[i];

		memset(&sym->kp, 0, sizeof(sym->kp));
		sym->kp.symbol_name = sym->name;
		sym->kp.flags = KPROBE_FLAG_DISABLED;
		if (!register_kprobe(&sym->kp)) {
			sym->addr = function_start(sym->kp.addr);
			found[n++] = &sym->kp;
		} else if (sym->required && !err) {
			pr_err("this kernel has no %s (%s): not loaded\n", sym->name,
			       sym->used_for);
			err = -ENOENT;
		}
	}
	unregister_kprobes(found, n);
	if (err)
		return err;
	static_call_update(lq_gen_cookie, (u64 (*)(struct sock *))syms[GEN_COOKIE].addr);
	static_call_update(lq_check_req, (typeof(tcp_check_req) *)syms[CHECK_REQ].addr);
	return 0;
}
