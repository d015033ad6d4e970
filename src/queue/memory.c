// SPDX-License-Identifier: GPL-2.0
/*
 * memory.c - memory of SYN queues
 *
 * Records come in chunks, never one by one; a worker adds a chunk when three quarters of a
 * part are used. A SYN that finds none is answered by the rules.
 *
 * All queues together take mem_max at most. A queue has its share of that from the command
 * on that made it: what its records are to fit in; it may take more, if there is more.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "queue/memory.h"
#include "queue/settings.h"
#include "queue/share.h"

#define FIRST_RECORDS	1024	/* per part */
#define SPARE_RECORDS	256	/* per part, that mem_max must have room for */
#define SUPPLY		1024	/* records that are made free with a part locked */

static int set_mem_max(const char *value, const struct kernel_param *kp)
{
	unsigned int mib;

	if (kstrtouint(value, 0, &mib)) {
		pr_err("mem_max=%.20s: give MiB, 0 for an eighth of the machine's memory\n", value);
		return -EINVAL;
	}
	return param_set_uint(value, kp);
}

static const struct kernel_param_ops mem_max_ops = {
	.set = set_mem_max,
	.get = param_get_uint,
};

static unsigned int lq_mem_max;
module_param_cb(mem_max, &mem_max_ops, &lq_mem_max, 0644);
MODULE_PARM_DESC(mem_max, "MiB that pending records of all endpoints may take; 0: an eighth of memory");

/* Guards @charged, and what each queue has of it. */
static DEFINE_MUTEX(memory);
static u64 charged;

/**
 * lq_memory_max() - how much memory all SYN queues may take
 *
 * Return: MiB.
 */
u32 lq_memory_max(void)
{
	return READ_ONCE(lq_mem_max) ?: (u32)(totalram_pages() >> (20 - PAGE_SHIFT + 3)) ?: 1;
}

/* Bytes that all queues may take: what mem_max says. */
static u64 most_bytes(void)
{
	return (u64)lq_memory_max() << 20;
}

static bool charge(struct lq_synq *q, u64 bytes)
{
	lockdep_assert_held(&memory);
	if (bytes > q->charged && charged - q->charged + bytes > most_bytes())
		return false;
	if (!lq_share_charge(q, (s64)(bytes - q->charged), most_bytes() / 2))
		return false;
	charged += bytes - q->charged;
	q->charged = bytes;
	return true;
}

/**
 * lq_memory_charge() - have a queue hold a share of mem_max
 * @q: the queue
 * @bytes: how much, or what it takes already if that is more
 *
 * Context: process, sleeps.
 * Return: whether that fits.
 */
bool lq_memory_charge(struct lq_synq *q, u64 bytes)
{
	bool fits;

	mutex_lock(&memory);
	fits = charge(q, max(bytes, q->bytes));
	mutex_unlock(&memory);
	return fits;
}

/**
 * lq_memory_account() - a queue takes more memory, or less
 * @q: the queue
 * @more: bytes, negative for less
 *
 * Context: process, sleeps.
 */
void lq_memory_account(struct lq_synq *q, s64 more)
{
	mutex_lock(&memory);
	q->bytes += more;
	mutex_unlock(&memory);
}

/**
 * lq_memory_take() - a queue is to take more memory
 * @q: the queue
 * @bytes: how much more
 *
 * Context: process, sleeps.
 * Return: whether mem_max allows it.
 */
bool lq_memory_take(struct lq_synq *q, u64 bytes)
{
	bool fits;

	mutex_lock(&memory);
	fits = charge(q, max(q->charged, q->bytes + bytes));
	if (fits)
		q->bytes += bytes;
	mutex_unlock(&memory);
	return fits;
}

/**
 * lq_memory_buckets() - with how many buckets a part's chains stay short
 * @records: that are to fit
 *
 * Return: a power of two.
 */
u32 lq_memory_buckets(u32 records)
{
	return roundup_pow_of_two(max(records, 16U));
}

/* So many that a part is not low when @records are pending: see is_low(). */
static u32 with_spare(u32 records)
{
	return records + DIV_ROUND_UP(records, 3);
}

