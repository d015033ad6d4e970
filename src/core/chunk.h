/* SPDX-License-Identifier: GPL-2.0 */
/*
 * chunk.h - memory for objects of one size, in chunks that go back when they are empty
 *
 *   store ─▶ chunk ◀─▶ chunk ◀─▶ chunk       those with room, the empty ones last
 *              ├▶ free ─▶ object ─▶ object     those that were given back
 *              └▶ fresh: from there on never taken
 *
 * Taken is from the first chunk, so that objects keep together and others become empty.
 * A chunk lies at a multiple of its size: that is how an object finds its own.
 *
 * Plain C. The caller locks the store, gives it memory and takes it back.
 */
#ifndef LISTENQ_CHUNK_H
#define LISTENQ_CHUNK_H

#include "core/link.h"

#define LQ_CHUNK_BYTES	4096
#define LQ_CHUNK_HEAD	64	/* objects begin at a cache line */

/* Objects of @size bytes in a chunk. */
#define LQ_CHUNK_HOLDS(size) ((u32)((LQ_CHUNK_BYTES - LQ_CHUNK_HEAD) / (size)))

/**
 * struct lq_chunk - the head of a chunk; LQ_CHUNK_BYTES of memory at a multiple of that
 * @link: in its store; in no list while it is full
 * @free: objects that were given back
 * @used: objects that are taken
 * @fresh: objects that ever were: the others are as they came
 * @index: its number, the owner's of the memory
 */
struct lq_chunk {
	struct lq_link link;
	void *free;
	u32 used;
	u32 fresh;
	u32 index;
};

/**
 * struct lq_store - chunks of objects of one size
 * @room: chunks with room
 * @size: bytes of an object, at least a pointer
 * @each: objects of a chunk
 * @nr_free: objects ready to be taken
 * @least_free: how few there were since somebody set it
 */
struct lq_store {
	struct lq_link room;
	u32 size;
	u32 each;
	u32 nr_free;
	u32 least_free;
};

/* Number @i of a chunk, less than @fresh for those that were ever taken. */
static inline void *lq_chunk_object(const struct lq_store *store, struct lq_chunk *chunk, u32 i)
{
	return (char *)chunk + LQ_CHUNK_HEAD + (size_t)i * store->size;
}

void lq_store_init(struct lq_store *store, u32 size);
void lq_store_add(struct lq_store *store, struct lq_chunk *chunk);
struct lq_chunk *lq_store_spare(struct lq_store *store);
void *lq_store_take(struct lq_store *store);
void lq_store_give_back(struct lq_store *store, void *object);
bool lq_store_is_sound(const struct lq_store *store);

#endif
