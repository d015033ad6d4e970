// SPDX-License-Identifier: GPL-2.0
/*
 * share.c - what SYN queues take of mem_max
 *
 * All together take mem_max at most. A queue has its share of that from the command on that
 * made it: what its records are to fit in. It may take more, if there is more; when it does
 * not need that any more it has its share again. What it holds is the larger of both.
 *
 * A rule takes over whatever address somebody listens on: how many these are, users choose.
 * So all queues that rules have made hold half of mem_max at most, and a command that names an
 * address finds the rest. Of that half a user may have half of what the others leave of it:
 * alone a half, the next one a quarter; nobody can shut the others out.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/xarray.h>

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

/**
 * struct lq_payer - a user whose addresses rules have taken over
 * @uid: who
 * @bytes: of mem_max, that the queues for all of them hold
 * @queues: how many
 */
struct lq_payer {
	kuid_t uid;
	u64 bytes;
	u32 queues;
};

/* Guards all of it, and what each queue has to do with it; a leaf. */
static DEFINE_MUTEX(memory);
static DEFINE_XARRAY(payers);	/* by uid */
static u64 all_hold;		/* all queues */
static u64 rules_hold;		/* those of payers */

/**
 * lq_share_most() - how much memory all SYN queues may take
 *
 * Return: MiB.
 */
u32 lq_share_most(void)
{
	return READ_ONCE(lq_mem_max) ?: (u32)(totalram_pages() >> (20 - PAGE_SHIFT + 3)) ?: 1;
}

/* Bytes that all queues may hold: what mem_max says. */
static u64 most_bytes(void)
{
	return (u64)lq_share_most() << 20;
}

/* What a queue holds of mem_max: its share, or what it takes if that is more. */
static u64 held(u64 share, u64 bytes)
{
	return max(share, bytes);
}

/* Of @payer's queues one is to hold more. */
static bool rules_allow(const struct lq_payer *payer, u64 more)
{
	u64 most = most_bytes() / 2, others = rules_hold - payer->bytes;

	lockdep_assert_held(&memory);
	return rules_hold + more <= most && payer->bytes + more <= (most - others) / 2;
}

static void pay(struct lq_payer *payer, u64 more)
{
	lockdep_assert_held(&memory);
	payer->bytes += more;
	rules_hold += more;
}

static void set(struct lq_synq *q, u64 share, u64 bytes)
{
	u64 more = held(share, bytes) - held(q->share, q->bytes);

	lockdep_assert_held(&memory);
	all_hold += more;
	if (q->payer)
		pay(q->payer, more);
	WRITE_ONCE(q->share, share);
	WRITE_ONCE(q->bytes, bytes);
}

/* Less always fits. */
static bool set_if_fits(struct lq_synq *q, u64 share, u64 bytes)
{
	u64 has = held(q->share, q->bytes), wants = held(share, bytes);

	lockdep_assert_held(&memory);
	if (wants > has && all_hold - has + wants > most_bytes())
		return false;
	if (wants > has && q->payer && !READ_ONCE(q->named) &&
	    !rules_allow(q->payer, wants - has))
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
 * Return: whether mem_max allows it, and rules do if one has made it; nothing is changed if not.
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

static struct lq_payer *payer_of(kuid_t uid)
{
	struct lq_payer *payer = xa_load(&payers, __kuid_val(uid));

	lockdep_assert_held(&memory);
	if (payer)
		return payer;
	payer = kzalloc(sizeof(*payer), GFP_KERNEL);
	if (!payer)
		return NULL;
	payer->uid = uid;
	if (!xa_err(xa_store(&payers, __kuid_val(uid), payer, GFP_KERNEL)))
		return payer;
	kfree(payer);
	return NULL;
}

static void leave(struct lq_payer *payer)
{
	lockdep_assert_held(&memory);
	if (--payer->queues)
		return;
	xa_erase(&payers, __kuid_val(payer->uid));
	kfree(payer);
}

static void end_paying(struct lq_synq *q)
{
	struct lq_payer *payer = q->payer;

	lockdep_assert_held(&memory);
	if (!payer)
		return;
	pay(payer, -held(q->share, q->bytes));
	WRITE_ONCE(q->payer, NULL);
	leave(payer);
}

/* It always has one: else it would be no rule's for a moment (lq_is_shared()). */
static void pay_instead(struct lq_synq *q, struct lq_payer *payer)
{
	struct lq_payer *before = q->payer;
	u64 holds = held(q->share, q->bytes);

	lockdep_assert_held(&memory);
	payer->queues++;
	pay(payer, holds);
	WRITE_ONCE(q->payer, payer);
	pay(before, -holds);
	leave(before);
}

/**
 * lq_share_begin() - a rule makes a queue
 * @q: the queue, new: nobody else knows it
 * @uid: whose listener it is made for
 *
 * Context: process, sleeps.
 * Return: 0; -ENOMEM; -ENOSPC: that is more than he, or rules, may have.
 */
int lq_share_begin(struct lq_synq *q, kuid_t uid)
{
	u64 holds = lq_share_held(q);
	struct lq_payer *payer;
	int err = 0;

	mutex_lock(&memory);
	payer = payer_of(uid);
	if (!payer) {
		err = -ENOMEM;
		goto unlock;
	}
	payer->queues++;
	if (!rules_allow(payer, holds)) {
		leave(payer);
		err = -ENOSPC;
		goto unlock;
	}
	WRITE_ONCE(q->payer, payer);
	pay(payer, holds);
unlock:
	mutex_unlock(&memory);
	return err;
}

/**
 * lq_share_pass() - another user listens: what a rule has made for the one before is his
 * @q: the queue, whoever has made it
 * @uid: who listens
 * @share: bytes that his listeners need; more is not set aside any longer
 *
 * He may pay for more than he may have now: then his next queue has to wait.
 *
 * Context: process, sleeps.
 */
void lq_share_pass(struct lq_synq *q, kuid_t uid, u64 share)
{
	struct lq_payer *payer;

	mutex_lock(&memory);
	payer = q->payer && !uid_eq(q->payer->uid, uid) ? payer_of(uid) : NULL;
	if (payer) {
		set(q, min(q->share, share), q->bytes);
		pay_instead(q, payer);
	}
	mutex_unlock(&memory);
}

/**
 * lq_share_name() - a command has named its address: it is no rule's any more
 * @q: the queue, whoever has made it
 *
 * Context: process, sleeps.
 */
void lq_share_name(struct lq_synq *q)
{
	mutex_lock(&memory);
	end_paying(q);
	mutex_unlock(&memory);
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
	end_paying(q);
	set(q, 0, 0);
	mutex_unlock(&memory);
}
