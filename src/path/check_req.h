/* SPDX-License-Identifier: GPL-2.0 */
/*
 * check_req.h - a segment for a pending record
 */
#ifndef LISTENQ_CHECK_REQ_H
#define LISTENQ_CHECK_REQ_H

#include "path/job.h"

struct sock *lq_job_check(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock);

#endif
