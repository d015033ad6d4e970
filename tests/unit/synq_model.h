/* SPDX-License-Identifier: GPL-2.0 */
/*
 * synq_model.h - src/core/synq.c against a table of records that is searched through
 *
 * The table knows of each record whether it is in the shard, since when, and by a clock
 * of 64 bits when it is due. A step is one random operation on both; they must agree.
 * Flows are few and collide on purpose, and may be inserted twice.
 */
#ifndef LISTENQ_SYNQ_MODEL_H
#define LISTENQ_SYNQ_MODEL_H

#include <stdlib.h>

#include "chance.h"
#include "chunk_model.h"
#include "core/synq.h"
#include "wheel_model.h"

#define CHUNKS		3
#define EACH		LQ_CHUNK_HOLDS(sizeof(struct lq_record))
#define RECORDS		(CHUNKS * EACH)
#define FLOWS		128
#define SETS		4
#define MOST_BUCKETS	128

/* A flow by number; each part of the key alone tells some of them apart. */
static inline struct lq_v4_flow flow_key(u32 number)
{
	return (struct lq_v4_flow) {
		.saddr = 0x0100007f + (number & 1), .sport = 80 + (number >> 1 & 1),
		.dport = 1024 + (number >> 2 & 1), .iif = number >> 3 & 1,
		.daddr = number >> 4,
	};
}

/* A bad one: most flows collide, and the highest bits count in no array. */
static inline u32 flow_hash(const struct lq_v4_flow *key)
{
	return key->daddr % 7 * 0x11000001 + (key->daddr == 5) * 64;
}

/* Counts what is in some buckets, and who of these is young. */
static inline const char *buckets_broken(struct lq_record *const *buckets, u32 mask, u32 most,
					 u32 *len, u32 *young)
{
	for (u32 i = 0; i <= mask; i++)
		for (const struct lq_record *r = buckets[i]; r; r = r->next) {
			if (++*len > most)
				return "more records in the buckets than len";
			if ((flow_hash(&r->key) & mask) != i)
				return "a record in another's bucket";
			*young += !r->timeouts;
		}
	return NULL;
}

static inline const char *synq_broken_buckets(const struct lq_shard *shard)
{
	u32 len = 0, young = 0;
	const char *broken = buckets_broken(shard->buckets, shard->mask, shard->len, &len, &young);

	if (!broken && shard->old) {
		for (u32 i = 0; i < shard->emptied; i++)
			if (shard->old[i])
				return "not emptied";
		broken = buckets_broken(shard->old, shard->old_mask, shard->len, &len, &young);
	}
	if (broken)
		return broken;
	if (len != shard->len)
		return "fewer records in the buckets than len";
	if (young != shard->young)
		return "young is wrong";
	return store_broken(&shard->store);
}

static inline struct lq_record *record_at(const struct lq_link *link)
{
	return (struct lq_record *)((char *)link -
				    __builtin_offsetof(struct lq_record, due_link));
}

static inline bool is_later(const struct lq_link *a, const struct lq_link *b)
{
	return (s32)(record_at(b)->due - record_at(a)->due) < 0;
}

static inline bool is_in(const struct lq_record *bucket, const struct lq_record *record)
{
	while (bucket && bucket != record)
		bucket = bucket->next;
	return bucket;
}

static inline bool in_bucket(const struct lq_shard *shard, const struct lq_record *record)
{
	u32 hash = flow_hash(&record->key);

	return is_in(shard->buckets[hash & shard->mask], record) ||
	       (shard->old && is_in(shard->old[hash & shard->old_mask], record));
}

/**
 * synq_broken() - are buckets, lists and counters one queue?
 * @shard: any shard, of flow_hash()
 *
 * As many records in the buckets as in the lists, and each of a list in its bucket:
 * since a record has one link of each kind, it is in exactly one of each.
 *
 * Return: what is wrong, or NULL.
 */
