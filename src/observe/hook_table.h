/* SPDX-License-Identifier: GPL-2.0 */
/*
 * hook_table.h - THE list of what we hook
 */
#ifndef LISTENQ_HOOK_TABLE_H
#define LISTENQ_HOOK_TABLE_H

#include "kernel/hook.h"

extern struct lq_hook lq_hooks[];
extern const int lq_hook_count;

int lq_hook_table_attach(const char *without);

#endif
