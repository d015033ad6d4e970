/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stamp.h - how long a connection waits for accept()
 */
#ifndef LISTENQ_STAMP_H
#define LISTENQ_STAMP_H

#include <linux/types.h>

struct sock;

/**
 * struct lq_stamp_stats - state of the table of stamps
 * @size: stamps there are
 * @used: connections being timed
 * @untracked: connections that found no free stamp
 */
struct lq_stamp_stats {
	unsigned long size;
	unsigned long used;
	unsigned long untracked;
};

int lq_stamps_init(bool no_stamps);
void lq_stamps_exit(void);

void lq_stamp_put(const struct sock *child, u64 listener);
void lq_stamp_alias(const struct sock *msk, const struct sock *child, u64 listener);
const struct sock *lq_stamp_unalias(const struct sock *msk, u64 *listener);
bool lq_stamp_take(const struct sock *child, u64 *waited_us, u64 *listener);
u64 lq_stamp_age_us(const struct sock *child);
void lq_stamp_move(const struct sock *child, u64 listener);
void lq_stamps_forget(u64 listener);
void lq_stamps_read_stats(struct lq_stamp_stats *stats);

#endif
