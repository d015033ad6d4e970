// SPDX-License-Identifier: GPL-2.0
/*
 * life.c - what happens without a segment
 *
 * Requests: their SYN-ACK timer, which sends again, gives up, moves them to another
 * listener or finds theirs closed; ICMP errors. Listeners: listen, backlog, close.
 * Connections: moved to another listener, accepted.
 */
#include "accept.h"
#include "facts.h"
#include "ledger.h"
#include "net.h"
#include "observe.h"
#include "takeover.h"
#include "trace.h"

/**
 * lq_timer_open() - the SYN-ACK timer of a request runs
 * @frame: memory of the return probe's instance
 * @req: the request
 *
 * Takes a reference, so that the request can be looked at when the timer is done
 * with it.
 *
 * Context: timer softirq.
 * Return: 0, or 1 when this call is not observed.
 */
int lq_timer_open(struct lq_frame *frame, struct request_sock *req)
{
	struct sock *sk = req->rsk_listener;

	/* The handler serves DCCP too; what is unhashed belongs to another CPU. */
	if (unlikely(lq_frames_stopped()) || sk->sk_protocol != IPPROTO_TCP ||
	    sk_unhashed(req_to_sk(req)) || !refcount_inc_not_zero(&req->rsk_refcnt))
		return 1;

	memset(&frame->seen, 0, sizeof(frame->seen));
	frame->sk = sk;
	frame->req = req;
	frame->to = NULL;
	lq_event_of_pending(&frame->event, req, sk);
	frame->event.stage = LQ_STAGE_timer;
	frame->seen.closed = inet_sk_state_load(sk) != TCP_LISTEN;
	lq_frame_push(frame, sock_net(sk), LQ_COUNT_MIGRATED);
	return 0;
}

/**
 * lq_timer_close() - the SYN-ACK timer is done
 * @frame: opened by lq_timer_open()
 *
 * A request that stays has its num_timeout counted up (reqsk_timer_handler); its
 * SYN-ACK, if one was sent, has been told by lq_synack_repeated().
 *
 * Context: timer softirq.
 */
void lq_timer_close(struct lq_frame *frame)
{
	struct request_sock *req = frame->req;
	struct lq_listener *l;

	lq_frame_pop(frame, sock_net(frame->sk), LQ_COUNT_MIGRATED);
	if (frame->to && frame->seen.moved & (1U << LQ_C_MIGRATED)) {
		lq_event_of_listener(&frame->event, frame->to);
		trace_lq_request(&frame->event, LQ_WHAT_migrated);
	} else if (req->num_timeout == frame->event.reading.timeouts) {
		l = lq_listener_of(frame->sk);
		if (l)
			lq_ledger_expired(l);
		trace_lq_request(&frame->event, frame->seen.closed ?
				 LQ_WHAT_killed_by_close : LQ_WHAT_expired);
	}
	sock_gen_put(req_to_sk(req));
}

/**
 * lq_synack_repeated() - tracepoint tcp_retransmit_synack
 * @sk: the listener, or the child under TCP Fast Open
 * @req: the request
 *
 * Inside of tcp_check_req it is part of that segment's verdict.
 *
 * Context: bottom halves off, or process context (TCP Fast Open).
 */
void lq_synack_repeated(const struct sock *sk, struct request_sock *req)
{
	struct lq_frame *frame = lq_current_frame();
	struct lq_listener *l;
	struct lq_event event;

	if (frame && frame->event.stage == LQ_STAGE_check_req)
		return;
	l = lq_listener_of(req->rsk_listener);
	if (l)
		lq_tally(l, LQ_TALLY_synack_repeated);
	if (!trace_lq_request_enabled())
		return;
	lq_event_of_pending(&event, req, req->rsk_listener);
	/* The kernel counts it after it has told us. */
	event.retrans++;
	trace_lq_request(&event, LQ_WHAT_retransmitted);
}

/**
 * lq_icmp_error() - tcp_req_err: an ICMP error that answers a SYN-ACK
 * @req: the request
 * @seq: sequence number that the error quotes
 * @fatal: the error ends connections
 *
 * Context: bottom halves off.
 */
void lq_icmp_error(struct request_sock *req, u32 seq, bool fatal)
{
	struct lq_event event;

	/* As tcp_req_err: anything else leaves the request alone. */
	if (!fatal || seq != tcp_rsk(req)->snt_isn)
		return;
	lq_event_of_pending(&event, req, req->rsk_listener);
	trace_lq_request(&event, LQ_WHAT_icmp_error);
}

