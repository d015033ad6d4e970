// SPDX-License-Identifier: GPL-2.0
/*
 * life.c - listeners come, change and go; children wait and are accepted
 *
 * What happens to a listener or a connection without a segment. (What happens to
 * a request without a segment is in observe.c: it shares the SYN-ACK timer's
 * frame.) All of it is process context and rare, but for accept().
 */
#include "accept.h"
#include "facts.h"
#include "net.h"
#include "observe.h"
#include "trace.h"

/* Address and port of the socket itself; no client's side. */
static void event_of_listener_sock(struct lq_event *event, struct sock *sk)
{
	memset(event, 0, sizeof(*event));
	event->flow.family = sk->sk_family == AF_INET6 ? 6 : 4;
	/* Not sk_num: closing has given an automatic port back already. */
	event->flow.sport = inet_sk(sk)->inet_sport;
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		memcpy(event->flow.saddr, &sk->sk_v6_rcv_saddr, 16);
#endif
	if (sk->sk_family == AF_INET)
		lq_put_v4(event->flow.saddr, sk->sk_rcv_saddr);
	lq_event_of_listener(event, sk);
}

/**
 * lq_listening() - inet_csk_listen_start succeeded
 * @sk: the new listener, locked by its task
 *
 * Context: process, preemption off, as all of this file.
 */
void lq_listening(struct sock *sk)
{
	struct lq_event event;

	event_of_listener_sock(&event, sk);
	trace_lq_listener(&event, LQ_WHAT_LISTEN, 0);
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
	old = event.queues.acceptq_limit;
	event.queues.acceptq_limit = backlog;
	trace_lq_listener(&event, LQ_WHAT_BACKLOG, old);
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
	struct lq_event event;

	event_of_listener_sock(&event, sk);
	trace_lq_listener(&event, LQ_WHAT_CLOSE, event.queues.acceptq_limit);
	if (event.queues.acceptq)
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
		lq_event_of_listener(&frame->event, to);
	if (frame || !sk_fullsock(what))
		return;
	memset(&event, 0, sizeof(event));
	lq_flow_of_sock(&event.flow, what);
	lq_event_of_listener(&event, to);
	event.acked = 1;
	trace_lq_request(&event, LQ_WHAT_MIGRATED);
	lq_accept_moved(what, event.listener);
}

/**
 * lq_accepted() - accept() hands a connection to a task
 * @child: the connection, locked by its task
 */
void lq_accepted(struct sock *child)
{
	struct lq_event event;
	bool tracked;

	if (child->sk_protocol != IPPROTO_TCP)
		return;
	memset(&event, 0, sizeof(event));
	lq_flow_of_sock(&event.flow, child);
	event.netns = sock_net(child)->ns.inum;
	tracked = lq_accept_taken(child, &event.age_us, &event.listener);
	trace_lq_accept(&event, tracked);
}
