// SPDX-License-Identifier: GPL-2.0
/*
 * observe.c - what the stock kernel did with a segment: facts before, outcome
 * after, one verdict
 *
 *   do_rcv ──▶ hnd_req ──▶ verdict            (no SYN)
 *     │   └──▶ conn_request ──▶ verdict       (SYN)
 *     └──▶ verdict                            (flags, address, checksum)
 *   check_req ──▶ verdict, or gives back ──▶ do_rcv, hnd_req, conn_request
 *                                      └──▶ dropped on the way ──▶ verdict
 *
 * A *frame* (frame.c) is open between entry and return of hnd_req, check_req and
 * conn_request. A call that comes in with bottom halves on (the backlog of a socket that was
 * turned into a listener) could change CPUs and is left alone: it has no verdict,
 * and is counted (unobserved).
 *
 * Between two hooks a segment is carried (carry.c).
 */
#include <linux/percpu.h>
#include <net/ip6_route.h>
#include <net/mptcp.h>

#include "core/effect.h"
#include "kernel/compat.h"
#include "kernel/differences.h"
#include "kernel/facts.h"
#include "kernel/faults.h"
#include "ledger/attempt.h"
#include "ledger/counts.h"
#include "ledger/ledger.h"
#include "ledger/listener.h"
#include "ledger/stamp.h"
#include "ledger/trace.h"
#include "observe/before.h"
#include "observe/carry.h"
#include "observe/observe.h"
#include "observe/once.h"
#include "observe/report.h"

/* The segment that ended in do_rcv last, by the rules: no other hook should see it. */
static DEFINE_PER_CPU(const struct sk_buff *, ended);

static void fill_event(struct lq_event *event, enum lq_stage stage, struct sock *sk,
		       const struct sk_buff *skb, const struct request_sock *req)
{
	memset(event, 0, sizeof(*event));
	event->stage = stage;
	event->facts.kernel = &lq_this_kernel;
	lq_segment_of(&event->facts.segment, skb);
	event->netns = sock_net(sk)->ns.inum;
	event->listener = lq_sock_cookie(sk);
	lq_read_shared(&event->reading, sk, req);
	lq_take_carry(event, sk, skb);
	if (req)
		lq_event_of_req(event, req);
}

/* What only do_rcv asks: the kernel asks the same in a moment. */
static void answers_of(struct lq_answers *answers, struct sk_buff *skb, u8 family)
{
	memset(answers, 0, sizeof(*answers));
	/* A good sum is kept in the skb. */
	answers->checksum_bad = tcp_checksum_complete(skb);
	/* The others end before anybody asks for a route; from a backlog there is none. */
	if ((tcp_flag_byte(tcp_hdr(skb)) & (LQ_SYN | LQ_ACK | LQ_RST | LQ_FIN)) != LQ_SYN ||
	    !skb_dst(skb))
		return;
	if (family == 4) {
		answers->not_unicast = skb_rtable(skb)->rt_flags &
				       (RTCF_BROADCAST | RTCF_MULTICAST);
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
	answers->not_unicast = !ipv6_unicast_destination(skb);
	answers->mapped_source = ipv6_addr_v4mapped(&ipv6_hdr(skb)->saddr);
#endif
}

/* Most are nothing that the rules of do_rcv end: a good sum and no SYN, or only that. */
static bool is_plain(struct sk_buff *skb, u8 family)
{
	u8 flags = tcp_flag_byte(tcp_hdr(skb)) & (LQ_SYN | LQ_ACK | LQ_RST | LQ_FIN);

	if (flags == LQ_SYN && (family != 4 || !skb_dst(skb) ||
				skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)))
		return false;
	return (flags == LQ_SYN || !(flags & LQ_SYN)) && !tcp_checksum_complete(skb);
}

/**
 * lq_do_rcv() - a segment enters tcp_v4_do_rcv or tcp_v6_do_rcv of a listener
 * @sk: the listener
 * @skb: the segment
 * @family: 4 or 6
 *
 * The rules alone decide here: nothing shows what the kernel does, but for a segment
 * that should have ended and reaches hnd_req or conn_request (see lq_frame_open()).
 *
 * Context: preemption off, bottom halves off in all but the backlog case.
 */
