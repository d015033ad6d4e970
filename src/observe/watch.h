/* SPDX-License-Identifier: GPL-2.0 */
/*
 * watch.h - does the kernel still tell us what we hooked?
 */
#ifndef LISTENQ_WATCH_H
#define LISTENQ_WATCH_H

#include <linux/list.h>
#include <linux/types.h>

/**
 * struct lq_sight - a way in which the kernel calls us
 * @list: among all
 * @what: in words, for dmesg
 * @works: makes a call that is to be seen, and says whether it was; process context
 */
struct lq_sight {
	struct list_head list;
	const char *what;
	bool (*works)(void);
};

/**
 * struct lq_blindness - what was not seen
 * @since: wall clock, ns, since when calls go unseen; 0: they don't
 * @ms: how long they did before, in all
 * @missed: calls of hooked functions of which the kernel did not tell us, in all
 */
struct lq_blindness {
	u64 since;
	u64 ms;
	u64 missed;
};

int lq_watch_init(void);
void lq_watch_exit(void);
int lq_watch_start(void);
void lq_watch_stop(void);
void lq_watch_add(struct lq_sight *sight);
void lq_watch_remove(struct lq_sight *sight);
void lq_watch_look(void);
bool lq_watch_sees(void);
void lq_watch_read(struct lq_blindness *blindness);

#endif
