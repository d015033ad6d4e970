/* SPDX-License-Identifier: GPL-2.0 */
/*
 * clients_table.h - where failed clients are remembered: for clients.c, and who reads them
 */
#ifndef LISTENQ_CLIENTS_TABLE_H
#define LISTENQ_CLIENTS_TABLE_H

#include "ledger/clients.h"

#define LQ_CLIENT_BUCKETS	512

/**
 * struct lq_client_shard - a part of the table
 * @lock: guards all of it
 * @used: clients somebody waits for
 * @next: index of the oldest client
 * @forgot: the last overflow of which a client made room for another one
 * @overwritten: clients that made room
 * @buckets: clients by flow
 * @size: of @clients
 * @clients: memory, used as a ring
 */
struct lq_client_shard {
	raw_spinlock_t lock;
	unsigned int used;
	unsigned int next;
	u32 forgot[LQ_QUEUE_KINDS];
	u64 overwritten;
	struct hlist_head buckets[LQ_CLIENT_BUCKETS];
	unsigned int size;
	struct lq_client *clients;
} ____cacheline_aligned_in_smp;

/* Those of refused clients, then those of others. */
extern struct lq_client_shard *lq_client_shards;

#endif
