// SPDX-License-Identifier: GPL-2.0
/*
 * life.c - what happens without a segment
 *
 * Requests: their SYN-ACK timer, which sends again, gives up, moves them to another
 * listener or finds theirs closed; ICMP errors. Listeners: listen, backlog, close.
 * Connections: moved to another listener, accepted.
 */
#include "kernel/compat.h"
#include "kernel/facts.h"
#include "ledger/attempt.h"
#include "ledger/endpoint.h"
#include "ledger/ledger.h"
#include "ledger/listener.h"
#include "ledger/owner.h"
#include "ledger/refused.h"
#include "ledger/stamp.h"
#include "ledger/trace.h"
#include "observe/life.h"
#include "observe/once.h"

/**
 * lq_timer_open() - the SYN-ACK timer of a request runs
 * @frame: memory of lq_frame_next(), or on the stack
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
	if (unlikely(!lq_is_observing() || !frame) || sk->sk_protocol != IPPROTO_TCP ||
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
	struct net *net = sock_net(frame->sk);
	struct lq_listener *l;

	lq_frame_pop(frame, net, LQ_COUNT_MIGRATED);
	if (frame->to && frame->seen.moved & (1U << LQ_C_MIGRATED)) {
		l = lq_listener_of(frame->to);
		if (l)
			lq_attempt_request_moved(l, &frame->event);
		lq_event_of_listener(&frame->event, frame->to);
		trace_lq_request(&frame->event, LQ_WHAT_migrated);
	} else if (req->num_timeout == frame->event.reading.timeouts && lq_ends_once(req)) {
		l = lq_listener_of(frame->sk);
		if (l)
			lq_ledger_expired(l, &frame->event, frame->seen.synack_failed);
		else
			lq_attempt_ended(lq_listener_totals(frame->sk, frame->event.age_us),
					 &frame->event, LQ_END_unanswered);
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

	if (!lq_is_observing() || (frame && frame->event.stage == LQ_STAGE_check_req))
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
	if (!lq_is_observing() || !fatal || seq != tcp_rsk(req)->snt_isn)
		return;
	lq_event_of_pending(&event, req, req->rsk_listener);
	if (!sk_unhashed(req_to_sk(req)) && lq_ends_once(req))
		lq_attempt_ended(lq_listener_totals(req->rsk_listener, event.age_us), &event,
				 LQ_END_unanswered);
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
	if (!lq_is_observing() || sk_unhashed(req_to_sk(req)) || !lq_ends_once(req))
		return;
	lq_event_of_pending(&event, req, req->rsk_listener);
	lq_attempt_ended(lq_listener_totals(req->rsk_listener, event.age_us), &event,
			 LQ_END_killed);
	trace_lq_request(&event, LQ_WHAT_aborted);
}

static void event_of_listener_sock(struct lq_event *event, struct sock *sk)
{
	memset(event, 0, sizeof(*event));
	lq_flow_of_listener(&event->flow, sk);
	lq_event_of_listener(event, sk);
}

/* What caps the backlog argument of listen(), whose caller is in @sk's namespace or not. */
static struct lq_listener *note_cap(struct sock *sk)
{
	struct lq_listener *l = lq_listener_find(lq_sock_cookie(sk));

	if (l)
		WRITE_ONCE(l->cap, READ_ONCE(sock_net(sk)->core.sysctl_somaxconn));
	return l;
}

/**
 * lq_listening() - inet_csk_listen_start succeeded
 * @sk: the new listener, locked by its task
 *
 * Context: process, preemption off, as all that follows.
 */
void lq_listening(struct sock *sk)
{
	struct lq_listener *l;
	struct lq_event event;

	lq_listener_open(sk, current);
	l = note_cap(sk);
	if (l)
		lq_owner->opened(l);
	if (!lq_is_observing())
		return;
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

	if (!lq_is_observing())
		return;
	event_of_listener_sock(&event, sk);
	old = event.reading.queues.acceptq_limit;
	note_cap(sk);
	lq_owner->backlog(sk, backlog);
	event.reading.queues.acceptq_limit = backlog;
	trace_lq_listener(&event, LQ_WHAT_backlog, old);
}

/* A client of a closing listener. Who had gone before lost nothing by that. */
static void note_child(struct lq_listener *l, struct sock *child, struct lq_event *event)
{
	lq_flow_of_sock(&event->flow, child);
	if (!lq_ledger_gone(child, child) || lq_ledger_left(child, child)) {
		lq_attempt_note_killed(l, event);
		return;
	}
	lq_tally(l, LQ_TALLY_killed_gone);
	if (lq_ledger_gave_up(child, child, lq_stamp_age_us(child)))
		lq_attempt_gave_up(&l->totals, event);
}

/* Connections that are looked at with the queue's lock held */
#define PIECE 16

/*
 * Whose connections nobody had accepted: the oldest are looked at. In pieces: nobody but the
 * closing task, which is here, takes one out of the queue.
 */
