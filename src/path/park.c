// SPDX-License-Identifier: GPL-2.0
/*
 * park.c - handshakes whose last ACK met a full accept queue (overflow=park)
 *
 *   last ACK ─▶ full? ─▶ copy at the record, in the lane of its listener
 *   accept(), listen() ─▶ promoter ─▶ child, accept queue, its own segments in order
 *
 * The stock kernel throws that ACK away, and the client's data after it: the connection
 * comes when the SYN-ACK timer has made the client say it again, a second later or more.
 * Here the record keeps copies, and becomes a connection as soon as there is room. Until
 * then it is a pending record like any other whose last ACK has come: its SYN-ACK is
 * repeated, it expires, an RST ends it, the stock kernel gets it back; whenever a record
 * goes, its copies go (lq_unpark).
 *
 * A lane is the queue of one listener, first come first served: a last ACK stands behind
 * those that wait already, even if there is room by now. Who is behind a listener that has
 * closed goes to another one of the endpoint: to the one that a segment of his reaches, or to
 * the oldest as soon as that has room.
 *
 * Locking (queue/part.c). What a record keeps belongs to its part's lock, lanes to that of the
 * parking, which is nested in it. The promoter looks at a lane's head, drops the lane's
 * lock, takes the part's, and looks whether it is still there.
 */
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "ledger/attempt.h"
#include "ledger/counts.h"
#include "ledger/ledger.h"
#include "ledger/trace.h"
#include "path/child.h"
#include "path/park.h"
#include "queue/parking.h"
#include "queue/settings.h"

#define BATCH		3	/* connections that are made with bottom halves off */
#define SEGMENTS	6	/* and segments that are delivered, of one or of all of them */
#define LANES		32	/* that are looked at for each of them */

static bool keep(struct lq_job *job, struct lq_record *r, struct lq_parked *p)
{
	struct sk_buff *copy = lq_parking_copy(job->skb);
	const struct lq_segment *s = &job->event.facts.segment;

	lockdep_assert_held(&job->part->lock);
	if (!copy)
		return false;
	if (!lq_parking_charge(&job->q->parking, &p->bytes, copy->truesize,
			       lq_park_most(lq_parking_payload(job->q, r)))) {
		kfree_skb(copy);
		return false;
	}
	__skb_queue_tail(&p->segments, copy);
	p->next = lq_end_seq(s);
	p->payload += s->len;
	return true;
}

static bool begin(struct lq_job *job, struct lq_record *r)
{
	struct lq_parking *parking = &job->q->parking;
	struct lq_parked *p = kmalloc(sizeof(*p), GFP_ATOMIC | __GFP_NOWARN);

	lockdep_assert_held(&job->part->lock);
	if (!p)
		return false;
	__skb_queue_head_init(&p->segments);
	p->key = r->key;
	p->since = ktime_get_ns();
	p->retrans = r->retrans;
	p->timeouts = r->timeouts;
	p->payload = 0;
	p->bytes = 0;
	if (lq_parking_charge(parking, &p->bytes, sizeof(*p), U32_MAX) && keep(job, r, p) &&
	    lq_lane_enter(parking, p, job->l->cookie)) {
		r->parked = p;
		return true;
	}
	lq_parked_free(parking, p);
	return false;
}

/* A queue that goes back lets nobody wait. */
static void look(struct lq_park *park, const struct lq_job *job, const struct lq_record *r,
		 bool full)
{
	struct lq_synq *q = job->q;
	const struct lq_parked *p = r->parked;
	bool draining = READ_ONCE(q->draining);

	lockdep_assert_held(&job->part->lock);
	memset(park, 0, sizeof(*park));
	park->parked = p;
	park->next = p ? p->next : r->rcv_isn + 1;
	park->payload = p ? p->payload : 0;
	park->most_payload = lq_parking_payload(q, r);
	if (p)
		return;
	park->records = atomic_read(&q->parking.n);
	park->limit = draining ? 0 : lq_parking_limit(q, job->sk);
	park->must_wait = full || sk_acceptq_is_full(job->sk) ||
			  (!draining && lq_parking_others(&q->parking, job->l->cookie));
}

/**
 * lq_job_may_park() - is there anything to decide about parking?
 * @job: a good last ACK, its part locked
 * @r: the record
 *
 * Return: whether lq_job_park() is to be asked.
 */
