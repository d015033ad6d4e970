// SPDX-License-Identifier: GPL-2.0
/*
 * hnd_req.c - a segment without SYN that reaches a listener that is taken over, and the
 * few with SYN that are no SYNs (seed tcp_v4_hnd_req)
 *
 *   record? ─▶ check_req.c          established connection? ─▶ it gets the segment
 *                                   neither ─▶ the stock kernel: cookie, or RST
 *
 * May be entered from a socket's backlog with bottom halves on.
 */
#include <net/tcp.h>

#include "compat_takeover.h"
#include "divert.h"
#include "facts.h"
#include "job.h"
#include "kernel.h"
#include "main.h"
#include "net.h"
#include "queue.h"
#include "record.h"

/**
 * lq_job_begin() - look at a segment of a listener that is taken over
 * @job: filled
 * @stage: for what is told if it has no record
 * @sk: the listener
 * @skb: the segment
 *
 * Context: under RCU, bottom halves off.
 * Return: false when the listener is not taken over any more.
 */
bool lq_job_begin(struct lq_job *job, enum lq_stage stage, struct sock *sk,
		  struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const struct iphdr *iph = ip_hdr(skb);
	struct lq_event *event = &job->event;

	/* It may be so young that not even its listen() has returned. */
	job->l = lq_listener_of(sk);
	job->q = job->l ? rcu_dereference(job->l->queue) : NULL;
	if (unlikely(!job->q))
		return false;
	job->sk = sk;
	job->skb = skb;
	job->key.saddr = (__force u32)iph->daddr;
	job->key.daddr = (__force u32)iph->saddr;
	job->key.sport = (__force u16)th->dest;
	job->key.dport = (__force u16)th->source;
	job->key.iif = inet_request_bound_dev_if(sk, skb);
	job->part = NULL;
	event->flow.family = 0;
	memset(&event->facts, 0, sizeof(event->facts));
	memset(&event->reading, 0, sizeof(event->reading));
	event->age_us = 0;
	event->retrans = 0;
	event->acked = 0;
	event->via = LQ_VIA_none;
	event->stage = stage;
	event->acted = true;
	event->facts.kernel = &lq_this_kernel;
	lq_segment_of(&event->facts.segment, skb);
	event->netns = sock_net(sk)->ns.inum;
	event->listener = job->l->cookie;
	lq_queue_read(job->q, sk, &event->reading);
	return true;
}

/* Would the listener's security modules have let the handshake begin? */
static int ask_again(struct lq_job *job, struct request_sock *req)
{
	int err = security_inet_conn_request(job->sk, job->skb, req);
	struct ip_options_rcu *opt = rcu_dereference_raw(inet_rsk(req)->ireq_opt);

	/* A label on the wire, which a record can't carry. */
	if (unlikely(opt))
		kfree_rcu(opt, rcu);
	return err ?: opt ? -EOPNOTSUPP : 0;
}

/*
 * Another listener than the one that took the SYN: that has closed, or the group has
 * changed. What another user's was asked for is nobody's; else security modules decide
 * again, on a copy. A record that they deny ends, and its segment is one of nobody: a SYN
 * begins anew, and is refused then.
 */
static void inherit(struct lq_job *job, struct lq_record *r)
	__must_hold(&job->part->lock)
{
	struct request_sock *req;
	u32 snt_isn = r->snt_isn;
	int err;

	if (r->uid != __kuid_val(job->l->uid)) {
		lq_part_disown(job->part, r, job->hash);
		return;
	}
	req = lq_scratch(job->sk);
	lq_unpack(req, r);
	spin_unlock(&job->part->lock);
	err = ask_again(job, req);
	lq_part_lock(job->part);
	r = lq_shard_find(&job->part->shard, job->hash, &job->key);
	if (!r || r->snt_isn != snt_isn)
		return;
	if (err) {
		atomic64_inc(&job->q->tallies[LQ_QT_denied]);
		lq_part_remove(job->part, r, job->hash);
		return;
	}
	r->taker = job->l->number;
	r->secid = req->secid;
	r->peer_secid = req->peer_secid;
}

/**
 * lq_job_find() - the record of a segment
 * @job: the segment, its part locked; it may be unlocked in between
 *
 * Return: the record, which is the listener's; or NULL.
 */
struct lq_record *lq_job_find(struct lq_job *job)
{
	struct lq_record *r;

