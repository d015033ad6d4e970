/* SPDX-License-Identifier: GPL-2.0 */
/*
 * divert.h - takeover's way into the kernel's functions
 */
#ifndef LISTENQ_DIVERT_H
#define LISTENQ_DIVERT_H

struct lq_hook;
struct seq_file;

int lq_divert_attach(void);
void lq_divert_detach(void);
int lq_divert_each_row(int (*act)(struct lq_hook *hook));
void lq_divert_show(struct seq_file *m);

#endif
