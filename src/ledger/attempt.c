// SPDX-License-Identifier: GPL-2.0
/*
 * attempt.c - what became of each client's attempt to connect
 *
 * An attempt is a handshake from its first SYN on. It is in one place at a time:
 *
 *   SYN ─▶ pending ─▶ accept queue ─▶ served, served_closed, recovered
 *    │        ├─▶ unanswered, unsent, reset, killed
 *    │        └─▶ refused: its last ACK, for good
 *    ├─▶ refused, until it comes again (refused.c knows who may)
 *    └─▶ cookie_unanswered ─▶ accept queue, or refused
 *
 * so that attempts = what is pending + what waits in the accept queue + how all others
 * ended. Each arrow is an event that is seen once, and moves one from a counter to another.
 * Who is connected is counted at the listener where that happens; what is left of a listener
 * that has closed ends at its endpoint.
 *
 * All is additions to the listener's or the endpoint's own counters (counters.h).
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>

#include "core/effect.h"
#include "ledger/attempt.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/listener.h"
#include "ledger/refused.h"

static void add(struct lq_totals *totals, enum lq_attempt what, int n)
{
	lq_count(totals, attempts[what], n);
}

static void count(struct lq_listener *l, enum lq_attempt what)
{
	lq_count(&l->totals, attempts[what], 1);
}

/* Known as refused: the same attempt goes on. */
static bool goes_on(struct lq_listener *l, const struct lq_event *event)
{
	return unlikely(lq_refused_any()) && lq_refused_comes_again(l, event);
}

/* What is left of listeners of @l's endpoint that have closed is counted here. */
static struct lq_totals *closed_of(struct lq_listener *l)
{
	return lq_endpoint_closed(l->ledger, l->endpoint_id);
}

/*
 * Its request's listener closed, which ended it as killed: the attempt goes on here. One that
 * nobody had seen begin was no attempt.
 */
static void unkill(struct lq_listener *l)
{
	struct lq_totals *totals = closed_of(l);

	if (totals && atomic64_dec_if_positive(&totals->attempts[LQ_ATTEMPT_killed]) >= 0)
		add(totals, LQ_ATTEMPT_attempts, -1);
}

/* An attempt goes on here: its request does, or it is connected. */
static void arrive(struct lq_listener *l, bool pending)
{
	count(l, LQ_ATTEMPT_attempts);
	if (pending)
		count(l, LQ_ATTEMPT_pending);
}

static void begins(struct lq_listener *l, const struct lq_event *event)
{
	if (goes_on(l, event))
		return;
	count(l, LQ_ATTEMPT_attempts);
	if (unlikely(event->via == LQ_VIA_orphaned))
		unkill(l);
}

/* One that was sent before we looked, or by another listener: see lq_totals_level(). */
static void cookie_back(struct lq_listener *l)
{
	add(&l->totals, LQ_ATTEMPT_cookie_unanswered, -1);
}

/* When, and who; how many is counted elsewhere. */
static void note_failure(struct lq_totals *totals, const struct lq_event *event,
			 enum lq_failure how)
{
	static const u8 states[LQ_FAILURE_count] = {
		[LQ_FAILURE_unanswered] = LQ_CLIENT_unanswered,
		[LQ_FAILURE_unsent] = LQ_CLIENT_unsent,
		[LQ_FAILURE_killed] = LQ_CLIENT_killed,
		[LQ_FAILURE_gave_up] = LQ_CLIENT_gone,
	};
	struct lq_listener *l = event->listener ? lq_listener_find(event->listener) : NULL;

	lq_span_add(&totals->failures[how], ktime_get_coarse_real_ns());
	lq_clients_ended(l, event->netns, &event->flow, states[how]);
}

/* A client whose last ACK was refused before is refused for good. Returns whether it was not. */
static bool leave_pending(struct lq_totals *totals, const struct lq_event *event,
			  enum lq_attempt what)
{
	add(totals, LQ_ATTEMPT_pending, -1);
	if (unlikely(lq_refused_any()) && lq_refused_for_good(event->netns, &event->flow))
		return false;
	add(totals, what, 1);
	return true;
}

/* Nobody else completed a handshake there while its SYN-ACK waited for an answer. */
static bool was_alone(const struct lq_totals *totals, const struct lq_event *event)
{
	unsigned long last = READ_ONCE(totals->last_completed);

	return !last || time_before(last, jiffies - usecs_to_jiffies(event->age_us));
}

