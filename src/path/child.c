// SPDX-License-Identifier: GPL-2.0
/*
 * child.c - a record becomes a connection in the accept queue
 *
 * In this order, with the part locked: the connection enters the established hash, then
 * the record goes. A segment on another processor finds one or the other, never neither.
 * The accept queue is the kernel's own list; its lock is taken when the part's is not
 * held any more.
 */
#include <linux/sizes.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/faults.h"
#include "kernel/ksym.h"
#include "ledger/stamp.h"
#include "observe/frame.h"
#include "path/child.h"
#include "queue/lookup.h"
#include "queue/parking.h"
#include "queue/record.h"

#define MOST_LOOKS	3	/* at the established hash, for one segment */

/* What tells why there is no connection. */
#define LQ_COUNT_CHILD							\
	(BIT(LQ_C_LISTEN_OVERFLOWS) | BIT(LQ_C_LISTEN_DROPS) |		\
	 BIT(LQ_C_PASSIVE_OPENS) | BIT(LQ_C_NO_ROUTES))

/* A request that nobody else knows goes, with its listener's reference. */
static void free_request(struct request_sock *req)
{
	refcount_set(&req->rsk_refcnt, 1);
	sock_gen_put(req_to_sk(req));
}

/*
 * Why syn_recv_sock gave nothing. Only its marks tell, as for the stock kernel: so they
 * are collected while it runs. They also tell whether the accept queue was full when it was
 * asked: by now accept() may have made room, or another connection filled it.
 */
static enum lq_verdict why_not(struct lq_job *job, const struct lq_outcome *seen)
{
	struct lq_lengths *queues = &job->event.reading.queues;
	enum lq_verdict verdict;
	struct lq_answers answers;

	lq_widen_race(LQ_DELAY_REFUSED);
	lq_synq_read(job->q, job->sk, &job->event.reading);
	if (seen->moved & BIT(LQ_C_LISTEN_OVERFLOWS))
		queues->acceptq = max(queues->acceptq, queues->acceptq_limit + 1);
	else
		queues->acceptq = min(queues->acceptq, queues->acceptq_limit);
	lq_answers_check_req(seen, &answers);
	verdict = lq_decide_check_req(&job->event.facts, &job->event.reading, &answers);
	/* The listener's port was gone before its accept queue: the record goes on at the next. */
	job->event.stays = verdict == LQ_V_req_listener_closed;
	/* Without a connection it can't be, whatever the kernel left no mark of. */
	return verdict == LQ_V_req_completed ? LQ_V_req_no_memory : verdict;
}

static struct sock *syn_recv_sock(struct lq_job *job, struct request_sock *req, bool *own,
				  struct lq_outcome *seen)
{
	struct lq_frame frame lq_uninitialized;
	struct net *net = sock_net(job->sk);
	struct sock *child;

	/* No more than what marks look at. */
	memset(&frame.seen, 0, sizeof(frame.seen));
	frame.sk = job->sk;
	frame.listener = job->sk;
	frame.skb = job->skb;
	frame.child = NULL;
	frame.event.stage = LQ_STAGE_check_req;
	frame.event.listener = job->event.listener;
	lq_frame_push(&frame, net, LQ_COUNT_HND_REQ);
	child = lq_syn_recv_sock(job->sk, job->skb, req, own);
	lq_frame_pop(&frame, net, child ? LQ_COUNT_NONE : LQ_COUNT_HND_REQ);
	*seen = frame.seen;
	return child;
}

/**
 * lq_job_make_child() - a good last ACK: make a connection of the record
 * @job: the segment, its part locked
 * @r: the record
 * @made: set to the connection and its request
 *
 * Context: bottom halves off.
 * Return: req_completed or req_lost_race, and the record is gone; any other verdict with
 * the record as it was.
 */
enum lq_verdict lq_job_make_child(struct lq_job *job, struct lq_record *r,
				  struct lq_newborn *made)
{
	struct lq_outcome seen = { 0 };
	bool own = true;

