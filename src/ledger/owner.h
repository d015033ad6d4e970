/* SPDX-License-Identifier: GPL-2.0 */
/*
 * owner.h - who owns endpoints that are taken over
 *
 * The ledger is below takeover and does not know it: what it has to say to it, it says
 * through this table. None of it is said once per segment.
 */
#ifndef LISTENQ_OWNER_H
#define LISTENQ_OWNER_H

#include "core/decide.h"
#include "ledger/types.h"

/**
 * struct lq_owner - what takeover wants to be told, and is asked
 * @listeners: an endpoint's listeners have changed; the ledger's lock is held
 * @backlog: listen() changes the backlog of a listener, which has its old one still
 * @made_room: accept() has taken a connection from a listener, one that is taken over
 * @read: the queues of a listener that is taken over
 */
struct lq_owner {
	void (*listeners)(struct lq_ledger *ledger, struct lq_endpoint *ep);
	void (*backlog)(struct sock *sk, u32 backlog);
	void (*made_room)(const struct lq_listener *l);
	void (*read)(const struct lq_synq *q, const struct sock *sk, struct lq_reading *reading);
};

/* Set once, before the hooks are attached. */
extern const struct lq_owner *lq_owner;

#endif
