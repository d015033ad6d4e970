/* SPDX-License-Identifier: GPL-2.0 */
/*
 * effect.h - what a verdict does to the queues of its listener, and to its client
 */
#ifndef LISTENQ_EFFECT_H
#define LISTENQ_EFFECT_H

#include "core/decide.h"

/* What a segment does to its client's attempt, the handshake from its first SYN on. */
enum lq_step {
	LQ_STEP_none,
	LQ_STEP_begins,		/* it has a request */
	LQ_STEP_connects,	/* it has a connection, by a SYN with data (Fast Open) */
	LQ_STEP_cookie,		/* it was answered by a SYN cookie: nothing remembers it */
	LQ_STEP_cookie_back,	/* the cookie came back, and made a connection */
	LQ_STEP_completes,	/* its request became a connection */
	LQ_STEP_moves,		/* the same, from a closed listener to another one */
	LQ_STEP_joins,		/* it was none: a subflow of a connection that is there */
	LQ_STEP_resets,		/* the client ended it */
	LQ_STEP_refused,	/* its SYN was refused */
	LQ_STEP_delayed,	/* its last ACK was refused, its request stays */
	LQ_STEP_fails,		/* its last ACK was refused, its request is gone */
	LQ_STEP_cookie_fails,	/* the cookie came back, and was refused */
	LQ_STEP_closed,		/* its request is gone, for its listener closed */
	LQ_STEP_cookie_closed,	/* the cookie came back, but its listener closed */
	LQ_STEP_connect_closed,	/* it would have had a connection, but its listener closed */
};

/**
 * struct lq_effect - what a segment of that verdict does
 * @synq: more pending requests of its listener, or less
 * @acceptq: more connections that wait for accept(), or less
 * @step: enum lq_step
 */
struct lq_effect {
	s8 synq;
	s8 acceptq;
	u8 step;
};

extern const struct lq_effect lq_effects[LQ_V_count];

/* A queue's length after @change; what another CPU emptied meanwhile stays empty. */
static inline u32 lq_changed(u32 length, int change)
{
	return change < 0 && !length ? 0 : length + change;
}

void lq_undo_own_effect(struct lq_reading *after, const struct lq_reading *before,
			enum lq_verdict verdict);

#endif
