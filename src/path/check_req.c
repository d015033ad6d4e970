// SPDX-License-Identifier: GPL-2.0
/*
 * check_req.c - a segment for a pending record (Linux 4.1: tcp_check_req)
 *
 * The rules say what happens to it (core/decide.c, the same that watch the stock kernel);
 * here it is done. The record is read and changed with its part locked; what is sent is
 * sent from a copy, after that.
 */
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/faults.h"
#include "kernel/ksym.h"
#include "path/check_req.h"
#include "path/child.h"
#include "path/park.h"
#include "queue/parking.h"
#include "queue/record.h"
#include "queue/synack.h"

static struct request_sock *scratch_of(struct lq_job *job, const struct lq_record *r)
{
	struct request_sock *req = lq_scratch(job->sk);

	lq_unpack(req, r);
	return req;
}

/* The SYN-ACK went out again, or did not: the record waits anew, if it is still there. */
static void sent_again(struct lq_job *job, u32 snt_isn, bool sent)
{
	struct lq_part *part = job->part;
	struct lq_record *r;

	lq_part_lock(part);
	r = lq_shard_find(&part->shard, job->hash, &job->key);
	if (r && r->snt_isn == snt_isn && !sent) {
		r->retrans--;
	} else if (r && r->snt_isn == snt_isn) {
		lq_shard_wait_again(&part->shard, r, (u32)jiffies);
		/* timeout_ms may be less than when the timer was set. */
		lq_part_arm(part);
	}
	spin_unlock(&part->lock);
}

static enum lq_verdict syn_again(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock)
{
	struct request_sock *req = lq_scratch(job->sk);
	u32 snt_isn = r->snt_isn;
	bool sent;

	lockdep_assert_held(&job->part->lock);
	lq_unpack_again(job->part, req, r);
	r->last_oow = tcp_jiffies32;
	spin_unlock(&job->part->lock);
	sent = !lq_synack_repeat(job->sk, req);
	sent_again(job, snt_isn, sent);
	return sent ? LQ_V_req_syn_again : LQ_V_req_syn_again_unsent;
}

/* An ACK says what we expect (RFC 9293 3.10.7.4). */
static void answer(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock)
{
	const struct lq_segment *s = &job->event.facts.segment;
	struct request_sock *req = scratch_of(job, r);

	lockdep_assert_held(&job->part->lock);
	/* Data without SYN is always answered, and not remembered (tcp_oow_rate_limited). */
	if (lq_end_seq(s) == s->seq || (s->flags & LQ_SYN))
		r->last_oow = tcp_jiffies32;
	spin_unlock(&job->part->lock);
	req->rsk_ops->send_ack(job->sk, job->skb, req);
}

static u32 challenges(struct net *net)
{
	return (u32)__this_cpu_read(net->mib.net_statistics->mibs[LINUX_MIB_TCPCHALLENGEACK]);
}

/* RFC 5961 3.2; the quota is the kernel's. */
static enum lq_verdict challenge(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock)
{
	struct request_sock *req = scratch_of(job, r);
	struct net *net = sock_net(job->sk);
	u32 before = challenges(net);

	lockdep_assert_held(&job->part->lock);
	/* What the kernel writes into the scratch. */
	r->last_oow = tcp_jiffies32;
	spin_unlock(&job->part->lock);
	static_call(lq_send_challenge_ack)(job->sk, job->skb, req);
	return challenges(net) == before ? LQ_V_req_challenge_quota : LQ_V_req_challenge;
}

/* Label embryonic_reset of tcp_check_req. */
static void end_record(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock)
{
	struct net *net = sock_net(job->sk);

	lockdep_assert_held(&job->part->lock);
	lq_widen_race(LQ_DELAY_KILL);
	job->event.parked = r->parked;
	lq_parked_in_vain(job->q, r);
	lq_part_remove(job->part, r, job->hash);
	spin_unlock(&job->part->lock);
	__NET_INC_STATS(net, LINUX_MIB_EMBRYONICRSTS);
	if (!(job->event.facts.segment.flags & LQ_RST))
		lq_send_reset(job->sk, job->skb);
}

/* The part is not locked any more: other sockets may be. */
static enum lq_verdict end_in_connection(struct lq_job *job, enum lq_verdict verdict,
					 struct lq_newborn *made, struct sock **child)
	__releases(&job->part->lock)
{
	bool found;

	lockdep_assert_held(&job->part->lock);
	spin_unlock(&job->part->lock);
	if (verdict == LQ_V_req_lost_race) {
		*child = lq_find_child(job, false, &found);
		if (*child == job->sk)
			*child = NULL;
		return verdict;
	}
	lq_widen_race(LQ_DELAY_ACCEPT);
	*child = lq_job_accept(job, made);
	return *child ? verdict : LQ_V_req_listener_closed;
}

