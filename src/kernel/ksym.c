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

#include "kernel/ksym.h"

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

/* Stand for functions that only takeover calls, until they are found. */
void lq_no_rtt_meas(struct sock *sk, struct request_sock *req) { }
void lq_no_challenge_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req) { }
bool lq_no_peer_is_proven(struct request_sock *req, struct dst_entry *dst) { return false; }

DEFINE_STATIC_CALL(lq_synack_rtt_meas, lq_no_rtt_meas);
DEFINE_STATIC_CALL(lq_send_challenge_ack, lq_no_challenge_ack);
DEFINE_STATIC_CALL(lq_peer_is_proven, lq_no_peer_is_proven);

/* All kernels have these, some would let us link them. See lq_can_take_over(). */
DEFINE_STATIC_CALL_NULL(lq_select_initial_window, tcp_select_initial_window);
DEFINE_STATIC_CALL_NULL(lq_csk_route_req, inet_csk_route_req);
DEFINE_STATIC_CALL_NULL(lq_accept_queue_add, inet_csk_reqsk_queue_add);
DEFINE_STATIC_CALL_NULL(lq_stock_hash_add, inet_csk_reqsk_queue_hash_add);
DEFINE_STATIC_CALL_NULL(lq_cookie_timestamp, cookie_init_timestamp);
DEFINE_STATIC_CALL_NULL(lq_listener_lookup, __inet_lookup_listener);

/* Called only if it is there: see lq_can_work_in_tasks(). */
DEFINE_STATIC_CALL_NULL(lq_work_add, task_work_add);

/* What there is not without a row's function. */
enum need { OPTIONAL, TAKEOVER, LOADING };

enum {
	GEN_COOKIE,
	CHECK_REQ,
	SYN_RECV_V4,
	SYN_RECV_V6,
	CHALLENGE_ACK,
	RTT_MEAS,
	PEER_IS_PROVEN,
	SELECT_WINDOW,
	ROUTE_REQ,
	ACCEPT_QUEUE_ADD,
	HASH_ADD,
	COOKIE_TIMESTAMP,
	LISTENER_LOOKUP,
	WORK_ADD,
	SYM_COUNT
};

static struct ksym {
	const char *name;
	const char *used_for;
	enum need needed_by;
	struct kprobe kp;
	void *addr;
} syms[SYM_COUNT] = {
	[GEN_COOKIE] = { "__sock_gen_cookie", "number of a listener", LOADING },
	[CHECK_REQ] = { "tcp_check_req", "asked once, which rules it has", LOADING },
	[SYN_RECV_V4] = { "tcp_v4_syn_recv_sock", "compared, never called", LOADING },
	[SYN_RECV_V6] = { "tcp_v6_syn_recv_sock", "compared, never called", OPTIONAL },
	[CHALLENGE_ACK] = { "tcp_reqsk_send_challenge_ack", "RFC 5961", OPTIONAL },
	[RTT_MEAS] = { "tcp_synack_rtt_meas", "first round-trip time", TAKEOVER },
	[PEER_IS_PROVEN] = { "tcp_peer_is_proven", "last quarter of a queue", TAKEOVER },
	[SELECT_WINDOW] = { "tcp_select_initial_window", "window of a SYN-ACK", TAKEOVER },
	[ROUTE_REQ] = { "inet_csk_route_req", "way of a SYN-ACK", TAKEOVER },
	[ACCEPT_QUEUE_ADD] = { "inet_csk_reqsk_queue_add", "accept queue", TAKEOVER },
	[HASH_ADD] = { "inet_csk_reqsk_queue_hash_add", "records given back", TAKEOVER },
	[COOKIE_TIMESTAMP] = { "cookie_init_timestamp", "options in a cookie", TAKEOVER },
	[LISTENER_LOOKUP] = { "__inet_lookup_listener", "who gets records back", TAKEOVER },
	[WORK_ADD] = { "task_work_add", "rules, when listen() returns", OPTIONAL },
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
 * lq_can_take_over() - is everything there that only takeover calls?
 *
 * Return: true, or false after one line that names the missing function.
 */
bool lq_can_take_over(void)
{
	int i;

	for (i = 0; i < SYM_COUNT; i++) {
		if (syms[i].needed_by == TAKEOVER && !syms[i].addr) {
			pr_err("this kernel has no %s (%s): no takeover\n", syms[i].name,
			       syms[i].used_for);
			return false;
		}
	}
	return true;
}

/**
 * lq_can_work_in_tasks() - can a task be given work to do before it returns to its user?
 *
 * Return: whether this kernel has the function for it.
 */
bool lq_can_work_in_tasks(void)
{
	return syms[WORK_ADD].addr;
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

/* From now on, static call @call is a call of the row's function, if it was found. */
#define DIRECT(call, row, like) do {						\
	if (syms[row].addr)							\
		static_call_update(call, (typeof(like) *)syms[row].addr);	\
} while (0)

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
		} else if (sym->needed_by == LOADING && !err) {
			pr_err("this kernel has no %s (%s): not loaded\n", sym->name,
			       sym->used_for);
			err = -ENOENT;
		}
	}
	unregister_kprobes(found, n);
	if (err)
		return err;
	DIRECT(lq_gen_cookie, GEN_COOKIE, lq_no_cookie);
	DIRECT(lq_check_req, CHECK_REQ, tcp_check_req);
	DIRECT(lq_send_challenge_ack, CHALLENGE_ACK, lq_no_challenge_ack);
	DIRECT(lq_synack_rtt_meas, RTT_MEAS, lq_no_rtt_meas);
	DIRECT(lq_peer_is_proven, PEER_IS_PROVEN, lq_no_peer_is_proven);
	DIRECT(lq_select_initial_window, SELECT_WINDOW, tcp_select_initial_window);
	DIRECT(lq_csk_route_req, ROUTE_REQ, inet_csk_route_req);
	DIRECT(lq_accept_queue_add, ACCEPT_QUEUE_ADD, inet_csk_reqsk_queue_add);
	DIRECT(lq_stock_hash_add, HASH_ADD, inet_csk_reqsk_queue_hash_add);
	DIRECT(lq_cookie_timestamp, COOKIE_TIMESTAMP, cookie_init_timestamp);
	DIRECT(lq_listener_lookup, LISTENER_LOOKUP, __inet_lookup_listener);
	DIRECT(lq_work_add, WORK_ADD, task_work_add);
	return 0;
}