/**
 * lq_request_aborted() - tcp_abort of a request: "ss -K", BPF
 * @req: the request
 *
 * Context: process, preemption off.
 */
void lq_request_aborted(struct request_sock *req)
{
	struct lq_event event;

	/* Without its listener's reference when another CPU has just ended it. */
	if (sk_unhashed(req_to_sk(req)))
		return;
	lq_event_of_pending(&event, req, req->rsk_listener);
	trace_lq_request(&event, LQ_WHAT_aborted);
}

static void event_of_listener_sock(struct lq_event *event, struct sock *sk)
{
	memset(event, 0, sizeof(*event));
	lq_flow_of_listener(&event->flow, sk);
	lq_event_of_listener(event, sk);
}

/**
 * lq_listening() - inet_csk_listen_start succeeded
 * @sk: the new listener, locked by its task
 *
 * Context: process, preemption off, as all that follows.
 */
void lq_listening(struct sock *sk)
{
	struct lq_event event;

	lq_listener_open(sk, current);
	event_of_listener_sock(&event, sk);
	trace_lq_listener(&event, LQ_WHAT_listen, 0);
}

/**
 * lq_backlog_changed() - listen() is called on a socket that already listens
 * @sk: the listener, not locked yet
 * @backlog: the new limit, capped by somaxconn before
 */
void lq_backlog_changed(struct sock *sk, int backlog)
{
	struct lq_event event;
	u32 old;

	event_of_listener_sock(&event, sk);
	old = event.reading.queues.acceptq_limit;
	lq_takeover_backlog(sk, backlog);
	event.reading.queues.acceptq_limit = backlog;
	trace_lq_listener(&event, LQ_WHAT_backlog, old);
}

/**
 * lq_closing() - inet_csk_listen_stop is entered
 * @sk: the listener, state CLOSE already, queues still full
 *
 * Its pending requests can't complete any more, its unaccepted children are reset,
 * unless tcp_migrate_req finds them another listener.
 */
void lq_closing(struct sock *sk)
{
	struct lq_listener *l;
	struct lq_event event;

	event_of_listener_sock(&event, sk);
	l = lq_listener_find(event.listener);
	if (l)
		atomic64_add(event.reading.queues.synq + event.reading.queues.acceptq,
			     &l->totals.tallies[LQ_TALLY_killed]);
	lq_listener_close(sk);
	trace_lq_listener(&event, LQ_WHAT_close, event.reading.queues.acceptq_limit);
	if (event.reading.queues.acceptq)
		lq_accept_forget(event.listener);
}

/**
 * lq_migrating() - reuseport_migrate_sock found another listener
 * @what: an unaccepted child of the closing listener, or a request
 * @to: the listener that gets it
 *
 * The SYN-ACK timer tells itself when it could move its request; a request moved by
 * a segment is part of that segment's verdict.
 */
void lq_migrating(struct sock *what, struct sock *to)
{
	struct lq_frame *frame = lq_current_frame();
	struct lq_event event;

	if (frame)
		frame->to = to;
	if (frame || !sk_fullsock(what))
		return;
	memset(&event, 0, sizeof(event));
	lq_flow_of_sock(&event.flow, what);
	lq_event_of_listener(&event, to);
	event.acked = 1;
	trace_lq_request(&event, LQ_WHAT_migrated);
	lq_accept_moved(what, event.listener);
}

/**
 * lq_accepted() - accept() hands a connection to a task
 * @child: the connection, locked by its task
 */
void lq_accepted(struct sock *child)
{
	struct lq_listener *l;
	struct lq_event event;
	u64 waited_us, cookie;
	bool tracked;

	if (child->sk_protocol != IPPROTO_TCP)
		return;
	tracked = lq_accept_taken(child, &waited_us, &cookie);
	l = tracked ? lq_listener_find(cookie) : NULL;
	if (l) {
		lq_ledger_accepted(l, waited_us);
		lq_takeover_accepted(l);
	}
	if (!trace_lq_accept_enabled() && !lq_pain_waits())
		return;
	memset(&event, 0, sizeof(event));
	lq_flow_of_sock(&event.flow, child);
	event.netns = sock_net(child)->ns.inum;
	event.listener = cookie;
	event.age_us = waited_us;
	lq_pain_accepted(&event);
	if (unlikely(!tracked) && lq_endpoint_ignores(sock_net(child), &event.flow))
		return;
	trace_lq_accept(&event, tracked);
}
