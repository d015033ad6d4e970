// SPDX-License-Identifier: GPL-2.0
/*
 * hnd_req.c - a segment without SYN that reaches a listener that is taken over, and the
 * few with SYN that are no SYNs (Linux 4.1: tcp_v4_hnd_req)
 *
 *   record? ─▶ check_req.c          established connection? ─▶ it gets the segment
 *   one of another endpoint? ─▶     neither ─▶ the stock kernel: cookie, or RST; but a
 *      check_req.c, at its listener            cookie that has to wait for room ─▶ cookie.c
 *
 * May be entered from a socket's backlog with bottom halves on.
 */
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/faults.h"
#include "observe/carry.h"
#include "path/check_req.h"
#include "path/child.h"
#include "path/cookie.h"
#include "path/hnd_req.h"
#include "path/stock.h"
#include "queue/elsewhere.h"
#include "queue/settings.h"

static struct sock *find_record(struct lq_job *job, bool *found)
{
	struct lq_record *r;

	*found = false;
	lq_widen_race(LQ_DELAY_FIND);
	if (!lq_job_lock(job))
		return NULL;
	__acquire(&job->part->lock);
	r = lq_job_find(job);
	*found = r;
	if (r)
		return lq_job_check(job, r);
	spin_unlock(&job->part->lock);
	return NULL;
}

/*
 * The connection is there, @parent's: its other handshake is over. It comes locked, and a part's
 * lock is taken before a connection's: so it is unlocked for a moment, like any other that is in
 * the established hash.
 */
static void forget_record(struct lq_job *job, struct sock *parent, struct sock *child)
{
	struct lq_record *r;

	__acquire(&child->sk_lock.slock);
	bh_unlock_sock(child);
	if (lq_job_lock(job)) {
		__acquire(&job->part->lock);
		r = lq_shard_find(&job->part->shard, job->hash, &job->key);
		if (r)
			lq_part_end(job->part, r, job->hash, LQ_END_duplicate);
		spin_unlock(&job->part->lock);
	}
	bh_lock_sock(child);
	__release(&child->sk_lock.slock);
	/* Another segment may have opened it meanwhile: only its first tells who accepts. */
	if (child->sk_state != TCP_SYN_RECV)
		parent->sk_data_ready(parent);
}

/* No good ACK of the record; but it may be that of a cookie sent before. */
static struct sock *given_back(struct lq_job *job)
{
	struct sock *ret;

	lq_synq_pass_on_cookies(job->q, job->sk, job->l->uid);
	ret = lq_stock_segment(job->sk, job->skb, &job->event);
	if (unlikely(ret && ret != job->sk))
		forget_record(job, job->sk, ret);
	return ret;
}

/*
 * What the kernel is to go on with, at @sk. A connection's first segment wakes who waits there;
 * of a group that may be another member than the connection's.
 */
static struct sock *go_on_at(struct sock *sk, struct lq_job *job, struct sock *ret)
{
	if (ret == job->sk)
		return sk;
	if (unlikely(ret && job->sk != sk))
		job->sk->sk_data_ready(job->sk);
	return ret;
}

/*
 * The record is @taker's, of another endpoint: it took the SYN before @sk was there, whose address
 * or device matches better.
 */
static struct sock *at_taker(struct sock *sk, struct sk_buff *skb, struct lq_job *job,
			     struct lq_listener *taker)
{
	struct sock *ret;
	bool found;

	if (!lq_job_begin_at_taker(job, LQ_STAGE_hnd_req, taker, skb))
		return lq_stock_segment(sk, skb, NULL);
	ret = find_record(job, &found);
	if (found && ret == job->sk)
		return go_on_at(sk, job, given_back(job));
	if (!found)
		ret = lq_find_child(job, true, &found);
	if (!found || ret == job->sk)
		return lq_stock_segment(sk, skb, NULL);
	if (!ret)
		lq_hnd_req_ended(skb);
	return go_on_at(sk, job, ret);
}