void lq_do_rcv(struct sock *sk, struct sk_buff *skb, u8 family)
{
	struct lq_answers answers;
	struct lq_listener *l;
	enum lq_verdict verdict;
	struct lq_event event lq_uninitialized;

	if (unlikely(!lq_is_observing()))
		return;
	if (likely(is_plain(skb, family))) {
		__this_cpu_write(ended, NULL);
		return;
	}
	lq_segment_of(&event.facts.segment, skb);
	answers_of(&answers, skb, family);
	verdict = lq_decide_do_rcv(&event.facts.segment, &answers);
	if (verdict == LQ_V_none) {
		__this_cpu_write(ended, NULL);
		return;
	}
	__this_cpu_write(ended, skb);
	l = lq_listener_of(sk);
	if (l && lq_is_ignored(l))
		return;
	fill_event(&event, LQ_STAGE_do_rcv, sk, skb, NULL);
	lq_fill_flow(&event, skb);
	if (verdict == LQ_V_synack_to_listener && event.via == LQ_VIA_check_req)
		verdict = LQ_V_req_bad_ack;
	lq_count_and_tell(sock_net(sk), l, &event, verdict);
	if (l && verdict == LQ_V_bad_checksum &&
	    (event.facts.segment.flags & (LQ_SYN | LQ_ACK | LQ_RST | LQ_FIN)) == LQ_SYN)
		lq_before_bad_sum(sock_net(sk), l, &event);
}

/* Return values of hnd_req and check_req, and what is to be known of a new child. */
static void note_returned(struct lq_frame *frame, struct sock *returned)
{
	struct lq_outcome *seen = &frame->seen;

	seen->closed = inet_sk_state_load(frame->sk) != TCP_LISTEN;
	seen->queue_full |= sk_acceptq_is_full(frame->sk);
	seen->returned = !returned ? LQ_RET_NOTHING :
			 returned == frame->sk ? LQ_RET_LISTENER : LQ_RET_CHILD;
	if (seen->returned == LQ_RET_CHILD)
		seen->child_dead = returned->sk_state == TCP_CLOSE;
}

/* Has the listener sent a cookie that may come back? Asked only where it matters. */
static bool cookies_lately(const struct lq_facts *facts, const struct sock *sk)
{
	return facts->syncookies && (facts->segment.flags & (LQ_ACK | LQ_RST)) == LQ_ACK &&
	       !tcp_synq_no_recent_overflow(sk);
}

/* What the rules of each function want to know beyond the segment and the queues. */
static void fill_facts(struct lq_event *event, struct sock *sk, struct sk_buff *skb,
		       struct request_sock *req)
{
	struct lq_facts *facts = &event->facts;
	struct net *net = sock_net(sk);

	switch (event->stage) {
	case LQ_STAGE_conn_request:
		facts->syncookies = READ_ONCE(net->ipv4.sysctl_tcp_syncookies);
		facts->max_syn_backlog = READ_ONCE(net->ipv4.sysctl_max_syn_backlog);
		facts->timewait = lq_tw_isn(skb) != 0;
		break;
	case LQ_STAGE_hnd_req:
		facts->syncookies = READ_ONCE(net->ipv4.sysctl_tcp_syncookies);
		facts->via_check_req = event->via == LQ_VIA_check_req;
		facts->cookie_by_bpf = lq_cookie_by_bpf(skb);
		event->reading.cookies_lately = cookies_lately(facts, sk);
		break;
	default:
		lq_facts_of_req(facts, sk, skb, req);
	}
}

/**
 * lq_frame_open() - a deciding function is entered
 * @frame: memory of lq_frame_next(), or on the stack
 * @stage: which function
 * @sk: the listener
 * @skb: the segment
 * @req: the pending request, or NULL
 *
 * Context: preemption off.
 * Return: 0, or 1 when this call is not observed (loading, unloading, bottom halves on, no
 * @frame).
 */
