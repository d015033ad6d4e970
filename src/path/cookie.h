/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cookie.h - the ACK of a SYN cookie that meets a full accept queue
 */
#ifndef LISTENQ_COOKIE_H
#define LISTENQ_COOKIE_H

#include "path/job.h"

enum lq_cookie_end {
	LQ_COOKIE_LEFT,		/* to the stock kernel: nothing was done */
	LQ_COOKIE_PARKED,	/* and told */
	LQ_COOKIE_RACED,	/* there is a record of its flow by now, or a connection */
};

enum lq_cookie_end lq_cookie_park(struct lq_job *job);

#endif