	while ((r = lq_shard_find(&job->part->shard, job->hash, &job->key)) &&
	       unlikely(r->taker != job->l->number))
		inherit(job, r);
	return r;
}

/**
 * lq_job_report() - the segment got its verdict from us
 * @job: the segment
 * @verdict: how it ended
 */
void lq_job_report(struct lq_job *job, enum lq_verdict verdict)
{
	lq_report(sock_net(job->sk), job->l, job->skb, &job->event, verdict);
}

/* The stock function, seen as if it had not been diverted. */
static struct sock *to_stock(struct sock *sk, struct sk_buff *skb, struct lq_event *given_back)
{
	struct lq_frame frame lq_uninitialized;
	struct sock *ret;
	bool seen;

	if (given_back)
		lq_give_back(skb, sock_net(sk), given_back);
	seen = lq_divert_can_frame(LQ_STAGE_hnd_req) &&
	       !lq_frame_open(&frame, LQ_STAGE_hnd_req, sk, skb, NULL);
	ret = static_call(lq_stock_cookie_check)(sk, skb);
	if (seen)
		lq_hnd_req_close(&frame, ret);
	return ret;
}

static struct sock *find_record(struct lq_job *job, bool *found)
{
	struct lq_part *part;
	struct lq_record *r;

	*found = false;
	if (!lq_job_may_find(job))
		return NULL;
	part = lq_job_part(job);
	lq_widen_race(LQ_DELAY_FIND);
	lq_part_lock(part);
	r = lq_job_find(job);
	*found = r;
	if (r)
		return lq_job_check(job, r);
	spin_unlock(&part->lock);
	return NULL;
}

/* The connection is there: its other handshake is over. */
static void forget_record(struct lq_job *job)
{
	struct lq_part *part = job->part;
	struct lq_record *r;

	lq_part_lock(part);
	r = lq_shard_find(&part->shard, job->hash, &job->key);
	if (r)
		lq_part_remove(part, r, job->hash);
	spin_unlock(&part->lock);
}

/*
 * No good ACK of the record; but it may be that of a cookie sent before. The connection of
 * that comes locked, and a part's lock is taken before a connection's: so it is unlocked
 * for a moment, like any other that is in the established hash.
 */
static struct sock *given_back(struct lq_job *job)
{
	struct sock *ret;

	lq_queue_pass_on_cookies(job->q, job->sk, job->l->uid);
	ret = to_stock(job->sk, job->skb, &job->event);
	if (likely(!ret || ret == job->sk))
		return ret;
	__acquire(&ret->sk_lock.slock);
	bh_unlock_sock(ret);
	forget_record(job);
	bh_lock_sock(ret);
	__release(&ret->sk_lock.slock);
	/* Another segment may have opened it meanwhile: only its first tells who accepts. */
	if (ret->sk_state != TCP_SYN_RECV)
		job->sk->sk_data_ready(job->sk);
	return ret;
}

static struct sock *hnd_req(struct sock *sk, struct sk_buff *skb)
{
	struct lq_job job lq_uninitialized;
	struct sock *ret;
	bool found;

	if (!lq_job_begin(&job, LQ_STAGE_hnd_req, sk, skb))
		return to_stock(sk, skb, NULL);
	ret = find_record(&job, &found);
	if (found && ret == sk)
		return given_back(&job);
	if (!found)
		ret = lq_find_child(&job, true, &found);
	if (!found) {
		lq_queue_pass_on_cookies(job.q, sk, job.l->uid);
		return to_stock(sk, skb, NULL);
	}
	if (!ret)
		lq_hnd_req_ended(skb);
	return ret;
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

/* tcp_v4_do_rcv itself; the sum is known by then. */
static int odd_to_stock(struct sock *sk, struct sk_buff *skb)
{
	lq_do_rcv(sk, skb, 4);
	return static_call(lq_stock_do_rcv)(sk, skb);
}

static int odd_syn(struct sock *sk, struct sk_buff *skb)
{
	struct lq_job job lq_uninitialized;
	struct sock *ret;
	bool found;

	if (tcp_checksum_complete(skb) || !lq_job_begin(&job, LQ_STAGE_do_rcv, sk, skb))
		return odd_to_stock(sk, skb);
	ret = find_record(&job, &found);
	if (found && ret == sk)
		lq_give_back(skb, sock_net(sk), &job.event);
	if (!found || ret == sk)
		return odd_to_stock(sk, skb);
	if (ret)
		child_process(sk, ret, skb);
	else
		lq_skb_drop(skb);
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