static void unanswered(struct lq_totals *totals, const struct lq_event *event)
{
	if (!leave_pending(totals, event, LQ_ATTEMPT_unanswered))
		return;
	if (was_alone(totals, event))
		lq_count(totals, tallies[LQ_TALLY_unanswered_alone], 1);
	note_failure(totals, event, LQ_FAILURE_unanswered);
}

static bool killed(struct lq_totals *totals, const struct lq_event *event)
{
	if (!leave_pending(totals, event, LQ_ATTEMPT_killed))
		return false;
	note_failure(totals, event, LQ_FAILURE_killed);
	return true;
}

/* It may have answered when nobody listened: the kernel sends a RST then, as of any closed port. */
static void left_alone(struct lq_totals *totals, const struct lq_event *event)
{
	if (killed(totals, event))
		lq_count(totals, tallies[LQ_TALLY_killed_alone], 1);
}

static void note_completed(struct lq_listener *l)
{
	unsigned long now = jiffies ?: 1;

	if (READ_ONCE(l->totals.last_completed) != now)
		WRITE_ONCE(l->totals.last_completed, now);
}

/*
 * A handshake that waited for the client's data (TCP_DEFER_ACCEPT) completes. By a FIN alone: the
 * client has waited in vain for the server to speak. By an ACK alone: the kernel waits no more.
 */
static void note_deferred(struct lq_listener *l, const struct lq_event *event)
{
	const struct lq_segment *s = &event->facts.segment;
	bool all = s->seq == event->facts.req.rcv_isn + 1;

	if (all && s->flags & LQ_FIN && lq_end_seq(s) == s->seq + 1 &&
	    event->age_us >= LQ_PATIENCE_US) {
		lq_tally(l, LQ_TALLY_gave_up_deferred);
		lq_attempt_gave_up(&l->totals, event);
	} else if (all && lq_end_seq(s) == s->seq && event->age_us >= USEC_PER_SEC &&
		   event->reading.timeouts >= event->facts.defer_accept) {
		lq_tally(l, LQ_TALLY_deferred_late);
	}
}

/* By its client: who had waited for the server to speak, or answered a dead one, has failed. */
static void resets(struct lq_listener *l, const struct lq_event *event)
{
	if (unlikely(event->left_alone && !event->parked)) {
		left_alone(&l->totals, event);
		return;
	}
	/* When its ACK came is not known: not late, unless the SYN-ACK was repeated. */
	if (leave_pending(&l->totals, event, LQ_ATTEMPT_reset) && unlikely(event->acked) &&
	    event->facts.defer_accept && !event->parked && !event->retrans &&
	    event->age_us >= USEC_PER_SEC) {
		lq_tally(l, LQ_TALLY_gave_up_deferred);
		lq_attempt_gave_up(&l->totals, event);
	}
}

/**
 * lq_attempt_cookie_kept() - a cookie came back, and a record is made of it
 * @l: the listener
 * @event: the segment, with its flow
 *
 * Context: a handler, preemption off.
 */
void lq_attempt_cookie_kept(struct lq_listener *l, const struct lq_event *event)
{
	if (!goes_on(l, event))
		cookie_back(l);
	count(l, LQ_ATTEMPT_pending);
}

/**
 * lq_attempt_step() - a segment that was not refused has its verdict
 * @l: its listener
 * @event: the segment; its flow, if lq_refused_any()
 * @verdict: how it ended
 *
 * Context: a handler, preemption off.
 */
void lq_attempt_step(struct lq_listener *l, const struct lq_event *event,
		     enum lq_verdict verdict)
{
	switch (lq_effects[verdict].step) {
	case LQ_STEP_begins:
		begins(l, event);
		count(l, LQ_ATTEMPT_pending);
		break;
	case LQ_STEP_completes:
		add(&l->totals, LQ_ATTEMPT_pending, -1);
		note_completed(l);
		if (unlikely(event->acked && event->facts.defer_accept))
			note_deferred(l, event);
		break;
	case LQ_STEP_connects:
		begins(l, event);
		note_completed(l);
		break;
	case LQ_STEP_cookie:
		if (unlikely(lq_refused_any()) && lq_refused_knows(event))
			break;
		count(l, LQ_ATTEMPT_attempts);
		count(l, LQ_ATTEMPT_cookie_unanswered);
		break;
	case LQ_STEP_cookie_back:
		if (!goes_on(l, event))
			cookie_back(l);
		note_completed(l);
		break;
	case LQ_STEP_moves:
		lq_attempt_ended(closed_of(l), event, LQ_END_moved);
		arrive(l, false);
		note_completed(l);
		break;
	case LQ_STEP_joins:
		/* It had a request, or came with a cookie. */
		add(&l->totals, event->stage == LQ_STAGE_hnd_req ?
		    LQ_ATTEMPT_cookie_unanswered : LQ_ATTEMPT_pending, -1);
		add(&l->totals, LQ_ATTEMPT_attempts, -1);
		break;
	case LQ_STEP_resets:
		/* A Fast Open client has its connection, which accept() will find closed. */
		if (!event->facts.req.fastopen && !event->stays)
			resets(l, event);
		break;
	}
}

