// SPDX-License-Identifier: GPL-2.0
/*
 * differences.c - the rules' named differences, found out by asking the kernel itself
 *
 * Never by its version: point releases change rules, too. Inline functions of the headers
 * are called with made-up sockets, tcp_check_req with a made-up segment.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/slab.h>
#include <linux/skbuff.h>
#include <net/inet_connection_sock.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "kernel/differences.h"
#include "kernel/ksym.h"

struct lq_kernel lq_this_kernel;

static bool full_at_limit(struct tcp_sock *tp)
{
	struct sock *sk = (struct sock *)tp;

	sk->sk_max_ack_backlog = 1;
	atomic_set(&inet_csk(sk)->icsk_accept_queue.qlen, 1);
	return inet_csk_reqsk_queue_is_full(sk);
}

/*
 * A RST far out of the window, its acknowledgment wrong: a kernel that looks at it gives
 * the segment back to the listener, others end it without a trace.
 */
static bool rst_ack_counts(struct tcp_sock *tp, struct tcp_request_sock *treq,
			   struct sk_buff *skb)
{
	struct tcphdr *th = skb_put_zero(skb, sizeof(*th));
	struct sock *sk = (struct sock *)tp;
	bool stolen = false;

	skb_reset_transport_header(skb);
	th->doff = sizeof(*th) / 4;
	th->rst = 1;
	th->ack = 1;
	memset(skb->cb, 0, sizeof(skb->cb));
	TCP_SKB_CB(skb)->seq = 1U << 31;
	TCP_SKB_CB(skb)->end_seq = 1U << 31;
	TCP_SKB_CB(skb)->ack_seq = 1000;
	treq->rcv_nxt = treq->rcv_isn + 1;
	return static_call(lq_check_req)(sk, skb, &treq->req.req, false,
					 &stolen LQ_CHECK_REQ_MORE_VALUE) == sk;
}

/**
 * lq_differences_init() - fill lq_this_kernel
 *
 * Context: process, sleeps. After lq_ksym_resolve(), before the hooks are attached.
 * Return: 0 or -ENOMEM.
 */
int lq_differences_init(void)
{
	struct tcp_request_sock *treq = kzalloc(sizeof(*treq), GFP_KERNEL);
	struct sk_buff *skb = alloc_skb(sizeof(struct tcphdr), GFP_KERNEL);
	struct tcp_sock *tp = kzalloc(sizeof(*tp), GFP_KERNEL);
	int err = -ENOMEM;

	if (treq && skb && tp) {
		lq_this_kernel.synq_full_at_limit = full_at_limit(tp);
		lq_this_kernel.rst_ack_counts = rst_ack_counts(tp, treq, skb);
		lq_this_kernel.challenge_acks = lq_has_challenge_acks();
		lq_this_kernel.checks_tsecr = LQ_HAS_TSECR;
		lq_this_kernel.most_window = lq_most_window();
		err = 0;
	} else {
		pr_err("no memory to ask the kernel for its rules: not loaded\n");
	}
	kfree(tp);
	kfree_skb(skb);
	kfree(treq);
	return err;
}
