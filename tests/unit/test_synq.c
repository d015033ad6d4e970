// SPDX-License-Identifier: GPL-2.0
/*
 * test_synq.c - twin of src/core/synq.c
 *
 *   cases    what each function promises, in the order of the source
 *   model    millions of random operations, compared with synq_model.h
 *
 * With the argument "cases" the named cases run alone, as 'make coverage' wants; with
 * "bench" nothing is tested, and the time of operations is measured ('make bench').
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "synq_model.h"
#include "tap.h"

#define MODEL_STEPS	3200000
#define STEPS_A_CHECK	4096
#define STEPS_A_MODEL	(STEPS_A_CHECK * 64)

/* The situation at hand: a shard of four buckets, the first delay 1 s of 1000 ticks. */
#define NOW	0xffffff00U
#define FIRST	1000
#define MOST	120000

static struct chunk_memory memory[1];
static struct lq_record *few_buckets[4], *more_buckets[16];
static struct lq_delays old_delays, new_delays;
static struct lq_shard shard;

static void empty_shard(void)
{
	memset(few_buckets, 0, sizeof(few_buckets));
	memset(more_buckets, 0, sizeof(more_buckets));
	lq_delays_init(&old_delays, FIRST, MOST);
	lq_delays_init(&new_delays, 10, 40);
	lq_shard_init(&shard, few_buckets, 4, &old_delays);
}

static void supplied_shard(void)
{
	memset(memory, 0xff, sizeof(memory));
	empty_shard();
	lq_store_add(&shard.store, chunk_in(memory));
}

/* Flows 0 to 3 share a bucket of any shard. */
static struct lq_record *add(u32 flow, u8 timeouts, u32 now)
{
	struct lq_record *record = lq_shard_take(&shard);

	if (!record)
		abort();
	record->key = flow_key(flow);
	record->timeouts = timeouts;
	lq_shard_insert(&shard, record, flow_hash(&record->key), now);
	return record;
}

static bool found(u32 flow, const struct lq_record *record)
{
	struct lq_v4_flow key = flow_key(flow);

	return lq_shard_find(&shard, flow_hash(&key), &key) == record;
}

static void out(struct lq_record *record)
{
	lq_shard_remove(&shard, record, flow_hash(&record->key));
}

static void test_delays(void)
{
	struct lq_record *record;

	supplied_shard();
	OK(lq_shard_drained, not_the_current_one, !lq_shard_drained(&shard));
	record = add(1, 0, NOW);
	lq_shard_set_delays(&shard, &new_delays);
	OK(lq_shard_set_delays, is_current, shard.delays == &new_delays);
	IS(lq_shard_set_delays, who_waits_does_so, record->due, lq_wheel_due(NOW, FIRST));
	OK(lq_shard_drained, not_yet, !lq_shard_drained(&shard));
	lq_shard_wait_again(&shard, record, NOW);
	IS(lq_shard_set_delays, again_by_the_new_one, record->due, lq_wheel_due(NOW, 10));
	OK(lq_shard_drained, when_empty, lq_shard_drained(&shard) == &old_delays);
	OK(lq_shard_drained, once, !lq_shard_drained(&shard));
}

static void test_drained_between(void)
{
	struct lq_delays third;
	struct lq_record *oldest;

	supplied_shard();
	lq_delays_init(&third, 5, 5);
	oldest = add(1, 3, NOW);
	lq_shard_set_delays(&shard, &new_delays);
	lq_shard_set_delays(&shard, &third);
	OK(lq_shard_drained, in_between, lq_shard_drained(&shard) == &new_delays);
	OK(lq_shard_drained, the_rest_stays, !lq_shard_drained(&shard));
	out(oldest);
	OK(lq_shard_drained, last_one, lq_shard_drained(&shard) == &old_delays);
}

static void test_init(void)
{
	u32 due = 7;

	empty_shard();
	OK(lq_shard_init, nothing_found, found(0, NULL));
	OK(lq_shard_init, nothing_due, !lq_shard_due(&shard, NOW));
	OK(lq_shard_init, no_next, !lq_shard_next_due(&shard, &due) && due == 7);
	OK(lq_shard_init, no_youngest, !lq_shard_youngest(&shard));
	OK(lq_shard_init, counts_nothing, !shard.len && !shard.young && !shard.store.nr_free);
	OK(lq_shard_init, sound, !synq_broken(&shard));
}

