// SPDX-License-Identifier: GPL-2.0
/*
 * number.c - the numbers by which pending records remember their listener
 *
 * A record has 24 bits for it. Open listeners are counted, and found by what they got: how
 * many there are makes no difference to a SYN-ACK that is repeated.
 */
#include <linux/hash.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "ledger/number.h"

#define BITS 12

static struct hlist_head table[1 << BITS];
static DEFINE_RAW_SPINLOCK(table_lock);
static u32 last;

/* Who keeps every 4096th of his listeners open does not know which share a slot. */
static u32 secret;

static struct hlist_head *slot_of(u32 number)
{
	return &table[hash_32(number * secret, BITS)];
}

/**
 * lq_numbers_init() - before the first listener
 *
 * Context: process.
 */
void lq_numbers_init(void)
{
	secret = get_random_u32() | 1;
}

/**
 * lq_number_give() - a listener gets a number
 * @l: the listener, not yet to be found
 *
 * Context: any, with the ledger's lock held.
 */
void lq_number_give(struct lq_listener *l)
{
	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	raw_spin_lock(&table_lock);
	l->number = ++last & LQ_LISTENER_NUMBERS;
	hlist_add_head_rcu(&l->by_number, slot_of(l->number));
	raw_spin_unlock(&table_lock);
}

/**
 * lq_number_take() - a listener has no number any more
 * @l: the listener, stays for a grace period
 *
 * Context: any, with the ledger's lock held.
 */
void lq_number_take(struct lq_listener *l)
{
	lockdep_assert_held(&l->ledger->listeners.xa_lock);
	raw_spin_lock(&table_lock);
	hlist_del_rcu(&l->by_number);
	raw_spin_unlock(&table_lock);
}

/**
 * lq_number_find() - the open listener of that number
 * @number: of which @l->number is one
 *
 * After 16 million listeners numbers come again: the caller looks whose it is.
 *
 * Context: any, under RCU; what is returned lives as long.
 * Return: the listener, or NULL.
 */
struct lq_listener *lq_number_find(u32 number)
{
	struct lq_listener *l;

	hlist_for_each_entry_rcu(l, slot_of(number), by_number, true)
		if (l->number == number)
			return l;
	return NULL;
}
