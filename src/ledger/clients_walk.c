// SPDX-License-Identifier: GPL-2.0
/*
 * clients_walk.c - failed clients of a network namespace, newest first
 */
#include "ledger/clients.h"

/**
 * lq_clients_walk() - begin to read all clients of a network namespace
 * @walk: to be used with lq_clients_next()
 * @netns: inode of the network namespace
 */
void lq_clients_walk(struct lq_clients_walk *walk, unsigned int netns)
{
	int i;

	walk->netns = netns;
	for (i = 0; i < LQ_CLIENT_ALL_SHARDS; i++)
		walk->left[i] = lq_client_shards[i].size;
}

/* The newest client of a shard that was not read yet; false: there is none. */
static bool peek(struct lq_clients_walk *walk, int i, struct lq_client *found)
{
	struct lq_client_shard *shard = &lq_client_shards[i];
	const struct lq_client *c;
	unsigned long flags;
	bool fits = false;

	while (!fits && walk->left[i]) {
		raw_spin_lock_irqsave(&shard->lock, flags);
		c = &shard->clients[(shard->next + walk->left[i] - 1) % shard->size];
		fits = c->since && c->netns == walk->netns;
		if (fits)
			*found = *c;
		else if (!c->since)
			walk->left[i] = 1;	/* nor was one written before it */
		raw_spin_unlock_irqrestore(&shard->lock, flags);
		if (!fits)
			walk->left[i]--;
	}
	return fits;
}

/**
 * lq_clients_next() - read the next client, from the newest on
 * @walk: begun with lq_clients_walk(); its @client is filled
 *
 * Clients that come meanwhile may hide others, or be missed.
 *
 * Context: process.
 * Return: false when there is none.
 */
bool lq_clients_next(struct lq_clients_walk *walk)
{
	struct lq_client c;
	int i, newest = -1;

	for (i = 0; i < LQ_CLIENT_ALL_SHARDS; i++) {
		if (!peek(walk, i, &c) || (newest >= 0 && c.since <= walk->client.since))
			continue;
		newest = i;
		walk->client = c;
	}
	if (newest < 0)
		return false;
	walk->left[newest]--;
	return true;
}