static void test_memory(void)
{
	struct lq_record *first, *second, zero = { 0 };

	empty_shard();
	OK(lq_shard_take, nothing_left, !lq_shard_take(&shard));
	supplied_shard();
	first = lq_shard_take(&shard);
	second = lq_shard_take(&shard);
	OK(lq_shard_take, one_behind_the_other, second == first + 1);
	OK(lq_shard_take, all_zero, !memcmp(first, &zero, sizeof(zero)));
	IS(lq_shard_take, counts, shard.store.nr_free, EACH - 2);
	lq_shard_give_back(&shard, first);
	IS(lq_shard_give_back, counts, shard.store.nr_free, EACH - 1);
	OK(lq_shard_give_back, taken_next, lq_shard_take(&shard) == first);
	OK(lq_shard_take, all_zero_again, !memcmp(first, &zero, sizeof(zero)));
}

/* Numbers of the pending records from a place on. */
static u32 pending_from(u32 i)
{
	u32 places = 0;

	for (; lq_shard_pending(&shard, chunk_in(memory), &i); i++)
		places = places * 10 + i;
	return places;
}

static void test_pending(void)
{
	struct lq_record *records[4];

	supplied_shard();
	IS(lq_shard_pending, in_a_new_chunk, pending_from(0), 0);
	for (u32 i = 0; i < 4; i++)
		records[i] = add(i, 0, NOW);
	lq_shard_take(&shard);
	IS(lq_shard_pending, all, pending_from(0), 123);
	IS(lq_shard_pending, from_a_place_on, pending_from(2), 23);
	IS(lq_shard_pending, behind_all, pending_from(4), 0);
	out(records[2]);
	IS(lq_shard_pending, not_who_was_taken_out, pending_from(0), 13);
	lq_shard_give_back(&shard, records[2]);
	IS(lq_shard_pending, not_free_memory, pending_from(0), 13);
	lq_shard_wait_again(&shard, records[1], NOW);
	IS(lq_shard_pending, who_waits_again, pending_from(0), 13);
}

static void test_find(void)
{
	struct lq_v4_flow key = flow_key(0), other[5] = { key, key, key, key, key };
	struct lq_record *records[4];
	bool all = true;

	supplied_shard();
	for (u32 i = 0; i < 4; i++)
		records[i] = add(i, 0, NOW);
	for (u32 i = 0; i < 4; i++)
		all = all && found(i, records[i]);
	OK(lq_shard_find, all_of_a_bucket, all);
	OK(lq_shard_find, not_another, found(112, NULL));
	OK(lq_shard_find, of_an_empty_bucket, found(16, NULL));
	other[0].saddr += 100;
	other[1].daddr += 100;
	other[2].sport += 100;
	other[3].dport += 100;
	other[4].iif += 100;
	for (u32 i = 0; i < 5; i++)
		all = all && !lq_shard_find(&shard, flow_hash(&key), &other[i]);
	OK(lq_shard_find, the_whole_key, all);
}

static void test_insert(void)
{
	struct lq_record *record;

	supplied_shard();
	record = add(1, 0, NOW);
	OK(lq_shard_insert, found, found(1, record));
	IS(lq_shard_insert, due, record->due, lq_wheel_due(NOW, FIRST));
	OK(lq_shard_insert, young, shard.len == 1 && shard.young == 1);
	record = add(2, 2, NOW);
	IS(lq_shard_insert, handed_back_due, record->due, lq_wheel_due(NOW, 4 * FIRST));
	OK(lq_shard_insert, handed_back_not_young, shard.len == 2 && shard.young == 1);
	record = add(3, 255, NOW);
	IS(lq_shard_insert, last_list, record->due, lq_wheel_due(NOW, MOST));
	OK(lq_shard_insert, sound, !synq_broken(&shard));
}

static void test_remove(void)
{
	struct lq_record *records[3], *record;
	u32 due;

	for (int i = 0; i < 3; i++) {
		supplied_shard();
		for (u32 j = 0; j < 3; j++)
			records[j] = add(j, j, NOW);
		out(records[i]);
		ok(found(i, NULL) && !synq_broken(&shard), "lq_shard_remove__number_%d",
		   i);
		ok(shard.len == 2 && shard.young == (i ? 1 : 0),
		   "lq_shard_remove__counts_number_%d", i);
	}
	supplied_shard();
	out(add(1, 0, NOW));
	OK(lq_shard_remove, last_one, !shard.len && !shard.young && !shard.buckets[0]);
	OK(lq_shard_remove, no_timer_stays, !lq_shard_next_due(&shard, &due));
	record = add(1, 0, NOW);
	shard.buckets[0] = NULL;
	OK(lq_shard_remove, in_no_bucket,
	   !lq_shard_remove(&shard, record, flow_hash(&record->key)) && shard.len == 1);
}

