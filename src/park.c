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
 * closed goes to another one of the endpoint.
 *
 * Locking (queue.c). What a record keeps belongs to its part's lock, lanes to that of the
 * parking, which is nested in it. The promoter looks at a lane's head, drops the lane's
 * lock, takes the part's, and looks whether it is still there.
 */
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "compat_takeover.h"
#include "job.h"
#include "ledger.h"
#include "net.h"
#include "park.h"
#include "queue.h"
#include "record.h"
#include "trace.h"

#define BATCH		16	/* connections that are made with bottom halves off */
#define LOOK_AGAIN	(HZ / 10)	/* listen() has set its backlog by then */
#define USUAL_MSS	1460	/* what memory is set aside for if nothing is said */

/**
 * struct lane - parked handshakes of one listener, oldest first
 * @list: in its endpoint's parking
 * @parked: these, never none
 * @listener: cookie
 */
struct lane {
	struct list_head list;
	struct list_head parked;
	u64 listener;
};

/**
 * struct parked - what a record keeps
 * @list: in its lane
 * @lane: this
 * @segments: copies, the last ACK first, without gaps
 * @key: flow of its record
 * @since: monotonic ns, when it was parked
 * @retrans: how often its SYN-ACK had been repeated then
 * @next: sequence number that comes next
 * @payload: bytes of data
 * @bytes: memory, this included
 */
struct parked {
	struct list_head list;
	struct lane *lane;
	struct sk_buff_head segments;
	struct lq_key key;
	u64 since;
	u32 retrans;
	u32 next;
	u32 payload;
	u32 bytes;
};

/**
 * lq_park_room() - what parked copies may take
 * @config: what commands said
 * @backlogs: of the endpoint's listeners, now
 *
 * Return: bytes, 0 if nothing is parked.
 */
u64 lq_park_room(const struct lq_config *config, u32 backlogs)
{
	u32 set = config->set;

	if (!(set & BIT(LQ_KEY_overflow)) || config->value[LQ_KEY_overflow] != LQ_OVERFLOW_park)
		return 0;
	if (set & BIT(LQ_KEY_park))
		backlogs = config->value[LQ_KEY_park];
	return (u64)max(backlogs, 1U) *
	       lq_park_most(set & BIT(LQ_KEY_park_bytes) ? config->value[LQ_KEY_park_bytes] :
							   USUAL_MSS);
}

static u32 park_limit(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	return lq_queue_says(q, LQ_KEY_park, &value) ? value :
	       READ_ONCE(q->backlogs) ?: READ_ONCE(sk->sk_max_ack_backlog);
}

static u32 most_payload(const struct lq_synq *q, const struct lq_record *r)
{
	u32 value;

	return lq_queue_says(q, LQ_KEY_park_bytes, &value) ? value : r->mss;
}

/* With the parking locked. */
static struct lane *find_lane(struct lq_parking *parking, u64 listener)
{
	struct lane *lane;

	list_for_each_entry(lane, &parking->lanes, list)
		if (lane->listener == listener)
			return lane;
	return NULL;
}

static bool others_wait(struct lq_parking *parking, u64 listener)
{
	bool there;

	if (!atomic_read(&parking->n))
		return false;
	spin_lock(&parking->lock);
	there = find_lane(parking, listener);
	spin_unlock(&parking->lock);
	return there;
}

/* Memory of a copy, or of what holds them; false when it is too much. */
static bool charge(struct lq_parking *parking, u32 *bytes, u32 more, u32 most)
{
	if (*bytes + more > most)
		return false;
	if (atomic64_add_return(more, &parking->bytes) > READ_ONCE(parking->room)) {
		atomic64_sub(more, &parking->bytes);
		return false;
	}
	*bytes += more;
	return true;
}

/*
 * Only what goes through a socket's backlog without its route, too: there neither options
 * of IP nor a security association are looked at again.
 */
