/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trial.h - would a probe's handler run just now?
 */
#ifndef LISTENQ_TRIAL_H
#define LISTENQ_TRIAL_H

#include "observe/row.h"

int lq_trial_start(void);
void lq_trial_stop(void);
bool lq_trial_fails(enum lq_row row);

#endif
