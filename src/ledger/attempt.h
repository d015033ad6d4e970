/* SPDX-License-Identifier: GPL-2.0 */
/*
 * attempt.h - what became of each client's attempt to connect
 */
#ifndef LISTENQ_ATTEMPT_H
#define LISTENQ_ATTEMPT_H

#include "core/event.h"
#include "ledger/types.h"

struct lq_overflow;

/* Who goes sooner did not wait for service: a check, a scan. */
#define LQ_PATIENCE_US	100000

/* How a pending request ended without a segment of its own. */
enum lq_attempt_end {
	LQ_END_unanswered,	/* it expired, or an ICMP error came */
	LQ_END_unsent,		/* its SYN-ACK could not be sent */
	LQ_END_killed,		/* the server or an administrator ended it */
	LQ_END_moved,		/* another listener has it now */
	LQ_END_duplicate,	/* another request has its flow: it was counted twice */
};

void lq_attempt_cookie_kept(struct lq_listener *l, const struct lq_event *event);
void lq_attempt_step(struct lq_listener *l, const struct lq_event *event,
		     enum lq_verdict verdict);
void lq_attempt_step_late(struct lq_totals *totals, const struct lq_event *event,
			  enum lq_verdict verdict);
void lq_attempt_lost(struct lq_listener *l, const struct lq_event *event,
		     enum lq_verdict verdict, struct lq_overflow *o);
void lq_attempt_ended(struct lq_totals *totals, const struct lq_event *event,
		      enum lq_attempt_end how);
void lq_attempt_gave_up(struct lq_totals *totals, const struct lq_event *event);
void lq_attempt_note_killed(struct lq_listener *l, const struct lq_event *event);
void lq_attempt_accepted(struct net *net, struct lq_listener *l, const struct lq_event *event,
			 int device, bool gave_up, bool served, bool recovered);

/**
 * lq_attempt_served() - accept() took a connection that was served at once, as most are
 * @l: the listener it waited at
 *
 * As lq_attempt_accepted() for a client that had not been refused before.
 *
 * Context: the accepting task, preemption off.
 */
static inline void lq_attempt_served(struct lq_listener *l)
{
	lq_count(&l->totals, attempts[LQ_ATTEMPT_served], 1);
}

void lq_attempt_child_moved(struct lq_listener *to, const struct lq_event *event);
void lq_attempt_request_moved(struct lq_listener *to, const struct lq_event *event);

#endif
