// SPDX-License-Identifier: GPL-2.0
/*
 * carry.c - a segment on its way between two hooks
 *
 * Given back by tcp_check_req, or looked up again because its request lost its listener or
 * went to another CPU. The next hook on this CPU that sees it takes it; if the segment is
 * dropped first, the kfree_skb tracepoint tells. A segment that another CPU's new connection
 * swallows passes neither: a worker tells, once this CPU is done with it.
 */
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "kernel/facts.h"
#include "ledger/attempt.h"
#include "ledger/listener.h"
#include "observe/carry.h"
#include "observe/frame.h"
#include "observe/once.h"
#include "observe/report.h"

/**
 * struct carry - a segment on its way between two hooks
 * @via: LQ_VIA_none: nothing is on its way
 * @skb: the segment, NULL when only its four-tuple is known (orphaned)
 * @net: its network namespace, compared only: it may be gone. LQ_VIA_lost_race holds
 *	a reference
 * @event: what is told of it if no other hook sees it
 * @verdict: and how that ends
 * @settler: tells it, LQ_VIA_lost_race only
 *
 * Belongs to its CPU, bottom halves off.
 */
struct carry {
	enum lq_via via;
	const struct sk_buff *skb;
	struct net *net;
	struct lq_event event;
	enum lq_verdict verdict;
	struct work_struct settler;
};

static DEFINE_PER_CPU(struct carry, carried);

/* What was carried ends here; its listener may be gone by now. */
static void report_carried(struct net *net, const struct lq_event *event,
			   enum lq_verdict verdict)
{
	rcu_read_lock();
	lq_count_and_tell(net, lq_listener_find(event->listener), event, verdict);
	rcu_read_unlock();
}

static void put_down(struct carry *c)
{
	if (c->via == LQ_VIA_lost_race)
		put_net(c->net);
	c->via = LQ_VIA_none;
}

/* What is carried did not reach another hook. */
static void settle(struct carry *c)
{
	if (c->via == LQ_VIA_lost_race)
		report_carried(c->net, &c->event, c->verdict);
	put_down(c);
}

/* Bound to its CPU, so that no segment is on its way while it runs. */
static void settle_work(struct work_struct *work)
{
	struct carry *c = container_of(work, struct carry, settler);

	local_bh_disable();
	if (c->via == LQ_VIA_lost_race)
		settle(c);
	local_bh_enable();
}

/**
 * lq_carry() - a segment is on its way to another hook
 * @via: what handed it over
 * @skb: the segment, NULL when only its four-tuple is known
 * @net: its network namespace; with LQ_VIA_lost_race a reference, which is consumed
 * @event: what is told of it if no other hook sees it
 * @verdict: and how that ends
 *
 * Context: bottom halves off.
 */
void lq_carry(enum lq_via via, const struct sk_buff *skb, struct net *net,
	      const struct lq_event *event, enum lq_verdict verdict)
{
	struct carry *c = this_cpu_ptr(&carried);

	settle(c);
	c->skb = skb;
	c->net = net;
	c->event = *event;
	c->verdict = verdict;
	c->via = via;
	if (via == LQ_VIA_lost_race)
		schedule_work_on(smp_processor_id(), &c->settler);
}

/*
 * The same segment? Its memory may have been used again, but not in a moment for the
 * same segment of the same flow.
 */
static bool continues(const struct carry *c, const struct lq_event *event,
		      const struct net *net, const struct sk_buff *skb)
{
	const struct lq_segment *was = &c->event.facts.segment, *is = &event->facts.segment;

	return c->net == net && !memcmp(&c->event.flow, &event->flow, sizeof(event->flow)) &&
	       (!c->skb || (c->skb == skb && is->seq == was->seq && is->flags == was->flags));
}

/**
 * lq_take_carry() - does the segment at hand continue what is carried on this CPU?
 * @event: of the segment; what is known from before is added
 * @sk: the listener
 * @skb: the segment
 *
 * Context: preemption off.
 */
void lq_take_carry(struct lq_event *event, struct sock *sk, const struct sk_buff *skb)
{
	struct carry *c = this_cpu_ptr(&carried);

	if (likely(c->via == LQ_VIA_none))
		return;
	lq_fill_flow(event, skb);
	if (!continues(c, event, sock_net(sk), skb)) {
		settle(c);
		return;
	}
	event->via = c->via;
	event->age_us = c->event.age_us;
	event->retrans = c->event.retrans;
	event->reading.timeouts = c->event.reading.timeouts;
	event->acked = c->event.acked;
	put_down(c);
}

