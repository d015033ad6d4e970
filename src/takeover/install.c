// SPDX-License-Identifier: GPL-2.0
/*
 * install.c - a SYN queue gets in front of the listeners of an endpoint
 *
 *   queue ─▶ endpoint ─▶ listeners point to it ─▶ their segments are diverted
 *
 * A queue is made first, so that nothing has changed when there is no memory. Listeners get and
 * lose the pointer to the queue with the ledger's lock held; segments follow it under RCU.
 */
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "queue/share.h"
#include "takeover/backlogs.h"
#include "takeover/install.h"
#include "takeover/lifetime.h"
#include "takeover/members.h"
#include "takeover/rules.h"

/**
 * lq_install_payer() - who pays for the listeners of an endpoint
 * @ep: the endpoint; a group is of one user
 *
 * Context: with the ledger's lock held.
 * Return: who does for the oldest one; root, if nobody listens.
 */
kuid_t lq_install_payer(struct lq_endpoint *ep)
{
	unsigned long at = 0;
	struct lq_listener *l = xa_find(&ep->listeners, &at, ULONG_MAX, LQ_OPEN);

	lockdep_assert_held(&ep->ledger->listeners.xa_lock);
	return l ? READ_ONCE(l->payer) : GLOBAL_ROOT_UID;
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
	struct lq_address where = ep->where;
	u32 records, backlogs, id = ep->id;
	kuid_t payer = lq_install_payer(ep);
	struct lq_synq *q;
	int err;

	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	xa_unlock_irq(&ledger->listeners);
	backlogs = lq_backlogs_sum(ledger, id);
	records = lq_config_or(config, LQ_SETTING_synq, backlogs);
	err = lq_synq_new(ledger->net, config, records, backlogs, by_rule ? &payer : NULL, &q);
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
 * Context: process, sleeps, with commands and the ledger's lock held, which others may have in
 * between.
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
			lq_endpoint_wake(ledger, ep);
			lq_lease_renew(&q->lease, &q->config);
			lq_members_begin(ledger, ep, q);
		} else {
			q->next = left;
			left = q;
			xa_unlock_irq(&ledger->listeners);
			cond_resched();
			xa_lock_irq(&ledger->listeners);
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
