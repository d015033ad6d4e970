/* SPDX-License-Identifier: GPL-2.0 */
/*
 * refused.h - what became of the clients that were refused
 */
#ifndef LISTENQ_REFUSED_H
#define LISTENQ_REFUSED_H

#include "core/event.h"
#include "ledger/clients.h"
#include "ledger/types.h"

/* What of a client was refused, and what is left of its attempt. */
enum lq_refused_how {
	LQ_REFUSED_SYN,		/* its SYN, or a cookie: nothing, it may come again */
	LQ_REFUSED_PENDING,	/* its last ACK: the request stays */
	LQ_REFUSED_ACK,		/* its last ACK, and the request is gone */
	LQ_REFUSED_KILLED,	/* its listener closed: it ended as killed */
};

int lq_refused_init(void);
void lq_refused_exit(void);
bool lq_refused_note(struct lq_listener *l, const struct lq_event *event, enum lq_reason reason,
		     enum lq_refused_how how, struct lq_overflow *o);

/*
 * Was anybody refused who has not come through yet? If not, nobody need be looked for: a
 * client's own refusal is long past when it comes again, or is accepted.
 */
static inline bool lq_refused_any(void)
{
	return lq_clients_any();
}

bool lq_refused_knows(const struct lq_event *event);
bool lq_refused_comes_again(struct lq_listener *l, const struct lq_event *event);
bool lq_refused_for_good(unsigned int netns, const struct lq_flow *flow);
bool lq_refused_turn_came(const struct lq_event *event, bool served);
void lq_refused_forget(unsigned int netns);

#endif
