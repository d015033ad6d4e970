// SPDX-License-Identifier: GPL-2.0
/*
 * verdict.c - include/listenq_verdict.h as tables: what a verdict and a reason are called
 */
#include "core/verdict.h"

#define LQ_ROW(number, verdict, why, refused, sentence) \
	[number] = { .name = #verdict, .text = sentence, .reason = LQ_R_##why, .loss = refused },
const struct lq_verdict_row lq_verdicts[LQ_V_count] = {
	LQ_VERDICTS(LQ_ROW)
};

#define LQ_REASON_NAME(number, name) [number] = #name,
const char *const lq_reasons[LQ_R_count] = {
	LQ_REASONS(LQ_REASON_NAME)
};