bool lq_job_may_park(const struct lq_job *job, const struct lq_record *r)
{
	u32 value;

	lockdep_assert_held(&job->part->lock);
	return r->parked || (lq_synq_says(job->q, LQ_SETTING_overflow, &value) &&
			     value == LQ_OVERFLOW_park);
}

/**
 * lq_job_park() - a good last ACK that may have to wait
 * @job: the segment, its part locked
 * @r: the record
 * @full: the accept queue has just been found full, whatever it is by now
 *
 * A parked handshake is not refused: the kernel's ListenOverflows and ListenDrops don't
 * move. A segment of it that can't be kept is: they do, as for the stock kernel.
 *
 * Context: bottom halves off.
 * Return: req_parked, req_parked_data: it is kept; req_parked_again: it was kept before;
 * req_accept_full: it can't be; LQ_V_none: a connection is to be made of it now, or with
 * @full, which the kernel has counted, none can be.
 */
enum lq_verdict lq_job_park(struct lq_job *job, struct lq_record *r, bool full)
{
	enum lq_verdict verdict;
	struct lq_park park;

	lockdep_assert_held(&job->part->lock);
	look(&park, job, r, full);
	verdict = lq_decide_park(&park, &job->event.facts.segment);
	if (verdict == LQ_V_req_parked && !begin(job, r))
		verdict = LQ_V_none;
	else if (verdict == LQ_V_req_parked_data && !keep(job, r, r->parked))
		verdict = LQ_V_none;
	/* Who must wait and can't is refused: those who wait come first. */
	if (!r->parked && (full || !park.must_wait))
		return verdict;
	if (!sk_acceptq_is_full(job->sk))
		lq_parking_kick(job->q);
	if (verdict != LQ_V_none)
		return verdict;
	NET_INC_STATS(sock_net(job->sk), LINUX_MIB_LISTENOVERFLOWS);
	tcp_listendrop(job->sk);
	return LQ_V_req_accept_full;
}

/**
 * lq_job_must_wait() - overflow=park: does a connection find no room now, or others wait for it?
 * @job: a last ACK
 *
 * Context: bottom halves off.
 * Return: whether it would have to wait.
 */
bool lq_job_must_wait(const struct lq_job *job)
{
	u32 value;

	return lq_synq_says(job->q, LQ_SETTING_overflow, &value) && value == LQ_OVERFLOW_park &&
	       !READ_ONCE(job->q->draining) &&
	       (sk_acceptq_is_full(job->sk) ||
		lq_parking_others(&job->q->parking, job->l->cookie));
}

/**
 * lq_job_park_new() - park a record that was just made of a last ACK
 * @job: the segment, its part locked
 * @r: the record
 *
 * Unlike lq_job_park() it refuses nobody: who can't wait goes on as without us.
 *
 * Context: bottom halves off.
 * Return: whether it is parked.
 */
bool lq_job_park_new(struct lq_job *job, struct lq_record *r)
{
	struct lq_park park;

	lockdep_assert_held(&job->part->lock);
	look(&park, job, r, false);
	if (lq_decide_park(&park, &job->event.facts.segment) != LQ_V_req_parked ||
	    !begin(job, r))
		return false;
	r->acked = 1;
	if (!sk_acceptq_is_full(job->sk))
		lq_parking_kick(job->q);
	return true;
}

/* Who takes those of a lane, if he has room. Under RCU. */
static struct lq_listener *taker_of(const struct lq_synq *q, const struct lq_lane *lane)
{
	struct lq_listener *l = lq_listener_find(lane->listener);

	if (!l || rcu_access_pointer(l->queue) != q)
		l = rcu_dereference(q->sender);
	return l && inet_sk_state_load(l->sk) == TCP_LISTEN && !sk_acceptq_is_full(l->sk) ?
	       l : NULL;
}

/*
 * The head of a lane whose turn it is; it may be gone when the lock is dropped. Lanes are as many
 * as a user makes: those that are looked at in vain go behind the others, and are counted.
 */
static struct lq_listener *next_turn(struct lq_synq *q, struct lq_parked **head,
				     struct lq_v4_flow *key, u32 *in_vain)
{
	struct lq_parking *parking = &q->parking;
	struct lq_listener *l = NULL;
	struct lq_lane *lane;
	int i;

