// SPDX-License-Identifier: GPL-2.0
/*
 * test_chunk.c - twin of src/core/chunk.c
 *
 * What each function promises, in the order of the source. Random operations are done by
 * test_synq.c, whose records come from a store.
 */
#include <string.h>

#include "chunk_model.h"
#include "tap.h"

#define SIZE	1344	/* three in a chunk */
#define CHUNKS	3

static struct chunk_memory memory[CHUNKS];
static struct lq_store store;

static void empty_store(void)
{
	memset(memory, 0xff, sizeof(memory));
	lq_store_init(&store, SIZE);
}

static void supplied_store(u32 chunks)
{
	empty_store();
	for (u32 i = 0; i < chunks; i++)
		lq_store_add(&store, chunk_in(&memory[i]));
}

static void *place(u32 chunk, u32 i)
{
	return memory[chunk].bytes + LQ_CHUNK_HEAD + i * SIZE;
}

static void test_init(void)
{
	empty_store();
	IS(lq_store_init, each, store.each, 3);
	OK(lq_store_init, nothing_to_take, !lq_store_take(&store));
	OK(lq_store_init, nothing_to_spare, !lq_store_spare(&store));
	OK(lq_store_init, sound, lq_store_is_sound(&store) && !store_broken(&store));
	lq_store_init(&store, (LQ_CHUNK_BYTES - LQ_CHUNK_HEAD) / 31);
	IS(lq_store_init, fits_to_the_end, store.each, 31);
}

static void test_add(void)
{
	supplied_store(2);
	IS(lq_store_add, counts, store.nr_free, 6);
	IS(lq_store_add, least_as_before, store.least_free, 0);
	OK(lq_store_add, broken_by_nothing, !store_broken(&store));
	OK(lq_store_add, first_comes_first, lq_store_take(&store) == place(0, 0));
}

static void test_take(void)
{
	void *taken[6];
	bool all = true;

	supplied_store(2);
	store.least_free = store.nr_free;
	for (u32 i = 0; i < 6; i++) {
		taken[i] = lq_store_take(&store);
		all = all && taken[i] == place(i / 3, i % 3) && store.nr_free == 5 - i;
		memset(taken[i], 0xee, SIZE);
		all = all && !store_broken(&store) && lq_store_is_sound(&store);
	}
	OK(lq_store_take, one_behind_the_other, all);
	OK(lq_store_take, none_is_left, !lq_store_take(&store));
	IS(lq_store_take, least, store.least_free, 0);
	OK(lq_store_take, chunks_as_they_came,
	   chunk_in(&memory[0])->used == 3 && chunk_in(&memory[1])->used == 3);
	store.least_free = 7;
	lq_store_give_back(&store, taken[4]);
	OK(lq_store_take, what_was_given_back, lq_store_take(&store) == taken[4]);
	IS(lq_store_take, least_of_now, store.least_free, 0);
}

static void test_give_back(void)
{
	void *taken[6];

	supplied_store(2);
	for (u32 i = 0; i < 6; i++)
		taken[i] = lq_store_take(&store);
	lq_store_give_back(&store, taken[4]);
	OK(lq_store_give_back, to_a_full_chunk, !store_broken(&store) && store.nr_free == 1);
	lq_store_give_back(&store, taken[0]);
	OK(lq_store_give_back, the_last_has_room_first, lq_store_take(&store) == taken[0]);
	lq_store_give_back(&store, taken[0]);
	for (u32 i = 3; i < 6; i++)
		if (i != 4)
			lq_store_give_back(&store, taken[i]);
	OK(lq_store_give_back, sound, !store_broken(&store) && lq_store_is_sound(&store));
	OK(lq_store_give_back, empty_is_taken_last, lq_store_take(&store) == taken[0]);
}

/* The last of the chunk that was first. */
static void test_give_back_first(void)
{
	void *taken[6];

	supplied_store(2);
	for (u32 i = 0; i < 6; i++)
		taken[i] = lq_store_take(&store);
	lq_store_give_back(&store, taken[0]);
	for (u32 i = 3; i < 6; i++)
		lq_store_give_back(&store, taken[i]);
	OK(lq_store_give_back, empty_goes_last, !store_broken(&store) &&
	   lq_store_take(&store) == taken[0]);
	OK(lq_store_give_back, and_is_taken_last, lq_store_take(&store) == taken[5]);
}

static void test_spare(void)
{
	void *taken[3];

	supplied_store(3);
	for (u32 i = 0; i < 3; i++)
		taken[i] = lq_store_take(&store);
	lq_store_give_back(&store, taken[1]);
	store.least_free = store.nr_free;
	OK(lq_store_spare, the_last, lq_store_spare(&store) == chunk_in(&memory[2]));
	OK(lq_store_spare, counts, store.nr_free == 4 && store.least_free == 4);
	OK(lq_store_spare, the_other, lq_store_spare(&store) == chunk_in(&memory[1]));
	OK(lq_store_spare, none_in_use, !lq_store_spare(&store) && store.nr_free == 1);
	store.least_free = 0;
	lq_store_give_back(&store, taken[0]);
	lq_store_give_back(&store, taken[2]);
	OK(lq_store_spare, when_empty, lq_store_spare(&store) == chunk_in(&memory[0]));
	OK(lq_store_spare, least_stays, !store.least_free && !store.nr_free);
	lq_store_add(&store, chunk_in(&memory[0]));
	OK(lq_store_add, with_a_past, lq_store_take(&store) == taken[0] &&
	   chunk_in(&memory[0])->used == 1 && !store_broken(&store));
}

static void test_sound(void)
{
	struct lq_chunk *chunk = chunk_in(&memory[0]), *next = chunk_in(&memory[1]);

	supplied_store(2);
	OK(lq_store_is_sound, full_of_free_ones, lq_store_is_sound(&store));
	chunk->link.prev = &next->link;
	OK(lq_store_is_sound, head, !lq_store_is_sound(&store));
	chunk->link.prev = &store.room;
	next->link.next = &chunk->link;
	OK(lq_store_is_sound, tail, !lq_store_is_sound(&store));
	next->link.next = &store.room;
	store.nr_free = 0;
	OK(lq_store_is_sound, room_but_none_free, !lq_store_is_sound(&store));
	store.nr_free = 2;
	OK(lq_store_is_sound, fewer_than_in_the_first, !lq_store_is_sound(&store));
	store.nr_free = 3;
	OK(lq_store_is_sound, as_many_as_in_the_first, lq_store_is_sound(&store));
	chunk->used = 3;
	OK(lq_store_is_sound, first_is_full, !lq_store_is_sound(&store));
	lq_store_init(&store, SIZE);
	OK(lq_store_is_sound, nothing, lq_store_is_sound(&store));
	store.nr_free = 1;
	OK(lq_store_is_sound, free_but_no_room, !lq_store_is_sound(&store));
}

int main(void)
{
	/* A sanitizer's report comes behind the last case that was good. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_init();
	test_add();
	test_take();
	test_give_back();
	test_give_back_first();
	test_spare();
	test_sound();
	return tap_end();
}
