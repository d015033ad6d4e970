// SPDX-License-Identifier: GPL-2.0
/*
 * proc_requests.c - /proc/net/listenq/requests: the pending records of endpoints that are
 * taken over
 *
 * A bucket at a time, in the order endpoint, part, bucket: that is the file's position, so
 * that a reader who comes back goes on where he was, and a million records cost no more
 * than to walk past them. Records that come and go meanwhile may be seen or not.
 */
#include <linux/seq_file.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "ledger/counts.h"
#include "queue/types.h"
#include "takeover/rules.h"
#include "user/files.h"
#include "user/proc_requests.h"

/* Endpoint, part and bucket in a position; the first line is position 0. */
#define BUCKET_BITS	24
#define PART_BITS	12

struct place {
	u32 endpoint;
	u32 part;
	u32 bucket;
};

static struct place place_of(loff_t pos)
{
	return (struct place) {
		.endpoint = pos >> (BUCKET_BITS + PART_BITS),
		.part = pos >> BUCKET_BITS & (BIT(PART_BITS) - 1),
		.bucket = pos & (BIT(BUCKET_BITS) - 1),
	};
}

static loff_t pos_of(const struct place *p)
{
	return (loff_t)p->endpoint << (BUCKET_BITS + PART_BITS) |
	       (loff_t)p->part << BUCKET_BITS | p->bucket;
}

/*
 * The next bucket with a record at @p or behind it. Commands wait while the file is read
 * (lq_takeover_lock), so that queues stay.
 */
static struct lq_part *next_part(struct lq_ledger *ledger, struct place *p)
{
	struct lq_endpoint *ep;
	struct lq_part *part;
	struct lq_synq *q;
	unsigned long id;

	xa_for_each_start(&ledger->endpoints, id, ep, p->endpoint) {
		q = READ_ONCE(ep->queue);
		if (!q || ep->id < p->endpoint)
			continue;
		if (ep->id > p->endpoint)
			*p = (struct place){ .endpoint = ep->id };
		for (; p->part <= q->mask; p->part++, p->bucket = 0) {
			part = &q->parts[p->part];
			for (; p->bucket <= part->shard.mask; p->bucket++)
				if (READ_ONCE(part->shard.buckets[p->bucket]))
					return part;
		}
	}
	return NULL;
}

static void *find(struct seq_file *m, loff_t *pos)
{
	struct place p = place_of(*pos);
	struct lq_part *part = next_part(lq_ledger_of(m->private), &p);

	*pos = part ? pos_of(&p) : *pos + 1;
	return part;
}

static void *requests_start(struct seq_file *m, loff_t *pos)
	__acquires(RCU)
{
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
	rcu_read_unlock();
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
	struct place p = place_of(m->index);
	struct lq_part *part = v;
	struct lq_record *r;

	if (v == SEQ_START_TOKEN) {
		lq_show_head(m);
		seq_putc(m, '\n');
		return 0;
	}
	spin_lock_bh(&part->lock);
	for (r = part->shard.buckets[p.bucket]; r; r = r->next)
		show_record(m, p.endpoint, r);
	spin_unlock_bh(&part->lock);
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
	int err = lq_file_opened(inode, file);

	if (!err)
		err = seq_open(file, &requests_seq);
	if (!err)
		((struct seq_file *)file->private_data)->private = pde_data(inode);
	return err;
}

const struct proc_ops lq_requests_ops = {
	.proc_open = requests_open,
	.proc_read = seq_read,
	.proc_lseek = seq_lseek,
	.proc_release = seq_release,
};
