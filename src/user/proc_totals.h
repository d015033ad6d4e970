/* SPDX-License-Identifier: GPL-2.0 */
/*
 * proc_totals.h - what was counted of a listener or endpoint, as words of its line
 */
#ifndef LISTENQ_PROC_TOTALS_H
#define LISTENQ_PROC_TOTALS_H

#include <linux/types.h>

struct lq_totals;
struct seq_file;

void lq_show_totals(struct seq_file *m, const struct lq_totals *totals, u32 waiting);

#endif
