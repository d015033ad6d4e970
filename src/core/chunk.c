// SPDX-License-Identifier: GPL-2.0
/*
 * chunk.c - memory for objects of one size, in chunks that go back when they are empty
 *
 *   add() ─▶ with room, last ─ take() ─▶ with room, first ─ take() ─▶ full
 *              │    └◀ the last give_back() ┘       └◀ give_back() ┘
 *              └─ spare() ─▶ the caller's
 *
 * One that is full is in no list: what is given back finds it.
 *
 * Every call takes the same time, however many chunks there are, and wants the store locked
 * by its caller.
 */
#include "core/chunk.h"

/**
 * lq_store_init() - make a store without memory
 * @store: the store; it must stay where it is
 * @size: bytes of an object, at least a pointer
 */
void lq_store_init(struct lq_store *store, u32 size)
{
	lq_list_init(&store->room);
	store->size = size;
	store->each = LQ_CHUNK_HOLDS(size);
	store->nr_free = 0;
	store->least_free = 0;
}

/**
 * lq_store_add() - add a chunk
 * @store: the store, locked
 * @chunk: LQ_CHUNK_BYTES at a multiple of that, the store's until lq_store_spare() returns it
 */
void lq_store_add(struct lq_store *store, struct lq_chunk *chunk)
{
	chunk->free = NULL;
	chunk->used = 0;
	chunk->fresh = 0;
	lq_list_append(&store->room, &chunk->link);
	store->nr_free += store->each;
}

static struct lq_chunk *chunk_at(const struct lq_link *link)
{
	return (struct lq_chunk *)((char *)link - __builtin_offsetof(struct lq_chunk, link));
}

static void note_free(struct lq_store *store)
{
	if (store->nr_free < store->least_free)
		store->least_free = store->nr_free;
}

/**
 * lq_store_spare() - take back a chunk of which nothing is taken
 * @store: the store, locked
 *
 * Return: the chunk, the caller's again, or NULL: there is none.
 */
struct lq_chunk *lq_store_spare(struct lq_store *store)
{
	struct lq_chunk *chunk = chunk_at(store->room.prev);

	if (lq_list_is_empty(&store->room) || chunk->used)
		return NULL;
	lq_list_unlink(&chunk->link);
	store->nr_free -= store->each;
	note_free(store);
	return chunk;
}

/**
 * lq_store_take() - get an object
 * @store: the store, locked
 *
 * Return: the object, with anything in it, or NULL: none is left.
 */
void *lq_store_take(struct lq_store *store)
{
	struct lq_chunk *chunk = chunk_at(store->room.next);
	void *object;

	if (lq_list_is_empty(&store->room))
		return NULL;
	object = chunk->free;
	if (object)
		chunk->free = *(void **)object;
	else
		object = lq_chunk_object(store, chunk, chunk->fresh++);
	if (++chunk->used == store->each)
		lq_list_unlink(&chunk->link);
	store->nr_free--;
	note_free(store);
	return object;
}

/**
 * lq_store_give_back() - an object is not needed any more
 * @store: the store, locked
 * @object: one that was taken; its first word is lost
 */
void lq_store_give_back(struct lq_store *store, void *object)
{
	struct lq_chunk *chunk;

	chunk = (void *)((unsigned long)object & ~(LQ_CHUNK_BYTES - 1UL));
	*(void **)object = chunk->free;
	chunk->free = object;
	store->nr_free++;
	if (chunk->used == store->each)
		lq_list_push(&store->room, &chunk->link);
	if (--chunk->used)
		return;
	lq_list_unlink(&chunk->link);
	lq_list_append(&store->room, &chunk->link);
}

/**
 * lq_store_is_sound() - does a store look as it must between two operations?
 * @store: the store, locked
 *
 * Takes the same time with a million objects: their number, the ends of the list.
 *
 * Return: false when an invariant does not hold.
 */
bool lq_store_is_sound(const struct lq_store *store)
{
	const struct lq_link *room = &store->room;

	if (room->next->prev != room || room->prev->next != room)
		return false;
	if (lq_list_is_empty(room))
		return !store->nr_free;
	return chunk_at(room->next)->used < store->each &&
	       store->nr_free >= store->each - chunk_at(room->next)->used;
}