int lq_frame_open(struct lq_frame *frame, enum lq_stage stage, struct sock *sk,
		  struct sk_buff *skb, struct request_sock *req)
{
	u32 set = stage == LQ_STAGE_conn_request ? LQ_COUNT_CONN_REQUEST :
		  stage == LQ_STAGE_hnd_req ? LQ_COUNT_HND_REQ :
						LQ_COUNT_CHECK_REQ;
	struct net *net = sock_net(sk);

	if (unlikely(!lq_is_observing()))
		return 1;
	if (unlikely(!softirq_count() || !frame)) {
		lq_net_count(net, unobserved);
		return 1;
	}
	if (stage == LQ_STAGE_conn_request)
		lq_widen_race(LQ_DELAY_SYN);
	frame->l = lq_listener_of(sk);
	if (frame->l && lq_is_ignored(frame->l))
		return 1;
	memset(&frame->seen, 0, sizeof(frame->seen));
	frame->sk = sk;
	frame->listener = sk;
	frame->skb = skb;
	frame->req = req;
	frame->child = NULL;
	frame->to = NULL;
	frame->stolen = NULL;
	fill_event(&frame->event, stage, sk, skb, req);
	fill_facts(&frame->event, sk, skb, req);
	/* Of the functions in frames, this one's caller alone drops as who sees no listener. */
	if (stage == LQ_STAGE_check_req)
		lq_before_told(skb, frame->event.facts.segment.seq);
	/* Where hnd_req returns, the segment may be gone. */
	if (stage == LQ_STAGE_hnd_req)
		lq_fill_flow(&frame->event, skb);
	frame->seen.flags = frame->event.facts.segment.flags;
	frame->seen.via_check_req = frame->event.facts.via_check_req;
	frame->seen.cookies_always = frame->event.facts.syncookies == 2;
	frame->seen.timewait = frame->event.facts.timewait;
	frame->seen.queue_full = sk_acceptq_is_full(sk);
	frame->seen.upper = !lq_is_stock_syn_recv(inet_csk(sk)->icsk_af_ops->syn_recv_sock);
	frame->should_have_ended = stage != LQ_STAGE_check_req &&
				   __this_cpu_read(ended) == skb;
	lq_frame_push(frame, net, set);
	return 0;
}

/**
 * lq_check_req_open() - tcp_check_req is entered
 * @frame: as lq_frame_open()
 * @sk: the listener; the child under TCP Fast Open
 * @skb: the segment
 * @req: the pending request
 * @fastopen: whether that has its child already
 * @stolen: where the kernel notes that another processor was faster
 *
 * Context: preemption off.
 * Return: as lq_frame_open().
 */
int lq_check_req_open(struct lq_frame *frame, struct sock *sk, struct sk_buff *skb,
		      struct request_sock *req, bool fastopen, const bool *stolen)
{
	if (lq_frame_open(frame, LQ_STAGE_check_req, fastopen ? req->rsk_listener : sk, skb, req))
		return 1;
	frame->sk = sk;
	frame->seen.fastopen = fastopen;
	frame->event.facts.req.fastopen = fastopen;
	frame->stolen = stolen;
	frame->seen.repeats_syn = frame->event.facts.segment.seq == tcp_rsk(req)->rcv_isn;
	if (frame->seen.flags & (LQ_RST | LQ_SYN))
		lq_widen_race(LQ_DELAY_KILL);
	return 0;
}

static enum lq_verdict decide(const struct lq_event *event, const struct lq_reading *r,
			      const struct lq_answers *a)
{
	switch (event->stage) {
	case LQ_STAGE_conn_request:
		return lq_decide_conn_request(&event->facts, r, a);
	case LQ_STAGE_hnd_req:
		return lq_decide_hnd_req(&event->facts, r, a);
	default:
		return lq_decide_check_req(&event->facts, r, a);
	}
}

/* Shared state as the rules see it afterwards. */
static void read_after(struct lq_reading *after, const struct lq_frame *frame,
		       const struct request_sock *req, bool taken, enum lq_verdict verdict)
{
	*after = frame->event.reading;
	lq_read_shared(after, frame->listener, req);
	after->taken = taken;
	after->queues.young = frame->event.reading.queues.young;	/* no rule asks */
	after->closed |= frame->seen.closed;
	if (frame->event.stage == LQ_STAGE_hnd_req)
		after->cookies_lately = cookies_lately(&frame->event.facts, frame->listener);
	lq_undo_own_effect(after, &frame->event.reading, verdict);
}

