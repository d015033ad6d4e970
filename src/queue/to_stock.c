// SPDX-License-Identifier: GPL-2.0
/*
 * to_stock.c - SYNs that are left to the stock kernel, and an endpoint all of whose are
 *
 * Who takes over an endpoint whose listener has TCP Fast Open, or keys, or MPTCP, gets nothing
 * by it: no SYN has a record. dmesg says so, once for each takeover; of those by rules ten
 * times a minute at most, `why` says it of each.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/ksym.h"
#include "ledger/name.h"
#include "queue/share.h"
#include "queue/to_stock.h"

#define ENOUGH	16	/* SYNs: a client or two that are unusual are no reason to tell */

/* Of addresses that rules have taken over: users choose how often they listen. */
static DEFINE_RATELIMIT_STATE(rules_told, 60 * HZ, 10);

const char *const lq_to_stock_names[] = { LQ_TO_STOCK(LQ_STRING) };

/* Those that came while it goes back, or before it was ours, say nothing of the listener. */
static bool says_nothing(int i)
{
	return i == LQ_TO_STOCK_released || i == LQ_TO_STOCK_early;
}

static u64 count(const struct lq_synq *q, enum lq_to_stock *worst)
{
	u64 n, most = 0, sum = 0;
	int i;

	*worst = 0;
	for (i = 0; i < LQ_TO_STOCK_count; i++) {
		n = says_nothing(i) ? 0 : atomic64_read(&q->to_stock[i]);
		sum += n;
		if (n <= most)
			continue;
		most = n;
		*worst = i;
	}
	return sum;
}

/**
 * lq_to_stock_of_listener() - what of a listener leaves all its SYNs to the stock kernel
 * @sk: the listener
 *
 * Context: any, under RCU.
 * Return: the first reason, or LQ_OURS: there is none.
 */
enum lq_to_stock lq_to_stock_of_listener(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (!lq_is_stock_syn_recv(inet_csk(sk)->icsk_af_ops->syn_recv_sock))
		return LQ_TO_STOCK_upper_protocol;
	if (inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen)
		return LQ_TO_STOCK_fastopen;
	if (tp->save_syn)
		return LQ_TO_STOCK_save_syn;
	/* tcp_v4_rcv asks it of a listener's segments, not of a request's. */
	if (inet_sk(sk)->min_ttl)
		return LQ_TO_STOCK_min_ttl;
	if (lq_has_tcp_keys(tp))
		return LQ_TO_STOCK_tcp_keys;
	return BPF_SOCK_OPS_TEST_FLAG(tp, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG) ?
	       LQ_TO_STOCK_bpf : LQ_OURS;
}

/**
 * lq_to_stock_count() - a SYN is left to the stock kernel
 * @q: the SYN queue
 * @why: the reason
 *
 * Context: bottom halves off.
 */
void lq_to_stock_count(struct lq_synq *q, enum lq_to_stock why)
{
	enum lq_to_stock worst;

	atomic64_inc(&q->to_stock[why]);
	if (likely(READ_ONCE(q->has_own)) || test_bit(0, &q->is_told) ||
	    count(q, &worst) < ENOUGH || test_and_set_bit(0, &q->is_told))
		return;
	schedule_work(&q->teller);
}

/**
 * lq_to_stock_tell() - say that all SYNs go to the stock kernel, and why
 * @work: of the queue
 *
 * Context: process, sleeps.
 */
void lq_to_stock_tell(struct work_struct *work)
{
	struct lq_synq *q = container_of(work, struct lq_synq, teller);
	char shown[LQ_ADDRESS_LEN];
	enum lq_to_stock worst;
	u64 all;

	if (READ_ONCE(q->has_own) || READ_ONCE(q->draining))
		return;
	if (lq_is_shared(q) && !__ratelimit(&rules_told))
		return;
	all = count(q, &worst);
	lq_name_endpoint(shown, sizeof(shown), q->net, &q->where);
	pr_info("%s is taken over, but all SYNs so far, %llu, went to the kernel: %s %lld; see to_stock in docs/takeover.md\n",
		shown, all, lq_to_stock_names[worst], (s64)atomic64_read(&q->to_stock[worst]));
}
