/* SPDX-License-Identifier: GPL-2.0 */
/*
 * property.h - what must hold of a verdict whatever the facts are
 *
 * Asked by test_outcome.c with random facts and by the fuzzer with its own. Facts
 * need not be possible: a missed hook or a nested call must still end in a verdict
 * of the right stage.
 */
#ifndef LISTENQ_PROPERTY_H
#define LISTENQ_PROPERTY_H

#include <string.h>

#include "core/outcome.h"

#define MOVED(counter) (1U << LQ_C_##counter)

enum stage { CONN_REQUEST, HND_REQ, CHECK_REQ, STAGES };

static inline enum lq_verdict verdict_of(enum stage stage, const struct lq_outcome *o)
{
	switch (stage) {
	case CONN_REQUEST:
		return lq_outcome_conn_request(o);
	case HND_REQ:
		return lq_outcome_hnd_req(o);
	default:
		return lq_outcome_check_req(o);
	}
}

#define VERDICT_NAME(number, name, reason, loss, text) [number] = #name,
static const char *const verdict_names[LQ_V_count] = { "none", LQ_VERDICTS(VERDICT_NAME) };

#define VERDICT_TEXT(number, name, reason, loss, text) [number] = text,
static const char *const verdict_texts[LQ_V_count] = { "", LQ_VERDICTS(VERDICT_TEXT) };

#define VERDICT_LOSS(number, name, reason, loss, text) [number] = loss,
static const bool verdict_losses[LQ_V_count] = { LQ_VERDICTS(VERDICT_LOSS) };

static inline bool starts(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static inline bool ends(const char *name, const char *with)
{
	size_t length = strlen(name), tail = strlen(with);

	return length >= tail && !strcmp(name + length - tail, with);
}

/* Verdicts of do_rcv, rcv and parking: none of the three stages here may give them. */
static inline bool is_told_elsewhere(enum lq_verdict v)
{
	switch (v) {
	case LQ_V_bad_checksum:
	case LQ_V_synack_to_listener:
	case LQ_V_syn_rst:
	case LQ_V_syn_fin:
	case LQ_V_syn_broadcast:
	case LQ_V_syn_mapped_source:
	case LQ_V_given_back_dropped:
	case LQ_V_req_orphaned:
	case LQ_V_req_parked:
	case LQ_V_req_parked_data:
	case LQ_V_req_parked_again:
		return true;
	default:
		return false;
	}
}

/* As the Return: lines of outcome.c promise. */
static inline bool belongs(enum stage stage, enum lq_verdict v)
{
	const char *name;

	if (v <= LQ_V_none || v >= LQ_V_count || is_told_elsewhere(v))
		return false;
	name = verdict_names[v];
	switch (stage) {
	case CONN_REQUEST:
		return starts(name, "syn_");
	case HND_REQ:
		return starts(name, "stray_") || starts(name, "cookie_") ||
		       v == LQ_V_req_bad_ack || v == LQ_V_req_mptcp_joined;
	default:
		return starts(name, "req_") && v != LQ_V_req_bad_ack;
	}
}

/* Does it say that the segment was answered? */
static inline bool claims_answer(enum lq_verdict v)
{
	return ends(verdict_names[v], "_reset") || strstr(verdict_texts[v], "answered");
}

/* A RST makes no child and is sent no ACK, except for the challenge of RFC 5961. */
static inline bool possible_for_rst(const struct lq_outcome *o)
{
	return o->returned != LQ_RET_CHILD && (!o->ack_sent || o->challenge_asked) &&
	       !(o->moved & (MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS) |
			     MOVED(PASSIVE_OPENS)));
}

/* A SYN repeated for a request, and no connection tried. */
static inline bool is_repeated_syn(enum stage stage, const struct lq_outcome *o)
{
	return stage == CHECK_REQ && o->returned == LQ_RET_NOTHING && o->repeats_syn &&
	       (o->flags & (LQ_SYN | LQ_ACK | LQ_RST)) == LQ_SYN &&
	       !(o->moved & (MOVED(LISTEN_OVERFLOWS) | MOVED(LISTEN_DROPS) |
			     MOVED(PASSIVE_OPENS)));
}

/* Given back without a valid cookie: it belonged to nothing. */
static inline bool is_stray(enum stage stage, const struct lq_outcome *o)
{
	return stage == HND_REQ && o->returned == LQ_RET_LISTENER &&
	       !(o->moved & MOVED(COOKIES_RECV));
}

/* The first property that does not hold, in words, or NULL. */
static inline const char *broken_property(enum stage stage, const struct lq_outcome *facts)
{
	struct lq_outcome o = *facts;
	enum lq_verdict v = verdict_of(stage, &o);
	bool given_back = stage == CHECK_REQ && o.returned == LQ_RET_LISTENER && !o.fastopen;

	if (verdict_of(stage, &o) != v)
		return "the same facts give the same verdict";
	o.moved ^= ~0U << LQ_C_COUNT;
	o.flags ^= (u8)~(LQ_SYN | LQ_ACK | LQ_RST);
	if (verdict_of(stage, &o) != v)
		return "FIN, PSH, URG, ECE, CWR and unknown counters decide nothing";

	if (given_back)
		return v == LQ_V_none ? NULL : "given back by tcp_check_req: no verdict yet";
	if (!belongs(stage, v))
		return "the verdict belongs to the stage";
	if (facts->flags & LQ_RST && stage != CONN_REQUEST && possible_for_rst(facts) &&
	    claims_answer(v) && v != LQ_V_req_challenge)
		return "a RST is never told to be answered, but by a challenge";
	if (verdict_losses[v] && (is_repeated_syn(stage, facts) || is_stray(stage, facts)))
		return "a repeated SYN or a stray segment is no loss";
	return NULL;
}

#endif
