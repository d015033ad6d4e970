// SPDX-License-Identifier: GPL-2.0
/*
 * job.c - one segment of a listener that is taken over: its listener, its record, its verdict
 */
#include <linux/security.h>
#include <net/tcp.h>

#include "core/options.h"
#include "core/wheel.h"
#include "kernel/compat_request.h"
#include "kernel/differences.h"
#include "kernel/facts.h"
#include "kernel/ksym.h"
#include "observe/report.h"
#include "path/job.h"
#include "queue/parking.h"
#include "queue/record.h"
#include "queue/settings.h"
#include "queue/steered.h"
#include "queue/to_stock.h"

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
	job->is_hashed = false;
	job->part = NULL;
	event->flow.family = 0;
	event->stays = false;
	event->left_alone = false;
	event->parked = false;
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
	lq_synq_read(job->q, sk, &event->reading);
	return true;
}

/**
 * lq_job_write_record() - a new record, of the segment that it is made of
 * @job: the segment
 * @r: the record, not yet in its part
 * @req: its request
 */
void lq_job_write_record(const struct lq_job *job, struct lq_record *r,
			 const struct request_sock *req)
{
	r->key = job->key;
	lq_pack(r, req);
	r->uid = __kuid_val(job->l->uid);
	r->taker = job->l->number;
}

/**
 * lq_job_why_stock() - what of a listener, of a segment's options or way a record can't carry
 * @job: the segment
 *
 * Return: the first reason, or LQ_OURS: there is none.
 */
enum lq_to_stock lq_job_why_stock(const struct lq_job *job)
{
	enum lq_to_stock why = lq_to_stock_of_listener(job->sk);

	if (why != LQ_OURS)
		return why;
	if (ip_hdr(job->skb)->ihl > 5)
		return LQ_TO_STOCK_ip_options;
	if (lq_rto_max_of(job->sk) != job->q->rto_max)
		return LQ_TO_STOCK_timeouts;
	return lq_is_steered(job->q, job->sk, job->skb, &job->key) ? LQ_TO_STOCK_steered : LQ_OURS;
}

/**
 * lq_job_ask_security() - would security modules let the handshake begin at this listener?
 * @job: the segment; no lock of ours is held
 * @req: its request; gets their labels
 *
 * Context: bottom halves off.
 * Return: 0, or an error when they would not, or want what a record can't carry.
 */
int lq_job_ask_security(struct lq_job *job, struct request_sock *req)
{
	int err = security_inet_conn_request(job->sk, job->skb, req);
	struct ip_options_rcu *opt = rcu_dereference_raw(inet_rsk(req)->ireq_opt);

	/* A label on the wire, which a record can't carry. */
	if (unlikely(opt))
		kfree_rcu(opt, rcu);
	return err ?: opt ? -EOPNOTSUPP : 0;
}

/**
 * lq_asks_more() - has a listener anything that tcp_v4_rcv asks of it alone?
 * @sk: a listener, of whose group a segment has reached another member
 *
 * Context: any, under RCU.
 * Return: whether it has: a filter, IPsec policies, keys.
 */
bool lq_asks_more(const struct sock *sk)
{
#ifdef CONFIG_XFRM
	if (rcu_access_pointer(sk->sk_policy[XFRM_POLICY_IN]))
		return true;
#endif
	return lq_has_tcp_keys(tcp_sk(sk)) || rcu_access_pointer(sk->sk_filter);
}

/**
 * lq_job_begin_at_taker() - a segment at a listener of another endpoint, which took its SYN
 * @job: to be filled
 * @stage: as lq_job_begin()
 * @taker: the listener
 * @skb: the segment
 *
 * Context: as lq_job_begin().
 * Return: whether it may go on there: not where the taker asks for more than the listener that
 * the segment has reached was asked for.
 */
bool lq_job_begin_at_taker(struct lq_job *job, enum lq_stage stage, struct lq_listener *taker,
			   struct sk_buff *skb)
{
	return !lq_asks_more(taker->sk) && lq_job_begin(job, stage, taker->sk, skb);
}

/*
 * Who took the SYN goes on with its handshake while he listens, as in stock the listener of
 * the request does: of a group that has changed another one may get the segment. Where he asks
 * for more than that one was asked for, he doesn't.
 */