	lockdep_assert_held(&job->part->lock);
	made->req = lq_request_of(job->sk, r);
	if (unlikely(!made->req)) {
		tcp_listendrop(job->sk);
		seen.moved = BIT(LQ_C_LISTEN_DROPS);
		seen.child_asked = true;
		return why_not(job, &seen);
	}
	/* What ran out while it was parked is no sign of congestion. */
	if (made->parked)
		made->req->num_timeout = made->parked->timeouts;
	lq_widen_race(LQ_DELAY_CHILD);
	made->sk = syn_recv_sock(job, made->req, &own, &seen);
	if (unlikely(!made->sk)) {
		free_request(made->req);
		if (own)
			return why_not(job, &seen);
	}
	if (likely(made->sk)) {
		lq_part_remove(job->part, r, job->hash);
		return LQ_V_req_completed;
	}
	/* Another processor made it of the same handshake. */
	lq_part_end(job->part, r, job->hash, LQ_END_duplicate);
	return LQ_V_req_lost_race;
}

/* As tcp_get_cookie_sock() does it. */
static bool enter_accept_queue(struct sock *sk, struct lq_newborn *made)
{
	struct sock *child = made->sk;

	refcount_set(&made->req->rsk_refcnt, 1);
	if (likely(static_call(lq_accept_queue_add)(sk, made->req, child)))
		return true;
	/* Locked by syn_recv_sock. */
	__acquire(&child->sk_lock.slock);
	bh_unlock_sock(child);
	sock_put(child);
	sock_gen_put(req_to_sk(made->req));
	return false;
}

/**
 * lq_job_accept() - a new connection enters the accept queue
 * @job: the segment; no lock of ours is held
 * @made: the connection, locked, and its request
 *
 * Context: bottom halves off.
 * Return: the connection, locked; or NULL, the listener has closed meanwhile.
 */
struct sock *lq_job_accept(struct lq_job *job, struct lq_newborn *made)
{
	const struct lq_segment *s = &job->event.facts.segment;
	struct sock *sk = made->sk;
	u64 unused;

	if (s->has_ts && (s32)(s->seq - tcp_rsk(made->req)->rcv_nxt) <= 0)
		tcp_sk(sk)->rx_opt.ts_recent = s->tsval;
	sock_rps_save_rxhash(sk, job->skb);
	static_call(lq_synack_rtt_meas)(sk, made->req);
	/* Before accept() can find it. */
	lq_stamp_put(sk, job->event.listener);
	if (likely(enter_accept_queue(job->sk, made)))
		return sk;
	lq_stamp_take(sk, &unused, &unused);
	return NULL;
}

/**
 * lq_child_receive() - a connection gets a segment
 * @sk: its listener
 * @child: the connection, locked
 * @skb: the segment, consumed
 *
 * tcp_child_process(), which not every kernel lets modules call, but for its end.
 *
 * Context: bottom halves off.
 */
void lq_child_receive(struct sock *sk, struct sock *child, struct sk_buff *skb)
{
	int state = child->sk_state;

	lq_mark_napi_id(child, skb);
	tcp_segs_in(tcp_sk(child), skb);
	if (sock_owned_by_user(child)) {
		__sk_add_backlog(child, skb);
		return;
	}
	child->sk_backlog_rcv(child, skb);
	if (state == TCP_SYN_RECV && child->sk_state != state)
		sk->sk_data_ready(sk);
}

/* As tcp_add_backlog() has it; an old one would allow less. */
static u32 backlog_limit(const struct sock *sk)
{
	u64 limit = ((u64)READ_ONCE(sk->sk_rcvbuf) << 1) + ((u32)READ_ONCE(sk->sk_sndbuf) >> 1) +
		    SZ_64K;

	return min_t(u64, limit, U32_MAX);
}

/* What became of a segment that found a stock request */
enum ending {
	ENDED,		/* it was kept, or thrown away */
	GIVEN_BACK,	/* it goes on at the listener */
	STOLEN,		/* another processor has just made a connection of the request */
};

/*
 * A stock request beside ours: what tcp_v4_rcv does with one, at the request's own listener,
 * which may be another one than the segment came to. Where only tcp_v4_rcv can do it (what that
 * listener asks for, a request that moves on in a group whose listener has closed), the
 * client has to say it again.
 */
