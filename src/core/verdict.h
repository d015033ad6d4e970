/* SPDX-License-Identifier: GPL-2.0 */
/*
 * verdict.h - the list of verdicts as a table
 */
#ifndef LISTENQ_VERDICT_TABLE_H
#define LISTENQ_VERDICT_TABLE_H

#include "core/segment.h"
#include "listenq_verdict.h"

/**
 * struct lq_verdict_row - one row of LQ_VERDICTS
 * @name: as in events and files
 * @text: one sentence for people
 * @reason: enum lq_reason
 * @loss: a client was refused
 */
struct lq_verdict_row {
	const char *name;
	const char *text;
	u8 reason;
	bool loss;
};

/* Indexed by enum lq_verdict; the row 0 is empty. */
extern const struct lq_verdict_row lq_verdicts[LQ_V_count];

/* Indexed by enum lq_reason. */
extern const char *const lq_reasons[LQ_R_count];

#endif