/* memcmp() would go through them byte by byte. */
static bool is_same(const struct lq_reading *a, const struct lq_reading *b)
{
	const u32 *one = (const u32 *)a, *other = (const u32 *)b;
	u32 differs = 0;
	size_t i;

	static_assert(sizeof(*a) % sizeof(*one) == 0);
	for (i = 0; i < sizeof(*a) / sizeof(*one); i++)
		differs |= one[i] ^ other[i];
	return !differs;
}

/**
 * compare() - did the kernel do what the rules say?
 * @frame: the call, over
 * @req: its request, NULL if there is none or it may be gone
 * @taken: another CPU was faster
 * @answers: what others said
 * @verdict: what the kernel did, LQ_V_none: it gave the segment back
 *
 * Queues and the like change under our eyes. They are read before and after: where that
 * makes a difference, both are right, and it is counted.
 */
static void compare(struct lq_frame *frame, const struct request_sock *req, bool taken,
		    const struct lq_answers *answers, enum lq_verdict verdict)
{
	const struct lq_reading *reading = &frame->event.reading;
	struct net *net = sock_net(frame->sk);
	enum lq_verdict before, later;
	struct lq_reading after;

	before = decide(&frame->event, reading, answers);
	later = before;
	read_after(&after, frame, req, taken, verdict);
	if (!is_same(&after, reading))
		later = decide(&frame->event, &after, answers);
	if (unlikely((verdict != before && verdict != later) ||
		     frame->should_have_ended)) {
		lq_net_count(net, diverge);
		if (frame->l)
			lq_tally(frame->l, LQ_TALLY_diverge);
		lq_fill_flow(&frame->event, frame->skb);
		trace_lq_diverge(&frame->event, verdict, before, later);
	} else if (unlikely(before != later)) {
		lq_net_count(net, ambiguous);
		if (frame->l)
			lq_tally(frame->l, LQ_TALLY_ambiguous);
	}
}

/* An MPTCP connection has got its stamps when the socket above it was made (marks.c). */
static void queued(const struct sock *child, u64 listener)
{
	if (likely(!sk_is_mptcp(child)))
		lq_stamp_put(child, listener);
}

/* What has its stamp, and was not queued: its listener was closing. */
static void not_queued(const struct lq_frame *frame)
{
	const struct sock *child = frame->child;
	u64 unused;

	if (child)
		lq_stamp_take(lq_stamp_unalias(child, &unused) ?: child, &unused, &unused);
}

/* Its listener may have closed while it was on its way. */
static void report(struct lq_frame *frame, enum lq_verdict verdict)
{
	struct sock *sk = frame->listener;

	if (unlikely(!frame->l))
		lq_attempt_step_late(lq_listener_totals(sk, frame->event.age_us), &frame->event,
				     verdict);
	lq_count_and_tell(sock_net(frame->sk), frame->l, &frame->event, verdict);
}

/**
 * lq_conn_request_close() - tcp_conn_request returned
 * @frame: opened at its entry
 *
 * Context: as lq_frame_open(); the listener is still held by the caller.
 */
void lq_conn_request_close(struct lq_frame *frame)
{
	struct net *net = sock_net(frame->sk);
	struct lq_answers answers;
	enum lq_verdict verdict;
	bool quick;

	/* An answered SYN needs no counter, Fast Open needs one. */
	quick = frame->seen.synack == LQ_SYNACK_REQUEST ||
		frame->seen.synack == LQ_SYNACK_COOKIE;
	lq_frame_pop(frame, net, quick ? LQ_COUNT_NONE : LQ_COUNT_CONN_REQUEST);
	verdict = lq_outcome_conn_request(&frame->seen);
	if (verdict == LQ_V_syn_fastopen_closed)
		not_queued(frame);
	lq_answers_conn_request(&frame->seen, &answers);
	compare(frame, NULL, verdict == LQ_V_syn_lost_race, &answers, verdict);
	if (lq_wants_flow(&frame->event, verdict))
		lq_fill_flow(&frame->event, frame->skb);
	report(frame, verdict);
}

