/* SPDX-License-Identifier: GPL-2.0 */
/*
 * child.h - a record becomes a connection in the accept queue
 */
#ifndef LISTENQ_CHILD_H
#define LISTENQ_CHILD_H

#include "path/job.h"

/**
 * struct lq_newborn - a connection on its way to the accept queue, and what it is made of
 * @parked: what its record keeps, NULL: it did not have to wait
 * @req: its request
 * @sk: the connection
 */
struct lq_newborn {
	const struct lq_parked *parked;
	struct request_sock *req;
	struct sock *sk;
};

enum lq_verdict lq_job_make_child(struct lq_job *job, struct lq_record *r,
				  struct lq_newborn *made);
struct sock *lq_job_accept(struct lq_job *job, struct lq_newborn *made);
void lq_child_receive(struct sock *sk, struct sock *child, struct sk_buff *skb);
struct sock *lq_find_child(struct lq_job *job, bool tell, bool *found);

#endif
