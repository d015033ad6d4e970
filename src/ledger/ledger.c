// SPDX-License-Identifier: GPL-2.0
/*
 * ledger.c - what is counted of a listener, segment by segment
 *
 * A segment's verdict, a request that expired, a connection that was accepted: counters,
 * histograms, how long queues were full, and what dmesg and the refused clients' table
 * are told of it. The listeners themselves are in listener.c.
 */
#include <net/tcp.h>

#include "core/effect.h"
#include "kernel/differences.h"
#include "kernel/facts.h"
#include "ledger/attempt.h"
#include "ledger/busy.h"
#include "ledger/ledger.h"
#include "ledger/lengths.h"
#include "ledger/listener.h"
#include "ledger/overflow.h"
#include "ledger/refused.h"
#include "ledger/task.h"
#include "ledger/totals.h"

static void note_length(struct lq_listener *l, enum lq_queue_kind queue, u32 length, bool full)
{
	struct lq_here __percpu *here = READ_ONCE(l->totals.here);
	u32 *high = likely(here) ? &this_cpu_ptr(here)->high[queue] : &l->high[queue];

	if (length > READ_ONCE(*high))
		WRITE_ONCE(*high, length);
	lq_totals_note_full(l, queue, full);
}

static void note_queues(struct lq_listener *l, const struct lq_lengths *q,
			enum lq_verdict verdict)
{
	u32 synq = lq_changed(q->synq, lq_effects[verdict].synq);
	u32 acceptq = lq_changed(q->acceptq, lq_effects[verdict].acceptq);

	note_length(l, LQ_SYNQ, synq, lq_synq_full(&lq_this_kernel, synq, q->synq_limit));
	note_length(l, LQ_ACCEPTQ, acceptq, acceptq > q->acceptq_limit);
}

/* A full queue refused it: the queue's overflow. NULL: it was something else. */
static struct lq_overflow *note_overflow(struct lq_listener *l, const struct lq_event *event,
					 enum lq_reason reason)
{
	const struct lq_lengths *q = &event->reading.queues;

	switch (reason) {
	case LQ_R_accept_queue_full:
		lq_overflowed(&l->overflow[LQ_ACCEPTQ], reason, q->acceptq, q->acceptq_limit);
		return &l->overflow[LQ_ACCEPTQ];
	case LQ_R_syn_queue_full:
		lq_overflowed(&l->overflow[LQ_SYNQ], reason, q->synq, q->synq_limit);
		return &l->overflow[LQ_SYNQ];
	case LQ_R_last_quarter:
		lq_overflowed(&l->overflow[LQ_SYNQ], reason, q->synq,
			      event->facts.max_syn_backlog);
		return &l->overflow[LQ_SYNQ];
	default:
		return NULL;
	}
}

#define STALL_US	32768
#define SLOW_US		1000

/*
 * Has nobody made room for so long, or did the last one that was let in wait so long, and as many
 * milliseconds as the queue has places? A long queue that moves takes its time.
 */
static bool is_stalled(const struct lq_listener *l, u32 limit)
{
	u64 full = READ_ONCE(l->full_since[LQ_ACCEPTQ]);

	return READ_ONCE(l->last_wait_us) > max_t(u64, STALL_US, (u64)limit * SLOW_US) ||
	       (full && ktime_get_coarse_ns() > full + STALL_US * NSEC_PER_USEC);
}

/*
 * Those in the accept queue, and who was refused since it was empty: how long should it be?
 * Where nobody accepts, any is too short.
 */
static void note_wanted(struct lq_listener *l, struct lq_loss *loss, const struct lq_overflow *o)
{
	u32 wanted;

	if (o != &l->overflow[LQ_ACCEPTQ])
		return;
	if (is_stalled(l, READ_ONCE(o->limit))) {
		lq_tally(l, LQ_TALLY_refused_stalled);
		return;
	}
	wanted = READ_ONCE(o->limit) + 1 + atomic_read(&o->crowd);
	if (wanted > READ_ONCE(loss->wanted))
		WRITE_ONCE(loss->wanted, wanted);
}

static void note_loss(struct lq_listener *l, const struct lq_event *event,
		      enum lq_verdict verdict)
{
	enum lq_reason reason = lq_verdicts[verdict].reason;
	struct lq_overflow *o = note_overflow(l, event, reason);
	struct lq_loss *loss = &l->totals.losses[reason];
	/* To the tick: under a flood of refusals the exact clock would cost more. */
	u64 now = ktime_get_coarse_real_ns();

	lq_note(l->totals.last_loss, now);
	lq_note(l->totals.last_loss_reason, reason);
	lq_span_add(&loss->when, now);
	if (o) {
		lq_note(loss->limit, READ_ONCE(o->limit));
		lq_note(loss->cap, READ_ONCE(l->cap));
	}
	lq_attempt_lost(l, event, verdict, o);
	note_wanted(l, loss, o);
}

/**
 * lq_ledger_verdict() - a segment got its verdict
 * @l: its listener
 * @event: what is known of it
 * @verdict: how it ended
 *
 * Context: a handler, preemption off.
 */
void lq_ledger_verdict(struct lq_listener *l, const struct lq_event *event,
		       enum lq_verdict verdict)
{
	lq_count(&l->totals, verdicts[verdict], 1);
	if (unlikely(!READ_ONCE(l->totals.here)))
		lq_busy_note(l);
	note_queues(l, &event->reading.queues, verdict);
	if (verdict == LQ_V_req_completed) {
		lq_hist_add(l, LQ_HIST_handshake_us, event->age_us);
		lq_hist_add(l, LQ_HIST_retrans, event->retrans);
	}
	if (unlikely(lq_verdicts[verdict].loss))
		note_loss(l, event, verdict);
	else if (lq_effects[verdict].step)
		lq_attempt_step(l, event, verdict);
}