/**
 * lq_hnd_req_close() - tcp_v4_hnd_req, cookie_v4_check or cookie_v6_check returned
 * @frame: opened at its entry
 * @returned: the listener, a locked child, or NULL
 *
 * Context: as lq_frame_open(). The segment may be freed.
 */
void lq_hnd_req_close(struct lq_frame *frame, struct sock *returned)
{
	struct net *net = sock_net(frame->sk);
	struct lq_answers answers;
	enum lq_verdict verdict;

	lq_frame_pop(frame, net, LQ_COUNT_HND_REQ);
	note_returned(frame, returned);
	/* A subflow that joined has its connection's socket (mptcp_sock_graft). */
	if (frame->seen.returned == LQ_RET_CHILD)
		frame->seen.joined = frame->seen.upper && returned->sk_socket;
	verdict = lq_outcome_hnd_req(&frame->seen);
	lq_answers_hnd_req(&frame->seen, &answers);
	/* Whether a cookie's connection is there already, the established hash answers. */
	frame->event.reading.taken = verdict == LQ_V_cookie_lost_race;
	compare(frame, NULL, verdict == LQ_V_cookie_lost_race, &answers, verdict);
	if (verdict == LQ_V_cookie_accepted)
		queued(returned, frame->event.listener);
	else if (verdict == LQ_V_cookie_listener_closed)
		not_queued(frame);
	lq_count_and_tell(net, frame->l, &frame->event, verdict);
}

/* Does a request end by it, that others may see end, too? */
static bool ends(enum lq_verdict verdict)
{
	return verdict == LQ_V_req_listener_closed || verdict == LQ_V_req_rst;
}

/**
 * lq_check_req_close() - tcp_check_req returned
 * @frame: opened at its entry
 * @returned: the socket it was given, a locked child, or NULL
 *
 * With a child, the request may belong to an accepting task by now: it is not touched.
 *
 * Context: as lq_frame_open().
 */
void lq_check_req_close(struct lq_frame *frame, struct sock *returned)
{
	struct net *net = sock_net(frame->sk);
	struct lq_answers answers;
	enum lq_verdict verdict;

	/* A connection was made: all that is left to tell is whose it is. */
	lq_frame_pop(frame, net, returned && returned != frame->sk ? LQ_COUNT_MIGRATED :
								     LQ_COUNT_CHECK_REQ);
	note_returned(frame, returned);
	/* Under TCP Fast Open the kernel passes a variable that it never set. */
	frame->seen.stolen = !frame->seen.fastopen && READ_ONCE(*frame->stolen);

	verdict = lq_outcome_check_req(&frame->seen);
	lq_answers_check_req(&frame->seen, &answers);
	compare(frame, frame->seen.returned == LQ_RET_CHILD ? NULL : frame->req,
		frame->seen.stolen, &answers, verdict);
	if (verdict == LQ_V_none || frame->seen.stolen || lq_wants_flow(&frame->event, verdict))
		lq_fill_flow(&frame->event, frame->skb);
	if (verdict == LQ_V_none) {
		frame->event.via = LQ_VIA_check_req;
		frame->event.stage = LQ_STAGE_rcv;
		lq_carry(LQ_VIA_check_req, frame->skb, net, &frame->event, LQ_V_given_back_dropped);
		return;
	}
	/* tcp_v4_rcv looks it up again: the other CPU's connection has it, or a listener. */
	if (frame->seen.stolen && maybe_get_net(net)) {
		lq_carry(LQ_VIA_lost_race, frame->skb, net, &frame->event, verdict);
		return;
	}
	/* The listener's port was gone before its accept queue. */
	if (verdict == LQ_V_req_listener_closed) {
		frame->event.stays = !sk_unhashed(req_to_sk(frame->req));
		not_queued(frame);
	}
	/* Nor is it ended here where another processor has found its listener closed. */
	if (ends(verdict) && !lq_ends_once(frame->req))
		frame->event.stays = true;
	if (verdict == LQ_V_req_completed || verdict == LQ_V_req_migrated)
		queued(returned, frame->event.listener);
	report(frame, verdict);
}

