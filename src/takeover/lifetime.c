// SPDX-License-Identifier: GPL-2.0
/*
 * lifetime.c - the SYN queue of an endpoint that is taken over
 *
 *   endpoint ─▶ queue ─▶ part{lock, shard of records, timer}   one for each processor
 *                   └─▶ homes: which part has a flow's record
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
#include "queue/home.h"
#include "queue/memory.h"
#include "queue/parking.h"
#include "queue/part.h"
#include "queue/share.h"
#include "queue/timer.h"
#include "queue/to_stock.h"
#include "takeover/backlogs.h"
#include "takeover/lifetime.h"

/* Ticks until a SYN-ACK is sent again for the first time. */
static u32 first_delay(const struct lq_config *config)
{
	return config->set & BIT(LQ_SETTING_timeout_ms) ?
	       max(1UL, msecs_to_jiffies(config->value[LQ_SETTING_timeout_ms])) : TCP_TIMEOUT_INIT;
}

static int part_init(struct lq_synq *q, struct lq_part *part, u32 records)
{
	struct lq_delays *delays = kmalloc(sizeof(*delays), GFP_KERNEL);
	int err;

	if (!delays)
		return -ENOMEM;
	spin_lock_init(&part->lock);
	timer_setup(&part->timer, lq_part_timer, 0);
	xa_init_flags(&part->chunks, XA_FLAGS_ALLOC | XA_FLAGS_LOCK_BH);
	INIT_WORK(&part->worker, lq_part_work);
	part->queue = q;
	err = lq_memory_begin(part, records);
	lq_delays_init(delays, first_delay(&q->config), q->rto_max);
	lq_shard_set_delays(&part->shard, delays);
	return err;
}

static int parts_init(struct lq_synq *q, u32 records, const kuid_t *payer)
{
	u64 bytes = sizeof(*q) + q->parking.room +
		    lq_homes_for(q, records) * sizeof(*q->homes) +
		    (q->mask + 1) * (sizeof(*q->parts) + sizeof(struct lq_delays));
	int err = 0;
	u32 i;

	if (!lq_share_set(q, lq_memory_need(q, records)))
		return -ENOSPC;
	err = payer ? lq_share_begin(q, *payer) : 0;
	if (err)
		return err;
	if (!lq_share_take(q, bytes))
		return -ENOSPC;
	q->parts = kvcalloc(q->mask + 1, sizeof(*q->parts), GFP_KERNEL);
	if (!q->parts)
		return -ENOMEM;
	err = lq_homes_init(q, records);
	for (i = 0; !err && i <= q->mask; i++)
		err = part_init(q, &q->parts[i], records);
	return err;
}

/**
 * lq_synq_new() - make a SYN queue
 * @net: of its endpoint
 * @config: what the command said
 * @records: how many are to fit
 * @backlogs: of its listeners
 * @payer: whose listener a rule makes it for; NULL: a command has named its address
 * @made: set to the queue
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, -ENOSPC: more than mem_max allows, or than @payer may have; or as
 * lq_diverted_get().
 */
