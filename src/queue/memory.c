// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - memory of SYN queues
 *
 *   few records are free ─▶ ask() ─▶ grower: more chunks ─▶ more buckets ─▶ ...
 *   many were not needed for a while ─▶ grower: fewer chunks ─▶ fewer buckets
 *
 * Records come in chunks, never one by one: a worker adds some before a part runs out of
 * them. A SYN that finds none is answered by the rules. A part begins with few, whatever is
 * to fit. The worker takes back chunks that a part did not need for a whole period, and it
 * gives it as many buckets as it has records. What it does with a part locked takes the same
 * time however large the part is.
 *
 * How much all queues may take: share.c.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "kernel/faults.h"
#include "queue/home.h"
#include "queue/memory.h"
#include "queue/part.h"
#include "queue/settings.h"
#include "queue/share.h"

#define EACH		31	/* records of a chunk */
#define FIRST_RECORDS	1024	/* of all parts, but a part has two chunks */
#define SPARE_RECORDS	16	/* per part, that parts may differ by */
#define STEP_RECORDS	1024	/* that a part gets at once, at least, while it fills */
#define MOST_STEP	16384	/* and at most: then it is the other parts' turn */
#define LEAST_STEP	64	/* at least, when it has enough */
#define MOVES		128	/* records moved to other buckets with a part locked */
#define SPARES		64	/* chunks taken back with a part locked */
#define PERIOD		(10 * HZ)	/* what was not needed for so long is too much */
#define AGAIN		(HZ / 10)	/* there was no memory */

static_assert(LQ_CHUNK_HOLDS(sizeof(struct lq_record)) == EACH);

/*
 * Not bound to a processor: the one that a flood comes in at has no time, and records for the
 * next SYNs are wanted at once.
 */
static struct workqueue_struct *growers;

/* With so many buckets chains stay short. */
static u32 buckets_for(u32 records)
{
	return roundup_pow_of_two(max(records, 16U));
}

static u32 chunks_for(u32 records)
{
	return DIV_ROUND_UP(records, EACH);
}

/* So many that a part is not low when its part of @records is pending: see low_mark(). */
static u32 enough_for(const struct lq_synq *q, u32 records)
{
	u32 each = DIV_ROUND_UP(records, q->mask + 1);

	return each + DIV_ROUND_UP(each, 3) + SPARE_RECORDS;
}

/* What a part begins with, and never goes below. */
static u32 first_for(const struct lq_synq *q, u32 records)
{
	u32 first = max_t(u32, FIRST_RECORDS / (q->mask + 1), 2 * EACH);

	return chunks_for(min(enough_for(q, records), first)) * EACH;
}

/**
 * lq_memory_need() - what a queue takes when it is full, spare records are ready, some are parked
 * @q: the queue
 * @records: that are to fit
 *
 * While records are moved there are two arrays of buckets, one twice the other.
 *
 * Return: bytes.
 */
u64 lq_memory_need(const struct lq_synq *q, u32 records)
{
	u64 parts = q->mask + 1, each = enough_for(q, records) + EACH;

	return sizeof(*q) + q->parking.room + lq_homes_for(q, records) * sizeof(*q->homes) +
	       parts * (sizeof(*q->parts) + sizeof(struct lq_delays) +
			buckets_for(each) * sizeof(struct lq_record *) * 3 / 2 +
			chunks_for(each) * LQ_CHUNK_BYTES);
}

/* A chunk lies at a multiple of its size: kmalloc() promises that for powers of two. */
static int add_chunk(struct lq_part *part)
{
	struct lq_chunk *chunk = kzalloc(LQ_CHUNK_BYTES, GFP_KERNEL);
	int err;

	if (!chunk)
		return -ENOMEM;
	err = xa_alloc_bh(&part->chunks, &chunk->index, chunk, LQ_PART_CHUNKS, GFP_KERNEL);
	if (err) {
		kfree(chunk);
		return err;
	}
	spin_lock_bh(&part->lock);
	lq_store_add(&part->shard.store, chunk);
	WRITE_ONCE(part->size, part->size + EACH);
	spin_unlock_bh(&part->lock);
	return 0;
}

/* Chunks for @n more records, as many as there is memory for; each can be used at once. */
static int supply(struct lq_part *part, u32 n)
{
	u32 left = chunks_for(n);
	int err = 0;

	if (!lq_share_take(part->queue, (u64)left * LQ_CHUNK_BYTES))
		return -ENOSPC;
	if (unlikely(lq_has_fault(LQ_FAULT_NO_RECORDS)) && part->low)
		err = -ENOMEM;
	for (; left && !err; left--) {
		err = add_chunk(part);
		if (err)
			break;
	}
	if (left)
		lq_share_return(part->queue, (u64)left * LQ_CHUNK_BYTES);
	return err;
}

