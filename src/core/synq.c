// SPDX-License-Identifier: GPL-2.0
/*
 * synq.c - one shard of a SYN queue: what is done to its records
 *
 *   store (chunk.c) ─ take() ─▶ caller's ─ insert() ─▶ in a bucket and in a list
 *    └◀─ give_back() ── caller's ◀─ remove() ──┘
 *
 * Every call wants the shard locked by its caller, and those that take the time want it
 * read with the shard locked: it must not go back from one call to the next, or a list
 * is not in order. Times are jiffies, 32 bits that wrap; they are compared by their
 * difference, so that what is due must be handled within 2^31 ticks.
 */
#include "core/synq.h"

static bool before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

static void unlink_due(struct lq_record *record)
{
	lq_list_unlink(&record->due_link);
	record->due_link.next = NULL;
}

static struct lq_record *record_of(const struct lq_link *link)
{
	return (struct lq_record *)((char *)link - __builtin_offsetof(struct lq_record, due_link));
}

/* The first of a list that is not empty. */
static struct lq_record *first_of(const struct lq_link *list)
{
	return record_of(list->next);
}

/**
 * lq_delays_init() - make an empty set of delays
 * @delays: the set; it must stay where it is
 * @first: ticks of the first timer, 1 or more
 * @most: ticks of the longest, less than 63 << 21
 */
void lq_delays_init(struct lq_delays *delays, u32 first, u32 most)
{
	u32 i;

	delays->next = NULL;
	delays->first = first;
	delays->most = most;
	for (i = 0; i < LQ_DELAYS; i++)
		lq_list_init(&delays->lists[i]);
}

/**
 * lq_shard_set_delays() - from now on, who waits does so for other delays
 * @shard: the shard, locked
 * @delays: an empty set, the shard's until lq_shard_drained() returns it
 *
 * Who waits already does so to the end of his delay.
 */
void lq_shard_set_delays(struct lq_shard *shard, struct lq_delays *delays)
{
	delays->next = shard->delays;
	shard->delays = delays;
}

static bool has_records(const struct lq_delays *delays)
{
	u32 i;

	for (i = 0; i < LQ_DELAYS; i++)
		if (!lq_list_is_empty(&delays->lists[i]))
			return true;
	return false;
}

/**
 * lq_shard_drained() - take back a set of delays for which nobody waits any more
 * @shard: the shard, locked
 *
 * The current set stays.
 *
 * Return: an older set, the caller's again, or NULL: none is empty.
 */
struct lq_delays *lq_shard_drained(struct lq_shard *shard)
{
	struct lq_delays **at = &shard->delays->next, *delays;

	while (*at && has_records(*at))
		at = &(*at)->next;
	delays = *at;
	if (delays) {
		*at = delays->next;
		delays->next = NULL;
	}
	return delays;
}

/**
 * lq_shard_init() - make an empty shard
 * @shard: the shard; it must stay where it is
 * @buckets: memory for its buckets, all NULL
 * @nr_buckets: their number, a power of two
 * @delays: the current set, empty
 *
 * Memory for records is added to its store.
 */
void lq_shard_init(struct lq_shard *shard, struct lq_record **buckets, u32 nr_buckets,
		   struct lq_delays *delays)
{
	memset(shard, 0, sizeof(*shard));
	shard->buckets = buckets;
	shard->mask = nr_buckets - 1;
	lq_store_init(&shard->store, sizeof(struct lq_record));
	shard->delays = delays;
}

/**
 * lq_shard_take() - get memory for a record
 * @shard: the shard, locked
 *
 * Return: a record, all zero, or NULL: none is left.
 */
struct lq_record *lq_shard_take(struct lq_shard *shard)
{
	struct lq_record *record = lq_store_take(&shard->store);

	if (record)
		memset(record, 0, sizeof(*record));
	return record;
}

/**
 * lq_shard_give_back() - a record's memory is not needed any more
 * @shard: the shard, locked
 * @record: a record that is in no queue
 */
void lq_shard_give_back(struct lq_shard *shard, struct lq_record *record)
{
	lq_store_give_back(&shard->store, record);
}

/**
 * lq_shard_pending() - the next pending record of a chunk
 * @shard: the shard, locked
 * @chunk: of its store
 * @i: from which place in the chunk on; set to that of the record
 *
 * A record stays in its place, whatever happens to buckets: who goes through all chunks, with
 * the shard unlocked in between, misses none that was pending all the time.
 *
 * Return: the record, or NULL: there is none.
 */