static void test_timers(void)
{
	struct lq_record *first, *second;

	supplied_shard();
	first = add(1, 0, NOW);
	second = add(2, 0, NOW + 200);
	lq_shard_wait_again(&shard, first, NOW + 500);
	IS(lq_shard_wait_again, same_delay, first->due, lq_wheel_due(NOW + 500, FIRST));
	OK(lq_shard_wait_again, goes_last, lq_shard_youngest(&shard) == first);
	OK(lq_shard_wait_again, still_young, shard.young == 2 && !first->timeouts);
	OK(lq_shard_wait_again, sound, !synq_broken(&shard));
	lq_shard_timed_out(&shard, second);
	OK(lq_shard_timed_out, not_young, shard.young == 1 && second->timeouts == 1);
	IS(lq_shard_timed_out, still_due, second->due, lq_wheel_due(NOW + 200, FIRST));
	lq_shard_wait_again(&shard, second, NOW + 1300);
	IS(lq_shard_wait_again, longer, second->due, lq_wheel_due(NOW + 1300, 2 * FIRST));
	lq_shard_timed_out(&shard, second);
	OK(lq_shard_timed_out, twice, shard.young == 1 && second->timeouts == 2);
	second->timeouts = 255;
	lq_shard_timed_out(&shard, second);
	IS(lq_shard_timed_out, no_overflow, second->timeouts, 255);
	lq_shard_wait_again(&shard, second, NOW);
	OK(lq_shard_timed_out, sound, !synq_broken(&shard));
}

static void test_due(void)
{
	struct lq_record *late, *early;
	u32 due = 0;

	supplied_shard();
	late = add(1, 0, NOW);
	early = add(2, 0, NOW);
	OK(lq_shard_due, not_before, !lq_shard_due(&shard, late->due - 1));
	OK(lq_shard_due, at_its_time, lq_shard_due(&shard, late->due) == late);
	lq_shard_set_delays(&shard, &new_delays);
	lq_shard_wait_again(&shard, early, NOW);
	OK(lq_shard_due, earliest_of_two_sets, lq_shard_due(&shard, late->due) == early);
	OK(lq_shard_next_due, earliest,
	   lq_shard_next_due(&shard, &due) && due == early->due);
	OK(lq_shard_due, across_wrap, early->due > late->due &&
	   !lq_shard_due(&shard, early->due - 1) && lq_shard_due(&shard, 3) == early);
	out(early);
	OK(lq_shard_due, the_other_set, lq_shard_due(&shard, late->due) == late);
}

static void test_due_of_lists(void)
{
	struct lq_record *late, *early;

	supplied_shard();
	late = add(1, 0, NOW);
	early = add(2, 3, NOW - 7500);
	OK(lq_shard_due, earliest_of_two_lists, lq_shard_due(&shard, late->due) == early);
	lq_shard_wait_again(&shard, early, NOW);
	OK(lq_shard_due, the_other_list, lq_shard_due(&shard, early->due) == late);
}

static void test_youngest(void)
{
	struct lq_record *first, *second, *again, *late;

	supplied_shard();
	again = add(3, 1, NOW + 300);
	OK(lq_shard_youngest, of_those_repeated, lq_shard_youngest(&shard) == again);
	first = add(1, 0, NOW);
	OK(lq_shard_youngest, fewest_timeouts, lq_shard_youngest(&shard) == first);
	second = add(2, 0, NOW + 100);
	OK(lq_shard_youngest, last_to_be_due, lq_shard_youngest(&shard) == second);
	lq_shard_set_delays(&shard, &new_delays);
	lq_shard_wait_again(&shard, second, NOW + 200);
	OK(lq_shard_youngest, of_two_sets, lq_shard_youngest(&shard) == first);
	OK(lq_shard_is_sound, two_sets, lq_shard_is_sound(&shard, EACH));
	late = add(4, 0, NOW + 5000);
	OK(lq_shard_youngest, the_other_of_two_sets, lq_shard_youngest(&shard) == late);
	out(late);
	lq_shard_wait_again(&shard, first, NOW + 300);
	OK(lq_shard_youngest, in_the_new_set, lq_shard_youngest(&shard) == first);
}

