/* SPDX-License-Identifier: GPL-2.0 */
/*
 * older.h - listeners that are older than the module
 */
#ifndef LISTENQ_OLDER_H
#define LISTENQ_OLDER_H

void lq_listeners_of_tasks(void);

#endif
