/* SPDX-License-Identifier: GPL-2.0 */
/*
 * report.h - a segment has its verdict: count it, tell it
 */
#ifndef LISTENQ_REPORT_H
#define LISTENQ_REPORT_H

#include "kernel/facts.h"
#include "ledger/counts.h"
#include "ledger/ledger.h"
#include "ledger/refused.h"
#include "ledger/trace.h"
#include "observe/before.h"

/* The four-tuple, asked for only where somebody wants to know it. */
static inline void lq_fill_flow(struct lq_event *event, const struct sk_buff *skb)
{
	if (!event->flow.family)
		lq_flow_of_skb(&event->flow, skb);
}

/* Does anybody want to know the client? One whose last ACK had come may have failed. */
static inline bool lq_wants_flow(const struct lq_event *event, enum lq_verdict verdict)
{
	return trace_lq_verdict_enabled() || lq_verdicts[verdict].loss || lq_refused_any() ||
	       event->acked || (lq_before_lately() && event->stage == LQ_STAGE_conn_request);
}

/* A segment has its verdict; @l: its listener, or NULL. Preemption off. */
static __always_inline void lq_count_and_tell(struct net *net, struct lq_listener *l,
					      const struct lq_event *event,
					      enum lq_verdict verdict)
{
	lq_net_count(net, verdicts[verdict]);
	if (likely(l))
		lq_ledger_verdict(l, event, verdict);
	if (unlikely(lq_before_lately()) && l && event->stage == LQ_STAGE_conn_request)
		lq_before_came(l, event);
	trace_lq_verdict(event, verdict);
}

void lq_report(struct net *net, struct lq_listener *l, const struct sk_buff *skb,
	       struct lq_event *event, enum lq_verdict verdict);

#endif