static void test_sound(void)
{
	struct lq_record *record;
	struct lq_link *list;

	supplied_shard();
	OK(lq_shard_is_sound, empty, lq_shard_is_sound(&shard, EACH));
	record = add(1, 0, NOW);
	list = &old_delays.lists[0];
	OK(lq_shard_is_sound, one, lq_shard_is_sound(&shard, EACH));
	OK(lq_shard_is_sound, size, !lq_shard_is_sound(&shard, EACH - 1));
	shard.young = 2;
	OK(lq_shard_is_sound, young, !lq_shard_is_sound(&shard, EACH));
	shard.young = 1;
	list->next->prev = &old_delays.lists[1];
	OK(lq_shard_is_sound, head, !lq_shard_is_sound(&shard, EACH));
	list->next->prev = list;
	record->due_link.next = &old_delays.lists[1];
	OK(lq_shard_is_sound, tail, !lq_shard_is_sound(&shard, EACH));
	record->due_link.next = list;
	shard.len = 0;
	shard.young = 0;
	OK(lq_shard_is_sound, listed_but_not_counted, !lq_shard_is_sound(&shard, EACH - 1));
	shard.len = 1;
	shard.store.room.next = &shard.store.room;
	OK(lq_shard_is_sound, no_free_ones, !lq_shard_is_sound(&shard, EACH));
}

static struct lq_record *records[8];

/* Eight records, of which 0, 4 and 7 share a bucket of the four. */
static void eight_records(void)
{
	supplied_shard();
	for (u32 i = 0; i < 8; i++)
		records[i] = add(i % 4 ? i * 16 : i, 0, NOW + i);
}

static bool all_found(void)
{
	bool all = true;

	for (u32 i = 0; i < 8; i++)
		all = all && lq_shard_find(&shard, flow_hash(&records[i]->key),
					   &records[i]->key) == records[i];
	return all && !synq_broken(&shard);
}

/* Moved one at a time, whatever is done in between. */
static struct lq_record **move_all(u32 *steps)
{
	struct lq_record **old;
	bool all = true;

	*steps = 0;
	do {
		all = all && all_found();
		old = lq_shard_move(&shard, 1, flow_hash);
		++*steps;
	} while (!old);
	OK(lq_shard_move, all_are_found_all_the_time, all && all_found());
	return old;
}

static void test_rehash(void)
{
	u32 steps;

	eight_records();
	lq_shard_rehash(&shard, more_buckets, 16);
	OK(lq_shard_rehash, nothing_is_moved_yet, all_found() && shard.old == few_buckets);
	OK(lq_shard_move, none, !lq_shard_move(&shard, 0, flow_hash) && !shard.emptied);
	OK(lq_shard_move, returns_the_old_ones, move_all(&steps) == few_buckets);
	/* A step for each record, and one for each bucket. */
	IS(lq_shard_move, by_steps, steps, 8 + 4);
	OK(lq_shard_move, all_are_in_the_new_ones, !shard.old && shard.buckets == more_buckets);
	memset(few_buckets, 0, sizeof(few_buckets));
	lq_shard_rehash(&shard, few_buckets, 1);
	OK(lq_shard_move, at_once, lq_shard_move(&shard, 100, flow_hash) == more_buckets);
	OK(lq_shard_move, into_one_bucket, all_found() && shard.len == 8);
	OK(lq_shard_move, timers_go_on, lq_shard_youngest(&shard) == records[7]);
}

/* Of a bucket that is not empty yet, one is found in the new one, the others in the old. */
static void test_rehash_meanwhile(void)
{
	struct lq_record *late;
	u32 steps, i;

	eight_records();
	lq_shard_rehash(&shard, more_buckets, 16);
	lq_shard_move(&shard, 1, flow_hash);
	late = add(3, 0, NOW + 9);
	OK(lq_shard_insert, while_moving, found(3, late) && all_found() &&
	   shard.buckets[0] == late);
	OK(lq_shard_find, not_another_while_moving, found(1, NULL) && found(64, NULL));
	OK(lq_shard_remove, not_there_while_moving,
	   !lq_shard_remove(&shard, late, flow_hash(&late->key) ^ 1));
	for (i = 0; i < 8; i += 2)
		out(records[i]);
	OK(lq_shard_remove, while_moving, shard.len == 5 && !synq_broken(&shard));
	for (i = 0; i < 8; i += 2)
		lq_shard_insert(&shard, records[i], flow_hash(&records[i]->key), NOW + 10);
	OK(lq_shard_insert, again_while_moving, all_found());
	lq_shard_move(&shard, 3, flow_hash);
	OK(lq_shard_move, the_first_bucket_is_empty, shard.emptied > 0 && all_found());
	OK(lq_shard_find, none_of_an_emptied_bucket, found(1, NULL));
	move_all(&steps);
	out(late);
	OK(lq_shard_remove, after_it, all_found() && shard.len == 8);
}

