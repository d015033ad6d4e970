// SPDX-License-Identifier: GPL-2.0
/*
 * effect.c - what a verdict does to the queues of its listener, and to its client
 *
 * Whoever watches reads the queues before the call and after it: what the call itself
 * changed is taken out of the second reading again, so that the two differ by what other
 * CPUs did meanwhile.
 */
#include "core/effect.h"

const struct lq_effect lq_effects[LQ_V_count] = {
	[LQ_V_syn_queued] = { .synq = 1, .step = LQ_STEP_begins },
	[LQ_V_syn_queued_timewait] = { .synq = 1, .step = LQ_STEP_begins },
	[LQ_V_syn_queued_unsent] = { .synq = 1, .step = LQ_STEP_begins },
	[LQ_V_syn_fastopen] = { .acceptq = 1, .step = LQ_STEP_connects },
	[LQ_V_syn_cookie] = { .step = LQ_STEP_cookie },
	[LQ_V_syn_cookie_always] = { .step = LQ_STEP_cookie },
	[LQ_V_syn_cookie_unsent] = { .step = LQ_STEP_refused },
	[LQ_V_syn_queue_full] = { .step = LQ_STEP_refused },
	[LQ_V_syn_accept_full] = { .step = LQ_STEP_refused },
	[LQ_V_syn_last_quarter] = { .step = LQ_STEP_refused },
	[LQ_V_syn_no_memory] = { .step = LQ_STEP_refused },
	[LQ_V_syn_security] = { .step = LQ_STEP_refused },
	[LQ_V_syn_no_route] = { .step = LQ_STEP_refused },
	[LQ_V_syn_upper_refused] = { .step = LQ_STEP_refused },
	[LQ_V_syn_fastopen_closed] = { .step = LQ_STEP_connect_closed },
	[LQ_V_cookie_accepted] = { .acceptq = 1, .step = LQ_STEP_cookie_back },
	[LQ_V_cookie_options_off] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_accept_full] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_no_memory] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_security] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_no_route] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_no_bucket] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_upper_refused] = { .step = LQ_STEP_cookie_fails },
	[LQ_V_cookie_listener_closed] = { .step = LQ_STEP_cookie_closed },
	[LQ_V_req_completed] = { .synq = -1, .acceptq = 1, .step = LQ_STEP_completes },
	/* Out of another listener's SYN queue. */
	[LQ_V_req_migrated] = { .acceptq = 1, .step = LQ_STEP_moves },
	[LQ_V_req_mptcp_joined] = { .synq = -1, .step = LQ_STEP_joins },
	[LQ_V_req_rst] = { .synq = -1, .step = LQ_STEP_resets },
	[LQ_V_req_new_syn] = { .synq = -1, .step = LQ_STEP_fails },
	[LQ_V_req_accept_full] = { .step = LQ_STEP_delayed },
	[LQ_V_req_accept_full_reset] = { .synq = -1, .step = LQ_STEP_fails },
	[LQ_V_req_no_memory] = { .step = LQ_STEP_delayed },
	[LQ_V_req_no_memory_reset] = { .synq = -1, .step = LQ_STEP_fails },
	[LQ_V_req_no_route] = { .step = LQ_STEP_delayed },
	[LQ_V_req_no_route_reset] = { .synq = -1, .step = LQ_STEP_fails },
	[LQ_V_req_no_bucket] = { .step = LQ_STEP_delayed },
	[LQ_V_req_no_bucket_reset] = { .synq = -1, .step = LQ_STEP_fails },
	[LQ_V_req_upper_refused] = { .step = LQ_STEP_delayed },
	[LQ_V_req_upper_refused_reset] = { .synq = -1, .step = LQ_STEP_fails },
	/* Its request was its listener's when that closed: no queue has it. */
	[LQ_V_req_listener_closed] = { .step = LQ_STEP_closed },
};

/* The segment got no answer: when the last one was given, others said. */
static bool keeps_answer(enum lq_verdict verdict)
{
	return verdict == LQ_V_req_syn_again_limited || verdict == LQ_V_req_paws_limited ||
	       verdict == LQ_V_req_tsecr_limited ||
	       verdict == LQ_V_req_out_of_window_limited ||
	       verdict == LQ_V_req_challenge_limited;
}

/**
 * lq_undo_own_effect() - make a reading after the call comparable to the one before
 * @after: what was read after the call
 * @before: what was read before
 * @verdict: how the call ended
 *
 * What the segment itself changed did not influence it: the request or connection that
 * it added to a queue, the answer that it got. Another CPU may have taken it from the
 * queue already: an empty one stays empty.
 */
void lq_undo_own_effect(struct lq_reading *after, const struct lq_reading *before,
			enum lq_verdict verdict)
{
	const struct lq_effect *effect = &lq_effects[verdict];

	after->queues.synq = lq_changed(after->queues.synq, -effect->synq);
	after->queues.acceptq = lq_changed(after->queues.acceptq, -effect->acceptq);
	if (keeps_answer(verdict))
		return;
	after->last_oow = before->last_oow;
	after->ts_recent = before->ts_recent;
}
