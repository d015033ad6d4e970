// SPDX-License-Identifier: GPL-2.0
/*
 * again.c - a SYN that comes again: its handshake has a record, wherever that is
 */
#include "kernel/compat_request.h"
#include "kernel/faults.h"
#include "path/again.h"
#include "path/check_req.h"
#include "queue/elsewhere.h"

/* A SYN for a record is never given back: it acknowledges nothing. */
static bool came_again(struct lq_job *job)
{
	struct lq_record *r;

	lq_widen_race(LQ_DELAY_FIND);
	if (!lq_job_lock(job))
		return false;
	__acquire(&job->part->lock);
	r = lq_job_find(job);
	if (r) {
		lq_take_tw_isn(job->skb);
		lq_job_check(job, r);
		return true;
	}
	spin_unlock(&job->part->lock);
	return false;
}

/* If not, one of them may have another flow of the same numbers, on another wire. */
static bool is_bound_alike(const struct sock *one, const struct sock *other)
{
	return READ_ONCE(one->sk_bound_dev_if) == READ_ONCE(other->sk_bound_dev_if);
}

static noinline bool came_again_at(struct lq_listener *taker, struct sk_buff *skb)
{
	struct lq_job job lq_uninitialized;

	return lq_job_begin_at_taker(&job, LQ_STAGE_conn_request, taker, skb) && came_again(&job);
}

/**
 * lq_syn_came_again() - the SYN of a handshake that has its record goes on there
 * @job: the SYN; NULL: the listener is not taken over
 * @sk: the listener
 * @skb: the SYN
 *
 * A listener that matches better may have come since another endpoint's took the SYN, and answered
 * it: it is the same handshake, as in stock, where it is found before any listener is.
 *
 * Context: under RCU, bottom halves off.
 * Return: whether it has gone on; else nothing is done.
 */
bool lq_syn_came_again(struct lq_job *job, const struct sock *sk, struct sk_buff *skb)
{
	struct lq_listener *taker;

	if (job && came_again(job))
		return true;
	taker = lq_taker_elsewhere(sk, skb, job ? job->q : NULL);
	return unlikely(taker) && (!job || is_bound_alike(taker->sk, sk)) &&
	       came_again_at(taker, skb);
}