/*
 * More are made when fewer than these are free. The smaller a part still is, the earlier:
 * a flood must not be faster than the worker. One that has enough from the beginning is low
 * when a quarter more than its part of what fits is pending: listen() may have made that more.
 * One that has less than it would begin with is low.
 */
static u32 low_mark(const struct lq_part *part, u32 records)
{
	u32 size = part->size, each = DIV_ROUND_UP(records, part->queue->mask + 1);
	bool has_enough = size >= enough_for(part->queue, records);

	if (size < first_for(part->queue, records))
		return size + 1;
	if (size == first_for(part->queue, records))
		return size - (has_enough ? each + each / 4 + SPARE_RECORDS / 2 : size / 4);
	return size < STEP_RECORDS && !has_enough ? size / 2 : size / 4;
}

/*
 * Twice as many, up to what fits with its spare ones. A part that gets more than its share
 * goes on in small steps.
 */
static u32 next_step(const struct lq_part *part, u32 records)
{
	u32 size = part->size, enough = enough_for(part->queue, records);
	u32 first = first_for(part->queue, records);

	if (size < first)
		return first - size;
	if (size >= enough)
		return clamp_t(u32, size / 4, LEAST_STEP, MOST_STEP);
	return clamp_t(u32, enough - size, LEAST_STEP,
		       clamp_t(u32, size, STEP_RECORDS, MOST_STEP));
}

/* Returns whether there was memory; if not, nobody asks for it until the worker comes again. */
static bool grow(struct lq_part *part, u32 records)
{
	bool grown = !supply(part, next_step(part, records)) || !supply(part, LEAST_STEP);

	WRITE_ONCE(part->low, grown ? low_mark(part, records) : 0);
	return grown;
}

/* Takes back some of the chunks beyond @keep records. Returns whether there are more. */
static bool spare(struct lq_part *part, u32 keep)
{
	struct lq_chunk *chunk, *gone = NULL;
	u32 n = 0;

	spin_lock_bh(&part->lock);
	while (n < SPARES && part->size >= keep + EACH) {
		chunk = lq_store_spare(&part->shard.store);
		if (!chunk)
			break;
		xa_erase(&part->chunks, chunk->index);
		WRITE_ONCE(part->size, part->size - EACH);
		chunk->free = gone;
		gone = chunk;
		n++;
	}
	spin_unlock_bh(&part->lock);
	lq_share_return(part->queue, (u64)n * LQ_CHUNK_BYTES);
	while ((chunk = gone)) {
		gone = chunk->free;
		kfree(chunk);
	}
	return n == SPARES;
}

/*
 * What a part did not need since this was last asked is taken back, if that is half of it at
 * least, or all: it must not go and come all the time.
 */
static void shrink(struct lq_part *part, u32 records)
{
	struct lq_store *store = &part->shard.store;
	u32 needed, keep;

	spin_lock_bh(&part->lock);
	needed = part->size - store->least_free;
	store->least_free = store->nr_free;
	spin_unlock_bh(&part->lock);
	keep = first_for(part->queue, records) + 2 * needed;
	if (needed && keep > part->size / 2)
		return;
	while (spare(part, keep))
		cond_resched();
	WRITE_ONCE(part->low, low_mark(part, records));
}

/* Other buckets, if there are too few, or more than twice as many as needed. */
static bool begin_rehash(struct lq_part *part)
{
	u32 has = part->shard.mask + 1, wants = buckets_for(part->size);
	struct lq_record **buckets;

	if (wants <= has && wants >= has / 2)
		return false;
	if (!lq_share_take(part->queue, wants * sizeof(*buckets)))
		return false;
	buckets = kvcalloc(wants, sizeof(*buckets), GFP_KERNEL);
	if (!buckets) {
		lq_share_return(part->queue, wants * sizeof(*buckets));
		return false;
	}
	spin_lock_bh(&part->lock);
	lq_shard_rehash(&part->shard, buckets, wants);
	spin_unlock_bh(&part->lock);
	return true;
}

/* Moves some records to other buckets. Returns whether there are more. */
static bool rehash(struct lq_part *part)
{
	struct lq_shard *shard = &part->shard;
	struct lq_record **old;

	if (!shard->old && !begin_rehash(part))
		return false;
	spin_lock_bh(&part->lock);
	old = lq_shard_move(shard, MOVES, lq_synq_hash);
	spin_unlock_bh(&part->lock);
	if (!old)
		return true;
	kvfree(old);
	lq_share_return(part->queue, (shard->old_mask + 1ULL) * sizeof(*old));
	return false;
}

