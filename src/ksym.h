/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ksym.h - kernel functions we use that no header lets us link
 */
#ifndef LISTENQ_KSYM_H
#define LISTENQ_KSYM_H

#include <linux/static_call.h>
#include <net/tcp.h>

u64 lq_no_cookie(struct sock *sk);

DECLARE_STATIC_CALL(lq_gen_cookie, lq_no_cookie);

DECLARE_STATIC_CALL(lq_check_req, tcp_check_req);

/**
 * lq_sock_cookie() - the socket's number in ss, SO_COOKIE and BPF
 * @sk: a full socket
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

bool lq_has_challenge_acks(void);
bool lq_is_stock_syn_recv(const void *syn_recv_sock);
int lq_ksym_resolve(void);

#endif
