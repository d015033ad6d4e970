/* SPDX-License-Identifier: GPL-2.0 */
/*
 * job.h - one segment of a listener that is taken over, while we work on it
 */
#ifndef LISTENQ_JOB_H
#define LISTENQ_JOB_H

#include <net/tcp.h>

#include "core/event.h"
#include "queue/home.h"
#include "queue/part.h"

/**
 * struct lq_job - one segment of a listener that is taken over
 * @q: the endpoint's SYN queue
 * @l: the listener; once its record is found, who took that
 * @sk: its socket
 * @skb: the segment
 * @key: its flow
 * @hash: of @key, once it is asked for
 * @is_hashed: it was
 * @tw_isn: a SYN: the ISN that a TIME_WAIT socket chose for it, 0 if none did
 * @part: where its record is, or was, or goes to, once that was locked
 * @event: facts and what is told
 *
 * Lives on the stack, under RCU with bottom halves off.
 */
struct lq_job {
	struct lq_synq *q;
	struct lq_listener *l;
	struct sock *sk;
	struct sk_buff *skb;
	struct lq_v4_flow key;
	u32 hash;
	bool is_hashed;
	u32 tw_isn;
	struct lq_part *part;
	struct lq_event event;
};

void lq_job_read_record(struct lq_job *job, const struct lq_record *r);
bool lq_job_begin(struct lq_job *job, enum lq_stage stage, struct sock *sk,
		  struct sk_buff *skb);
void lq_job_write_record(const struct lq_job *job, struct lq_record *r,
			 const struct request_sock *req);
enum lq_to_stock lq_job_why_stock(const struct lq_job *job);
int lq_job_ask_security(struct lq_job *job, struct request_sock *req);
bool lq_asks_more(const struct sock *sk);
bool lq_job_begin_at_taker(struct lq_job *job, enum lq_stage stage, struct lq_listener *taker,
			   struct sk_buff *skb);
struct lq_record *lq_job_find(struct lq_job *job);
void lq_job_report(struct lq_job *job, enum lq_verdict verdict);

static inline u32 lq_job_hash(struct lq_job *job)
{
	if (!job->is_hashed)
		job->hash = lq_synq_hash(&job->key);
	job->is_hashed = true;
	return job->hash;
}

/*
 * Locks the part in which its record is, if there is one; false: there is none. Whoever answers
 * a SYN-ACK has got it, so that this processor sees its record; a SYN that another processor
 * works on is looked for again where it is queued.
 */
static inline bool lq_job_lock(struct lq_job *job)
{
	return atomic_read(&job->q->len) && lq_home_lock(job->q, lq_job_hash(job), &job->part);
}

/* Locks the part that its record is to go into. */
static inline void lq_job_lock_new(struct lq_job *job)
	__acquires(&job->part->lock)
{
	job->part = lq_home_lock_new(job->q, lq_job_hash(job));
	__acquire(&job->part->lock);
}

#endif
