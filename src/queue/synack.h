/* SPDX-License-Identifier: GPL-2.0 */
/*
 * synack.h - build a SYN-ACK and send it
 */
#ifndef LISTENQ_SYNACK_H
#define LISTENQ_SYNACK_H

#include <net/tcp.h>

/* What only the kernel's own send_synack can do; it stamps the packet itself. */
static inline bool lq_synack_is_unusual(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return BPF_SOCK_OPS_TEST_FLAG(tp, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG) ||
	       tp->tcp_tx_delay;
}

u32 lq_synack_window_clamp(const struct sock *sk, const struct dst_entry *dst);
u32 lq_synack_tsval(const struct request_sock *req);
int lq_synack_send(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
		   struct request_sock *req, struct sk_buff *syn);
int lq_synack_send_cookie(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			  struct request_sock *req, struct sk_buff *syn);
int lq_synack_repeat(struct sock *sk, struct request_sock *req);

#endif