	spin_lock(&parking->lock);
	for (i = 0; i < LANES && !list_empty(&parking->lanes); i++) {
		lane = list_first_entry(&parking->lanes, struct lq_lane, list);
		l = taker_of(q, lane);
		if (l) {
			*head = list_first_entry(&lane->parked, struct lq_parked, list);
			*key = (*head)->key;
			break;
		}
		list_move_tail(&lane->list, &parking->lanes);
		++*in_vain;
	}
	spin_unlock(&parking->lock);
	return l;
}

static u64 waited_us(const struct lq_parked *p)
{
	return div_u64(ktime_get_ns() - p->since, NSEC_PER_USEC);
}

/* Its segment had its verdict when it was parked: now its handshake has. */
static void tell(struct lq_job *job, const struct lq_parked *p, enum lq_verdict verdict)
{
	struct lq_event *event = &job->event;

	if (verdict != LQ_V_req_completed) {
		lq_job_report(job, verdict);
		return;
	}
	atomic64_inc(&job->q->parking.promoted);
	lq_net_count(sock_net(job->sk), verdicts[verdict]);
	lq_ledger_verdict(job->l, event, verdict);
	event->waited_us = waited_us(p);
	trace_lq_request(event, LQ_WHAT_promoted);
}

/* A client chooses how small its segments are. What has come meanwhile is sorted in by TCP. */
static void let_others_in(struct sock *child)
{
	bh_unlock_sock(child);
	local_bh_enable();
	local_bh_disable();
	bh_lock_sock(child);
}

/*
 * The connection gets what was kept for it; whether its client has given up meanwhile. @n:
 * segments since bottom halves went off.
 */
static bool deliver(struct sock *sk, struct sock *child, struct lq_parked *p, u32 *n)
{
	struct sk_buff *skb;
	bool gave_up;

	/* Locked by syn_recv_sock. */
	__acquire(&child->sk_lock.slock);
	while ((skb = __skb_dequeue(&p->segments))) {
		if (*n == SEGMENTS) {
			let_others_in(child);
			*n = 0;
		}
		lq_child_receive(sk, child, skb);
		++*n;
	}
	gave_up = lq_ledger_gave_up(child, child, waited_us(p));
	bh_unlock_sock(child);
	sock_put(child);
	return gave_up;
}

/*
 * The wait is no part of the round trip, nor is what was repeated in it. When the SYN-ACK had
 * been repeated before, only the echo of a timestamp tells which one was answered: the kernel
 * would measure up to now (tcp_ack_update_rtt), so that is done here.
 */
static void set_round_trip(const struct lq_job *job, struct request_sock *req,
			   const struct lq_parked *p)
{
	const struct lq_segment *s = &job->event.facts.segment;
	struct tcp_request_sock *treq = tcp_rsk(req);
	u32 unit = lq_usec_ts(req) ? 1 : USEC_PER_MSEC;
	u64 now = tcp_clock_us(), waited = waited_us(p);
	u32 age = lq_tsval(lq_usec_ts(req), now, treq->ts_off) - s->tsecr;

	req->num_retrans = p->retrans;
	if (!p->retrans) {
		treq->snt_synack += treq->snt_synack ? waited : 0;
	} else if (s->has_ts && s->tsecr && age < INT_MAX / unit) {
		req->num_retrans = 0;
		treq->snt_synack = now - max_t(s64, (s64)age * unit - waited, unit);
	}
}

/*
 * As lq_job_check() for its last ACK. Without a connection the segment is thrown away, as
 * it would have been when it came; but one that still finds no room, perhaps at the listener
 * that took its SYN, goes on waiting. Returns whether it waits no more.
 */
static bool promote(struct lq_job *job, struct lq_record *r, u32 *n)
	__releases(&job->part->lock)
{
	struct lq_parked *p = r->parked;
	struct lq_newborn made = { .parked = p };
	enum lq_verdict verdict;
	struct sock *child = NULL;

	lockdep_assert_held(&job->part->lock);
	lq_job_read_record(job, r);
	/* What overflow= says by now is for segments to come. */
	job->event.facts.abort_on_overflow = false;
	r->parked = NULL;
	verdict = lq_job_make_child(job, r, &made);
	if (verdict == LQ_V_req_accept_full) {
		r->parked = p;
		lq_lane_wait(&job->q->parking, p);
		spin_unlock(&job->part->lock);
		return false;
	}
	lq_lane_leave(&job->q->parking, p);
	spin_unlock(&job->part->lock);
	if (verdict == LQ_V_req_completed) {
		set_round_trip(job, made.req, p);
		child = lq_job_accept(job, &made);
		tell(job, p, child ? verdict : LQ_V_req_listener_closed);
	} else if (verdict != LQ_V_req_lost_race) {
		tell(job, p, verdict);
	}
	if (child && deliver(job->sk, child, p, n))
		lq_attempt_gave_up(&job->l->totals, &job->event);
	lq_parked_free(&job->q->parking, p);
	return true;
}