/* By turns, so that no part waits for another one's records to be moved. */
static bool see_to_all(struct lq_synq *q, u32 records)
{
	bool lacks = false, more;
	struct lq_part *part;

	do {
		more = false;
		for (part = q->parts; part <= q->parts + q->mask; part++) {
			if (lq_memory_is_low(part) && grow(part, records))
				more = true;
			lacks = lacks || !part->low;
			more = rehash(part) || more;
			cond_resched();
		}
	} while (more && !READ_ONCE(q->draining));
	return lacks;
}

static bool has_more_than_first(const struct lq_synq *q, u32 records)
{
	u32 i, first = first_for(q, records);

	for (i = 0; i <= q->mask; i++)
		if (q->parts[i].size > first)
			return true;
	return false;
}

/**
 * lq_memory_grow() - make records for those parts that have few left, take too many back
 * @work: of the queue
 *
 * What fits may have changed: backlogs have no bound but what a server asks for.
 *
 * Context: process, sleeps.
 */
void lq_memory_grow(struct work_struct *work)
{
	struct lq_synq *q = container_of(to_delayed_work(work), struct lq_synq, grower);
	bool look = time_after_eq(jiffies, q->looked + PERIOD);
	u32 i, records;

	/* Who asks from now on asks once more. */
	xchg(&q->asked, false);
	if (READ_ONCE(q->draining))
		return;
	/* A server that is away comes back: it is to find what it had. */
	records = lq_synq_fits(q) ?: q->fitted;
	q->fitted = records;
	for (i = 0; i <= q->mask; i++) {
		WRITE_ONCE(q->parts[i].low, low_mark(&q->parts[i], records));
		if (look)
			shrink(&q->parts[i], records);
	}
	if (look)
		q->looked = jiffies;
	if (see_to_all(q, records))
		queue_delayed_work(growers, &q->grower, AGAIN);
	else if (has_more_than_first(q, records))
		queue_delayed_work(growers, &q->grower, PERIOD);
}

/**
 * lq_memory_ask() - have the worker look at a queue at once
 * @q: the queue
 *
 * Context: any.
 */
void lq_memory_ask(struct lq_synq *q)
{
	if (!READ_ONCE(q->asked) && !xchg(&q->asked, true))
		mod_delayed_work(growers, &q->grower, 0);
}

/**
 * lq_memory_begin() - make the first buckets and records of a part
 * @part: without any
 * @records: that are to fit into its queue
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows.
 */
int lq_memory_begin(struct lq_part *part, u32 records)
{
	u32 first = first_for(part->queue, records), nr_buckets = buckets_for(first);
	struct lq_record **buckets;
	int err;

	if (!lq_share_take(part->queue, nr_buckets * sizeof(*buckets)))
		return -ENOSPC;
	buckets = kvcalloc(nr_buckets, sizeof(*buckets), GFP_KERNEL);
	if (!buckets)
		return -ENOMEM;
	lq_shard_init(&part->shard, buckets, nr_buckets, NULL);
	err = supply(part, first);
	part->low = low_mark(part, records);
	return err;
}

static void free_memory(struct lq_part *part)
{
	struct lq_chunk *chunk;
	unsigned long index;

	kvfree(part->shard.buckets);
	kvfree(part->shard.old);
	/* One by one: xa_destroy() frees the whole tree with interrupts off. */
	xa_for_each(&part->chunks, index, chunk) {
		xa_erase(&part->chunks, index);
		kfree(chunk);
		cond_resched();
	}
}

/**
 * lq_memory_end() - free the buckets and records of a queue, which takes nothing any more
 * @q: the queue, nobody uses it; parts that were begun know it
 *
 * Context: process, sleeps.
 */
void lq_memory_end(struct lq_synq *q)
{
	u32 i;

	for (i = 0; q->parts && i <= q->mask; i++)
		if (q->parts[i].queue)
			free_memory(&q->parts[i]);
	lq_share_end(q);
}

/**
 * lq_memory_records() - how many records there is memory for
 * @q: the queue
 *
 * Return: records, pending or free.
 */
u32 lq_memory_records(const struct lq_synq *q)
{
	u32 i, n = 0;

	for (i = 0; i <= q->mask; i++)
		n += READ_ONCE(q->parts[i].size);
	return n;
}

/**
 * lq_memory_init() - before the first queue is made
 *
 * Return: 0 or -ENOMEM.
 */
int lq_memory_init(void)
{
	growers = alloc_workqueue("listenq", WQ_UNBOUND | WQ_HIGHPRI, 0);
	return growers ? 0 : -ENOMEM;
}

/**
 * lq_memory_exit() - all queues have been freed
 *
 * Context: process, sleeps.
 */
void lq_memory_exit(void)
{
	destroy_workqueue(growers);
}
