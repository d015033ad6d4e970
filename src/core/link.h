/* SPDX-License-Identifier: GPL-2.0 */
/*
 * link.h - rings: a list is a link that is in no record
 */
#ifndef LISTENQ_LINK_H
#define LISTENQ_LINK_H

#include "core/segment.h"

/* A place in a ring. */
struct lq_link {
	struct lq_link *next;
	struct lq_link *prev;
};

static inline void lq_list_init(struct lq_link *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool lq_list_is_empty(const struct lq_link *list)
{
	return list->next == list;
}

static inline void lq_list_append(struct lq_link *list, struct lq_link *link)
{
	link->next = list;
	link->prev = list->prev;
	list->prev->next = link;
	list->prev = link;
}

/* In front of all others. */
static inline void lq_list_push(struct lq_link *list, struct lq_link *link)
{
	lq_list_append(list->next, link);
}

static inline void lq_list_unlink(struct lq_link *link)
{
	link->prev->next = link->next;
	link->next->prev = link->prev;
}

#endif
