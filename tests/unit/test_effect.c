// SPDX-License-Identifier: GPL-2.0
/*
 * test_effect.c - twin of src/core/effect.c
 *
 *   cases   what a verdict's segment did is taken out of a reading, and nothing else
 *
 * That the rules then say the same as before is for test_decide.c, in random worlds.
 */
#include <string.h>

#include "core/effect.h"
#include "core/verdict.h"
#include "tap.h"

/* What no segment may change, and what every segment may. */
static bool undone(enum lq_verdict verdict, u32 synq, u32 acceptq, bool answer_kept)
{
	struct lq_reading before = { .last_oow = 1, .ts_recent = 2 };
	struct lq_reading after = {
		.queues = { .synq = 5, .young = 4, .acceptq = 6 }, .last_oow = 3,
		.ts_recent = 4, .timeouts = 7, .closed = true, .taken = true,
	};
	struct lq_reading expected = after;

	lq_undo_own_effect(&after, &before, verdict);
	expected.queues.synq = synq;
	expected.queues.acceptq = acceptq;
	if (!answer_kept) {
		expected.last_oow = 1;
		expected.ts_recent = 2;
	}
	return !memcmp(&after, &expected, sizeof(after));
}

/* Another CPU has emptied both queues meanwhile. */
static bool stays_empty(enum lq_verdict verdict)
{
	struct lq_reading before = { .last_oow = 1 }, after = { .last_oow = 1 };

	lq_undo_own_effect(&after, &before, verdict);
	return !memcmp(&after, &before, sizeof(after));
}

#define UNDO(verdict, synq, acceptq, kept) \
	ok(undone(LQ_V_##verdict, synq, acceptq, kept), "lq_undo_own_effect__" #verdict)

#define EMPTY(verdict) \
	ok(stays_empty(LQ_V_##verdict), "lq_undo_own_effect__" #verdict "_and_taken")

static void test_undo_own_effect(void)
{
	UNDO(syn_queued, 4, 6, false);
	UNDO(syn_queued_timewait, 4, 6, false);
	UNDO(syn_queued_unsent, 4, 6, false);
	EMPTY(syn_queued);
	UNDO(syn_fastopen, 5, 5, false);
	UNDO(cookie_accepted, 5, 5, false);
	UNDO(req_completed, 6, 5, false);
	UNDO(req_migrated, 5, 5, false);
	UNDO(req_rst, 6, 6, false);
	EMPTY(syn_fastopen);
	UNDO(req_syn_again_limited, 5, 6, true);
	UNDO(req_paws_limited, 5, 6, true);
	UNDO(req_tsecr_limited, 5, 6, true);
	UNDO(req_out_of_window_limited, 5, 6, true);
	UNDO(req_challenge_limited, 5, 6, true);
	UNDO(req_syn_again, 5, 6, false);
	UNDO(req_syn_again_unsent, 5, 6, false);
	UNDO(req_paws, 5, 6, false);
	UNDO(req_out_of_window, 5, 6, false);
	UNDO(req_challenge, 5, 6, false);
	UNDO(req_mptcp_joined, 6, 6, false);
	UNDO(syn_cookie, 5, 6, false);
	UNDO(syn_accept_full, 5, 6, false);
}

/* A refusal has a step, and only a refusal has one of those. */
static bool step_is_of_loss(enum lq_verdict verdict)
{
	return (lq_effects[verdict].step >= LQ_STEP_refused) == lq_verdicts[verdict].loss;
}

/* What leaves the SYN queue, or comes into one of them, does so by a step. */
static bool step_moves_as_queues_do(enum lq_verdict verdict)
{
	const struct lq_effect *e = &lq_effects[verdict];

	switch (e->step) {
	case LQ_STEP_begins:
		return e->synq == 1 && !e->acceptq;
	case LQ_STEP_completes:
		return e->synq == -1 && e->acceptq == 1;
	case LQ_STEP_connects:
	case LQ_STEP_cookie_back:
	case LQ_STEP_moves:
		return !e->synq && e->acceptq == 1;
	case LQ_STEP_joins:
	case LQ_STEP_resets:
	case LQ_STEP_fails:
		return e->synq == -1 && !e->acceptq;
	default:
		return !e->synq && !e->acceptq;
	}
}

/* Whose listener is gone before its request was found has no listener's counters. */
static void test_steps(void)
{
	enum lq_verdict verdict;
	bool losses = true, queues = true;

	for (verdict = 1; verdict < LQ_V_count; verdict++) {
		if (verdict != LQ_V_req_orphaned)
			losses &= step_is_of_loss(verdict);
		queues &= step_moves_as_queues_do(verdict);
	}
	ok(losses, "lq_effects__a_refusal_is_a_step");
	ok(queues, "lq_effects__steps_move_as_the_queues_do");
}

int main(void)
{
	/* A sanitizer's report comes behind the last case that was good. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_undo_own_effect();
	test_steps();
	return tap_end();
}