static inline const char *synq_broken(const struct lq_shard *shard)
{
	const char *broken = synq_broken_buckets(shard);
	u32 listed = 0;

	if (broken)
		return broken;
	for (struct lq_delays *d = shard->delays; d; d = d->next)
		for (struct lq_link *list = d->lists; list < d->lists + LQ_DELAYS; list++)
			for (struct lq_link *l = list->next; l != list; l = l->next) {
				if (++listed > shard->len)
					return "more records in the lists than len";
				if (l->next->prev != l || l->prev->next != l)
					return "a broken list";
				if (!in_bucket(shard, record_at(l)))
					return "a record in a list, but in no bucket";
				if (l->next != list && is_later(l, l->next))
					return "a list is not in order";
			}
	return listed == shard->len ? NULL : "fewer records in the lists than len";
}

enum place { NOWHERE, FREE, TAKEN, QUEUED };

/**
 * struct known - what is known of a record
 * @place: NOWHERE before it is supplied, TAKEN between take and insert
 * @flow: its number
 * @timeouts: that were counted
 * @level: of the list that it waits in
 * @set: the set of that list
 * @due: by the long clock
 */
struct known {
	enum place place;
	u32 flow;
	u32 timeouts;
	u32 level;
	const struct lq_delays *set;
	u64 due;
};

/**
 * struct model - a shard and what is known of it
 * @shard: the shard
 * @now: the long clock; its lower half is jiffies
 * @chunks: memory of all records there are
 * @known: of each of them
 * @supplied: the shard has that chunk
 * @buckets: which of the shard is
 * @memory: for the buckets of now and of next time
 * @sets: memory for sets of delays
 * @used: the shard has that set
 */
struct model {
	struct lq_shard shard;
	u64 now;
	struct chunk_memory chunks[CHUNKS];
	struct known known[RECORDS];
	bool supplied[CHUNKS];
	u32 buckets;
	struct lq_record *memory[2][MOST_BUCKETS];
	struct lq_delays sets[SETS];
	bool used[SETS];
};

/* Number @i of all records. */
static inline struct lq_record *record_of_chunk(struct chunk_memory *chunks, u32 i)
{
	return (struct lq_record *)(chunks[i / EACH].bytes + LQ_CHUNK_HEAD) + i % EACH;
}

static inline struct known *known_of(struct model *m, const struct lq_record *record)
{
	u32 offset = (const unsigned char *)record - m->chunks[0].bytes;

	if (!record)
		return NULL;
	return &m->known[offset / LQ_CHUNK_BYTES * EACH +
			 (offset % LQ_CHUNK_BYTES - LQ_CHUNK_HEAD) / sizeof(*record)];
}

/* Ours, in that place? */
static inline bool is_at(struct model *m, const struct lq_record *record,
			 enum place place)
{
	for (u32 i = 0; i < RECORDS; i++)
		if (record_of_chunk(m->chunks, i) == record)
			return m->known[i].place == place;
	return false;
}

static inline u32 count(const struct model *m, enum place place)
{
	u32 n = 0;

	for (u32 i = 0; i < RECORDS; i++)
		n += m->known[i].place == place;
	return n;
}

/* Any one of that place, NULL if there is none. */
static inline struct lq_record *pick(struct model *m, enum place place)
{
	u32 first = below(RECORDS);

	for (u32 i = 0; i < RECORDS; i++)
		if (m->known[(first + i) % RECORDS].place == place)
			return record_of_chunk(m->chunks, (first + i) % RECORDS);
	return NULL;
}

/* The first one due, or NULL. */
static inline const struct known *first_due(const struct model *m)
{
	const struct known *first = NULL;

	for (u32 i = 0; i < RECORDS; i++)
		if (m->known[i].place == QUEUED &&
		    (!first || m->known[i].due < first->due))
			first = &m->known[i];
	return first;
}

/* Seconds at the usual rates, and others; the longest is never so long in real life. */
static inline void draw_delays(struct lq_delays *delays)
{
	static const u32 first[] = { 1, 2, 63, 64, 100, 250, 504, 1000, 200000, 1U << 31 };
	static const u32 most[] = { 1, 30, 12000, 30000, 120000, 1 << 20 };

	lq_delays_init(delays, first[below(10)], most[below(6)]);
}

