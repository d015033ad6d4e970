// SPDX-License-Identifier: GPL-2.0
/*
 * queue.c - the SYN queue of an endpoint that is taken over
 *
 *   endpoint ─▶ queue ─▶ part{lock, shard of records, timer}   a power of two, by flow
 *
 * The queue is the endpoint's, not a listening socket's: listeners of a group share it,
 * and it outlives a server that closes and opens again.
 *
 * Locking. A part's lock is taken with bottom halves off; under it there is only list
 * work, the lookup in the established hash, syn_recv_sock (child.c), and the copy of a
 * segment that is parked (park.c, whose own lock is the innermost). SYN-ACKs and other
 * answers, the accept queue, the new connection's segment come after it is dropped, on a
 * copy: a packet may come straight back to this processor. So do questions to security
 * modules. Order: a task's socket lock, then a part, then a child's lock, then the kernel's
 * bind and established hashes. No lock of a socket that was found is taken with a part
 * locked.
 *
 * Heirs. A record knows its listener's number and user. Another listener of the endpoint
 * gets its segments if the user is the same and security modules agree (hnd_req.c); with
 * another user's listener it ends at the next segment or timer, or by a worker that sees to
 * it when such a listener opens. Timers and hand-back have no segment to show to security
 * modules: they look at the user alone.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/random.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "compat_takeover.h"
#include "facts.h"
#include "job.h"
#include "memory.h"
#include "queue.h"
#include "record.h"
#include "synack.h"
#include "trace.h"

/*
 * Records that one run of a timer works on; the others wait for the next tick. Two parts a
 * processor: it must have time left to take off a virtual wire what they send, which holds
 * a thousand frames (net.core.netdev_max_backlog).
 */
#define BATCH		128

static hsiphash_key_t secret __read_mostly;
static bool look_broken __read_mostly;

/**
 * lq_queues_init() - choose what flows are hashed with
 * @broken: for tests: queues look broken when their timers run
 */
void lq_queues_init(bool broken)
{
	get_random_bytes(&secret, sizeof(secret));
	look_broken = broken;
}

/**
 * lq_queue_hash() - hash a flow
 * @key: the flow
 *
 * Keyed: who floods must not choose his bucket.
 *
 * Return: the hash.
 */
u32 lq_queue_hash(const struct lq_key *key)
{
	return hsiphash_3u32(key->saddr, key->daddr, (u32)key->sport << 16 | key->dport, &secret);
}

/**
 * lq_queue_read() - the queues of a listener that is taken over
 * @q: its SYN queue
 * @sk: the listener
 * @reading: filled: queues, time, state
 */
void lq_queue_read(const struct lq_synq *q, const struct sock *sk, struct lq_reading *reading)
{
	struct lq_queues *queues = &reading->queues;

	queues->synq = atomic_read(&q->len);
	queues->young = atomic_read(&q->young);
	queues->acceptq = READ_ONCE(sk->sk_ack_backlog);
	queues->acceptq_limit = READ_ONCE(sk->sk_max_ack_backlog);
	queues->synq_limit = lq_queue_limit(q, sk);
	reading->now = tcp_jiffies32;
	reading->closed = inet_sk_state_load(sk) != TCP_LISTEN;
}

/**
 * lq_part_arm() - have the part's timer run out when the first record is due
 * @part: locked
 *
 * A timer of the kernel fires one unit of its wheel late; lq_wheel_due() has that in it
 * already.
 */
void lq_part_arm(struct lq_part *part)
{
	u32 due;

	if (!lq_shard_next_due(&part->shard, &due))
		return;
	if (part->is_armed && (s32)(due - part->armed) >= 0)
		return;
	part->is_armed = true;
	part->armed = due;
	/* Not in this tick again, even if ticks were missed: see BATCH. */
	mod_timer(&part->timer, jiffies + max((s32)(due - 1 - (u32)jiffies), 0));
}

/**
 * lq_part_add() - a record is pending from now on
 * @part: locked
 * @r: the record, filled, none of the part's
 * @hash: of its flow
 */
