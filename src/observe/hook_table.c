// SPDX-License-Identifier: GPL-2.0
/*
 * hook_table.c - THE list of what we hook, each row with its handlers
 *
 * A handler counts the hit and calls observe.c, carry.c or life.c; those of marks: marks.c.
 * tcp_v4_hnd_req was folded away in Linux 4.4: its listener's half is now cookie_v4_check
 * (called for every segment without SYN that reaches a listener, same contract), its request
 * lookup moved into tcp_v4_rcv, which calls tcp_check_req. tcp_v4_do_rcv runs for every segment
 * of the machine: its handler tests the state first, and its return is not hooked.
 *
 * Those that path/divert.c diverts, too, ask lq_probe_rests() whether the call is theirs.
 */
#include <linux/build_bug.h>
#include <linux/ptrace.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>
#include <net/inet_common.h>
#include <trace/events/skb.h>
#include <trace/events/tcp.h>

#include "kernel/compat.h"
#include "kernel/faults.h"
#include "ledger/listener.h"
#include "observe/before.h"
#include "observe/carry.h"
#include "observe/hook_table.h"
#include "observe/life.h"
#include "observe/marks.h"
#include "observe/observe.h"

/* The prototypes that the handlers below take their arguments from. */
#define CHECK_PROTO(function, ...) \
	static_assert(__same_type(&(function), (__VA_ARGS__)NULL))

CHECK_PROTO(tcp_v4_do_rcv, int (*)(struct sock *, struct sk_buff *));
CHECK_PROTO(tcp_check_req, struct sock *(*)(struct sock *, struct sk_buff *,
					    struct request_sock *, bool,
					    bool *LQ_CHECK_REQ_MORE));
CHECK_PROTO(tcp_conn_request, int (*)(struct request_sock_ops *,
				      const struct tcp_request_sock_ops *,
				      struct sock *, struct sk_buff *));
CHECK_PROTO(cookie_v4_check, struct sock *(*)(struct sock *, struct sk_buff *));
CHECK_PROTO(cookie_v6_check, struct sock *(*)(struct sock *, struct sk_buff *));
CHECK_PROTO(inet_csk_reqsk_queue_drop_and_put,
	    void (*)(struct sock *, struct request_sock *));
CHECK_PROTO(tcp_req_err, void (*)(struct sock *, u32, bool));
CHECK_PROTO(tcp_abort, int (*)(struct sock *, int));
CHECK_PROTO(inet_csk_listen_stop, void (*)(struct sock *));
CHECK_PROTO(inet_listen, int (*)(struct socket *, int));
CHECK_PROTO(security_inet_conn_request, int (*)(LQ_LSM_CONST struct sock *,
						struct sk_buff *, struct request_sock *));

/* What a return probe saw at an entry is in a frame now, or is not to be seen. */
static int framed(int err)
{
	if (!err)
		lq_frame_keep();
	return err;
}

static int on_tcp_v4_do_rcv(struct kprobe *kp, struct pt_regs *regs)
{
	struct sock *sk = LQ_ARG(regs, 0, struct sock *);

	if (likely(sk->sk_state != TCP_LISTEN) || lq_probe_rests(kp, LQ_ROW_TCP_V4_DO_RCV))
		return 0;
	lq_hit(LQ_ROW_TCP_V4_DO_RCV);
	lq_do_rcv(sk, LQ_ARG(regs, 1, struct sk_buff *), 4);
	return 0;
}

static int on_tcp_v6_do_rcv(struct kprobe *kp, struct pt_regs *regs)
{
	struct sock *sk = LQ_ARG(regs, 0, struct sock *);
	struct sk_buff *skb;

	if (likely(sk->sk_state != TCP_LISTEN) || lq_probe_rests(kp, LQ_ROW_TCP_V6_DO_RCV))
		return 0;
	skb = LQ_ARG(regs, 1, struct sk_buff *);
	/* tcp_v6_do_rcv hands it to tcp_v4_do_rcv. */
	if (skb->protocol == htons(ETH_P_IP))
		return 0;
	lq_hit(LQ_ROW_TCP_V6_DO_RCV);
	lq_do_rcv(sk, skb, 6);
	return 0;
}

