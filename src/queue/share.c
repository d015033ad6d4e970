// SPDX-License-Identifier: GPL-2.0
/*
 * share.c - what the queues that rules have made may take of mem_max
 *
 * A rule takes over whatever address somebody listens on: how many these are, users choose.
 * So all of them together have a part of mem_max only, and a command that names an address
 * finds the rest. Of that part a user may have half of what the others leave of it: alone a
 * half, the next one a quarter; nobody can shut the others out.
 */
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "queue/share.h"

/**
 * struct lq_payer - a user whose addresses rules have taken over
 * @uid: who
 * @bytes: of mem_max, for all of them
 * @queues: how many
 */
struct lq_payer {
	kuid_t uid;
	u64 bytes;
	u32 queues;
};

/* Guards all of it, and what queues have to do with it; a leaf. */
static DEFINE_MUTEX(shares);
static DEFINE_XARRAY(payers);	/* by uid */
static u64 all_bytes;

static struct lq_payer *payer_of(kuid_t uid)
{
	struct lq_payer *payer = xa_load(&payers, __kuid_val(uid));

	lockdep_assert_held(&shares);
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
	lockdep_assert_held(&shares);
	if (--payer->queues)
		return;
	xa_erase(&payers, __kuid_val(payer->uid));
	kfree(payer);
}

static bool fits(const struct lq_payer *payer, u64 more, u64 most)
{
	u64 others = all_bytes - payer->bytes;

	lockdep_assert_held(&shares);
	return all_bytes + more <= most && payer->bytes + more <= (most - others) / 2;
}

static void add(struct lq_synq *q, s64 more)
{
	lockdep_assert_held(&shares);
	q->shared += more;
	q->payer->bytes += more;
	all_bytes += more;
}

/**
 * lq_share_begin() - a rule has made a queue
 * @q: the queue, new: nobody else knows it
 * @uid: whose listener it is made for
 * @most: bytes that all of these may take
 *
 * Context: process, sleeps.
 * Return: 0; -ENOMEM; -ENOSPC: that is more than he, or rules, may take.
 */
int lq_share_begin(struct lq_synq *q, kuid_t uid, u64 most)
{
	struct lq_payer *payer;
	int err = 0;

	mutex_lock(&shares);
	payer = payer_of(uid);
	if (!payer) {
		err = -ENOMEM;
		goto unlock;
	}
	payer->queues++;
	if (!fits(payer, q->charged, most)) {
		leave(payer);
		err = -ENOSPC;
		goto unlock;
	}
	WRITE_ONCE(q->payer, payer);
	add(q, q->charged);
unlock:
	mutex_unlock(&shares);
	return err;
}

/**
 * lq_share_charge() - a queue is to hold more of mem_max, or less
 * @q: the queue, whoever has made it
 * @more: bytes, negative for less, which always fits
 * @most: bytes that all queues that rules have made may take
 *
 * Context: process, sleeps.
 * Return: whether rules allow it, and it has it now.
 */
bool lq_share_charge(struct lq_synq *q, s64 more, u64 most)
{
	bool may = true;

	mutex_lock(&shares);
	if (q->payer) {
		may = more <= 0 || q->named || fits(q->payer, more, most);
		if (may)
			add(q, more);
	}
	mutex_unlock(&shares);
	return may;
}

/**
 * lq_share_end() - a command has named its address, or it goes
 * @q: the queue, whoever has made it
 *
 * Context: process, sleeps.
 */
void lq_share_end(struct lq_synq *q)
{
	struct lq_payer *payer;

	mutex_lock(&shares);
	payer = q->payer;
	if (payer) {
		add(q, -(s64)q->shared);
		WRITE_ONCE(q->payer, NULL);
		leave(payer);
	}
	mutex_unlock(&shares);
}
