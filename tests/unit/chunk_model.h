/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chunk_model.h - memory for src/core/chunk.c, and what must hold of a store
 */
#ifndef LISTENQ_CHUNK_MODEL_H
#define LISTENQ_CHUNK_MODEL_H

#include "core/chunk.h"

/* A chunk where an object finds it. */
struct chunk_memory {
	unsigned char bytes[LQ_CHUNK_BYTES];
} __attribute__((aligned(LQ_CHUNK_BYTES)));

static inline struct lq_chunk *chunk_in(struct chunk_memory *memory)
{
	return (struct lq_chunk *)memory;
}

/* Of those with room: is each object free, never taken, or used? */
static inline bool is_chunk_broken(const struct lq_store *store, const struct lq_chunk *chunk)
{
	u32 n = 0;

	for (void *object = chunk->free; object; object = *(void **)object)
		if (++n > store->each)
			return true;
	return chunk->fresh > store->each || n + chunk->used != chunk->fresh ||
	       chunk->used == store->each;
}

/**
 * store_broken() - do lists and counters of a store fit together?
 * @store: any
 *
 * Return: what is wrong, or NULL.
 */
static inline const char *store_broken(const struct lq_store *store)
{
	const struct lq_link *link = store->room.next;
	const struct lq_chunk *chunk;
	bool empty = false;
	u32 nr_free = 0;

	for (; link != &store->room; link = link->next) {
		chunk = (const struct lq_chunk *)link;
		if (link->next->prev != link || is_chunk_broken(store, chunk))
			return "a broken chunk";
		if (empty && chunk->used)
			return "a chunk in use behind an empty one";
		empty = !chunk->used;
		nr_free += store->each - chunk->used;
		if (nr_free > store->nr_free)
			return "more free objects than nr_free";
	}
	if (store->least_free > store->nr_free)
		return "least_free is no least";
	return nr_free == store->nr_free ? NULL : "fewer free objects than nr_free";
}

#endif