static void note_killed(struct lq_listener *l, struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;
	struct lq_event event;
	int n = 0;

	if (READ_ONCE(l->ignored))
		return;
	memset(&event, 0, sizeof(event));
	lq_event_of_listener(&event, sk);
	spin_lock_bh(&queue->rskq_lock);
	for (req = queue->rskq_accept_head; req && n++ < LQ_MOST_LOOKED_AT; req = req->dl_next) {
		note_child(l, req->sk, &event);
		if (n % PIECE)
			continue;
		spin_unlock_bh(&queue->rskq_lock);
		spin_lock_bh(&queue->rskq_lock);
	}
	spin_unlock_bh(&queue->rskq_lock);
	n = READ_ONCE(sk->sk_ack_backlog) - LQ_MOST_LOOKED_AT;
	if (n > 0)
		lq_clients_missed(n);
}

/* Who has found it listening has queued his connection when this is over. */
static void wait_for_queued(struct sock *sk)
{
	spin_lock_bh(&inet_csk(sk)->icsk_accept_queue.rskq_lock);
	spin_unlock_bh(&inet_csk(sk)->icsk_accept_queue.rskq_lock);
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

	if (!lq_is_observing()) {
		lq_listener_close(sk);
		return;
	}
	wait_for_queued(sk);
	event_of_listener_sock(&event, sk);
	l = lq_listener_find(event.listener);
	if (l) {
		lq_ledger_killed(l, &event.reading.queues);
		note_killed(l, sk);
	}
	lq_listener_close(sk);
	trace_lq_listener(&event, LQ_WHAT_close, event.reading.queues.acceptq_limit);
	if (event.reading.queues.acceptq)
		lq_stamps_forget(event.listener);
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
	struct lq_listener *l;
	struct lq_event event;

	if (frame)
		frame->to = to;
	if (frame || !sk_fullsock(what) || !lq_is_observing())
		return;
	memset(&event, 0, sizeof(event));
	lq_flow_of_sock(&event.flow, what);
	lq_event_of_listener(&event, to);
	l = lq_listener_of(to);
	if (l)
		lq_attempt_child_moved(l, &event);
	event.acked = 1;
	trace_lq_request(&event, LQ_WHAT_migrated);
	lq_stamp_move(what, event.listener);
}

static void note_accepted(struct lq_listener *l, u64 waited_us, bool gone, bool served)
{
	lq_ledger_accepted(l, waited_us, gone, served);
	if (unlikely(rcu_access_pointer(l->queue)))
		lq_owner->made_room(l);
}

/* The connection that waited, NULL: not ours. An MPTCP socket that nobody knows is its own. */
static struct sock *waited_for(struct sock *sk)
{
	const struct sock *child;
	u64 listener;

	if (likely(sk->sk_protocol == IPPROTO_TCP))
		return sk;
	if (!IS_ENABLED(CONFIG_MPTCP) || sk->sk_protocol != IPPROTO_MPTCP)
		return NULL;
	child = lq_stamp_unalias(sk, &listener);
	/* One that a closed listener left behind may be of a child that is gone. */
	return child && lq_listener_find(listener) ? (struct sock *)child : sk;
}

/**
 * lq_accept_seen() - accept() hands a socket to a task
 * @sk: the socket, locked by its task: a connection, or what MPTCP made above one
 */
void lq_accept_seen(struct sock *sk)
{
	struct net *net = sock_net(sk);
	struct lq_listener *l = NULL;
	bool gone, served, recovered, gave_up;
	struct lq_event event lq_uninitialized;
	u64 waited_us, cookie;
	struct sock *child;
	int device;

	child = lq_is_observing() ? waited_for(sk) : NULL;
	if (!child)
		return;
	if (lq_stamp_take(child, &waited_us, &cookie))
		l = lq_listener_find(cookie);
	gone = lq_ledger_gone(sk, child);
	served = !gone || lq_ledger_left(sk, child);
	gave_up = !served && lq_ledger_gave_up(sk, child, waited_us);
	if (l && !gave_up && !trace_lq_accept_enabled() && !lq_refused_any()) {
		if (likely(served))
			lq_attempt_served(l);
		note_accepted(l, waited_us, gone, served);
		return;
	}
	memset(&event, 0, sizeof(event));
	lq_flow_of_sock(&event.flow, sk);
	event.netns = net->ns.inum;
	event.listener = cookie;
	event.age_us = waited_us;
	device = READ_ONCE(child->sk_bound_dev_if);
	if (unlikely(!cookie) && lq_endpoint_ignores(net, &event.flow, device))
		return;
	recovered = lq_refused_any() && lq_refused_turn_came(&event, served);
	lq_attempt_accepted(net, l, &event, device, gave_up, served, recovered);
	if (l)
		note_accepted(l, waited_us, gone, served);
	trace_lq_accept(&event, cookie, served);
}