static struct sock *of_stock_request(struct lq_job *job, struct request_sock *req, bool tell,
				     enum ending *end)
{
	struct sock *listener = req->rsk_listener, *sk = NULL;
	bool stolen = false, asked = false;

	*end = ENDED;
	if (unlikely(inet_sk_state_load(listener) != TCP_LISTEN)) {
		if (!rcu_access_pointer(listener->sk_reuseport_cb))
			*end = GIVEN_BACK;
	} else if (listener == job->sk || !lq_asks_more(listener)) {
		asked = true;
		sk = static_call(lq_check_req)(listener, job->skb, req, false,
					       &stolen LQ_CHECK_REQ_MORE_VALUE);
	}
	if (sk && sk != listener) {
		/* Its first segment wakes only who is at the listener where that came. */
		if (listener != job->sk)
			listener->sk_data_ready(listener);
		return sk;
	}
	if (sk)
		*end = GIVEN_BACK;
	else if (stolen)
		*end = STOLEN;
	else if (*end == ENDED)
		sk_drops_skbadd(listener, job->skb);
	/* Who is asked has told. */
	if (*end == ENDED && !asked && tell)
		lq_job_report(job, LQ_V_given_back_dropped);
	sock_gen_put(req_to_sk(req));
	return NULL;
}

/* Returns it locked, or NULL: the segment was thrown away. */
static struct sock *of_connection(struct lq_job *job, struct sock *sk, bool tell)
{
	atomic64_inc(&job->q->tallies[LQ_SYNQ_TALLY_found_child]);
	if (tell) {
		job->event.stage = LQ_STAGE_check_req;
		lq_job_report(job, LQ_V_req_lost_race);
	}
	bh_lock_sock(sk);
	/* Whoever it is returned to unlocks it. */
	__release(&sk->sk_lock.slock);
	if (!sock_owned_by_user(sk))
		return sk;
	atomic64_inc(&job->q->tallies[LQ_SYNQ_TALLY_backlogged]);
	if (!sk_rcvqueues_full(sk, backlog_limit(sk))) {
		/* tcp_child_process() puts it there, and does not count it. */
		sk->sk_backlog.len += job->skb->truesize;
		return sk;
	}
	__NET_INC_STATS(sock_net(sk), LINUX_MIB_TCPBACKLOGDROP);
	sk_drops_skbadd(sk, job->skb);
	__acquire(&sk->sk_lock.slock);
	bh_unlock_sock(sk);
	sock_put(sk);
	return NULL;
}

/**
 * lq_find_child() - the connection that another processor has just made
 * @job: a segment without a record; no lock of ours is held
 * @tell: the segment has no verdict yet
 * @found: set when the segment is dealt with, whatever is returned
 *
 * Of the three kinds that the established hash holds, a connection gets the segment, a
 * request of the stock kernel treats it as tcp_v4_rcv would, TIME_WAIT leaves it to stock.
 * Whose request is stolen looks again, but not for ever: its client says it again.
 *
 * Context: bottom halves off.
 * Return: a connection, locked and with a reference; the listener, when a request has given
 * the segment back; or NULL.
 */
struct sock *lq_find_child(struct lq_job *job, bool tell, bool *found)
{
	struct net *net = sock_net(job->sk);
	enum ending end = STOLEN;
	struct sock *sk;
	int looks;

	*found = false;
	for (looks = 0; end == STOLEN && looks < MOST_LOOKS; looks++) {
		sk = lq_lookup_established(net, &job->key, job->skb);
		if (!sk)
			return NULL;
		if (sk->sk_state == TCP_TIME_WAIT) {
			atomic64_inc(&job->q->tallies[LQ_SYNQ_TALLY_found_timewait]);
			sock_gen_put(sk);
			return NULL;
		}
		if (sk->sk_state != TCP_NEW_SYN_RECV) {
			*found = true;
			return of_connection(job, sk, tell);
		}
		atomic64_inc(&job->q->tallies[LQ_SYNQ_TALLY_found_request]);
		sk = of_stock_request(job, inet_reqsk(sk), tell, &end);
		tell = false;
	}
	*found = true;
	return end == GIVEN_BACK ? job->sk : sk;
}