static void test_cases(void)
{
	test_delays();
	test_drained_between();
	test_init();
	test_memory();
	test_pending();
	test_find();
	test_insert();
	test_remove();
	test_timers();
	test_due();
	test_due_of_lists();
	test_youngest();
	test_sound();
	test_rehash();
	test_rehash_meanwhile();
}

static const char *run_model(struct model *m, int *done, u32 *longest)
{
	const char *wrong = NULL;

	model_init(m);
	for (int i = 0; i < STEPS_A_MODEL && !wrong; i++, ++*done) {
		wrong = model_step(m);
		if (!wrong && i % STEPS_A_CHECK == 0)
			wrong = model_broken(m);
		if (m->shard.len > *longest)
			*longest = m->shard.len;
	}
	return wrong ? wrong : model_broken(m);
}

static void test_model(void)
{
	const char *wrong = NULL;
	static struct model m;
	u32 longest = 0, wraps = 0;
	int done = 0;

	while (done < MODEL_STEPS && !wrong) {
		wrong = run_model(&m, &done, &longest);
		wraps += m.now >> 32;
	}
	if (!ok(!wrong, "lq_shard__any_operations_as_the_model"))
		diag("operation %d: %s", done, wrong);
	note("%d operations, up to %u records, the clock wrapped %u times", done, longest,
	     wraps);
	ok(wrong || (longest > RECORDS / 2 && wraps > 100), "lq_shard__model_goes_far");
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Spreads flows, as a keyed hash would. */
static u32 bench_hash(const struct lq_v4_flow *key)
{
	return (key->daddr * 0x9e3779b1U) ^ (key->daddr * 0x85ebca6bU >> 15);
}

static void bench_insert(u32 now)
{
	struct lq_record *record = lq_shard_take(&shard);

	record->key = (struct lq_v4_flow) { .daddr = random_bits(), .dport = now };
	lq_shard_insert(&shard, record, bench_hash(&record->key), now);
}

/* Any record goes and another comes, with that many pending; then timers run out. */
static void bench(u32 pending)
{
	u32 i, n = 2000000, nr_buckets = 1, nr_chunks = (pending + EACH - 1) / EACH;
	struct chunk_memory *chunks = aligned_alloc(LQ_CHUNK_BYTES, nr_chunks * sizeof(*chunks));
	struct lq_record *record;
	struct lq_record **buckets;
	double begin, half, end;

	while (nr_buckets < pending)
		nr_buckets *= 2;
	buckets = calloc(nr_buckets, sizeof(*buckets));
	if (!buckets || !chunks)
		abort();
	empty_shard();
	lq_shard_init(&shard, buckets, nr_buckets, &old_delays);
	for (i = 0; i < nr_chunks; i++)
		lq_store_add(&shard.store, chunk_in(&chunks[i]));
	for (i = 0; i < pending; i++)
		bench_insert(0);
	begin = seconds();
	for (i = 0; i < n; i++) {
		record = record_of_chunk(chunks, random_bits() % pending);
		lq_shard_remove(&shard, record, bench_hash(&record->key));
		lq_shard_give_back(&shard, record);
		bench_insert(i >> 10);
	}
	half = seconds();
	for (i = 0; i < n; i++) {
		record = lq_shard_due(&shard, 10000000);
		lq_shard_timed_out(&shard, record);
		lq_shard_wait_again(&shard, record, i >> 10);
	}
	end = seconds();
	printf("%8u pending: %6.2f million remove + insert/s, %6.2f million timers/s\n",
	       pending, n / (half - begin) / 1e6, n / (end - half) / 1e6);
	free(buckets);
	free(chunks);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	/* A sanitizer's report comes behind the last case that was good. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	draw = random_bits;
	if (!strcmp(mode, "bench")) {
		bench(1000);
		bench(1000000);
		return 0;
	}
	test_cases();
	if (!strcmp(mode, "cases"))
		return tap_end();
	test_model();
	return tap_end();
}