void lq_part_add(struct lq_part *part, struct lq_record *r, u32 hash)
{
	lq_shard_insert(&part->shard, r, hash, (u32)jiffies);
	atomic_inc(&part->queue->len);
	if (!r->timeouts)
		atomic_inc(&part->queue->young);
	if (!part->is_armed || (s32)(r->due - part->armed) < 0)
		lq_part_arm(part);
}

/**
 * lq_part_remove() - a record is not pending any more
 * @part: locked
 * @r: the record, free from now on
 * @hash: of its flow
 */
void lq_part_remove(struct lq_part *part, struct lq_record *r, u32 hash)
{
	if (unlikely(!lq_shard_remove(&part->shard, r, hash))) {
		lq_release_broken(part->queue);
		return;
	}
	if (unlikely(r->parked))
		lq_unpark(part->queue, r);
	atomic_dec(&part->queue->len);
	if (!r->timeouts)
		atomic_dec(&part->queue->young);
	lq_shard_give_back(&part->shard, r);
}

/**
 * lq_part_disown() - a record ends because another user listens now
 * @part: locked
 * @r: the record, free from now on
 * @hash: of its flow
 */
void lq_part_disown(struct lq_part *part, struct lq_record *r, u32 hash)
{
	atomic64_inc(&part->queue->tallies[LQ_QT_disowned]);
	lq_part_remove(part, r, hash);
}

static void tell(struct lq_synq *q, struct lq_listener *l, const struct lq_record *r,
		 enum lq_what what)
{
	struct lq_event event;

	if (l && what == LQ_WHAT_retransmitted)
		lq_tally(l, LQ_TALLY_synack_repeated);
	else if (l)
		lq_ledger_expired(l);
	if (!trace_lq_request_enabled())
		return;
	memset(&event, 0, sizeof(event));
	lq_event_of_record(&event, r);
	event.netns = q->net->ns.inum;
	event.listener = l ? l->cookie : 0;
	if (l)
		lq_queue_read(q, l->sk, &event.reading);
	event.reading.timeouts = r->timeouts;
	trace_lq_request(&event, what);
}

/* SYN-ACKs that are repeated; @sk: NULL, nobody listens just now */
static u32 retries_of(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	if (lq_queue_says(q, LQ_KEY_retries, &value))
		return value;
	return (sk ? READ_ONCE(inet_csk(sk)->icsk_syn_retries) : 0) ?:
	       READ_ONCE(q->net->ipv4.sysctl_tcp_synack_retries);
}

/* Its server is away: the record waits for it, in silence, but not for ever. */
static enum lq_timer_end decide_alone(const struct lq_synq *q, const struct lq_record *r)
{
	return r->timeouts >= retries_of(q, NULL) ? LQ_TIMER_EXPIRE : LQ_TIMER_WAIT;
}

static enum lq_timer_end decide(const struct lq_synq *q, const struct sock *sk,
				const struct lq_record *r)
{
	struct lq_reading reading;
	struct lq_timer t = { .timeouts = r->timeouts, .acked = r->acked };

	lq_queue_read(q, sk, &reading);
	t.synq = reading.queues.synq;
	t.young = reading.queues.young;
	t.synq_limit = reading.queues.synq_limit;
	t.defer_accept = lq_queue_defer(q, sk);
	t.retries = retries_of(q, sk);
	return lq_decide_timer(&t);
}

/* It was sent, or not: then the handshake ends here (reqsk_timer_handler). */
static void resend(struct lq_part *part, struct lq_listener *l, struct lq_record *r,
		   struct lq_record *copy)
	__must_hold(&part->lock)
{
	struct request_sock *req = lq_scratch(l->sk);
	u32 hash = lq_queue_hash(&copy->key);
	int err;

	lq_unpack_again(req, r);
	spin_unlock(&part->lock);
	err = lq_synack_repeat(l->sk, req);
	lq_part_lock(part);
	r = lq_shard_find(&part->shard, hash, &copy->key);
	if (!err) {
		copy->retrans++;
		tell(part->queue, l, copy, LQ_WHAT_retransmitted);
		if (r && r->snt_isn == copy->snt_isn)
			r->retrans++;
	} else if (r && r->snt_isn == copy->snt_isn && !r->acked) {
		lq_part_remove(part, r, hash);
		tell(part->queue, l, copy, LQ_WHAT_expired);
	}
}