/**
 * lq_memory_need() - what a queue takes when it is full, spare records are ready, some are parked
 * @q: the queue
 * @records: that are to fit
 *
 * Return: bytes.
 */
u64 lq_memory_need(const struct lq_synq *q, u32 records)
{
	u64 parts = q->mask + 1, each = DIV_ROUND_UP(records, parts);

	return sizeof(*q) + q->parking.room +
	       parts * (sizeof(*q->parts) + sizeof(struct lq_delays) +
				     lq_memory_buckets(each) * sizeof(struct lq_record *) +
				     (with_spare(each) + SPARE_RECORDS) * sizeof(struct lq_record));
}

/* Memory for @n more records; they are free at once. */
static int supply(struct lq_part *part, u32 n)
{
	size_t bytes = struct_size((struct lq_chunk *)NULL, records, n);
	struct lq_chunk *chunk;
	u32 done, some;

	if (!lq_memory_take(part->queue, bytes))
		return -ENOSPC;
	chunk = kvzalloc(bytes, GFP_KERNEL);
	if (!chunk) {
		lq_memory_account(part->queue, -(s64)bytes);
		return -ENOMEM;
	}
	chunk->n = n;
	spin_lock_bh(&part->lock);
	chunk->next = part->chunks;
	part->chunks = chunk;
	spin_unlock_bh(&part->lock);
	for (done = 0; done < n; done += some) {
		some = min_t(u32, n - done, SUPPLY);
		spin_lock_bh(&part->lock);
		part->size += some;
		lq_shard_supply(&part->shard, chunk->records + done, some);
		spin_unlock_bh(&part->lock);
	}
	return 0;
}

static bool is_low(const struct lq_part *part)
{
	return READ_ONCE(part->shard.nr_free) < READ_ONCE(part->size) / 4;
}

/*
 * Twice as many, up to what fits with its spare ones: a flood must not be faster than a
 * worker. A part that gets more than its share goes on in small steps.
 */
static u32 next_step(const struct lq_synq *q, const struct lq_part *part)
{
	u32 value, fit, enough;

	fit = lq_synq_says(q, LQ_SETTING_synq, &value) ? DIV_ROUND_UP(value, q->mask + 1) :
						      part->shard.mask + 1;
	enough = with_spare(fit);
	if (part->size >= enough)
		return max(part->size / 4, 64U);
	return clamp(enough - part->size, 64U, max_t(u32, part->size, FIRST_RECORDS));
}

/**
 * lq_memory_grow() - make records for those parts that have few left
 * @work: of the queue
 *
 * Context: process, sleeps.
 */
void lq_memory_grow(struct work_struct *work)
{
	struct lq_synq *q = container_of(work, struct lq_synq, grower);
	u32 i;

	for (i = 0; i <= q->mask; i++)
		while (is_low(&q->parts[i]))
			if (supply(&q->parts[i], next_step(q, &q->parts[i])))
				break;
}

/**
 * lq_memory_check() - have records made for SYNs to come, if few are left
 * @q: the queue
 * @part: one of its parts
 *
 * Context: any.
 */
void lq_memory_check(struct lq_synq *q, const struct lq_part *part)
{
	if (unlikely(is_low(part)))
		queue_work(system_highpri_wq, &q->grower);
}

/**
 * lq_memory_begin() - make the first records of a part
 * @part: has its buckets
 * @records: that are to fit
 *
 * Context: process, sleeps.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows.
 */
int lq_memory_begin(struct lq_part *part, u32 records)
{
	return supply(part, min_t(u32, with_spare(records) + 32, FIRST_RECORDS));
}

/**
 * lq_memory_end() - free the records of a queue, and give back its share of mem_max
 * @q: the queue, nobody uses it
 *
 * Context: process, sleeps.
 */
void lq_memory_end(struct lq_synq *q)
{
	struct lq_chunk *chunk;
	u32 i;

	for (i = 0; q->parts && i <= q->mask; i++) {
		while ((chunk = q->parts[i].chunks)) {
			q->parts[i].chunks = chunk->next;
			kvfree(chunk);
		}
	}
	lq_share_end(q);
	mutex_lock(&memory);
	charged -= q->charged;
	mutex_unlock(&memory);
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