static inline void model_init(struct model *m)
{
	memset(m, 0, sizeof(*m));
	m->now = 0xffffffff - below(5000);
	draw_delays(&m->sets[0]);
	m->used[0] = true;
	memset(m->memory[1], 0xff, sizeof(m->memory[1]));
	lq_shard_init(&m->shard, m->memory[0], 1 << below(8), &m->sets[0]);
}

/* The record's timer was started. */
static inline const char *note_wait(struct model *m, struct lq_record *record)
{
	struct known *k = known_of(m, record);
	u64 delay = m->shard.delays->first;

	k->level = k->timeouts < LQ_DELAYS ? k->timeouts : LQ_DELAYS - 1;
	k->set = m->shard.delays;
	for (u32 i = 0; i < k->level; i++)
		delay *= 2;
	if (delay > m->shard.delays->most)
		delay = m->shard.delays->most;
	k->due = wheel_fires(m->now, delay);
	return record->due == (u32)k->due ? NULL : "due at another time";
}

static inline const char *queue(struct model *m, struct lq_record *record)
{
	struct known *k = known_of(m, record);

	record->key = flow_key(k->flow);
	record->timeouts = k->timeouts;
	lq_shard_insert(&m->shard, record, flow_hash(&record->key), m->now);
	k->place = QUEUED;
	return note_wait(m, record);
}

static inline const char *step_take(struct model *m)
{
	struct lq_record *record = lq_shard_take(&m->shard);
	struct known *k = known_of(m, record);

	if (!record)
		return count(m, FREE) ? "nothing free, though there is" : NULL;
	if (!is_at(m, record, FREE))
		return "took what was not free";
	if (record->timeouts || record->parked || record->key.daddr)
		return "took a record with a past";
	k->place = TAKEN;
	k->flow = below(FLOWS);
	k->timeouts = below(8) ? 0 : below(4) ? below(7) : below(256);
	return below(4) ? queue(m, record) : NULL;
}

static inline const char *step_insert(struct model *m)
{
	struct lq_record *record = pick(m, TAKEN);

	if (!record)
		return NULL;
	if (below(2))
		return queue(m, record);
	record->parked = record;
	lq_shard_give_back(&m->shard, record);
	known_of(m, record)->place = FREE;
	return NULL;
}

static inline const char *step_find(struct model *m)
{
	u32 flow = below(FLOWS);
	struct lq_v4_flow key = flow_key(flow);
	struct lq_record *record = lq_shard_find(&m->shard, flow_hash(&key), &key);

	if (record)
		return is_at(m, record, QUEUED) && known_of(m, record)->flow == flow ?
			NULL : "found another flow";
	for (u32 i = 0; i < RECORDS; i++)
		if (m->known[i].place == QUEUED && m->known[i].flow == flow)
			return "a flow is not found";
	return NULL;
}

static inline void take_out(struct model *m, struct lq_record *record)
{
	lq_shard_remove(&m->shard, record, flow_hash(&record->key));
	known_of(m, record)->place = TAKEN;
}

static inline const char *step_remove(struct model *m)
{
	struct lq_record *record = pick(m, QUEUED);

	if (record)
		take_out(m, record);
	return NULL;
}

static inline const char *step_wait_again(struct model *m)
{
	struct lq_record *record = pick(m, QUEUED);

	if (!record)
		return NULL;
	lq_shard_wait_again(&m->shard, record, m->now);
	return note_wait(m, record);
}

/* Its timer runs out; mostly it waits again. */
static inline const char *time_out(struct model *m, struct lq_record *record)
{
	struct known *k = known_of(m, record);

	lq_shard_timed_out(&m->shard, record);
	k->timeouts += k->timeouts < 255;
	if (!below(8)) {
		take_out(m, record);
		return NULL;
	}
	lq_shard_wait_again(&m->shard, record, m->now);
	return note_wait(m, record);
}

static inline const char *step_timed_out(struct model *m)
{
	struct lq_record *record = pick(m, QUEUED);

	return record ? time_out(m, record) : NULL;
}