/* Done what the verdict says, but for the counters that go with it. */
static enum lq_verdict act(struct lq_job *job, struct lq_record *r, enum lq_verdict verdict,
			   struct lq_newborn *made, struct sock **child)
	__releases(&job->part->lock)
{
	lockdep_assert_held(&job->part->lock);
	switch (verdict) {
	case LQ_V_req_completed:
	case LQ_V_req_lost_race:
		return end_in_connection(job, verdict, made, child);
	case LQ_V_req_syn_again:
		return syn_again(job, r);
	case LQ_V_req_paws:
	case LQ_V_req_tsecr:
	case LQ_V_req_out_of_window:
		answer(job, r);
		return verdict;
	case LQ_V_req_challenge:
		return challenge(job, r);
	case LQ_V_req_rst:
	case LQ_V_req_new_syn:
		TCP_INC_STATS(sock_net(job->sk), TCP_MIB_ATTEMPTFAILS);
		fallthrough;
	case LQ_V_req_accept_full_reset:
	case LQ_V_req_no_memory_reset:
	case LQ_V_req_no_route_reset:
	case LQ_V_req_no_bucket_reset:
		end_record(job, r);
		return verdict;
	case LQ_V_req_deferred:
	case LQ_V_req_accept_full:
	case LQ_V_req_no_memory:
	case LQ_V_req_no_route:
	case LQ_V_req_no_bucket:
	case LQ_V_req_parked:
		r->acked = 1;
		break;
	default:
		break;
	}
	spin_unlock(&job->part->lock);
	return verdict;
}

/* Counters of the kernel that move with a verdict, whatever else is done. */
static void count(struct net *net, enum lq_verdict verdict)
{
	switch (verdict) {
	case LQ_V_req_paws_limited:
		NET_INC_STATS(net, LINUX_MIB_TCPACKSKIPPEDSYNRECV);
		fallthrough;
	case LQ_V_req_paws:
	case LQ_V_req_paws_rst:
		NET_INC_STATS(net, LINUX_MIB_PAWSESTABREJECTED);
		break;
	case LQ_V_req_tsecr_limited:
		NET_INC_STATS(net, LINUX_MIB_TCPACKSKIPPEDSYNRECV);
		fallthrough;
	case LQ_V_req_tsecr:
	case LQ_V_req_tsecr_rst:
		NET_INC_STATS(net, LQ_MIB_TSECRREJECTED);
		break;
	case LQ_V_req_syn_again_limited:
	case LQ_V_req_out_of_window_limited:
		NET_INC_STATS(net, LINUX_MIB_TCPACKSKIPPEDSYNRECV);
		break;
	case LQ_V_req_challenge_limited:
		NET_INC_STATS(net, LINUX_MIB_TCPACKSKIPPEDCHALLENGE);
		break;
	case LQ_V_req_deferred:
		__NET_INC_STATS(net, LINUX_MIB_TCPDEFERACCEPTDROP);
		break;
	default:
		break;
	}
}

/*
 * A connection is made of it, or it has to wait for one (park.c). Another processor may
 * take the last place after we have looked: syn_recv_sock finds that out, and counts a
 * refusal that isn't one.
 */
static enum lq_verdict last_ack(struct lq_job *job, struct lq_record *r,
				struct lq_newborn *made)
{
	bool may_park = lq_job_may_park(job, r);
	enum lq_verdict verdict = LQ_V_none;

	lockdep_assert_held(&job->part->lock);
	if (unlikely(may_park) && !lq_has_fault(LQ_FAULT_OVERTAKEN))
		verdict = lq_job_park(job, r, false);
	if (verdict != LQ_V_none)
		return verdict;
	verdict = lq_job_make_child(job, r, made);
	if (likely(!may_park) || verdict != LQ_V_req_accept_full ||
	    lq_job_park(job, r, true) != LQ_V_req_parked)
		return verdict;
	atomic64_inc(&job->q->tallies[LQ_SYNQ_TALLY_overtaken]);
	return LQ_V_req_parked;
}

/**
 * lq_job_check() - a segment for a pending record
 * @job: the segment, its part locked
 * @r: the record
 *
 * Context: bottom halves off. Returns with the part unlocked.
 * Return: as tcp_check_req: the listener, when the segment is to go on there; a new
 * connection, locked; NULL when it ends here. Told already, but in the first case.
 */
struct sock *lq_job_check(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock)
{
	static const struct lq_answers nobody_objects;
	struct lq_event *event = &job->event;
	struct sock *child = NULL;
	enum lq_verdict verdict;
	struct lq_newborn made = { NULL };

	lockdep_assert_held(&job->part->lock);
	lq_job_read_record(job, r);
	verdict = lq_decide_check_req(&event->facts, &event->reading, &nobody_objects);
	if (verdict == LQ_V_none) {
		spin_unlock(&job->part->lock);
		return job->sk;
	}
	if (verdict == LQ_V_req_completed || verdict == LQ_V_req_accept_full ||
	    verdict == LQ_V_req_accept_full_reset)
		verdict = last_ack(job, r, &made);
	verdict = act(job, r, verdict, &made, &child);
	count(sock_net(job->sk), verdict);
	/* As tcp_v4_rcv does for whatever tcp_check_req keeps, but for what is not lost. */
	if (!child && verdict != LQ_V_req_parked && verdict != LQ_V_req_parked_data)
		sk_drops_skbadd(job->sk, job->skb);
	lq_job_report(job, verdict);
	return child;
}