static int enter_hnd_req(enum lq_row row, struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (lq_probe_rests(ri, row))
		return 1;
	lq_hit(row);
	return framed(lq_frame_open(lq_frame_next(), LQ_STAGE_hnd_req,
				    LQ_ARG(regs, 0, struct sock *),
				    LQ_ARG(regs, 1, struct sk_buff *), NULL));
}

static int on_tcp_v4_hnd_req(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return enter_hnd_req(LQ_ROW_TCP_V4_HND_REQ, ri, regs);
}

static int on_cookie_v4_check(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return enter_hnd_req(LQ_ROW_COOKIE_V4_CHECK, ri, regs);
}

static int on_cookie_v6_check(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return enter_hnd_req(LQ_ROW_COOKIE_V6_CHECK, ri, regs);
}

static int on_hnd_req_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	lq_hnd_req_close(lq_frame_last(), (struct sock *)regs_return_value(regs));
	return 0;
}

static int on_tcp_check_req(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (lq_probe_rests(ri, LQ_ROW_TCP_CHECK_REQ))
		return 1;
	lq_hit(LQ_ROW_TCP_CHECK_REQ);
	return framed(lq_check_req_open(lq_frame_next(), LQ_ARG(regs, 0, struct sock *),
					LQ_ARG(regs, 1, struct sk_buff *),
					LQ_ARG(regs, 2, struct request_sock *),
					LQ_ARG(regs, 3, unsigned long) & 0xff,
					LQ_ARG(regs, 4, const bool *)));
}

static int on_check_req_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	lq_check_req_close(lq_frame_last(), (struct sock *)regs_return_value(regs));
	return 0;
}

static int on_tcp_conn_request(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (lq_probe_rests(ri, LQ_ROW_TCP_CONN_REQUEST))
		return 1;
	lq_hit(LQ_ROW_TCP_CONN_REQUEST);
	return framed(lq_frame_open(lq_frame_next(), LQ_STAGE_conn_request,
				    LQ_ARG(regs, 2, struct sock *),
				    LQ_ARG(regs, 3, struct sk_buff *), NULL));
}

static int on_conn_request_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	lq_conn_request_close(lq_frame_last());
	return 0;
}

static int on_reqsk_timer(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct timer_list *timer = LQ_ARG(regs, 0, struct timer_list *);

	if (lq_probe_rests(ri, LQ_ROW_REQSK_TIMER_HANDLER))
		return 1;
	lq_hit(LQ_ROW_REQSK_TIMER_HANDLER);
	return framed(lq_timer_open(lq_frame_next(),
				    container_of(timer, struct request_sock, rsk_timer)));
}

static int on_reqsk_timer_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	lq_timer_close(lq_frame_last());
	return 0;
}

static int on_queue_drop_and_put(struct kprobe *kp, struct pt_regs *regs)
{
	lq_hit(LQ_ROW_REQSK_QUEUE_DROP_AND_PUT);
	lq_request_dropped(LQ_ARG(regs, 0, struct sock *), LQ_ARG(regs, 1, struct request_sock *));
	return 0;
}

static int on_tcp_req_err(struct kprobe *kp, struct pt_regs *regs)
{
	lq_hit(LQ_ROW_TCP_REQ_ERR);
	lq_icmp_error(inet_reqsk(LQ_ARG(regs, 0, struct sock *)), LQ_ARG(regs, 1, u32),
		      LQ_ARG(regs, 2, unsigned long) & 0xff);
	return 0;
}

static int on_tcp_abort(struct kprobe *kp, struct pt_regs *regs)
{
	struct sock *sk = LQ_ARG(regs, 0, struct sock *);

	if (inet_sk_state_load(sk) != TCP_NEW_SYN_RECV)
		return 0;
	lq_hit(LQ_ROW_TCP_ABORT);
	lq_hold_softirqs();
	lq_request_aborted(inet_reqsk(sk));
	lq_let_softirqs();
	return 0;
}

static void on_retransmit_synack(void *data, const struct sock *sk,
				 const struct request_sock *req)
{
	/* Tracepoints of 7.x leave preemption on. */
	preempt_disable_notrace();
	lq_hit(LQ_ROW_TCP_RETRANSMIT_SYNACK);
	lq_synack_repeated(sk, (struct request_sock *)req);
	preempt_enable_notrace();
}