static inline const char *wrong_due(struct model *m, const struct lq_record *record)
{
	const struct known *first = first_due(m);

	if (!record)
		return first && first->due <= m->now ? "nobody due, though one is" : NULL;
	if (!is_at(m, record, QUEUED))
		return "one that is not queued is due";
	if (known_of(m, record)->due > m->now)
		return "due before its time";
	return known_of(m, record)->due == first->due ? NULL : "another is due before";
}

static inline const char *step_due(struct model *m)
{
	struct lq_record *record = lq_shard_due(&m->shard, m->now);
	const char *wrong = wrong_due(m, record);

	return wrong || !record ? wrong : time_out(m, record);
}

static inline const char *step_next_due(struct model *m)
{
	const struct known *first = first_due(m);
	u32 due = 12345;

	if (lq_shard_next_due(&m->shard, &due) != !!first)
		return "next_due where none is, or the other way round";
	if (due != (first ? (u32)first->due : 12345))
		return "next_due is another time";
	return NULL;
}

/* Long jumps need the past handled, as in real life. */
static inline const char *step_time(struct model *m)
{
	struct lq_record *record;
	const char *wrong;

	if (below(64)) {
		m->now += below(8) ? below(100) : below(1 << below(22));
		return NULL;
	}
	m->now += 1 << 30;
	while ((record = lq_shard_due(&m->shard, m->now))) {
		wrong = wrong_due(m, record);
		if (!wrong)
			wrong = time_out(m, record);
		if (wrong)
			return wrong;
	}
	return wrong_due(m, NULL);
}

static inline const char *step_rehash(struct model *m)
{
	struct lq_record **memory = m->memory[!m->buckets];

	if (m->shard.old)
		return NULL;
	memset(memory, 0, sizeof(m->memory[0]));
	lq_shard_rehash(&m->shard, memory, 1 << below(8));
	return NULL;
}

static inline const char *step_move(struct model *m)
{
	struct lq_record **old;

	if (!m->shard.old)
		return NULL;
	old = lq_shard_move(&m->shard, below(16), flow_hash);
	if (!old)
		return NULL;
	if (old != m->memory[m->buckets])
		return "other buckets come back";
	memset(old, 0xff, sizeof(m->memory[0]));
	m->buckets = !m->buckets;
	return NULL;
}

static inline const char *step_set_delays(struct model *m)
{
	for (int i = 0; i < SETS; i++) {
		if (m->used[i])
			continue;
		draw_delays(&m->sets[i]);
		lq_shard_set_delays(&m->shard, &m->sets[i]);
		m->used[i] = true;
		return m->shard.delays == &m->sets[i] ? NULL : "not the current set";
	}
	return NULL;
}

static inline bool is_waited_for(const struct model *m, const struct lq_delays *set)
{
	for (u32 i = 0; i < RECORDS; i++)
		if (m->known[i].place == QUEUED && m->known[i].set == set)
			return true;
	return set == m->shard.delays;
}

static inline const char *step_drained(struct model *m)
{
	struct lq_delays *set = lq_shard_drained(&m->shard);

	if (set) {
		if (!m->used[set - m->sets] || is_waited_for(m, set))
			return "a set is drained that is not";
		m->used[set - m->sets] = false;
		memset(set, 0xff, sizeof(*set));
		return NULL;
	}
	for (int i = 0; i < SETS; i++)
		if (m->used[i] && !is_waited_for(m, &m->sets[i]))
			return "a set is not drained that is";
	return NULL;
}

/* A chunk becomes the shard's, or is no more. */
static inline void note_chunk(struct model *m, u32 chunk, bool supplied)
{
	m->supplied[chunk] = supplied;
	for (u32 i = chunk * EACH; i < (chunk + 1) * EACH; i++)
		m->known[i].place = supplied ? FREE : NOWHERE;
}

static inline const char *step_supply(struct model *m)
{
	for (u32 i = 0; i < CHUNKS; i++) {
		if (m->supplied[i])
			continue;
		memset(&m->chunks[i], 0xff, sizeof(m->chunks[i]));
		lq_store_add(&m->shard.store, chunk_in(&m->chunks[i]));
		note_chunk(m, i, true);
		break;
	}
	return NULL;
}