/**
 * lq_attempt_step_late() - the same for a segment whose listener is not in the table any more
 * @totals: of the listener's endpoint; NULL: it is counted nowhere
 * @event: the segment; its flow, if the verdict is a loss
 * @verdict: how it ended
 *
 * It was on its way when the listener closed. A request may still be made then, and ends as all
 * that a listener leaves behind.
 *
 * Context: a handler, preemption off.
 */
void lq_attempt_step_late(struct lq_totals *totals, const struct lq_event *event,
			  enum lq_verdict verdict)
{
	enum lq_step step = lq_effects[verdict].step;

	if (!totals)
		return;
	if (step == LQ_STEP_begins) {
		add(totals, LQ_ATTEMPT_attempts, 1);
		add(totals, LQ_ATTEMPT_pending, 1);
		return;
	}
	if (event->stage != LQ_STAGE_check_req || event->facts.req.fastopen || event->stays)
		return;
	if (step == LQ_STEP_completes)
		add(totals, LQ_ATTEMPT_pending, -1);
	else if (step == LQ_STEP_resets)
		leave_pending(totals, event, LQ_ATTEMPT_reset);
	else if (step == LQ_STEP_fails || step == LQ_STEP_closed)
		lq_attempt_ended(totals, event, LQ_END_killed);
}

/**
 * lq_attempt_lost() - a segment was refused
 * @l: its listener
 * @event: the segment, with its flow
 * @verdict: how it ended
 * @o: because a queue overflowed, which counts clients; NULL: none did
 *
 * Context: a handler, preemption off.
 */
void lq_attempt_lost(struct lq_listener *l, const struct lq_event *event,
		     enum lq_verdict verdict, struct lq_overflow *o)
{
	enum lq_step step = lq_effects[verdict].step;
	bool fresh, pending = step == LQ_STEP_fails || step == LQ_STEP_closed;
	enum lq_refused_how how = step == LQ_STEP_delayed ? LQ_REFUSED_PENDING :
				  step == LQ_STEP_fails ? LQ_REFUSED_ACK :
				  step >= LQ_STEP_closed ? LQ_REFUSED_KILLED :
							   LQ_REFUSED_SYN;

	/* An orphan's attempt has ended with its listener. */
	if (step == LQ_STEP_none)
		return;
	/* A Fast Open client keeps its connection. */
	if (event->facts.req.fastopen && how == LQ_REFUSED_ACK)
		how = LQ_REFUSED_PENDING;
	fresh = lq_refused_note(l, event, lq_verdicts[verdict].reason, how, o);
	/* What stays is ended by its timer, and counted then. */
	if (pending && !event->facts.req.fastopen && !event->stays)
		add(&l->totals, LQ_ATTEMPT_pending, -1);
	if (how == LQ_REFUSED_KILLED && !event->stays) {
		count(l, LQ_ATTEMPT_killed);
		lq_span_add(&l->totals.failures[LQ_FAILURE_killed], ktime_get_coarse_real_ns());
	}
	if (!fresh)
		return;
	if (step == LQ_STEP_cookie_fails || step == LQ_STEP_cookie_closed)
		cookie_back(l);
	else if (step == LQ_STEP_refused || step == LQ_STEP_connect_closed)
		count(l, LQ_ATTEMPT_attempts);
}

/**
 * lq_attempt_ended() - a pending request ended without a segment of its own
 * @totals: of its listener, or of its endpoint; NULL: it is counted nowhere
 * @event: whose it was: flow, network namespace, listener (0: not known), age
 * @how: enum lq_attempt_end
 *
 * One whose last ACK had come was not left without an answer: it is killed.
 *
 * Context: any, preemption off.
 */
