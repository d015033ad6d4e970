/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ksym.h - kernel functions we use that no header lets us link
 */
#ifndef LISTENQ_KSYM_H
#define LISTENQ_KSYM_H

#include <linux/static_call.h>
#include <linux/task_work.h>
#include <net/tcp.h>

u64 lq_no_cookie(struct sock *sk);

DECLARE_STATIC_CALL(lq_gen_cookie, lq_no_cookie);

DECLARE_STATIC_CALL(lq_check_req, tcp_check_req);

/* Takeover only: see lq_can_take_over(). */
void lq_no_rtt_meas(struct sock *sk, struct request_sock *req);
void lq_no_challenge_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req);
bool lq_no_peer_is_proven(struct request_sock *req, struct dst_entry *dst);

DECLARE_STATIC_CALL(lq_synack_rtt_meas, lq_no_rtt_meas);
DECLARE_STATIC_CALL(lq_send_challenge_ack, lq_no_challenge_ack);
DECLARE_STATIC_CALL(lq_peer_is_proven, lq_no_peer_is_proven);
DECLARE_STATIC_CALL(lq_select_initial_window, tcp_select_initial_window);
DECLARE_STATIC_CALL(lq_csk_route_req, inet_csk_route_req);
DECLARE_STATIC_CALL(lq_accept_queue_add, inet_csk_reqsk_queue_add);
DECLARE_STATIC_CALL(lq_stock_hash_add, inet_csk_reqsk_queue_hash_add);
DECLARE_STATIC_CALL(lq_cookie_timestamp, cookie_init_timestamp);
DECLARE_STATIC_CALL(lq_listener_lookup, __inet_lookup_listener);

/* See lq_can_work_in_tasks(). */
DECLARE_STATIC_CALL(lq_work_add, task_work_add);

/**
 * lq_sock_cookie() - the socket's number in ss, SO_COOKIE and BPF
 * @sk: a full socket or a request
 *
 * Makes the number when nobody asked for it yet, as ss would.
 *
 * Context: preemption off.
 * Return: the cookie, 0 if it has none and the kernel's maker was not found.
 */
static inline u64 lq_sock_cookie(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	return likely(cookie) ? cookie : static_call(lq_gen_cookie)(sk);
}

bool lq_can_take_over(void);
bool lq_can_work_in_tasks(void);
bool lq_has_challenge_acks(void);
bool lq_is_stock_syn_recv(const void *syn_recv_sock);
int lq_ksym_resolve(void);

#endif
