// SPDX-License-Identifier: GPL-2.0
/*
 * lifetime.c - the SYN queue of an endpoint that is taken over
 *
 *   endpoint ─▶ queue ─▶ part{lock, shard of records, timer}   a power of two, by flow
 *
 * The queue is the endpoint's, not a listening socket's: listeners of a group share it,
 * and it outlives a server that closes and opens again.
 *
 * Here it is made, changed by commands, and freed. Its parts and the locking: queue/part.c.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/slab.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "path/diverted.h"
#include "path/park.h"
#include "queue/memory.h"
#include "queue/parking.h"
#include "queue/part.h"
#include "queue/timer.h"
#include "queue/to_stock.h"
#include "takeover/lifetime.h"

/* Ticks until a SYN-ACK is sent again for the first time. */
static u32 first_delay(const struct lq_config *config)
{
	return config->set & BIT(LQ_SETTING_timeout_ms) ?
	       max(1UL, msecs_to_jiffies(config->value[LQ_SETTING_timeout_ms])) : TCP_TIMEOUT_INIT;
}

static int part_init(struct lq_synq *q, struct lq_part *part, u32 records)
{
	u32 nr_buckets = lq_memory_buckets(records);
	struct lq_record **buckets;
	struct lq_delays *delays;

	spin_lock_init(&part->lock);
	timer_setup(&part->timer, lq_part_timer, 0);
	INIT_WORK(&part->worker, lq_part_work);
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
 * lq_synq_new() - make a SYN queue
 * @net: of its endpoint
 * @config: what the command said
 * @records: how many are to fit
 * @backlogs: of its listeners
 * @made: set to the queue
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, -ENOSPC: more than mem_max allows, or as lq_diverted_get().
 */
int lq_synq_new(struct net *net, const struct lq_config *config, u32 records,
		u32 backlogs, struct lq_synq **made)
{
	u32 nr_parts = min(roundup_pow_of_two(2 * num_possible_cpus()),
			   BIT(LQ_MOST_PART_BITS));
	struct lq_synq *q = kzalloc(sizeof(*q), GFP_KERNEL);
	int err;

	if (!q)
		return -ENOMEM;
	err = lq_diverted_get();
	if (err) {
		kfree(q);
		return err;
	}
	q->net = net;
	q->rto_max = lq_rto_max(net);
	q->config = *config;
	q->mask = nr_parts - 1;
	q->uid = INVALID_UID;
	q->last_cookie = jiffies - TCP_SYNCOOKIE_VALID - 1;
	INIT_WORK(&q->grower, lq_memory_grow);
	INIT_WORK(&q->teller, lq_to_stock_tell);
	INIT_WORK(&q->evictor, lq_evict_work);
	lq_park_init(q);
	q->parking.room = lq_park_room(config, backlogs);
	err = parts_init(q, records);
	if (err)
		lq_synq_free(q);
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
	if (change->config->set & BIT(LQ_SETTING_timeout_ms) &&
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
	change->charge = change->config->set & BIT(LQ_SETTING_synq) ?
			 lq_memory_need(q, config.value[LQ_SETTING_synq]) : q->charged;
	change->charge += change->room - q->parking.room;
	return lq_memory_charge(q, max(change->charge, change->charged));
}

/**
 * lq_synq_prepare() - get what a change of a queue needs
 * @q: the queue
 * @config: the new words, valid until the change is made
 * @changes: the command's list; is put in front
 *
 * Context: process, sleeps; one caller at a time.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows.
 */
int lq_synq_prepare(struct lq_synq *q, const struct lq_config *config,
		    struct lq_change **changes)
{
	struct lq_change *change = kvzalloc(struct_size(change, parts, q->mask + 1), GFP_KERNEL);
	u32 i, records = config->value[LQ_SETTING_synq];
	int err = 0;

	if (!change)
		return -ENOMEM;
	change->q = q;
	change->config = config;
	change->next = *changes;
	*changes = change;
	if (config->set & BIT(LQ_SETTING_synq))
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
							   change->nr_buckets, lq_synq_hash);
	spin_unlock_bh(&part->lock);
	lq_memory_account(change->q, (s64)(part->shard.mask + 1 - nr_buckets) *
		(s64)sizeof(struct lq_record *));
	change->parts[i].delays = NULL;
	free_drained(part);
}

/**
 * lq_synq_change() - make what was prepared true, or forget it
 * @changes: the command's list, freed
 * @apply: whether it is to be true
 *
 * Context: process, sleeps; one caller at a time.
 */
void lq_synq_change(struct lq_change *changes, bool apply)
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
 * lq_synq_free() - free a queue and its records
 * @q: nobody finds it any more, and a grace period has passed
 *
 * Context: process, sleeps.
 */
void lq_synq_free(struct lq_synq *q)
{
	struct lq_delays *delays;
	u32 i;

	cancel_work_sync(&q->grower);
	cancel_work_sync(&q->teller);
	cancel_work_sync(&q->evictor);
	for (i = 0; q->parts && i <= q->mask; i++) {
		struct lq_part *part = &q->parts[i];

		if (part->queue)
			lq_part_stop(part);
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
	lq_diverted_put();
}