/* The part is locked, and may be unlocked in between. */
static void ran_out(struct lq_part *part, struct lq_record *r)
{
	struct lq_synq *q = part->queue;
	struct lq_listener *l = rcu_dereference(q->sender);
	struct lq_record copy = *r;
	enum lq_timer_end end;

	if (l && unlikely(r->uid != __kuid_val(l->uid))) {
		lq_part_disown(part, r, lq_queue_hash(&r->key));
		return;
	}
	end = l ? decide(q, l->sk, r) : decide_alone(q, r);
	if (l)
		__NET_INC_STATS(q->net, LINUX_MIB_TCPTIMEOUTS);
	if (end == LQ_TIMER_EXPIRE) {
		atomic64_inc(&q->tallies[LQ_QT_timed_out]);
		lq_part_remove(part, r, lq_queue_hash(&r->key));
		tell(q, l, &copy, LQ_WHAT_expired);
		return;
	}
	if (!r->timeouts)
		atomic_dec(&q->young);
	if (r->parked)
		lq_park_kick(q);
	lq_shard_timed_out(&part->shard, r);
	lq_shard_wait_again(&part->shard, r, (u32)jiffies);
	if (end == LQ_TIMER_RESEND)
		resend(part, l, r, &copy);
}

static void part_timer(struct timer_list *timer)
{
	struct lq_part *part = container_of(timer, struct lq_part, timer);
	struct lq_record *r;
	int n = 0;

	rcu_read_lock();
	lq_part_lock(part);
	part->is_armed = false;
	if (unlikely(!lq_shard_is_sound(&part->shard, part->size) || look_broken))
		lq_release_broken(part->queue);
	while (n++ < BATCH) {
		r = lq_shard_due(&part->shard, (u32)jiffies);
		if (!r)
			break;
		ran_out(part, r);
	}
	lq_part_arm(part);
	spin_unlock(&part->lock);
	rcu_read_unlock();
}

/* The records of a bucket that nobody inherits end. */
static void evict_bucket(struct lq_part *part, u32 bucket, u32 uid)
{
	struct lq_record *r, *next;

	for (r = part->shard.buckets[bucket]; r; r = next) {
		next = r->next;
		if (r->uid != uid)
			lq_part_disown(part, r, lq_queue_hash(&r->key));
	}
}

/*
 * Another user listens: what the one before was asked for must neither be completed nor
 * take up room. A segment that is faster finds the same (lq_job_find()).
 */
static void evict_work(struct work_struct *work)
{
	struct lq_synq *q = container_of(work, struct lq_synq, evictor);
	struct lq_part *part;
	u32 i, bucket, uid = __kuid_val(READ_ONCE(q->uid));

	for (i = 0; i <= q->mask; i++) {
		part = &q->parts[i];
		for (bucket = 0; bucket <= READ_ONCE(part->shard.mask); bucket++) {
			spin_lock_bh(&part->lock);
			if (bucket <= part->shard.mask)
				evict_bucket(part, bucket, uid);
			spin_unlock_bh(&part->lock);
			cond_resched();
		}
	}
}

/* Ticks until a SYN-ACK is sent again for the first time. */
static u32 first_delay(const struct lq_config *config)
{
	return config->set & BIT(LQ_KEY_timeout_ms) ?
	       max(1UL, msecs_to_jiffies(config->value[LQ_KEY_timeout_ms])) : TCP_TIMEOUT_INIT;
}

static int part_init(struct lq_synq *q, struct lq_part *part, u32 records)
{
	u32 nr_buckets = lq_memory_buckets(records);
	struct lq_record **buckets;
	struct lq_delays *delays;

	spin_lock_init(&part->lock);
	timer_setup(&part->timer, part_timer, 0);
	part->queue = q;
	delays = kmalloc(sizeof(*delays), GFP_KERNEL);
	buckets = kvcalloc(nr_buckets, sizeof(*buckets), GFP_KERNEL);
	if (!delays || !buckets || !lq_memory_take(q, nr_buckets * sizeof(*buckets))) {
		kfree(delays);
		kvfree(buckets);
		return -ENOMEM;
	}
	lq_delays_init(delays, first_delay(&q->config), q->rto_max);
	lq_shard_init(&part->shard, buckets, nr_buckets, delays);
	return lq_memory_begin(part, records);
}