struct lq_record *lq_shard_pending(const struct lq_shard *shard, struct lq_chunk *chunk,
				   u32 *i)
{
	struct lq_record *record;

	for (; *i < chunk->fresh; ++*i) {
		record = lq_chunk_object(&shard->store, chunk, *i);
		if (lq_record_is_pending(record))
			return record;
	}
	return NULL;
}

static struct lq_record **bucket_of(const struct lq_shard *shard, u32 hash)
{
	return &shard->buckets[hash & shard->mask];
}

/* Where a record still is that was not moved yet; NULL: there is none. */
static struct lq_record **old_bucket_of(const struct lq_shard *shard, u32 hash)
{
	u32 i = hash & shard->old_mask;

	return shard->old && i >= shard->emptied ? &shard->old[i] : NULL;
}

static void push(struct lq_record **bucket, struct lq_record *record)
{
	record->next = *bucket;
	*bucket = record;
}

static bool same_flow(const struct lq_v4_flow *a, const struct lq_v4_flow *b)
{
	return a->daddr == b->daddr && a->dport == b->dport && a->saddr == b->saddr &&
	       a->sport == b->sport && a->iif == b->iif;
}

static struct lq_record *find_in(struct lq_record **bucket, const struct lq_v4_flow *key)
{
	struct lq_record *record = *bucket;

	while (record && !same_flow(&record->key, key))
		record = record->next;
	return record;
}

/**
 * lq_shard_find() - look up a flow
 * @shard: the shard, locked
 * @hash: of the flow
 * @key: the flow
 *
 * Return: its record, or NULL: it has none here.
 */
struct lq_record *lq_shard_find(const struct lq_shard *shard, u32 hash,
				const struct lq_v4_flow *key)
{
	struct lq_record *record = find_in(bucket_of(shard, hash), key);
	struct lq_record **old;

	if (record || !shard->old)
		return record;
	old = old_bucket_of(shard, hash);
	return old ? find_in(old, key) : NULL;
}

/* As many ticks from now as the number of timers says, in the current set. */
static void wait_for_timer(struct lq_shard *shard, struct lq_record *record, u32 now)
{
	struct lq_delays *delays = shard->delays;

	record->due = lq_wheel_due(now, lq_delay_of(delays->first, delays->most,
						    record->timeouts));
	lq_list_append(&delays->lists[lq_level_of(record->timeouts)], &record->due_link);
}

/**
 * lq_shard_insert() - put a record into the queue, and start its timer
 * @shard: the shard, locked
 * @record: a record with key and timeouts (0 if it is new)
 * @hash: of its flow
 * @now: jiffies
 *
 * Whether the flow is there already was asked before, with lq_shard_find().
 */
void lq_shard_insert(struct lq_shard *shard, struct lq_record *record, u32 hash, u32 now)
{
	push(bucket_of(shard, hash), record);
	wait_for_timer(shard, record, now);
	shard->len++;
	if (!record->timeouts)
		shard->young++;
}

/* Returns whether it was there. */
static bool remove_from(struct lq_record **at, const struct lq_record *record)
{
	while (*at && *at != record)
		at = &(*at)->next;
	if (!*at)
		return false;
	*at = record->next;
	return true;
}

/**
 * lq_shard_remove() - take a record out of the queue
 * @shard: the shard, locked
 * @record: one that is in it; then the caller's
 * @hash: of its flow
 *
 * Return: false, and nothing is changed, when it is not in its bucket: an invariant does
 * not hold.
 */
bool lq_shard_remove(struct lq_shard *shard, struct lq_record *record, u32 hash)
{
	struct lq_record **old = old_bucket_of(shard, hash);

	if (!remove_from(bucket_of(shard, hash), record) &&
	    !(old && remove_from(old, record)))
		return false;
	unlink_due(record);
	shard->len--;
	if (!record->timeouts)
		shard->young--;
	return true;
}

/**
 * lq_shard_wait_again() - start a record's timer anew
 * @shard: the shard, locked
 * @record: one that is in it
 * @now: jiffies
 *
 * After lq_shard_timed_out(), for the longer delay; without it, when the SYN came again
 * and was answered (tcp_check_req), for the same one.
 */
void lq_shard_wait_again(struct lq_shard *shard, struct lq_record *record, u32 now)
{
	unlink_due(record);
	wait_for_timer(shard, record, now);
}

/**
 * lq_shard_timed_out() - count that a record's timer ran out
 * @shard: the shard, locked
 * @record: one that is in it
 *
 * It stays due until lq_shard_wait_again() or lq_shard_remove(), one of which comes next.
 */
void lq_shard_timed_out(struct lq_shard *shard, struct lq_record *record)
{
	if (!record->timeouts)
		shard->young--;
	if (record->timeouts < 255)
		record->timeouts++;
}