/**
 * lq_ledger_expired() - a request ended without a segment
 * @l: its listener
 * @event: whose it was. Acked: its last ACK had come, but made no connection: not that nobody
 *	answered
 * @unsent: its SYN-ACK could not be sent again
 *
 * Context: timer softirq; the request is out of the SYN queue.
 */
void lq_ledger_expired(struct lq_listener *l, const struct lq_event *event, bool unsent)
{
	if (!READ_ONCE(l->ignored))
		lq_attempt_ended(&l->totals, event, unsent ? LQ_END_unsent : LQ_END_unanswered);
	lq_tally(l, LQ_TALLY_expired);
	if (event->acked)
		lq_tally(l, LQ_TALLY_expired_acked);
	lq_ledger_look(l);
}

/**
 * lq_ledger_killed() - a listener closes, and with it what waits
 * @l: the listener
 * @q: its queues
 *
 * Context: the closing task.
 */
void lq_ledger_killed(struct lq_listener *l, const struct lq_lengths *q)
{
	lq_count(&l->totals, tallies[LQ_TALLY_killed], q->synq + q->acceptq);
	lq_count(&l->totals, tallies[LQ_TALLY_killed_waiting], q->acceptq);
	if (READ_ONCE(l->ignored) && !rcu_access_pointer(l->queue))
		lq_totals_recount(&l->totals, 0, 0);
	else
		/* Its requests end one by one. */
		lq_count(&l->totals, attempts[LQ_ATTEMPT_killed], q->acceptq);
	if (q->synq + q->acceptq)
		lq_listener_note_closer(l);
}

/**
 * lq_ledger_gone() - has its client's FIN or RST come, before it was accepted?
 * @sk: what accept() hands out, locked by its task
 * @child: the connection: the same, or its first subflow under MPTCP, which keeps that until
 *	accept() is done
 *
 * The FIN of MPTCP is its socket's, a RST is the subflow's.
 *
 * Return: whether one of them has come.
 */
bool lq_ledger_gone(const struct sock *sk, const struct sock *child)
{
	const int here = TCPF_ESTABLISHED | TCPF_SYN_RECV;

	return !(1 << sk->sk_state & here) ||
	       (unlikely(child != sk) && !(1 << inet_sk_state_load(child) & here));
}

/**
 * lq_ledger_left() - is there anything to be read?
 * @sk: as of lq_ledger_gone()
 * @child: as of lq_ledger_gone()
 *
 * What MPTCP has taken from its subflows is charged to its socket.
 *
 * Return: whether there is.
 */
bool lq_ledger_left(const struct sock *sk, struct sock *child)
{
	if (unlikely(sk->sk_protocol != IPPROTO_TCP) && sk_rmem_alloc_get(sk))
		return true;
	return child->sk_protocol == IPPROTO_TCP && tcp_inq(child);
}

/* Of who was reset it is not known when. */
#define RESET_WAIT_US	USEC_PER_SEC

/* The kernel notes when the last segment with an ACK came: that was its FIN. */
static bool has_waited(const struct sock *child, u64 waited_us)
{
	u64 gone_us;

	if (unlikely(child->sk_protocol != IPPROTO_TCP) || inet_sk_state_load(child) == TCP_CLOSE)
		return waited_us >= RESET_WAIT_US;
	/* jiffies_to_usecs() would wrap. */
	gone_us = (u64)(tcp_jiffies32 - READ_ONCE(tcp_sk(child)->rcv_tstamp)) *
		  (TICK_NSEC / NSEC_PER_USEC);
	return waited_us >= gone_us + LQ_PATIENCE_US;
}

/**
 * lq_ledger_gave_up() - has a client waited for service, and gone, and left nothing to be read?
 * @sk: as of lq_ledger_gone()
 * @child: as of lq_ledger_gone()
 * @waited_us: since it was queued
 *
 * Return: whether all of that is so: nobody is served when it is accepted.
 */
bool lq_ledger_gave_up(const struct sock *sk, struct sock *child, u64 waited_us)
{
	return lq_ledger_gone(sk, child) && !lq_ledger_left(sk, child) &&
	       has_waited(child, waited_us);
}

/* Who is refused from now on was not there at once with those before. */
static void note_empty(struct lq_listener *l)
{
	struct lq_overflow *o = &l->overflow[LQ_ACCEPTQ];

	if (READ_ONCE(l->sk->sk_ack_backlog))
		return;
	if (unlikely(READ_ONCE(o->active)))
		atomic_set(&o->crowd, 0);
}

/**
 * lq_ledger_accepted() - accept() took a connection
 * @l: the listener it waited at
 * @waited_us: so long after it was queued
 * @gone: lq_ledger_gone()
 * @served: it was not gone, or has left something to be read
 *
 * Context: the accepting task, preemption off.
 */
void lq_ledger_accepted(struct lq_listener *l, u64 waited_us, bool gone, bool served)
{
	lq_tally(l, LQ_TALLY_accepted);
	if (unlikely(gone))
		lq_tally(l, served ? LQ_TALLY_served_half : LQ_TALLY_served_closed);
	lq_hist_add(l, LQ_HIST_accept_us, waited_us);
	/* What is no stall is as good as nothing, and need not be written. */
	lq_note(l->last_wait_us, waited_us > STALL_US && READ_ONCE(l->sk->sk_ack_backlog) ?
				 waited_us : 0);
	lq_listener_note_acceptor(l);
	lq_totals_note_full(l, LQ_ACCEPTQ, sk_acceptq_is_full(l->sk));
	note_empty(l);
}