static int parts_init(struct lq_synq *q, u32 records)
{
	u32 i, each = DIV_ROUND_UP(records, q->mask + 1);
	int err = 0;

	q->parts = kvcalloc(q->mask + 1, sizeof(*q->parts), GFP_KERNEL);
	if (!q->parts)
		return -ENOMEM;
	q->bytes = sizeof(*q) + q->parking.room +
		   (q->mask + 1) * (sizeof(*q->parts) + sizeof(struct lq_delays));
	if (!lq_memory_charge(q, lq_memory_need(q, records)))
		return -ENOSPC;
	for (i = 0; !err && i <= q->mask; i++)
		err = part_init(q, &q->parts[i], each);
	return err;
}

/**
 * lq_queue_new() - make a SYN queue
 * @net: of its endpoint
 * @config: what the command said
 * @records: how many are to fit
 * @backlogs: of its listeners
 * @made: set to the queue
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows.
 */
int lq_queue_new(struct net *net, const struct lq_config *config, u32 records,
		 u32 backlogs, struct lq_synq **made)
{
	u32 nr_parts = min(roundup_pow_of_two(2 * num_possible_cpus()),
			   BIT(LQ_MOST_PART_BITS));
	struct lq_synq *q = kzalloc(sizeof(*q), GFP_KERNEL);
	int err;

	if (!q)
		return -ENOMEM;
	q->net = net;
	q->rto_max = lq_rto_max(net);
	q->config = *config;
	q->mask = nr_parts - 1;
	q->uid = INVALID_UID;
	q->last_cookie = jiffies - TCP_SYNCOOKIE_VALID - 1;
	INIT_WORK(&q->grower, lq_memory_grow);
	INIT_WORK(&q->evictor, evict_work);
	lq_park_init(q);
	q->parking.room = lq_park_room(config, backlogs);
	err = parts_init(q, records);
	if (err)
		lq_queue_free(q);
	else
		*made = q;
	return err;
}

/**
 * struct lq_change - what a command is about to change in a queue
 * @next: in the command's list
 * @q: the queue
 * @config: the new words
 * @room: what parked copies may take
 * @charged: bytes of mem_max that the queue had
 * @charge: and is to have; until the change is made it has the larger of both
 * @nr_buckets: how many each part is to have, 0: as many as it has
 * @parts: for each of its parts: delays, buckets; NULL: they stay
 * @parts.delays: new SYN-ACKs, and those repeated from now on, wait for other times
 * @parts.buckets: chains stay short: as many as records are to fit
 */
struct lq_change {
	struct lq_change *next;
	struct lq_synq *q;
	const struct lq_config *config;
	u64 room;
	u64 charged;
	u64 charge;
	u32 nr_buckets;
	struct {
		struct lq_delays *delays;
		struct lq_record **buckets;
	} parts[];
};

static int prepare_part(struct lq_change *change, u32 i)
{
	const struct lq_shard *shard = &change->q->parts[i].shard;
	struct lq_delays *delays;

	/* A lease may be renewed by the same words all the time. */
	if (change->config->set & BIT(LQ_KEY_timeout_ms) &&
	    shard->delays->first != first_delay(change->config)) {
		delays = kmalloc(sizeof(*delays), GFP_KERNEL);
		if (!delays)
			return -ENOMEM;
		lq_delays_init(delays, first_delay(change->config), change->q->rto_max);
		change->parts[i].delays = delays;
	}
	if (change->nr_buckets > shard->mask + 1) {
		change->parts[i].buckets = kvcalloc(change->nr_buckets,
						    sizeof(struct lq_record *), GFP_KERNEL);
		if (!change->parts[i].buckets)
			return -ENOMEM;
	}
	return 0;
}

/* Memory for more records or more parked copies, from mem_max. */
static bool charge_change(struct lq_change *change)
{
	struct lq_config config = change->q->config;
	struct lq_synq *q = change->q;
	struct lq_listener *sender;
	u32 backlogs;

	rcu_read_lock();
	sender = rcu_dereference(q->sender);
	backlogs = READ_ONCE(q->backlogs) ?:
		   sender ? READ_ONCE(sender->sk->sk_max_ack_backlog) : 0;
	rcu_read_unlock();
	lq_config_merge(&config, change->config);
	change->room = lq_park_room(&config, backlogs);
	change->charged = q->charged;
	change->charge = change->config->set & BIT(LQ_KEY_synq) ?
			 lq_memory_need(q, config.value[LQ_KEY_synq]) : q->charged;
	change->charge += change->room - q->parking.room;
	return lq_memory_charge(q, max(change->charge, change->charged));
}

