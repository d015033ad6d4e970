// SPDX-License-Identifier: GPL-2.0
/*
 * clients_walk.c - failed clients of a network namespace, newest first
 */
#include "ledger/clients.h"

/*
 * Goes to the newest client of a shard that was not read yet; if there is one, it is copied to
 * the one at hand, too.
 */
static void go_on(struct lq_clients_walk *walk, int i)
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
			walk->client = *c;
		else if (!c->since)
			walk->left[i] = 1;	/* nor was one written before it */
		raw_spin_unlock_irqrestore(&shard->lock, flags);
		if (!fits)
			walk->left[i]--;
	}
	walk->since[i] = fits ? walk->client.since : 0;
}

/**
 * lq_clients_walk() - begin to read all clients of a network namespace
 * @walk: to be used with lq_clients_next()
 * @netns: inode of the network namespace
 */
void lq_clients_walk(struct lq_clients_walk *walk, unsigned int netns)
{
	int i;

	walk->netns = netns;
	for (i = 0; i < LQ_CLIENT_ALL_SHARDS; i++) {
		walk->left[i] = lq_client_shards[i].size;
		go_on(walk, i);
	}
}

static int newest_shard(const struct lq_clients_walk *walk)
{
	int i, newest = 0;

	for (i = 1; i < LQ_CLIENT_ALL_SHARDS; i++)
		if (walk->since[i] > walk->since[newest])
			newest = i;
	return newest;
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
	int newest;

	do {
		newest = newest_shard(walk);
		if (!walk->since[newest])
			return false;
		/* Another may have taken its place. */
		go_on(walk, newest);
	} while (!walk->since[newest]);
	c = walk->client;
	walk->left[newest]--;
	go_on(walk, newest);
	walk->client = c;
	return true;
}
