/* SPDX-License-Identifier: GPL-2.0 */
/*
 * timer.h - what happens to records without a segment
 */
#ifndef LISTENQ_QUEUE_TIMER_H
#define LISTENQ_QUEUE_TIMER_H

#include <linux/timer.h>
#include <linux/workqueue.h>

struct lq_part;

void lq_part_timer(struct timer_list *timer);
void lq_part_work(struct work_struct *work);
void lq_part_stop(struct lq_part *part);
void lq_evict_work(struct work_struct *work);

#endif
