// SPDX-License-Identifier: GPL-2.0
/*
 * share.c - what SYN queues take of mem_max
 *
 * All together take mem_max at most. A queue has its share of that from the command on that
 * made it: what its records are to fit in. It may take more, if there is more; when it does
 * not need that any more it has its share again.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>

#include "queue/share.h"

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
 * lq_share_most() - how much memory all SYN queues may take
 *
 * Return: MiB.
 */
u32 lq_share_most(void)
{
	return READ_ONCE(lq_mem_max) ?: (u32)(totalram_pages() >> (20 - PAGE_SHIFT + 3)) ?: 1;
}

/* Bytes that all queues may take: what mem_max says. */
static u64 most_bytes(void)
{
	return (u64)lq_share_most() << 20;
}

/* What a queue holds of mem_max: its share, or what it takes if that is more. */
static u64 held(u64 share, u64 bytes)
{
	return max(share, bytes);
}

static void set(struct lq_synq *q, u64 share, u64 bytes)
{
	lockdep_assert_held(&memory);
	charged += held(share, bytes) - held(q->share, q->bytes);
	q->share = share;
	WRITE_ONCE(q->bytes, bytes);
}

/* Less always fits. */
static bool set_if_fits(struct lq_synq *q, u64 share, u64 bytes)
{
	u64 has = held(q->share, q->bytes), wants = held(share, bytes);

	lockdep_assert_held(&memory);
	if (wants > has && charged - has + wants > most_bytes())
		return false;
	set(q, share, bytes);
	return true;
}

/**
 * lq_share_set() - set a share of mem_max aside for a queue
 * @q: the queue
 * @share: bytes; it holds what it takes if that is more
 *
 * Context: process, sleeps.
 * Return: whether that fits; nothing is changed if not.
 */
bool lq_share_set(struct lq_synq *q, u64 share)
{
	bool fits;

	mutex_lock(&memory);
	fits = set_if_fits(q, share, q->bytes);
	mutex_unlock(&memory);
	return fits;
}

/**
 * lq_share_take() - a queue is to take more memory
 * @q: the queue
 * @bytes: how much more
 *
 * Context: process, sleeps.
 * Return: whether mem_max allows it; nothing is changed if not.
 */
bool lq_share_take(struct lq_synq *q, u64 bytes)
{
	bool fits;

	mutex_lock(&memory);
	fits = set_if_fits(q, q->share, q->bytes + bytes);
	mutex_unlock(&memory);
	return fits;
}

/**
 * lq_share_return() - a queue takes less memory
 * @q: the queue
 * @bytes: how much less
 *
 * Context: process, sleeps.
 */
void lq_share_return(struct lq_synq *q, u64 bytes)
{
	mutex_lock(&memory);
	set(q, q->share, q->bytes - bytes);
	mutex_unlock(&memory);
}

/**
 * lq_share_held() - how much of mem_max nobody else can have because of a queue
 * @q: the queue
 *
 * Context: any.
 * Return: bytes.
 */
u64 lq_share_held(const struct lq_synq *q)
{
	return held(READ_ONCE(q->share), READ_ONCE(q->bytes));
}

/**
 * lq_share_end() - a queue takes nothing any more
 * @q: the queue
 *
 * Context: process, sleeps.
 */
void lq_share_end(struct lq_synq *q)
{
	mutex_lock(&memory);
	set(q, 0, 0);
	mutex_unlock(&memory);
}
