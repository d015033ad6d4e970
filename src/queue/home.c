// SPDX-License-Identifier: GPL-2.0
/*
 * home.c - in which part of a SYN queue a flow's record is
 *
 * A record goes into a part of the processor that its SYN has come to, so that processors share
 * no part's lock, lists and memory while each flow keeps to one of them (receive side scaling
 * does that). But its last ACK may come to another one. So hashes are told apart by their high
 * bits, and each has a word that says where its records are:
 *
 *   homes[hash] ─▶ 0: nowhere; a new record's part is of this processor
 *              └─▶ part, and how many: that is the home of all of them, new ones, too
 *
 * From 0 a word is changed by who has locked the part that it shall name, and from then on by
 * who has that locked: so it holds still for him. Where it is 0 nobody has to lock anything to
 * know that there is no record: its connection, if there is one, is in the established hash
 * before that.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/smp.h>

#include "queue/home.h"

#define COUNT_BITS	24
#define EACH_PART	256	/* words for each part, at least: not all in the same few lines */
#define MOST		65536	/* words, but for that: more records keep to others' parts */
#define TRIES		8	/* parts that are asked for memory, for one SYN */

static_assert(LQ_MOST_PART_BITS + COUNT_BITS <= 32);

/**
 * lq_homes_for() - how many words a queue has
 * @q: the queue, which knows its parts
 * @records: that are to fit
 *
 * Once there are any they stay as many: what fits may change.
 *
 * Return: a power of two.
 */
u32 lq_homes_for(const struct lq_synq *q, u32 records)
{
	if (q->homes)
		return BIT(32 - q->home_shift);
	return max_t(u32, EACH_PART * (q->mask + 1),
		     roundup_pow_of_two(2 * clamp(records, 1U, MOST / 2U)));
}

/**
 * lq_homes_init() - all are nowhere
 * @q: a new queue
 * @records: that are to fit
 *
 * Context: process, sleeps.
 * Return: 0 or -ENOMEM.
 */
int lq_homes_init(struct lq_synq *q, u32 records)
{
	u32 n = lq_homes_for(q, records);

	q->homes = kvcalloc(n, sizeof(*q->homes), GFP_KERNEL);
	if (!q->homes)
		return -ENOMEM;
	q->home_shift = 32 - ilog2(n);
	return 0;
}

/**
 * lq_homes_exit() - free what lq_homes_init() has made
 * @q: nobody uses it any more
 *
 * Context: process, sleeps.
 */
void lq_homes_exit(struct lq_synq *q)
{
	kvfree(q->homes);
}

static u32 *word_of(const struct lq_synq *q, u32 hash)
{
	return &q->homes[hash >> q->home_shift];
}

static struct lq_part *part_of(const struct lq_synq *q, u32 word)
{
	return &q->parts[word >> COUNT_BITS];
}

static u32 number_of(const struct lq_part *part)
{
	return part - part->queue->parts;
}

/**
 * lq_home_lock() - lock the part in which a flow's record would be
 * @q: the queue
 * @hash: of the flow
 * @part: is set to it
 *
 * Context: bottom halves off.
 * Return: whether there is one, locked; else there is no record.
 */
bool lq_home_lock(struct lq_synq *q, u32 hash, struct lq_part **part)
{
	u32 *word = word_of(q, hash), home;

	/* Pairs with lq_home_leave(). */
	while ((home = smp_load_acquire(word))) {
		*part = part_of(q, home);
		lq_part_lock(*part);
		home = READ_ONCE(*word);
		if (likely(home && part_of(q, home) == *part)) {
			/* The caller's. */
			__release(&(*part)->lock);
			return true;
		}
		spin_unlock(&(*part)->lock);
	}
	return false;
}

static bool has_room(const struct lq_part *part)
{
	return READ_ONCE(part->shard.store.nr_free);
}

/* One of others that has memory, or @own. Each time from where the last look ended. */
static struct lq_part *other_part(const struct lq_synq *q, struct lq_part *own)
{
	struct lq_part *part;
	int tries;

	for (tries = 0; tries < TRIES; tries++) {
		part = &q->parts[READ_ONCE(own->other) & q->mask];
		if (has_room(part))
			return part;
		WRITE_ONCE(own->other, own->other + 1);
	}
	return own;
}

/* The processor's own, while that has memory. */
static struct lq_part *best_part(const struct lq_synq *q)
{
	struct lq_part *own = &q->parts[raw_smp_processor_id() & q->mask];

	return likely(has_room(own)) ? own : other_part(q, own);
}

/**
 * lq_home_of_new() - where a new record would go
 * @q: the queue
 * @hash: of its flow
 *
 * Context: bottom halves off.
 * Return: the part; a moment later it may be another one.
 */
struct lq_part *lq_home_of_new(struct lq_synq *q, u32 hash)
{
	u32 home = READ_ONCE(*word_of(q, hash));

	return home ? part_of(q, home) : best_part(q);
}

/* With the part locked: false when it is not the home. */
static bool take(const struct lq_part *part, u32 *word)
{
	u32 home = READ_ONCE(*word);

	lockdep_assert_held(&part->lock);
	if (!home)
		return !cmpxchg(word, 0, number_of(part) << COUNT_BITS | 1);
	if (home >> COUNT_BITS != number_of(part))
		return false;
	WRITE_ONCE(*word, home + 1);
	return true;
}

/**
 * lq_home_lock_new() - lock the part that a new record goes into
 * @q: the queue
 * @hash: of its flow
 *
 * Until lq_home_unlock_new() it is its home, whatever goes.
 *
 * Context: bottom halves off.
 * Return: the part, locked.
 */
struct lq_part *lq_home_lock_new(struct lq_synq *q, u32 hash)
{
	struct lq_part *part;

	for (;;) {
		part = lq_home_of_new(q, hash);
		lq_part_lock(part);
		if (likely(take(part, word_of(q, hash))))
			break;
		spin_unlock(&part->lock);
	}
	/* The caller's. */
	__release(&part->lock);
	return part;
}

/**
 * lq_home_unlock_new() - unlock it again, with the new record or without
 * @part: the part
 * @hash: as of lq_home_lock_new()
 */
void lq_home_unlock_new(struct lq_part *part, u32 hash)
	__releases(&part->lock)
{
	lq_home_leave(part, hash);
	spin_unlock(&part->lock);
}

/**
 * lq_home_enter() - one more record of that hash is there
 * @part: locked, its home
 * @hash: of the record
 */
void lq_home_enter(const struct lq_part *part, u32 hash)
{
	u32 *word = word_of(part->queue, hash);

	lockdep_assert_held(&part->lock);
	WRITE_ONCE(*word, *word + 1);
}

/**
 * lq_home_leave() - one less is; it may be nobody's home then
 * @part: locked, its home
 * @hash: of the record
 *
 * What a record has become is to be found when this is seen.
 */
void lq_home_leave(const struct lq_part *part, u32 hash)
{
	u32 *word = word_of(part->queue, hash), home = *word - 1;

	lockdep_assert_held(&part->lock);
	/* Pairs with lq_home_lock(). */
	smp_store_release(word, home & (BIT(COUNT_BITS) - 1) ? home : 0);
}