/* Each list is in order: only its head is looked at. */
static struct lq_record *earliest(const struct lq_shard *shard)
{
	struct lq_record *record, *found = NULL;
	const struct lq_delays *delays;
	u32 i;

	for (delays = shard->delays; delays; delays = delays->next) {
		for (i = 0; i < LQ_DELAYS; i++) {
			if (lq_list_is_empty(&delays->lists[i]))
				continue;
			record = first_of(&delays->lists[i]);
			if (!found || before(record->due, found->due))
				found = record;
		}
	}
	return found;
}

/**
 * lq_shard_due() - whose timer has run out
 * @shard: the shard, locked
 * @now: jiffies
 *
 * Return: the record that is due for longest, or NULL: none is.
 */
struct lq_record *lq_shard_due(const struct lq_shard *shard, u32 now)
{
	struct lq_record *record = earliest(shard);

	return record && !before(now, record->due) ? record : NULL;
}

/**
 * lq_shard_next_due() - when the next timer runs out
 * @shard: the shard, locked
 * @due: jiffies, which may have passed
 *
 * Return: whether there is any; if not, @due is left alone.
 */
bool lq_shard_next_due(const struct lq_shard *shard, u32 *due)
{
	const struct lq_record *record = earliest(shard);

	if (record)
		*due = record->due;
	return record;
}

/* Each list is in order: only its tail is looked at. */
static struct lq_record *latest(const struct lq_shard *shard, u32 level)
{
	struct lq_record *record, *found = NULL;
	const struct lq_delays *delays;

	for (delays = shard->delays; delays; delays = delays->next) {
		if (lq_list_is_empty(&delays->lists[level]))
			continue;
		record = record_of(delays->lists[level].prev);
		if (!found || before(found->due, record->due))
			found = record;
	}
	return found;
}

/**
 * lq_shard_youngest() - the record that has waited for the shortest time
 * @shard: the shard, locked
 *
 * Return: of those with the fewest timers that ran out, the last to be due; NULL: it is
 * empty.
 */
struct lq_record *lq_shard_youngest(const struct lq_shard *shard)
{
	struct lq_record *record = NULL;
	u32 level;

	for (level = 0; !record && level < LQ_DELAYS; level++)
		record = latest(shard, level);
	return record;
}

/**
 * lq_shard_is_sound() - does a shard look as it must between two operations?
 * @shard: the shard, locked
 * @size: records it was supplied with
 *
 * Takes the same time with a million records: their number, the ends of each list.
 *
 * Return: false when an invariant does not hold.
 */
bool lq_shard_is_sound(const struct lq_shard *shard, u32 size)
{
	const struct lq_delays *delays;
	const struct lq_link *list;
	bool any = false;
	u32 i;

	if (shard->len + shard->store.nr_free != size || shard->young > shard->len ||
	    !lq_store_is_sound(&shard->store))
		return false;
	for (delays = shard->delays; delays; delays = delays->next) {
		for (i = 0; i < LQ_DELAYS; i++) {
			list = &delays->lists[i];
			if (list->next->prev != list || list->prev->next != list)
				return false;
		}
		any = any || has_records(delays);
	}
	return any == !!shard->len;
}

/**
 * lq_shard_rehash() - records are to be moved to other buckets
 * @shard: the shard, locked; nothing is being moved
 * @buckets: memory for the buckets, all NULL
 * @nr_buckets: their number, a power of two
 *
 * lq_shard_move() moves them; everything else can be done meanwhile.
 */
void lq_shard_rehash(struct lq_shard *shard, struct lq_record **buckets, u32 nr_buckets)
{
	shard->old = shard->buckets;
	shard->old_mask = shard->mask;
	shard->emptied = 0;
	shard->buckets = buckets;
	shard->mask = nr_buckets - 1;
}

/**
 * lq_shard_move() - move a few records to the new buckets
 * @shard: the shard, locked; after lq_shard_rehash()
 * @n: how many records, and empty buckets, at most
 * @hash: of a flow
 *
 * Timers go on.
 *
 * Return: the memory of the old buckets, the caller's again, when all are moved; else NULL.
 */
struct lq_record **lq_shard_move(struct lq_shard *shard, u32 n,
				 u32 (*hash)(const struct lq_v4_flow *key))
{
	struct lq_record **old = shard->old, *record;

	for (; n && shard->emptied <= shard->old_mask; n--) {
		record = old[shard->emptied];
		if (!record) {
			shard->emptied++;
			continue;
		}
		old[shard->emptied] = record->next;
		push(bucket_of(shard, hash(&record->key)), record);
	}
	if (shard->emptied <= shard->old_mask)
		return NULL;
	shard->old = NULL;
	return old;
}