static bool pass_to_taker(struct lq_job *job, const struct lq_record *r)
{
	struct lq_listener *l = lq_synq_sender(job->q, r);

	lockdep_assert_held(&job->part->lock);
	if (!l || l->number != r->taker || lq_asks_more(l->sk))
		return false;
	job->l = l;
	job->sk = l->sk;
	job->event.listener = l->cookie;
	lq_synq_read(job->q, l->sk, &job->event.reading);
	return true;
}

/*
 * Another listener than the one that took the SYN, which has closed. What another user's was
 * asked for is nobody's; else security modules decide again, on a copy. A record that they deny
 * ends, and its segment is one of nobody: a SYN begins anew, and is refused then.
 */
static void inherit(struct lq_job *job, struct lq_record *r)
	__must_hold(&job->part->lock)
{
	struct request_sock *req;
	u32 snt_isn = r->snt_isn;
	int err;

	lockdep_assert_held(&job->part->lock);
	if (r->uid != __kuid_val(job->l->uid)) {
		lq_part_disown(job->part, r, job->hash);
		return;
	}
	req = lq_scratch(job->sk);
	lq_unpack(req, r);
	spin_unlock(&job->part->lock);
	err = lq_job_ask_security(job, req);
	lq_part_lock(job->part);
	r = lq_shard_find(&job->part->shard, job->hash, &job->key);
	if (!r || r->snt_isn != snt_isn)
		return;
	if (err) {
		atomic64_inc(&job->q->tallies[LQ_SYNQ_TALLY_denied]);
		lq_part_end(job->part, r, job->hash, LQ_END_killed);
		return;
	}
	r->taker = job->l->number;
	if (r->parked)
		lq_lane_change(&job->q->parking, r->parked, job->l->cookie);
	r->secid = req->secid;
	r->peer_secid = req->peer_secid;
}

/**
 * lq_job_find() - the record of a segment
 * @job: the segment, its part locked; it may be unlocked in between
 *
 * Return: the record, which is the listener's: of a group @job->l and @job->sk may be another
 * member from now on. Or NULL.
 */
struct lq_record *lq_job_find(struct lq_job *job)
{
	struct lq_record *r;

	lockdep_assert_held(&job->part->lock);
	while ((r = lq_shard_find(&job->part->shard, job->hash, &job->key)) &&
	       unlikely(r->taker != job->l->number))
		if (!pass_to_taker(job, r))
			inherit(job, r);
	return r;
}

static void facts_of_record(struct lq_job *job, const struct lq_record *r)
{
	const struct lq_delays *delays = job->part->shard.delays;
	const struct tcphdr *th = tcp_hdr(job->skb);
	struct lq_facts *facts = &job->event.facts;
	struct net *net = sock_net(job->sk);

	lockdep_assert_held(&job->part->lock);
	facts->req.rcv_isn = r->rcv_isn;
	facts->req.rcv_nxt = r->rcv_isn + 1;
	facts->req.snt_isn = r->snt_isn;
	facts->req.rcv_wnd = r->rcv_wnd;
	facts->req.fastopen = false;
	facts->ratelimit = READ_ONCE(net->ipv4.sysctl_tcp_invalid_ratelimit);
	facts->defer_accept = lq_synq_defer(job->q, job->sk);
	facts->abort_on_overflow = lq_synq_resets(job->q);
	job->event.reading.last_oow = r->last_oow;
	job->event.reading.ts_recent = r->ts_recent;
	job->event.reading.timeouts = r->timeouts;
	if (th->doff == sizeof(*th) / 4 || !READ_ONCE(net->ipv4.sysctl_tcp_timestamps) ||
	    !lq_parse_timestamps(&facts->segment, (const u8 *)(th + 1),
				 th->doff * 4 - sizeof(*th)))
		return;
	facts->req.tstamp_ok = r->tstamp_ok;
	facts->req.stamp_age_s = lq_delay_of(delays->first, delays->most, r->timeouts) / HZ;
	lq_sent_tsvals_of(job->sk, r, &facts->req.tsval_first, &facts->req.tsval_last);
}

/**
 * lq_job_read_record() - what the rules and events want to know of a record
 * @job: the segment, its part locked
 * @r: its record
 */
void lq_job_read_record(struct lq_job *job, const struct lq_record *r)
{
	lockdep_assert_held(&job->part->lock);
	job->event.stage = LQ_STAGE_check_req;
	facts_of_record(job, r);
	lq_event_of_record(&job->event, job->q, r);
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
