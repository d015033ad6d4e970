// SPDX-License-Identifier: GPL-2.0
/*
 * install.c - a SYN queue gets in front of the listeners of an endpoint
 *
 *   queue ─▶ endpoint ─▶ listeners point to it ─▶ their segments are diverted
 *
 * All that a command or a rule takes over at once are made first, so that it is all or none
 * of them. Listeners get and lose the pointer to the queue with the ledger's lock held;
 * segments follow it under RCU.
 */
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "queue/memory.h"
#include "queue/share.h"
#include "takeover/install.h"
#include "takeover/lifetime.h"
#include "takeover/members.h"
#include "takeover/rules.h"

static u32 backlogs_of(struct lq_endpoint *ep)
{
	struct lq_listener *l;
	u32 backlogs = 0;

	list_for_each_entry(l, &ep->listeners, sibling)
		backlogs += READ_ONCE(l->sk->sk_max_ack_backlog);
	return max(backlogs, 1U);
}

/* Who listens there: of several the one who came last. */
static kuid_t user_of(struct lq_endpoint *ep)
{
	return list_empty(&ep->listeners) ? GLOBAL_ROOT_UID :
	       list_last_entry(&ep->listeners, struct lq_listener, sibling)->uid;
}

/* Half of mem_max: a command that names an address finds the rest. */
static int share(struct lq_synq *q, kuid_t uid)
{
	int err = lq_share_begin(q, uid, (u64)lq_memory_max() << 19);

	if (err)
		lq_synq_free(q);
	return err;
}

/**
 * lq_install_prepare() - make a queue for an endpoint that is not taken over yet
 * @ledger: of its network namespace
 * @ep: the endpoint; it may be gone afterwards
 * @config: what commands said
 * @by_rule: no command names its address
 * @made: the list of those that are made; is put in front
 *
 * Context: process, sleeps; commands and the ledger's lock are held, that one is dropped
 * meanwhile.
 * Return: 0, -ENOMEM, or -ENOSPC: more than mem_max allows, or the share of rules.
 */
int lq_install_prepare(struct lq_ledger *ledger, struct lq_endpoint *ep,
		       const struct lq_config *config, bool by_rule, struct lq_synq **made)
	__releases(&ledger->listeners.xa_lock)
	__acquires(&ledger->listeners.xa_lock)
{
	u32 backlogs = backlogs_of(ep), id = ep->id;
	u32 records = lq_config_or(config, LQ_SETTING_synq, backlogs);
	struct lq_address where = ep->where;
	kuid_t uid = user_of(ep);
	struct lq_synq *q;
	int err;

	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	xa_unlock_irq(&ledger->listeners);
	err = lq_synq_new(ledger->net, config, records, backlogs, &q);
	if (!err && by_rule)
		err = share(q, uid);
	if (!err) {
		q->where = where;
		q->id = id;
		INIT_LIST_HEAD(&q->resting);
		q->next = *made;
		*made = q;
	}
	xa_lock_irq(&ledger->listeners);
	return err;
}

/**
 * lq_install() - queues get in front of their endpoints' listeners
 * @ledger: of their network namespace
 * @made: a list of lq_install_prepare()
 *
 * Context: process, with commands and the ledger's lock held.
 * Return: those whose endpoints have been forgotten meanwhile: nobody listens there.
 */
struct lq_synq *lq_install(struct lq_ledger *ledger, struct lq_synq *made)
{
	struct lq_synq *q, *left = NULL;
	struct lq_endpoint *ep;

	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	while ((q = made)) {
		made = q->next;
		ep = lq_endpoint_find(ledger, q->id);
		if (ep) {
			ep->released = false;
			list_del_init(&ep->wanted);
			ep->queue = q;
			lq_endpoint_wake(ledger, ep);
			lq_lease_renew(&q->lease, &q->config);
			lq_members_changed(ledger, ep);
		} else {
			q->next = left;
			left = q;
		}
	}
	return left;
}

/**
 * lq_install_discard() - free queues that nobody has seen
 * @made: a list of lq_install_prepare()
 *
 * Context: process, sleeps.
 */
void lq_install_discard(struct lq_synq *made)
{
	struct lq_synq *q;

	while ((q = made)) {
		made = q->next;
		lq_synq_free(q);
	}
}
