/* SPDX-License-Identifier: GPL-2.0 */
/*
 * files.h - what all files of /proc/net/listenq have in common
 */
#ifndef LISTENQ_FILES_H
#define LISTENQ_FILES_H

#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>

int lq_file_opened(struct inode *inode, struct file *file);
void lq_show_head(struct seq_file *m);
void lq_show_escaped(struct seq_file *m, const char *name);
void lq_show_address(struct seq_file *m, struct net *net, const struct lq_address *where);
void lq_show_time(struct seq_file *m, const char *key, u64 ns);

#endif
