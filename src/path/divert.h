/* SPDX-License-Identifier: GPL-2.0 */
/*
 * divert.h - our way into the kernel's functions
 */
#ifndef LISTENQ_DIVERT_H
#define LISTENQ_DIVERT_H

struct lq_hook;
struct seq_file;

int lq_divert_attach(void);
void lq_divert_detach(void);
int lq_divert_take(void);
void lq_divert_let(void);
unsigned long lq_divert_rows(void);
bool lq_divert_is_whole(void);
bool lq_divert_will_do(void);
int lq_divert_each_row(int (*act)(struct lq_hook *hook));
void lq_divert_show(struct seq_file *m);

#endif
