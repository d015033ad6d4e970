// SPDX-License-Identifier: GPL-2.0
/*
 * to_stock.c - SYNs that are left to the stock kernel, and an endpoint all of whose are
 *
 * Who takes over an endpoint whose listener has TCP Fast Open, or keys, or MPTCP, gets nothing
 * by it: no SYN has a record. dmesg says so, once for each takeover.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include "ledger/name.h"
#include "queue/to_stock.h"

#define ENOUGH	16	/* SYNs: a client or two that are unusual are no reason to tell */

static const char *const names[] = { LQ_TO_STOCK(LQ_STRING) };

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
	all = count(q, &worst);
	lq_name_endpoint(shown, sizeof(shown), q->net, &q->where);
	pr_info("%s is taken over, but all SYNs so far, %llu, went to the kernel: %s %lld; see to_stock in docs/takeover.md\n",
		shown, all, names[worst], (s64)atomic64_read(&q->to_stock[worst]));
}