static bool is_plain(const struct sk_buff *skb)
{
	return ip_hdr(skb)->ihl == sizeof(struct iphdr) / 4 && !skb_sec_path(skb) &&
	       !(skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST);
}

/* In one piece, from the IP header on; it holds neither route nor device. */
static struct sk_buff *copy_of(const struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (!is_plain(skb))
		return NULL;
	copy = skb_copy_expand(skb, skb->data - skb_network_header(skb), 0,
			       GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return NULL;
	skb_dst_drop(copy);
	skb_ext_reset(copy);
	copy->dev = NULL;
	copy->mac_header = copy->network_header;
	return copy;
}

static void free_parked(struct lq_parking *parking, struct parked *p)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&p->segments)))
		kfree_skb(skb);
	atomic64_sub(p->bytes, &parking->bytes);
	kfree(p);
}

/* A lane that nobody is in goes. */
static void leave_lane(struct lq_parking *parking, struct parked *p)
{
	spin_lock(&parking->lock);
	list_del(&p->list);
	if (list_empty(&p->lane->parked)) {
		list_del(&p->lane->list);
		kfree(p->lane);
	}
	spin_unlock(&parking->lock);
	atomic_dec(&parking->n);
}

static bool enter_lane(struct lq_parking *parking, struct parked *p, u64 listener)
{
	spin_lock(&parking->lock);
	p->lane = find_lane(parking, listener);
	if (!p->lane) {
		p->lane = kmalloc(sizeof(*p->lane), GFP_ATOMIC | __GFP_NOWARN);
		if (!p->lane) {
			spin_unlock(&parking->lock);
			return false;
		}
		p->lane->listener = listener;
		INIT_LIST_HEAD(&p->lane->parked);
		list_add_tail(&p->lane->list, &parking->lanes);
	}
	list_add_tail(&p->list, &p->lane->parked);
	spin_unlock(&parking->lock);
	atomic_inc(&parking->n);
	/* Before the caller looks for room: see lq_park_kick(). */
	smp_mb__after_atomic();
	return true;
}

