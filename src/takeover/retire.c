// SPDX-License-Identifier: GPL-2.0
/*
 * retire.c - what a rule has taken over goes when nobody listens there
 *
 * Not at once: a server that closes and opens again finds its handshakes. When none is pending
 * any more, and no cookie is out that a listener to come would have to know of, the queue
 * goes, with its memory; when somebody listens there again, the rule makes another one.
 *
 * Nobody finds such a queue but by its endpoint: no listener leads there, and a grace
 * period has passed since one did (ledger/listener.c). So there is nothing to hand back.
 */
#include <linux/jiffies.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "queue/share.h"
#include "takeover/lifetime.h"
#include "takeover/retire.h"
#include "takeover/rules.h"

#define REST	HZ	/* a server that opens again in that time finds the same queue */
#define BATCH	64	/* queues that are looked at with interrupts off */

/**
 * lq_retire_later() - nobody listens at an endpoint any more that a rule has taken over
 * @ledger: of its network namespace
 * @q: the endpoint's queue
 *
 * Context: any, with the ledger's lock held.
 */
void lq_retire_later(struct lq_ledger *ledger, struct lq_synq *q)
{
	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!lq_is_shared(q))
		return;
	q->rest_until = jiffies + REST;
	list_move_tail(&q->resting, &ledger->resting);
	queue_delayed_work(lq_system_wq, &ledger->retirer, REST);
}

/* Might somebody who listens there soon need it? */
static bool is_needed(const struct lq_endpoint *ep, const struct lq_synq *q)
{
	return !xa_empty(&ep->listeners) || atomic_read(&q->len) ||
	       atomic_read(&q->parking.n) || READ_ONCE(q->draining) ||
	       jiffies - READ_ONCE(q->last_cookie) <= TCP_SYNCOOKIE_VALID;
}

/* The first one whose time has come. Returns false if there is none. */
static bool look(struct lq_ledger *ledger, struct lq_synq **gone)
{
	struct lq_synq *q = list_first_entry_or_null(&ledger->resting, struct lq_synq, resting);
	struct lq_endpoint *ep;

	lockdep_assert_held(&lq_commands);
	lockdep_assert_held(&ledger->listeners.xa_lock);
	if (!q || time_before(jiffies, q->rest_until))
		return false;
	list_del_init(&q->resting);
	ep = lq_endpoint_find(ledger, q->id);
	/* Somebody listens; or a command has named its address meanwhile. */
	if (!ep || ep->open || !lq_is_shared(q))
		return true;
	if (is_needed(ep, q)) {
		lq_retire_later(ledger, q);
		return true;
	}
	lq_endpoint_set_queue(ledger, ep, NULL);
	lq_endpoint_rest(ledger, ep);
	q->next = *gone;
	*gone = q;
	return true;
}

/* With commands locked. Returns those that go. */
static struct lq_synq *retire(struct lq_ledger *ledger)
{
	struct lq_synq *gone = NULL;
	bool more = true;
	int n;

	lockdep_assert_held(&lq_commands);
	while (more) {
		xa_lock_irq(&ledger->listeners);
		for (n = 0; more && n < BATCH; n++)
			more = look(ledger, &gone);
		xa_unlock_irq(&ledger->listeners);
		cond_resched();
	}
	return gone;
}

static void come_again(struct lq_ledger *ledger)
{
	struct lq_synq *q;

	xa_lock_irq(&ledger->listeners);
	q = list_first_entry_or_null(&ledger->resting, struct lq_synq, resting);
	if (q)
		queue_delayed_work(lq_system_wq, &ledger->retirer,
				   max_t(long, q->rest_until - jiffies, 1));
	xa_unlock_irq(&ledger->listeners);
}

/**
 * lq_keep_tallies() - what a queue has counted stays with its endpoint
 * @q: the queue; nobody counts in it any more
 *
 * Context: process.
 */
void lq_keep_tallies(const struct lq_synq *q)
{
	struct lq_ledger *ledger = lq_ledger_of(q->net);
	struct lq_endpoint *ep;
	int i;

	xa_lock_irq(&ledger->listeners);
	ep = lq_endpoint_find(ledger, q->id);
	for (i = 0; ep && i < LQ_SYNQ_TALLY_count; i++)
		ep->tallies[i] += atomic64_read(&q->tallies[i]);
	xa_unlock_irq(&ledger->listeners);
}

/**
 * lq_retire_work() - queues of rules go that nobody needs
 * @work: of the ledger
 *
 * Grace periods may be long: commands, and tasks that listen, do not wait for one here.
 *
 * Context: process, sleeps.
 */
void lq_retire_work(struct work_struct *work)
{
	struct lq_ledger *ledger = container_of(to_delayed_work(work), struct lq_ledger, retirer);
	struct lq_synq *q, *gone;

	lq_takeover_lock();
	gone = retire(ledger);
	lq_takeover_unlock();
	come_again(ledger);
	if (gone)
		synchronize_rcu();
	while ((q = gone)) {
		gone = q->next;
		lq_keep_tallies(q);
		lq_synq_free(q);
	}
}
