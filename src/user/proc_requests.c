// SPDX-License-Identifier: GPL-2.0
/*
 * proc_requests.c - /proc/net/listenq/requests: the pending records of endpoints that are
 * taken over
 *
 * A chunk of records at a time, in the order endpoint, part, chunk: that is the file's
 * position, so that a reader who comes back goes on where he was, and a million records cost
 * no more than to walk past them. A record stays in its chunk: what is pending all the time
 * is seen once, whatever happens to the hash table. What comes and goes meanwhile may be seen
 * or not.
 */
#include <linux/seq_file.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "ledger/counts.h"
#include "queue/part.h"
#include "takeover/rules.h"
#include "user/files.h"
#include "user/proc_requests.h"

/* Endpoint, part and chunk in a position; the first line is position 0. */
#define PART_BITS	LQ_MOST_PART_BITS
static_assert(32 + PART_BITS + LQ_CHUNK_BITS < 63);

struct place {
	u32 endpoint;
	u32 part;
	unsigned long chunk;
};

/**
 * struct reader - who reads the file
 * @net: which network namespace's
 * @holds: commands wait: there is something to be read. Else nobody has to wait for who reads
 * @place: what was found; guarded by the file's lock, as all of this
 * @n: records that were pending there
 * @records: copies of these: nothing is formatted with a part locked
 */
struct reader {
	struct net *net;
	bool holds;
	struct place place;
	u32 n;
	struct lq_record records[LQ_CHUNK_HOLDS(sizeof(struct lq_record))];
};

static struct place place_of(loff_t pos)
{
	return (struct place) {
		.endpoint = pos >> (LQ_CHUNK_BITS + PART_BITS),
		.part = pos >> LQ_CHUNK_BITS & (BIT(PART_BITS) - 1),
		.chunk = pos & (BIT(LQ_CHUNK_BITS) - 1),
	};
}

static loff_t pos_of(const struct place *p)
{
	return (loff_t)p->endpoint << (LQ_CHUNK_BITS + PART_BITS) |
	       (loff_t)p->part << LQ_CHUNK_BITS | p->chunk;
}

/* Copies what is pending in a chunk at @p or behind it. Returns whether there is a chunk. */
static bool copy_chunk(struct reader *reader, struct lq_part *part, unsigned long *index)
{
	const struct lq_record *r;
	struct lq_chunk *chunk;
	u32 i = 0;

	reader->n = 0;
	spin_lock_bh(&part->lock);
	chunk = lq_part_chunk(part, index);
	for (; chunk && (r = lq_shard_pending(&part->shard, chunk, &i)); i++)
		reader->records[reader->n++] = *r;
	spin_unlock_bh(&part->lock);
	return chunk;
}

/* The next records of a queue at @p or behind it. */
static bool find_in(struct reader *reader, struct lq_synq *q, struct place *p)
{
	for (; p->part <= q->mask; p->part++, p->chunk = 0)
		for (; copy_chunk(reader, &q->parts[p->part], &p->chunk); p->chunk++)
			if (reader->n)
				return true;
	return false;
}

/*
 * The next chunk with a record at @p or behind it. Commands wait while the file is read
 * (lq_takeover_lock), so that queues stay.
 */
static bool find_records(struct reader *reader, struct lq_ledger *ledger, struct place *p)
{
	struct lq_endpoint *ep;
	struct lq_synq *q;
	unsigned long id;

	xa_for_each_start(&ledger->endpoints, id, ep, p->endpoint) {
		q = READ_ONCE(ep->queue);
		if (!q || ep->id < p->endpoint)
			continue;
		if (ep->id > p->endpoint)
			*p = (struct place){ .endpoint = ep->id };
		if (find_in(reader, q, p))
			return true;
	}
	return false;
}

static void *find(struct seq_file *m, loff_t *pos)
{
	struct reader *reader = m->private;
	struct place p = place_of(*pos);
	bool found = reader->holds && find_records(reader, lq_ledger_of(reader->net), &p);

	*pos = found ? pos_of(&p) : *pos + 1;
	reader->place = p;
	return found ? reader : NULL;
}

static void *requests_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
	struct reader *reader = m->private;

	reader->holds = READ_ONCE(lq_ledger_of(reader->net)->nr_queues);
	if (reader->holds)
		lq_takeover_lock();
	rcu_read_lock();
	return *pos ? find(m, pos) : SEQ_START_TOKEN;
}

static void *requests_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return find(m, pos);
}

static void requests_stop(struct seq_file *m, void *v)
	__releases(RCU)
{
	const struct reader *reader = m->private;

	rcu_read_unlock();
	if (reader->holds)
		lq_takeover_unlock();
}

static const char *state_of(const struct lq_record *r)
{
	if (r->parked)
		return "parked";
	return r->acked ? "acked" : "waiting";
}

static void show_record(struct seq_file *m, u32 endpoint, const struct lq_record *r)
{
	u64 age = r->snt_synack ? tcp_clock_us() - r->snt_synack : 0;

	seq_printf(m, "endpoint=%u client=%pI4:%u server=%pI4:%u state=%s age_us=%llu retrans=%u timeouts=%u due_ms=%d mss=%u uid=%u iif=%u\n",
		   endpoint, &r->key.daddr, ntohs((__force __be16)r->key.dport), &r->key.saddr,
		   ntohs((__force __be16)r->key.sport), state_of(r), age,
		   r->retrans, r->timeouts, (int)(s32)(r->due - (u32)jiffies) * (1000 / HZ),
		   r->mss, r->uid, r->key.iif);
}

static int requests_show(struct seq_file *m, void *v)
{
	const struct reader *reader = v;
	u32 i;

	if (v == SEQ_START_TOKEN) {
		lq_show_head(m);
		seq_putc(m, '\n');
		return 0;
	}
	for (i = 0; i < reader->n && !seq_has_overflowed(m); i++)
		show_record(m, reader->place.endpoint, &reader->records[i]);
	return 0;
}

static const struct seq_operations requests_seq = {
	.start = requests_start,
	.next = requests_next,
	.stop = requests_stop,
	.show = requests_show,
};

static int requests_open(struct inode *inode, struct file *file)
{
	struct reader *reader;
	int err = lq_file_opened(inode, file);

	if (err)
		return err;
	reader = __seq_open_private(file, &requests_seq, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->net = pde_data(inode);
	return 0;
}

const struct proc_ops lq_requests_ops = {
	.proc_open = requests_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release_private,
};