/**
 * lq_queue_prepare() - get what a change of a queue needs
 * @q: the queue
 * @config: the new words, valid until the change is made
 * @changes: the command's list; is put in front
 *
 * Context: process, sleeps; one caller at a time.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows.
 */
int lq_queue_prepare(struct lq_synq *q, const struct lq_config *config,
		     struct lq_change **changes)
{
	struct lq_change *change = kvzalloc(struct_size(change, parts, q->mask + 1), GFP_KERNEL);
	u32 i, records = config->value[LQ_KEY_synq];
	int err = 0;

	if (!change)
		return -ENOMEM;
	change->q = q;
	change->config = config;
	change->next = *changes;
	*changes = change;
	if (config->set & BIT(LQ_KEY_synq))
		change->nr_buckets = lq_memory_buckets(DIV_ROUND_UP(records, q->mask + 1));
	if (!charge_change(change))
		return -ENOSPC;
	for (i = 0; !err && i <= q->mask; i++)
		err = prepare_part(change, i);
	return err;
}

static void free_drained(struct lq_part *part)
{
	struct lq_delays *old;

	do {
		spin_lock_bh(&part->lock);
		old = lq_shard_drained(&part->shard);
		spin_unlock_bh(&part->lock);
		kfree(old);
	} while (old);
}

static void change_part(struct lq_change *change, u32 i)
{
	struct lq_part *part = &change->q->parts[i];
	u32 nr_buckets = part->shard.mask + 1;

	spin_lock_bh(&part->lock);
	if (change->parts[i].delays)
		lq_shard_set_delays(&part->shard, change->parts[i].delays);
	if (change->parts[i].buckets)
		change->parts[i].buckets = lq_shard_rehash(&part->shard,
							   change->parts[i].buckets,
							   change->nr_buckets, lq_queue_hash);
	spin_unlock_bh(&part->lock);
	lq_memory_account(change->q, (s64)(part->shard.mask + 1 - nr_buckets) *
		(s64)sizeof(struct lq_record *));
	change->parts[i].delays = NULL;
	free_drained(part);
}

/**
 * lq_queue_change() - make what was prepared true, or forget it
 * @changes: the command's list, freed
 * @apply: whether it is to be true
 *
 * Context: process, sleeps; one caller at a time.
 */
void lq_queue_change(struct lq_change *changes, bool apply)
{
	struct lq_change *change;
	u32 i;

	while ((change = changes)) {
		changes = change->next;
		if (apply) {
			lq_config_merge(&change->q->config, change->config);
			lq_memory_account(change->q, (s64)(change->room - change->q->parking.room));
			WRITE_ONCE(change->q->parking.room, change->room);
		}
		for (i = 0; i <= change->q->mask; i++) {
			if (apply)
				change_part(change, i);
			kfree(change->parts[i].delays);
			kvfree(change->parts[i].buckets);
		}
		/* No more than it has: that always fits. */
		lq_memory_charge(change->q, apply ? change->charge : change->charged);
		kvfree(change);
	}
}

/**
 * lq_queue_free() - free a queue and its records
 * @q: nobody finds it any more, and a grace period has passed
 *
 * Context: process, sleeps.
 */
void lq_queue_free(struct lq_synq *q)
{
	struct lq_delays *delays;
	u32 i;

	cancel_work_sync(&q->grower);
	cancel_work_sync(&q->evictor);
	for (i = 0; q->parts && i <= q->mask; i++) {
		struct lq_part *part = &q->parts[i];

		if (part->queue)
			timer_delete_sync(&part->timer);
		kvfree(part->shard.buckets);
		while ((delays = part->shard.delays)) {
			part->shard.delays = delays->next;
			kfree(delays);
		}
	}
	lq_park_exit(q);
	lq_memory_end(q);
	kvfree(q->parts);
	kfree(q);
}
