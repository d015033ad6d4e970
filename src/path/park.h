/* SPDX-License-Identifier: GPL-2.0 */
/*
 * park.h - a last ACK that met a full accept queue waits for room
 */
#ifndef LISTENQ_PARK_H
#define LISTENQ_PARK_H

#include "path/job.h"

void lq_park_init(struct lq_synq *q);
void lq_park_exit(struct lq_synq *q);

bool lq_job_may_park(const struct lq_job *job, const struct lq_record *r);
enum lq_verdict lq_job_park(struct lq_job *job, struct lq_record *r, bool full);
bool lq_job_must_wait(const struct lq_job *job);
bool lq_job_park_new(struct lq_job *job, struct lq_record *r);

#endif