void lq_attempt_ended(struct lq_totals *totals, const struct lq_event *event,
		      enum lq_attempt_end how)
{
	if (!totals)
		return;
	if (event->acked && (how == LQ_END_unanswered || how == LQ_END_unsent))
		how = LQ_END_killed;
	switch (how) {
	case LQ_END_unanswered:
		if (unlikely(event->left_alone))
			left_alone(totals, event);
		else
			unanswered(totals, event);
		break;
	case LQ_END_unsent:
		if (leave_pending(totals, event, LQ_ATTEMPT_unsent))
			note_failure(totals, event, LQ_FAILURE_unsent);
		break;
	case LQ_END_killed:
		killed(totals, event);
		break;
	case LQ_END_moved:
	case LQ_END_duplicate:
		add(totals, LQ_ATTEMPT_pending, -1);
		add(totals, LQ_ATTEMPT_attempts, -1);
	}
}

/**
 * lq_attempt_gave_up() - a client has waited for service, and gone before accept() took it
 * @totals: of its listener, or of its endpoint
 * @event: its connection
 *
 * Context: any, preemption off.
 */
void lq_attempt_gave_up(struct lq_totals *totals, const struct lq_event *event)
{
	lq_count(totals, tallies[LQ_TALLY_gave_up], 1);
	note_failure(totals, event, LQ_FAILURE_gave_up);
}

/**
 * lq_attempt_note_killed() - a connection that nobody had accepted ends with its listener: who
 * @l: the listener, which closes
 * @event: the connection
 *
 * Context: the closing task, preemption off.
 */
void lq_attempt_note_killed(struct lq_listener *l, const struct lq_event *event)
{
	note_failure(&l->totals, event, LQ_FAILURE_killed);
}

/* Neither its SYN was seen nor was it in the queue when its listener was counted. */
static bool is_unknown(struct lq_totals *totals, const struct lq_event *event)
{
	return !event->listener && atomic64_dec_if_positive(&totals->unstamped) < 0;
}

/**
 * lq_attempt_accepted() - accept() took a connection
 * @net: its network namespace
 * @l: the listener it waited at, NULL: nobody knows, its address has to tell
 * @event: the connection
 * @device: that it is bound to, 0 none
 * @gave_up: it had waited for service, and gone
 * @served: the client was still there, or had left something to be read
 * @recovered: it had been refused before
 *
 * That it had gone is counted by lq_ledger_accepted().
 *
 * Context: the accepting task, preemption off.
 */
void lq_attempt_accepted(struct net *net, struct lq_listener *l, const struct lq_event *event,
			 int device, bool gave_up, bool served, bool recovered)
{
	struct lq_totals *totals = l ? &l->totals :
				   lq_endpoint_totals(net, &event->flow, device);

	if (!totals)
		return;
	if (!l && is_unknown(totals, event))
		add(totals, LQ_ATTEMPT_attempts, 1);
	if (served)
		add(totals, recovered ? LQ_ATTEMPT_recovered : LQ_ATTEMPT_served, 1);
	else if (!l)
		lq_count(totals, tallies[LQ_TALLY_served_closed], 1);
	if (unlikely(gave_up))
		lq_attempt_gave_up(totals, event);
}

/**
 * lq_attempt_child_moved() - a connection goes from a closing listener's accept queue to another
 * @to: the other listener, of the same endpoint
 * @event: the connection
 *
 * It was counted as killed when the listener began to close; a client that had given up by then
 * will be when that one lets it go.
 *
 * Context: the closing task, preemption off.
 */
void lq_attempt_child_moved(struct lq_listener *to, const struct lq_event *event)
{
	struct lq_totals *totals = closed_of(to);
	bool gone;

	if (READ_ONCE(to->ignored))
		return;
	gone = lq_clients_go_on(event->netns, &event->flow);
	if (totals) {
		if (gone) {
			atomic64_dec(&totals->tallies[LQ_TALLY_killed_gone]);
			atomic64_dec(&totals->tallies[LQ_TALLY_gave_up]);
		}
		add(totals, LQ_ATTEMPT_killed, -1);
		add(totals, LQ_ATTEMPT_attempts, -1);
	}
	arrive(to, false);
}

/**
 * lq_attempt_request_moved() - a request goes from a closed listener to another
 * @to: the other listener, of the same endpoint
 * @event: whose it is
 *
 * Context: any, preemption off.
 */
void lq_attempt_request_moved(struct lq_listener *to, const struct lq_event *event)
{
	lq_attempt_ended(closed_of(to), event, LQ_END_moved);
	arrive(to, true);
}
