// SPDX-License-Identifier: GPL-2.0
/*
 * test_synq_threads.c - shards of a SYN queue under ThreadSanitizer
 *
 * Each shard has a lock, and nothing else is shared: what synq.c touches without it is
 * reported. Clients come and go, timers run, a worker changes buckets and delays; in the
 * end what came is what went and what is still there.
 */
#include <pthread.h>

#include "synq_model.h"
#include "tap.h"

#define SHARDS	4
#define CLIENTS	3
#define TIMERS	2
#define ROUNDS	100000
#define MANY_FLOWS 100

/* What a thread has seen of its own work. */
struct totals {
	unsigned long taken, completed, expired, refused, rehashed, drained;
};

static struct part {
	pthread_mutex_t lock;
	struct lq_shard shard;
	u32 now;
	struct chunk_memory chunks[CHUNKS];
	struct lq_record *memory[2][MOST_BUCKETS];
	struct lq_delays sets[2];
	bool used[2];
} parts[SHARDS];

static struct part *lock_any(void)
{
	struct part *part = &parts[below(SHARDS)];

	pthread_mutex_lock(&part->lock);
	return part;
}

static void end(struct part *part, struct lq_record *record)
{
	lq_shard_remove(&part->shard, record, flow_hash(&record->key));
	lq_shard_give_back(&part->shard, record);
}

/* A segment of a flow: a SYN, the same again, or the last ACK. */
static void segment(struct part *part, struct totals *t)
{
	struct lq_v4_flow key = flow_key(below(MANY_FLOWS));
	struct lq_record *record = lq_shard_find(&part->shard, flow_hash(&key), &key);

	if (record && below(2)) {
		lq_shard_wait_again(&part->shard, record, part->now);
		return;
	}
	if (record) {
		end(part, record);
		t->completed++;
		return;
	}
	record = lq_shard_take(&part->shard);
	if (!record) {
		t->refused++;
		return;
	}
	record->key = key;
	lq_shard_insert(&part->shard, record, flow_hash(&key), part->now);
	t->taken++;
}

static void run_timers(struct part *part, struct totals *t)
{
	struct lq_record *record;

	part->now += below(200);
	while ((record = lq_shard_due(&part->shard, part->now))) {
		if (record->timeouts < 3) {
			lq_shard_timed_out(&part->shard, record);
			lq_shard_wait_again(&part->shard, record, part->now);
			continue;
		}
		end(part, record);
		t->expired++;
	}
}

static void rearrange(struct part *part, struct totals *t)
{
	struct lq_delays *drained = lq_shard_drained(&part->shard);
	struct lq_chunk *chunk = lq_store_spare(&part->shard.store);
	u32 other = part->shard.buckets == part->memory[0];

	if (part->shard.old) {
		t->rehashed += !!lq_shard_move(&part->shard, below(16), flow_hash);
	} else {
		memset(part->memory[other], 0, sizeof(part->memory[other]));
		lq_shard_rehash(&part->shard, part->memory[other], 1 << below(8));
	}
	if (chunk)
		lq_store_add(&part->shard.store, chunk);
	if (drained) {
		part->used[drained - part->sets] = false;
		t->drained++;
	}
	for (int i = 0; i < 2; i++)
		if (!part->used[i]) {
			lq_delays_init(&part->sets[i], 1 + below(1000), 8000);
			lq_shard_set_delays(&part->shard, &part->sets[i]);
			part->used[i] = true;
			return;
		}
}

/* What a thread does, and its totals. */
struct job {
	pthread_t thread;
	void (*work)(struct part *part, struct totals *t);
	struct totals totals;
};

static void *run(void *arg)
{
	struct job *job = arg;
	struct part *part;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		part = lock_any();
		job->work(part, &job->totals);
		pthread_mutex_unlock(&part->lock);
	}
	return NULL;
}

static void init_parts(void)
{
	for (int i = 0; i < SHARDS; i++) {
		struct part *part = &parts[i];

		pthread_mutex_init(&part->lock, NULL);
		part->now = -1000U * (i + 1);
		lq_delays_init(&part->sets[0], 1000, 8000);
		part->used[0] = true;
		lq_shard_init(&part->shard, part->memory[0], 16, &part->sets[0]);
		for (u32 j = 0; j < CHUNKS; j++)
			lq_store_add(&part->shard.store, chunk_in(&part->chunks[j]));
	}
}

static void check_totals(const struct totals *t)
{
	unsigned long pending = 0, memory = 0;
	const char *broken = NULL;

	for (int i = 0; i < SHARDS && !broken; i++) {
		broken = synq_broken(&parts[i].shard);
		pending += parts[i].shard.len;
		memory += parts[i].shard.len + parts[i].shard.store.nr_free;
	}
	if (!ok(!broken, "lq_shard__sound_after_threads"))
		diag("%s", broken);
	ok(t->taken == t->completed + t->expired + pending, "lq_shard__none_is_lost");
	ok(memory == SHARDS * RECORDS, "lq_shard__no_memory_is_lost");
	ok(t->completed && t->expired && t->rehashed && t->drained,
	   "lq_shard__every_thread_worked");
	note("%lu taken, %lu completed, %lu expired, %lu pending, %lu refused", t->taken,
	     t->completed, t->expired, pending, t->refused);
}

int main(void)
{
	struct job jobs[CLIENTS + TIMERS + 1] = { 0 };
	struct totals sum = { 0 };

	draw = random_bits;
	init_parts();
	for (int i = 0; i < CLIENTS + TIMERS + 1; i++) {
		jobs[i].work = i < CLIENTS ? segment :
			       i < CLIENTS + TIMERS ? run_timers : rearrange;
		if (pthread_create(&jobs[i].thread, NULL, run, &jobs[i]))
			return 1;
	}
	for (int i = 0; i < CLIENTS + TIMERS + 1; i++) {
		pthread_join(jobs[i].thread, NULL);
		sum.taken += jobs[i].totals.taken;
		sum.completed += jobs[i].totals.completed;
		sum.expired += jobs[i].totals.expired;
		sum.refused += jobs[i].totals.refused;
		sum.rehashed += jobs[i].totals.rehashed;
		sum.drained += jobs[i].totals.drained;
	}
	check_totals(&sum);
	return tap_end();
}