static void on_kfree_skb(void *data, struct sk_buff *skb, void *location LQ_KFREE_SKB_MORE)
{
	if (lq_skb_dropped(skb) || lq_before_dropped(skb, LQ_KFREE_SKB_REASON, location))
		lq_hit(LQ_ROW_KFREE_SKB);
}

/* The tracepoints' own type check, as register_trace_*() would do it. */
static inline void check_tracepoint_types(void)
{
	check_trace_callback_type_tcp_retransmit_synack(on_retransmit_synack);
	check_trace_callback_type_kfree_skb(on_kfree_skb);
}

/* Return probes of calls without a frame keep one pointer. */
static void keep(struct kretprobe_instance *ri, void *pointer)
{
	*(void **)ri->data = pointer;
}

static void *kept(struct kretprobe_instance *ri)
{
	return *(void **)ri->data;
}

static int on_listen_start(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct sock *sk = LQ_ARG(regs, 0, struct sock *);

	if (sk->sk_protocol != IPPROTO_TCP)
		return 1;
	lq_hit(LQ_ROW_INET_CSK_LISTEN_START);
	keep(ri, sk);
	return 0;
}

static int on_listen_start_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	lq_hold_softirqs();
	if (!(int)regs_return_value(regs))
		lq_listening(kept(ri));
	else
		lq_listener_close(kept(ri));
	lq_let_softirqs();
	return 0;
}

static int on_inet_listen(struct kprobe *kp, struct pt_regs *regs)
{
	struct sock *sk = LQ_ARG(regs, 0, struct socket *)->sk;

	if (sk->sk_protocol != IPPROTO_TCP || inet_sk_state_load(sk) != TCP_LISTEN)
		return 0;
	lq_hit(LQ_ROW_INET_LISTEN);
	lq_hold_softirqs();
	lq_backlog_changed(sk, LQ_ARG(regs, 1, int));
	lq_let_softirqs();
	return 0;
}

static int on_listen_stop(struct kprobe *kp, struct pt_regs *regs)
{
	struct sock *sk = LQ_ARG(regs, 0, struct sock *);

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	lq_hit(LQ_ROW_INET_CSK_LISTEN_STOP);
	lq_hold_softirqs();
	lq_closing(sk);
	lq_widen_race(LQ_DELAY_CLOSE);
	lq_let_softirqs();
	return 0;
}

static int on_migrate_sock(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	if (lq_probe_rests(ri, LQ_ROW_REUSEPORT_MIGRATE_SOCK))
		return 1;
	lq_hit(LQ_ROW_REUSEPORT_MIGRATE_SOCK);
	keep(ri, LQ_ARG(regs, 1, struct sock *));
	return 0;
}

static int on_migrate_sock_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct sock *to = (struct sock *)regs_return_value(regs);

	if (to)
		lq_migrating(kept(ri), to);
	return 0;
}

static int on_inet_accept(struct kprobe *kp, struct pt_regs *regs)
{
	if (lq_probe_rests(kp, LQ_ROW_INET_ACCEPT))
		return 0;
	lq_hit(LQ_ROW_INET_ACCEPT);
	lq_hold_softirqs();
	lq_accept_seen(LQ_ARG(regs, 2, struct sock *));
	lq_let_softirqs();
	return 0;
}

static int on_sock_graft(struct kprobe *kp, struct pt_regs *regs)
{
	struct sock *child = LQ_ARG(regs, 0, struct sock *);

	if ((child->sk_family != AF_INET && child->sk_family != AF_INET6) ||
	    lq_probe_rests(kp, LQ_ROW_SECURITY_SOCK_GRAFT))
		return 0;
	lq_hit(LQ_ROW_SECURITY_SOCK_GRAFT);
	lq_hold_softirqs();
	lq_accept_seen(child);
	lq_let_softirqs();
	return 0;
}

#define ENTRY(handler) \
	.kind = LQ_HOOK_ENTRY, .kp = { .pre_handler = (handler) }
#define RETURN(on_entry, on_return, memory) \
	.kind = LQ_HOOK_RETURN, .rp = { .entry_handler = (on_entry), \
					.handler = (on_return), .data_size = (memory) }
#define TRACE(handler) \
	.kind = LQ_HOOK_TRACEPOINT, .probe = (handler)

