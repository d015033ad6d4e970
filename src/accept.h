/* SPDX-License-Identifier: GPL-2.0 */
/*
 * accept.h - how long a connection waits for accept()
 */
#ifndef LISTENQ_ACCEPT_H
#define LISTENQ_ACCEPT_H

#include <linux/types.h>

struct sock;

/**
 * struct lq_accept_stats - state of the table of stamps
 * @size: stamps there are
 * @used: connections being timed
 * @untracked: connections that found no free stamp
 */
struct lq_accept_stats {
	unsigned long size;
	unsigned long used;
	unsigned long untracked;
};

int lq_accept_init(bool no_stamps);
void lq_accept_exit(void);

void lq_accept_queued(const struct sock *child, u64 listener);
bool lq_accept_taken(const struct sock *child, u64 *waited_us, u64 *listener);
u64 lq_accept_waiting_us(const struct sock *child);
void lq_accept_moved(const struct sock *child, u64 listener);
void lq_accept_forget(u64 listener);
void lq_accept_read_stats(struct lq_accept_stats *stats);

#endif