int lq_synq_new(struct net *net, const struct lq_config *config, u32 records,
		u32 backlogs, const kuid_t *payer, struct lq_synq **made)
{
	u32 nr_parts = min(roundup_pow_of_two(num_possible_cpus()), BIT(LQ_MOST_PART_BITS));
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
	q->looked = jiffies;
	q->fitted = records;
	INIT_DELAYED_WORK(&q->grower, lq_memory_grow);
	INIT_WORK(&q->teller, lq_to_stock_tell);
	INIT_WORK(&q->evictor, lq_evict_work);
	INIT_DELAYED_WORK(&q->adder, lq_backlogs_add_up);
	lq_park_init(q);
	q->parking.room = lq_parking_room(config, backlogs);
	err = parts_init(q, records, payer);
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
 * @more_room: bytes of that which were taken already
 * @had: share of mem_max that the queue had
 * @share: and is to have; until the change is made it has the larger of both
 * @delays: for each of its parts: new SYN-ACKs, and those repeated from now on, wait for other
 *	times; NULL: it stays as it is
 */
struct lq_change {
	struct lq_change *next;
	struct lq_synq *q;
	const struct lq_config *config;
	u64 room;
	u64 more_room;
	u64 had;
	u64 share;
	struct lq_delays *delays[];
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
		change->delays[i] = delays;
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
	change->room = lq_parking_room(&config, backlogs);
	change->had = q->share;
	change->share = change->config->set & BIT(LQ_SETTING_synq) ?
			lq_memory_need(q, config.value[LQ_SETTING_synq]) : q->share;
	change->share += change->room - q->parking.room;
	if (!lq_share_set(q, max(change->share, change->had)))
		return false;
	if (change->room <= q->parking.room)
		return true;
	if (!lq_share_take(q, change->room - q->parking.room))
		return false;
	change->more_room = change->room - q->parking.room;
	return true;
}

static void forget(struct lq_change *change)
{
	u32 i;

	lq_share_return(change->q, change->more_room);
	lq_share_set(change->q, change->had);
	for (i = 0; i <= change->q->mask; i++)
		kfree(change->delays[i]);
}

/**
 * lq_synq_prepare() - get what a change of a queue needs
 * @q: the queue
 * @config: the new words, valid until the change is made
 * @changes: the command's list; is put in front
 *
 * Context: process, sleeps; one caller at a time.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows, or than the users of a rule's may
 * have; @changes is as before then.
 */
int lq_synq_prepare(struct lq_synq *q, const struct lq_config *config,
		    struct lq_change **changes)
{
	struct lq_change *change = kvzalloc(struct_size(change, delays, q->mask + 1), GFP_KERNEL);
	int err = 0;
	u32 i;

	if (!change)
		return -ENOMEM;
	change->q = q;
	change->config = config;
	if (!charge_change(change))
		err = -ENOSPC;
	for (i = 0; !err && i <= q->mask; i++)
		err = prepare_part(change, i);
	if (err) {
		forget(change);
		kvfree(change);
		return err;
	}
	change->next = *changes;
	*changes = change;
	return 0;
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

	if (change->delays[i]) {
		spin_lock_bh(&part->lock);
		lq_shard_set_delays(&part->shard, change->delays[i]);
		spin_unlock_bh(&part->lock);
		change->delays[i] = NULL;
	}
	free_drained(part);
}

static void apply(struct lq_change *change)
{
	struct lq_synq *q = change->q;
	u32 i;

	lq_config_merge(&q->config, change->config);
	if (change->room < q->parking.room)
		lq_share_return(q, q->parking.room - change->room);
	WRITE_ONCE(q->parking.room, change->room);
	for (i = 0; i <= q->mask; i++)
		change_part(change, i);
	/* No more than it has: that always fits. */
	lq_share_set(q, change->share);
	/* More or fewer records are enough now. */
	lq_memory_ask(q);
}

/**
 * lq_synq_change() - make what was prepared true, or forget it
 * @changes: the command's list, freed
 * @really: whether it is to be true
 *
 * Context: process, sleeps; one caller at a time.
 */
void lq_synq_change(struct lq_change *changes, bool really)
{
	struct lq_change *change;

	while ((change = changes)) {
		changes = change->next;
		if (really)
			apply(change);
		else
			forget(change);
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

	cancel_delayed_work_sync(&q->grower);
	cancel_work_sync(&q->teller);
	cancel_work_sync(&q->evictor);
	cancel_delayed_work_sync(&q->adder);
	for (i = 0; q->parts && i <= q->mask; i++) {
		struct lq_part *part = &q->parts[i];

		if (part->queue)
			lq_part_stop(part);
		while ((delays = part->shard.delays)) {
			part->shard.delays = delays->next;
			kfree(delays);
		}
	}
	lq_park_exit(q);
	lq_memory_end(q);
	lq_homes_exit(q);
	kvfree(q->parts);
	kfree(q);
	lq_diverted_put();
}