/*
 * Returns whether there may be more to do. @in_vain: lanes, since one of them was shorter;
 * @segments: delivered, since bottom halves went off.
 */
static bool promote_next(struct lq_synq *q, u32 *in_vain, u32 *segments)
{
	struct lq_job job lq_uninitialized;
	struct lq_listener *l;
	struct lq_record *r;
	struct lq_parked *head;
	struct lq_part *part;
	struct sk_buff *ack;
	struct lq_v4_flow key;
	bool is_there;
	u32 hash;

	if (READ_ONCE(q->draining))
		return false;
	l = next_turn(q, &head, &key, in_vain);
	if (!l)
		return *in_vain < READ_ONCE(q->parking.nr_lanes);
	hash = lq_synq_hash(&key);
	if (!lq_home_lock(q, hash, &part))
		return true;
	__acquire(&part->lock);
	r = lq_shard_find(&part->shard, hash, &key);
	if (!r || r->parked != head) {
		spin_unlock(&part->lock);
		return true;
	}
	/* An heir is asked for with the part unlocked: the record may go, and its copies. */
	ack = skb_get(skb_peek(&head->segments));
	if (!lq_job_begin(&job, LQ_STAGE_check_req, l->sk, ack) || job.q != q) {
		spin_unlock(&part->lock);
		kfree_skb(ack);
		return false;
	}
	job.key = key;
	job.hash = hash;
	job.is_hashed = true;
	job.part = part;
	r = lq_job_find(&job);
	/* As long as we hold it, no other handshake's copy is where it is. */
	is_there = r && r->parked == head && skb_peek(&head->segments) == ack;
	kfree_skb(ack);
	if (!is_there) {
		spin_unlock(&part->lock);
		return true;
	}
	if (!promote(&job, r, segments))
		return ++*in_vain < READ_ONCE(q->parking.nr_lanes);
	*in_vain = 0;
	return true;
}

static void promote_work(struct work_struct *work)
{
	struct lq_synq *q = container_of(to_delayed_work(work), struct lq_synq,
					 parking.promoter);
	struct lq_parking *parking = &q->parking;
	bool more = true;
	u32 in_vain = 0, segments;
	int n;

	while (more) {
		rcu_read_lock();
		local_bh_disable();
		segments = 0;
		for (n = 0; more && n < BATCH && segments < SEGMENTS; n++)
			more = promote_next(q, &in_vain, &segments);
		local_bh_enable();
		rcu_read_unlock();
		cond_resched();
	}
	if (atomic_read(&parking->n) && time_before(jiffies, READ_ONCE(parking->look_until)))
		queue_delayed_work(system_highpri_wq, &parking->promoter, 1);
}

/**
 * lq_park_init() - nothing is parked
 * @q: a new queue, zero
 */
void lq_park_init(struct lq_synq *q)
{
	spin_lock_init(&q->parking.lock);
	INIT_LIST_HEAD(&q->parking.lanes);
	xa_init(&q->parking.by_listener);
	INIT_DELAYED_WORK(&q->parking.promoter, promote_work);
	q->parking.look_until = jiffies;
}

/**
 * lq_park_exit() - free what is parked
 * @q: a queue that nobody finds any more, its timers stopped
 *
 * Context: process, sleeps.
 */
void lq_park_exit(struct lq_synq *q)
{
	struct lq_parking *parking = &q->parking;
	struct lq_parked *p, *next;
	struct lq_lane *lane, *after;

	cancel_delayed_work_sync(&parking->promoter);
	list_for_each_entry_safe(lane, after, &parking->lanes, list) {
		list_for_each_entry_safe(p, next, &lane->parked, list)
			lq_parked_free(parking, p);
		xa_erase(&parking->by_listener, lane->listener);
		kfree(lane);
	}
}