struct lq_hook lq_hooks[LQ_ROWS] = {
[LQ_ROW_TCP_V4_DO_RCV] = {
	.name = "tcp_v4_do_rcv", ENTRY(on_tcp_v4_do_rcv),
	.sees = "IPv4 segments of a listener: checksum, flags, address",
	.blind = "IPv4 bad checksums, SYN with ACK, RST or FIN, SYN to a broadcast address",
},
[LQ_ROW_TCP_V6_DO_RCV] = {
	.name = "tcp_v6_do_rcv", ENTRY(on_tcp_v6_do_rcv),
	.sees = "IPv6 segments of a listener: checksum, flags, address",
	.blind = "IPv6 bad checksums, SYN with ACK, RST or FIN, SYN to a multicast address",
},
[LQ_ROW_TCP_V4_HND_REQ] = {
	.name = "tcp_v4_hnd_req",
	RETURN(on_tcp_v4_hnd_req, on_hnd_req_return, 0),
	.sees = "IPv4 segments without SYN",
	.stands_in = "cookie_v4_check (listener) and tcp_check_req (request)",
},
[LQ_ROW_COOKIE_V4_CHECK] = {
	.name = "cookie_v4_check", .unless = LQ_ROW_TCP_V4_HND_REQ, .required = true,
	RETURN(on_cookie_v4_check, on_hnd_req_return, 0),
	.sees = "IPv4 segments without SYN that reach a listener",
},
[LQ_ROW_COOKIE_V6_CHECK] = {
	.name = "cookie_v6_check",
	RETURN(on_cookie_v6_check, on_hnd_req_return, 0),
	.sees = "IPv6 segments without SYN that reach a listener",
	.blind = "IPv6 segments without SYN that reach a listener",
},
[LQ_ROW_TCP_CHECK_REQ] = {
	.name = "tcp_check_req", .required = true,
	RETURN(on_tcp_check_req, on_check_req_return, 0),
	.sees = "segments for a pending request",
},
[LQ_ROW_TCP_CONN_REQUEST] = {
	.name = "tcp_conn_request", .required = true,
	RETURN(on_tcp_conn_request, on_conn_request_return, 0),
	.sees = "SYNs",
},
[LQ_ROW_SECURITY_INET_CONN_REQUEST] = {
	.name = "security_inet_conn_request", .required = true,
	RETURN(lq_on_security_conn_request, lq_on_security_conn_request_return, 0),
	.sees = "mark: memory was there; what security modules say",
},
[LQ_ROW_TCP_PEER_IS_PROVEN] = {
	.name = "tcp_peer_is_proven", .required = true, ENTRY(lq_on_tcp_peer_is_proven),
	.sees = "mark: last quarter of tcp_max_syn_backlog",
},
[LQ_ROW_TCP_V4_SEND_SYNACK] = {
	.name = "tcp_v4_send_synack", .required = true,
	RETURN(lq_on_tcp_v4_send_synack, lq_on_send_synack_return, 0),
	.sees = "mark: IPv4 SYN-ACK, its kind, sent or not",
},
[LQ_ROW_TCP_V6_SEND_SYNACK] = {
	.name = "tcp_v6_send_synack", .required = IS_ENABLED(CONFIG_IPV6),
	RETURN(lq_on_tcp_v6_send_synack, lq_on_send_synack_return, 0),
	.sees = "mark: IPv6 SYN-ACK, its kind, sent or not",
},
[LQ_ROW_TCP_V4_REQSK_SEND_ACK] = {
	.name = "tcp_v4_reqsk_send_ack", .required = true, ENTRY(lq_on_tcp_v4_reqsk_send_ack),
	.sees = "mark: IPv4 ACK for a pending request",
},
[LQ_ROW_TCP_V6_REQSK_SEND_ACK] = {
	.name = "tcp_v6_reqsk_send_ack", .required = IS_ENABLED(CONFIG_IPV6),
	ENTRY(lq_on_tcp_v6_reqsk_send_ack),
	.sees = "mark: IPv6 ACK for a pending request",
},
[LQ_ROW_TCP_REQSK_SEND_CHALLENGE_ACK] = {
	.name = "tcp_reqsk_send_challenge_ack", ENTRY(lq_on_send_challenge_ack),
	.sees = "mark: challenge ACK of RFC 5961",
},
[LQ_ROW_TCP_CREATE_OPENREQ_CHILD] = {
	.name = "tcp_create_openreq_child", .required = true, ENTRY(lq_on_create_openreq_child),
	.sees = "mark: the connection's socket was asked for",
},
[LQ_ROW_MPTCP_SK_CLONE_INIT] = {
	.name = "mptcp_sk_clone_init",
	RETURN(lq_on_mptcp_sk_clone, lq_on_mptcp_sk_clone_return, sizeof(void *)),
	.sees = "mark: the socket that accept() of an MPTCP listener hands out",
	.blind = IS_ENABLED(CONFIG_MPTCP) ?
		 "who takes the connections of MPTCP listeners, and when" : NULL,
},
[LQ_ROW_REQSK_TIMER_HANDLER] = {
	.name = "reqsk_timer_handler",
	RETURN(on_reqsk_timer, on_reqsk_timer_return, 0),
	.sees = "requests that expire, move, or outlive their listener",
	.blind = "requests that expire, move, or outlive their listener",
},
[LQ_ROW_REQSK_QUEUE_DROP_AND_PUT] = {
	.name = "inet_csk_reqsk_queue_drop_and_put", ENTRY(on_queue_drop_and_put),
	.sees = "segments whose request outlived its listener",
	.blind = "segments whose request outlived its listener, MPTCP joins",
},
[LQ_ROW_TCP_REQ_ERR] = {
	.name = "tcp_req_err", ENTRY(on_tcp_req_err),
	.sees = "requests that an ICMP error ends",
	.blind = "requests that an ICMP error ends",
},
[LQ_ROW_TCP_ABORT] = {
	.name = "tcp_abort", ENTRY(on_tcp_abort),
	.sees = "requests that an administrator ends (ss -K)",
	.blind = "requests that an administrator ends (ss -K)",
},
[LQ_ROW_TCP_RETRANSMIT_SYNACK] = {
	.name = "tcp_retransmit_synack", TRACE(on_retransmit_synack),
	.sees = "SYN-ACKs repeated",
	.blind = "SYN-ACKs repeated by the timer",
},
[LQ_ROW_KFREE_SKB] = {
	.name = "kfree_skb", TRACE(on_kfree_skb),
	.sees = "segments dropped between two hooks, SYNs dropped before a listener",
	.blind = "segments dropped between two hooks, SYNs dropped before a listener",
},
[LQ_ROW_INET_CSK_LISTEN_START] = {
	.name = "inet_csk_listen_start",
	RETURN(on_listen_start, on_listen_start_return, sizeof(void *)),
	.sees = "sockets that start to listen", .blind = "sockets that start to listen",
},
[LQ_ROW_INET_LISTEN] = {
	.name = "inet_listen", ENTRY(on_inet_listen),
	.sees = "listen() on a listener: its backlog changes",
	.blind = "changes of a listener's backlog",
},
[LQ_ROW_INET_CSK_LISTEN_STOP] = {
	.name = "inet_csk_listen_stop", ENTRY(on_listen_stop),
	.sees = "listeners that close, with what they kill",
	.blind = "listeners that close",
},
[LQ_ROW_REUSEPORT_MIGRATE_SOCK] = {
	.name = "reuseport_migrate_sock",
	RETURN(on_migrate_sock, on_migrate_sock_return, sizeof(void *)),
	.sees = "connections that move to another listener of their group",
	.blind = "connections that move to another listener of their group",
},
[LQ_ROW_INET_ACCEPT] = {
	.name = "__inet_accept", ENTRY(on_inet_accept),
	.sees = "accept()", .stands_in = "security_sock_graft",
},
[LQ_ROW_SECURITY_SOCK_GRAFT] = {
	.name = "security_sock_graft", .unless = LQ_ROW_INET_ACCEPT, ENTRY(on_sock_graft),
	.sees = "accept()", .blind = "accept()",
},
};

const int lq_hook_count = LQ_ROWS;

/**
 * lq_hook_table_attach() - hook every row that this kernel has
 * @without: comma-separated names of rows to leave out, may be NULL
 *
 * Context: process, sleeps.
 * Return: as lq_hooks_attach().
 */
int lq_hook_table_attach(const char *without)
{
	int row;

	for (row = 0; row < LQ_ROWS; row++)
		lq_hooks[row].hits = &lq_hits[row];
	return lq_hooks_attach(lq_hooks, LQ_ROWS, without);
}
