/* SPDX-License-Identifier: GPL-2.0 */
/*
 * again.h - a SYN that comes again
 */
#ifndef LISTENQ_AGAIN_H
#define LISTENQ_AGAIN_H

#include "path/job.h"

bool lq_syn_came_again(struct lq_job *job, const struct sock *sk, struct sk_buff *skb);

#endif