static bool keep(struct lq_job *job, struct lq_record *r, struct parked *p)
{
	struct sk_buff *copy = copy_of(job->skb);
	const struct lq_segment *s = &job->event.facts.segment;

	if (!copy)
		return false;
	if (!charge(&job->q->parking, &p->bytes, copy->truesize,
		    lq_park_most(most_payload(job->q, r)))) {
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
	struct parked *p = kmalloc(sizeof(*p), GFP_ATOMIC | __GFP_NOWARN);

	if (!p)
		return false;
	__skb_queue_head_init(&p->segments);
	p->key = r->key;
	p->since = ktime_get_ns();
	p->retrans = r->retrans;
	p->payload = 0;
	p->bytes = 0;
	if (charge(parking, &p->bytes, sizeof(*p), U32_MAX) && keep(job, r, p) &&
	    enter_lane(parking, p, job->l->cookie)) {
		r->parked = p;
		return true;
	}
	free_parked(parking, p);
	return false;
}

/* A queue that goes back lets nobody wait. */
static void look(struct lq_park *park, const struct lq_job *job, const struct lq_record *r,
		 bool full)
{
	struct lq_synq *q = job->q;
	const struct parked *p = r->parked;
	bool draining = READ_ONCE(q->draining);

	memset(park, 0, sizeof(*park));
	park->parked = p;
	park->next = p ? p->next : r->rcv_isn + 1;
	park->payload = p ? p->payload : 0;
	park->most_payload = most_payload(q, r);
	if (p)
		return;
	park->records = atomic_read(&q->parking.n);
	park->limit = draining ? 0 : park_limit(q, job->sk);
	park->must_wait = full || sk_acceptq_is_full(job->sk) ||
			  (!draining && others_wait(&q->parking, job->l->cookie));
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

	return r->parked || (lq_queue_says(job->q, LQ_KEY_overflow, &value) &&
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
		lq_park_kick(job->q);
	if (verdict != LQ_V_none)
		return verdict;
	NET_INC_STATS(sock_net(job->sk), LINUX_MIB_LISTENOVERFLOWS);
	tcp_listendrop(job->sk);
	return LQ_V_req_accept_full;
}

/**
 * lq_unpark() - a record keeps nothing any more
 * @q: its queue
 * @r: the record, its part locked
 */
void lq_unpark(struct lq_synq *q, struct lq_record *r)
{
	struct parked *p = r->parked;

	r->parked = NULL;
	leave_lane(&q->parking, p);
	free_parked(&q->parking, p);
}

/* Who takes those of a lane, if he has room. Under RCU. */
static struct lq_listener *taker_of(const struct lq_synq *q, const struct lane *lane)
{
	struct lq_listener *l = lq_listener_find(lane->listener);

	if (!l || rcu_access_pointer(l->queue) != q)
		l = rcu_dereference(q->sender);
	return l && inet_sk_state_load(l->sk) == TCP_LISTEN && !sk_acceptq_is_full(l->sk) ?
	       l : NULL;
}

/* The head of a lane whose turn it is; it may be gone when the lock is dropped. */
static struct lq_listener *next_turn(struct lq_synq *q, struct parked **head, struct lq_key *key)
{
	struct lq_parking *parking = &q->parking;
	struct lq_listener *l = NULL;
	struct lane *lane;

	spin_lock(&parking->lock);
	list_for_each_entry(lane, &parking->lanes, list) {
		l = taker_of(q, lane);
		if (!l)
			continue;
		*head = list_first_entry(&lane->parked, struct parked, list);
		*key = (*head)->key;
		break;
	}
	spin_unlock(&parking->lock);
	return l;
}

static u64 waited_us(const struct parked *p)
{
	return div_u64(ktime_get_ns() - p->since, NSEC_PER_USEC);
}

/* Its segment had its verdict when it was parked: now its handshake has. */
static void tell(struct lq_job *job, const struct parked *p, enum lq_verdict verdict)
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

/* The connection gets what was kept for it. */
static void deliver(struct sock *sk, struct sock *child, struct parked *p)
{
	struct sk_buff *skb;

	/* Locked by syn_recv_sock. */
	__acquire(&child->sk_lock.slock);
	while ((skb = __skb_dequeue(&p->segments)))
		lq_child_receive(sk, child, skb);
	bh_unlock_sock(child);
	sock_put(child);
}

/*
 * As lq_job_check() for its last ACK. Without a connection the segment is thrown away, as
 * it would have been when it came; but one that still finds no room goes on waiting.
 */
static bool promote(struct lq_job *job, struct lq_record *r)
	__releases(&job->part->lock)
{
	struct parked *p = r->parked;
	struct lq_newborn made;
	enum lq_verdict verdict;
	struct sock *child = NULL;

	lq_job_read_record(job, r);
	/* What overflow= says by now is for segments to come. */
	job->event.facts.abort_on_overflow = false;
	r->parked = NULL;
	verdict = lq_job_make_child(job, r, &made);
	if (verdict == LQ_V_req_accept_full) {
		r->parked = p;
		spin_unlock(&job->part->lock);
		return false;
	}
	leave_lane(&job->q->parking, p);
	spin_unlock(&job->part->lock);
	if (verdict == LQ_V_req_completed) {
		/* The wait is no part of the round trip, nor is what was repeated in it. */
		if (tcp_rsk(made.req)->snt_synack)
			tcp_rsk(made.req)->snt_synack += waited_us(p);
		made.req->num_retrans = p->retrans;
		child = lq_job_accept(job, &made);
		tell(job, p, child ? verdict : LQ_V_req_listener_closed);
	} else if (verdict != LQ_V_req_lost_race) {
		tell(job, p, verdict);
	}
	if (child)
		deliver(job->sk, child, p);
	free_parked(&job->q->parking, p);
	return true;
}

/* Returns whether there may be more to do. */
static bool promote_next(struct lq_synq *q)
{
	struct lq_job job lq_uninitialized;
	struct lq_listener *l;
	struct lq_record *r;
	struct parked *head;
	struct lq_part *part;
	struct sk_buff *ack;
	struct lq_key key;
	bool is_there;
	u32 hash;

	l = READ_ONCE(q->draining) ? NULL : next_turn(q, &head, &key);
	if (!l)
		return false;
	hash = lq_queue_hash(&key);
	part = lq_queue_part(q, hash);
	spin_lock(&part->lock);
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
	job.part = part;
	r = lq_job_find(&job);
	/* As long as we hold it, no other handshake's copy is where it is. */
	is_there = r && r->parked == head && skb_peek(&head->segments) == ack;
	kfree_skb(ack);
	if (is_there)
		return promote(&job, r);
	spin_unlock(&part->lock);
	return true;
}

static void promote_work(struct work_struct *work)
{
	struct lq_synq *q = container_of(to_delayed_work(work), struct lq_synq,
					 parking.promoter);
	struct lq_parking *parking = &q->parking;
	bool more = true;
	int n;

	while (more) {
		rcu_read_lock();
		local_bh_disable();
		for (n = 0; more && n < BATCH; n++)
			more = promote_next(q);
		local_bh_enable();
		rcu_read_unlock();
		cond_resched();
	}
	if (atomic_read(&parking->n) && time_before(jiffies, READ_ONCE(parking->look_until)))
		queue_delayed_work(system_highpri_wq, &parking->promoter, 1);
}

/**
 * lq_park_kick() - there may be room for parked handshakes
 * @q: the SYN queue
 *
 * accept() has made room before it comes here, who parks has parked before he looks for
 * room: one of both sees the other. Should accept() go unseen, a later segment or the
 * SYN-ACK timer of a parked handshake comes here, too.
 *
 * Context: any, also with interrupts off.
 */
void lq_park_kick(struct lq_synq *q)
{
	/* The room before the look at who waits; pairs with enter_lane(). */
	smp_mb();
	if (unlikely(atomic_read(&q->parking.n)))
		mod_delayed_work(system_highpri_wq, &q->parking.promoter, 0);
}

/**
 * lq_park_backlog() - listen() is about to change a backlog
 * @q: the SYN queue
 *
 * It is seen before it is done: the promoter looks for a moment.
 *
 * Context: any.
 */
void lq_park_backlog(struct lq_synq *q)
{
	WRITE_ONCE(q->parking.look_until, jiffies + LOOK_AGAIN);
	lq_park_kick(q);
}

/**
 * lq_park_show() - what is parked, for the endpoints file
 * @m: where to
 * @q: the SYN queue
 */
void lq_park_show(struct seq_file *m, const struct lq_synq *q)
{
	const struct lq_parking *parking = &q->parking;
	u64 room = READ_ONCE(parking->room);
	u64 promoted = atomic64_read(&parking->promoted);

	if (room || promoted || atomic_read(&parking->n))
		seq_printf(m, " parked=%d promoted=%llu parked_bytes=%lld parked_most_bytes=%llu",
			   atomic_read(&parking->n), promoted,
			   (s64)atomic64_read(&parking->bytes), room);
}

/**
 * lq_park_init() - nothing is parked
 * @q: a new queue, zero
 */
void lq_park_init(struct lq_synq *q)
{
	spin_lock_init(&q->parking.lock);
	INIT_LIST_HEAD(&q->parking.lanes);
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
	struct parked *p, *next;
	struct lane *lane, *after;

	cancel_delayed_work_sync(&parking->promoter);
	list_for_each_entry_safe(lane, after, &parking->lanes, list) {
		list_for_each_entry_safe(p, next, &lane->parked, list)
			free_parked(parking, p);
		kfree(lane);
	}
}