/* The SYN came again when @sk was there, and was answered twice: the client took the first. */
static noinline struct sock *instead_of_own(struct sock *sk, struct lq_job *own,
					    struct lq_listener *taker)
{
	struct lq_job job lq_uninitialized;
	struct sock *ret = at_taker(sk, own->skb, &job, taker);

	if (ret && ret != sk)
		forget_record(own, taker->sk, ret);
	return ret;
}

static struct sock *hnd_req(struct sock *sk, struct sk_buff *skb)
{
	enum lq_cookie_end end = LQ_COOKIE_LEFT;
	struct lq_job job lq_uninitialized;
	struct lq_listener *l;
	int tries = 0;
	struct sock *ret;
	bool found;

	if (!lq_job_begin(&job, LQ_STAGE_hnd_req, sk, skb)) {
		l = lq_taker_elsewhere(sk, skb, NULL);
		return unlikely(l) ? at_taker(sk, skb, &job, l) : lq_stock_segment(sk, skb, NULL);
	}
	do {
		ret = find_record(&job, &found);
		l = found && ret != job.sk ? NULL : lq_taker_elsewhere(sk, skb, job.q);
		if (unlikely(l))
			return found ? instead_of_own(sk, &job, l) : at_taker(sk, skb, &job, l);
		if (found && ret == job.sk)
			return go_on_at(sk, &job, given_back(&job));
		if (!found)
			ret = lq_find_child(&job, true, &found);
		if (found && ret != sk)
			break;
		lq_synq_pass_on_cookies(job.q, sk, job.l->uid);
		/* By a stock request: the kernel knows. */
		if (found)
			return lq_stock_segment(sk, skb, NULL);
		end = lq_cookie_park(&job);
	} while (end == LQ_COOKIE_RACED && !tries++);
	if (!found && end != LQ_COOKIE_PARKED)
		return lq_stock_segment(sk, skb, NULL);
	if (!ret)
		lq_hnd_req_ended(skb);
	return go_on_at(sk, &job, ret);
}

/**
 * lq_hnd_req() - in place of cookie_v4_check
 * @sk: the listener
 * @skb: a segment without SYN
 *
 * Context: any that cookie_v4_check is called in.
 * Return: as tcp_v4_hnd_req: @sk, a locked connection, or NULL.
 */
struct sock *lq_hnd_req(struct sock *sk, struct sk_buff *skb)
{
	struct sock *ret;

	rcu_read_lock();
	local_bh_disable();
	ret = hnd_req(sk, skb);
	local_bh_enable();
	rcu_read_unlock();
	return ret;
}

static void child_process(struct sock *parent, struct sock *child, struct sk_buff *skb)
{
	/* Who made or found it locked it. */
	__acquire(&child->sk_lock.slock);
	lq_child_receive(parent, child, skb);
	bh_unlock_sock(child);
	sock_put(child);
}

static int odd_syn(struct sock *sk, struct sk_buff *skb)
{
	struct lq_job job lq_uninitialized;
	struct sock *ret;
	bool found;

	if (tcp_checksum_complete(skb) || !lq_job_begin(&job, LQ_STAGE_do_rcv, sk, skb))
		return lq_stock_odd_syn(sk, skb);
	ret = find_record(&job, &found);
	if (found && ret == job.sk)
		lq_give_back(skb, sock_net(sk), &job.event);
	if (!found || ret == job.sk)
		return lq_stock_odd_syn(sk, skb);
	if (ret)
		child_process(job.sk, ret, skb);
	else
		kfree_skb(skb);
	return 0;
}

/**
 * lq_odd_syn() - in place of tcp_v4_do_rcv: SYN with ACK, RST or FIN
 * @sk: the listener
 * @skb: the segment
 *
 * It passes neither cookie_v4_check nor tcp_conn_request, but may be meant for a record.
 *
 * Context: any that tcp_v4_do_rcv is called in.
 * Return: 0.
 */
int lq_odd_syn(struct sock *sk, struct sk_buff *skb)
{
	int ret;

	rcu_read_lock();
	local_bh_disable();
	ret = odd_syn(sk, skb);
	local_bh_enable();
	rcu_read_unlock();
	return ret;
}