static inline bool is_in_use(const struct model *m, u32 chunk)
{
	for (u32 i = chunk * EACH; i < (chunk + 1) * EACH; i++)
		if (m->known[i].place != FREE)
			return true;
	return false;
}

/* Rarely, so that there is something to do for the others. */
static inline const char *step_spare(struct model *m)
{
	struct lq_chunk *chunk = below(8) ? NULL : lq_store_spare(&m->shard.store);
	u32 i = (struct chunk_memory *)chunk - m->chunks;

	if (!chunk)
		return NULL;
	if (i >= CHUNKS || !m->supplied[i] || is_in_use(m, i))
		return "a chunk in use is spare";
	note_chunk(m, i, false);
	memset(chunk, 0xff, LQ_CHUNK_BYTES);
	return NULL;
}

/* A walk through the chunks finds all that are queued, and no others. */
static inline const char *step_walk(struct model *m)
{
	const struct lq_record *record;
	u32 n = 0;

	for (u32 chunk = 0; chunk < CHUNKS; chunk++)
		for (u32 i = 0; m->supplied[chunk]; i++) {
			record = lq_shard_pending(&m->shard, chunk_in(&m->chunks[chunk]), &i);
			if (!record)
				break;
			if (!is_at(m, record, QUEUED))
				return "one that is not queued is pending";
			n++;
		}
	return n == count(m, QUEUED) ? NULL : "a walk misses some";
}

/* Is there a younger one? */
static inline bool is_youngest(struct model *m, const struct known *youngest)
{
	for (struct known *k = m->known; k < m->known + RECORDS; k++) {
		if (k->place != QUEUED || k->level > youngest->level)
			continue;
		if (k->level < youngest->level || k->due > youngest->due)
			return false;
	}
	return true;
}

/* Rarely all are taken out. */
static inline const char *step_youngest(struct model *m)
{
	bool all = !below(64);
	struct lq_record *record;

	do {
		record = lq_shard_youngest(&m->shard);
		if (!record)
			return count(m, QUEUED) ? "no youngest, though there are" : NULL;
		if (!is_at(m, record, QUEUED))
			return "youngest that is not queued";
		if (!is_youngest(m, known_of(m, record)))
			return "not the youngest";
		if (all)
			take_out(m, record);
	} while (all);
	return NULL;
}

/* One random operation. Return: what went wrong, or NULL. */
static inline const char *model_step(struct model *m)
{
	static const char *(*const steps[36])(struct model *m) = {
		step_take, step_take, step_take, step_take, step_take, step_take,
		step_insert, step_insert, step_insert, step_insert, step_find, step_find,
		step_find, step_remove, step_remove, step_wait_again, step_wait_again,
		step_timed_out, step_timed_out, step_due, step_due, step_due, step_due,
		step_next_due, step_next_due, step_time, step_time, step_rehash,
		step_move, step_move, step_set_delays, step_drained, step_supply, step_spare,
		step_youngest, step_walk,
	};

	return steps[below(36)](m);
}

/* Each record as known, in the list that is known? Return: what is wrong, or NULL. */
static inline const char *model_broken(struct model *m)
{
	const struct known *k;
	const char *broken = synq_broken(&m->shard);

	if (broken)
		return broken;
	if (m->shard.len != count(m, QUEUED) || m->shard.store.nr_free != count(m, FREE))
		return "len or nr_free is wrong";
	if (!lq_shard_is_sound(&m->shard, count(m, QUEUED) + count(m, FREE)))
		return "not sound";
	for (struct lq_delays *d = m->shard.delays; d; d = d->next)
		for (u32 i = 0; i < LQ_DELAYS; i++)
			for (struct lq_link *l = d->lists[i].next; l != &d->lists[i];
			     l = l->next) {
				k = known_of(m, record_at(l));
				if (k->place != QUEUED || k->set != d || k->level != i)
					return "in another list than known";
				if (record_at(l)->due != (u32)k->due ||
				    record_at(l)->timeouts != k->timeouts)
					return "another due time than known";
			}
	return NULL;
}

#endif