/**
 * lq_give_back() - takeover leaves a segment of a record to the listener
 * @skb: the segment, on its way to the stock kernel's function
 * @net: its network namespace
 * @event: what is known of it
 *
 * Context: bottom halves off.
 */
void lq_give_back(const struct sk_buff *skb, struct net *net, struct lq_event *event)
{
	lq_fill_flow(event, skb);
	event->via = LQ_VIA_check_req;
	event->stage = LQ_STAGE_rcv;
	lq_carry(LQ_VIA_check_req, skb, net, event, LQ_V_given_back_dropped);
}

/**
 * lq_request_dropped() - inet_csk_reqsk_queue_drop_and_put is entered
 * @sk: the request's listener
 * @req: the request
 *
 * tcp_v4_rcv and tcp_v6_rcv call it for a segment whose request outlived its
 * listener, and look the segment up again: it ends in a RST, or at a listener that
 * opened meanwhile. Inside of a frame it means something else: an MPTCP subflow
 * that joined (tcp_check_req), or the timer (5.10).
 *
 * Context: bottom halves off.
 */
void lq_request_dropped(struct sock *sk, struct request_sock *req)
{
	struct lq_frame *frame = lq_current_frame();
	struct lq_event event;

	if (frame) {
		frame->seen.joined = frame->event.stage == LQ_STAGE_check_req;
		return;
	}
	if (sk->sk_protocol != IPPROTO_TCP || !softirq_count() || !lq_is_observing() ||
	    inet_sk_state_load(sk) == TCP_LISTEN)
		return;
	lq_event_of_pending(&event, req, sk);
	event.stage = LQ_STAGE_rcv;
	/* Else another processor has just ended it, or is about to. */
	if (!sk_unhashed(req_to_sk(req)) && lq_ends_once(req))
		lq_attempt_ended(lq_listener_totals(sk, event.age_us), &event, LQ_END_killed);
	lq_carry(LQ_VIA_orphaned, NULL, sock_net(sk), &event, LQ_V_req_orphaned);
}

/*
 * @skb is dropped while a segment is carried: is it that one? Every drop between
 * two hooks comes before tcp_v4_rcv clears skb->dev. What only looks like it (the
 * memory of a segment that went another way is used again) has another flow.
 */
static bool is_carried(const struct sk_buff *skb, const struct carry *c)
{
	struct lq_flow flow;
	u8 protocol;

	if (!skb_transport_header_was_set(skb))
		return false;
	if (skb->protocol == htons(ETH_P_IP))
		protocol = ip_hdr(skb)->protocol;
	else if (skb->protocol == htons(ETH_P_IPV6))
		protocol = IPPROTO_TCP;	/* extension headers: the ports decide */
	else
		return false;
	if (protocol != IPPROTO_TCP || skb_headlen(skb) < sizeof(struct tcphdr) ||
	    skb->data != skb_transport_header(skb))
		return false;
	lq_flow_of_skb(&flow, skb);
	return !memcmp(&flow, &c->event.flow, sizeof(flow)) && skb->dev &&
	       dev_net(skb->dev) == c->net;
}

static noinline bool settle_dropped(struct sk_buff *skb, struct carry *c)
{
	if ((c->skb && c->skb != skb) || !is_carried(skb, c))
		return false;

	if (!c->skb)
		lq_segment_of(&c->event.facts.segment, skb);
	report_carried(dev_net(skb->dev), &c->event, c->verdict);
	put_down(c);
	return true;
}

/**
 * lq_skb_dropped() - tracepoint kfree_skb
 * @skb: what is dropped, anything at all
 *
 * Context: any.
 * Return: whether it was a segment on its way between two hooks.
 */
bool lq_skb_dropped(struct sk_buff *skb)
{
	/* Raw: where preemption is on, nothing of this CPU's can be carried to us. */
	return unlikely(raw_cpu_read(carried.via) != LQ_VIA_none) &&
	       settle_dropped(skb, raw_cpu_ptr(&carried));
}

/**
 * lq_carry_init() - before the hooks are attached
 *
 * Return: 0.
 */
int lq_carry_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_WORK(&per_cpu_ptr(&carried, cpu)->settler, settle_work);
	return 0;
}

/**
 * lq_carry_exit() - tell what is still carried
 *
 * Context: process, sleeps. After the hooks are detached, before the counters go.
 */
void lq_carry_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		flush_work(&per_cpu_ptr(&carried, cpu)->settler);
}
