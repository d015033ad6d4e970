/* SPDX-License-Identifier: GPL-2.0 */
/*
 * park.h - handshakes that wait for room in the accept queue
 */
#ifndef LISTENQ_PARK_H
#define LISTENQ_PARK_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "core/decide.h"

struct lq_config;
struct lq_job;
struct lq_record;
struct lq_synq;
struct seq_file;

/**
 * struct lq_parking - the parked handshakes of an endpoint
 * @lock: guards @lanes and what is in them; nested in a part's lock, a leaf
 * @lanes: struct lane: one for each listener with parked handshakes
 * @n: parked handshakes
 * @bytes: memory of their copies
 * @room: how much that may be; of mem_max, as long as the queue
 * @promoted: handshakes that became connections after they were parked
 * @promoter: makes them
 * @look_until: jiffies; listen() is about to change a backlog
 */
struct lq_parking {
	spinlock_t lock;	/* guards lanes */
	struct list_head lanes;
	atomic_t n;
	atomic64_t bytes;
	u64 room;
	atomic64_t promoted;
	struct delayed_work promoter;
	unsigned long look_until;
};

void lq_park_init(struct lq_synq *q);
void lq_park_exit(struct lq_synq *q);
u64 lq_park_room(const struct lq_config *config, u32 backlogs);

bool lq_job_may_park(const struct lq_job *job, const struct lq_record *r);
enum lq_verdict lq_job_park(struct lq_job *job, struct lq_record *r, bool full);
void lq_unpark(struct lq_synq *q, struct lq_record *r);

void lq_park_kick(struct lq_synq *q);
void lq_park_backlog(struct lq_synq *q);
void lq_park_show(struct seq_file *m, const struct lq_synq *q);

#endif
