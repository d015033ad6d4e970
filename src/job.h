/* SPDX-License-Identifier: GPL-2.0 */
/*
 * job.h - one segment of a listener that is taken over, while we work on it
 */
#ifndef LISTENQ_JOB_H
#define LISTENQ_JOB_H

#include <net/tcp.h>

#include "core/synq.h"
#include "observe.h"
#include "queue.h"
#include "takeover.h"

/**
 * struct lq_job - one segment of a listener that is taken over
 * @q: the endpoint's SYN queue
 * @l: the listener
 * @sk: its socket
 * @skb: the segment
 * @key: its flow
 * @hash: of @key, once it is asked for
 * @tw_isn: a SYN: the ISN that a TIME_WAIT socket chose for it, 0 if none did
 * @part: where its record is, if there is one; NULL: not asked for yet
 * @event: facts and what is told
 *
 * Lives on the stack, under RCU with bottom halves off.
 */
struct lq_job {
	struct lq_synq *q;
	struct lq_listener *l;
	struct sock *sk;
	struct sk_buff *skb;
	struct lq_key key;
	u32 hash;
	u32 tw_isn;
	struct lq_part *part;
	struct lq_event event;
};

void lq_job_read_record(struct lq_job *job, const struct lq_record *r);
bool lq_job_begin(struct lq_job *job, enum lq_stage stage, struct sock *sk,
		  struct sk_buff *skb);
struct lq_record *lq_job_find(struct lq_job *job);
void lq_job_report(struct lq_job *job, enum lq_verdict verdict);

/* Where the flow belongs. */
static inline struct lq_part *lq_job_part(struct lq_job *job)
{
	if (!job->part) {
		job->hash = lq_queue_hash(&job->key);
		job->part = lq_queue_part(job->q, job->hash);
	}
	return job->part;
}

/*
 * Is there any record? Whoever answers a SYN-ACK has got it, so that this processor sees
 * its record; a SYN that another processor works on is looked for again at insert().
 */
static inline bool lq_job_may_find(const struct lq_job *job)
{
	return atomic_read(&job->q->len);
}

/* A connection on its way to the accept queue, and what the kernel made it of. */
struct lq_newborn {
	struct request_sock *req;
	struct sock *sk;
};

struct sock *lq_job_check(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock);
enum lq_verdict lq_job_make_child(struct lq_job *job, struct lq_record *r,
				  struct lq_newborn *made);
struct sock *lq_job_accept(struct lq_job *job, struct lq_newborn *made);
void lq_child_receive(struct sock *sk, struct sock *child, struct sk_buff *skb);
struct sock *lq_find_child(struct lq_job *job, bool tell, bool *found);

/* queue.c: the part's lock is held. */
void lq_part_add(struct lq_part *part, struct lq_record *r, u32 hash);
void lq_part_remove(struct lq_part *part, struct lq_record *r, u32 hash);
void lq_part_disown(struct lq_part *part, struct lq_record *r, u32 hash);
void lq_part_arm(struct lq_part *part);

/* With bottom halves off; how often another processor was there first is counted. */
static inline void lq_part_lock(struct lq_part *part)
	__acquires(&part->lock)
{
	if (likely(spin_trylock(&part->lock)))
		return;
	atomic64_inc(&part->queue->tallies[LQ_QT_waited]);
	spin_lock(&part->lock);
}

#endif
