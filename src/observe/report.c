// SPDX-License-Identifier: GPL-2.0
/*
 * report.c - a segment has its verdict: count it, tell it
 */
#include "observe/report.h"

/**
 * lq_report() - takeover has decided on a segment
 * @net: its network namespace
 * @l: the listener
 * @skb: the segment; not looked at when the flow is known
 * @event: what is told of it
 * @verdict: how it ended
 *
 * Context: bottom halves off.
 */
void lq_report(struct net *net, struct lq_listener *l, const struct sk_buff *skb,
	       struct lq_event *event, enum lq_verdict verdict)
{
	if (lq_wants_flow(event, verdict))
		lq_fill_flow(event, skb);
	lq_count_and_tell(net, l, event, verdict);
}
