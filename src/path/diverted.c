// SPDX-License-Identifier: GPL-2.0
/*
 * diverted.c - are the kernel's functions diverted just now, and who sees what goes through?
 *
 *   probes see ──▶ first queue or rule ──▶ takeover sees
 *       └◀── a minute after the last one ──────┘
 *
 * Others want these functions, too: a livepatch, kernel.ftrace_enabled=0. So they are diverted
 * only while a queue is there, or a rule for endpoints to come, and for a while after that.
 *
 * Each segment is seen by observe's probes or by who diverts, as a whole and once. To change
 * hands, first both stand at the entries: calls that began when one of them was not there yet
 * are over after a grace period of tasks (ftrace's trampolines; a softirq is no task, but is
 * not interrupted by one either). Then each processor changes lq_probes_rest between two
 * segments. Last, who has nothing to do any more goes. Nothing is taken over while hands
 * change: what is not seen by takeover is the kernel's in any case.
 *
 * Lock: diverting, inside of that of commands (takeover/rules.c).
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/workqueue.h>

#include "kernel/between.h"
#include "kernel/compat.h"
#include "kernel/faults.h"
#include "kernel/hook.h"
#include "observe/watch.h"
#include "path/divert.h"
#include "path/diverted.h"

/* ms: who takes over again soon need not wait for it. */
#define LQ_REST_AFTER_MS 60000

static void rest_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(rester, rest_work);

/* Guards what follows. */
static DEFINE_MUTEX(diverting);
static u32 users;		/* queues, rules */
static bool diverted;
static bool is_told;		/* that probes can't have their work back */

static int note_missed(struct lq_hook *hook)
{
	lq_hook_note_missed(hook);
	return 0;
}

static int let_rest(struct lq_hook *hook)
{
	lq_hook_rest(hook);
	return 0;
}

static int let_work(struct lq_hook *hook)
{
	lq_hook_works(hook);
	return 0;
}

static int begin(void)
{
	int err;

	lockdep_assert_held(&diverting);
	err = lq_divert_attach();
	if (err)
		return err;
	synchronize_rcu_tasks();
	lq_divert_each_row(note_missed);
	lq_between_segments(&lq_probes_rest, true);
	lq_divert_each_row(let_rest);
	diverted = true;
	return 0;
}

/*
 * While all probes are switched off (debugfs kprobes/enabled) one that is woken would not see
 * what is left to it, and would be left out when they are switched on again. Who was woken goes
 * back to rest then: it does nothing in either case.
 */
static int wake_probes(void)
{
	int err = lq_divert_each_row(lq_hook_wake);

	if (!err && !lq_watch_sees())
		err = -EAGAIN;
	if (err)
		lq_divert_each_row(lq_hook_sleep);
	return err;
}

static int end(void)
{
	int err;

	lockdep_assert_held(&diverting);
	err = wake_probes();
	if (err)
		return err;
	synchronize_rcu_tasks();
	lq_between_segments(&lq_probes_rest, false);
	lq_divert_each_row(let_work);
	lq_divert_detach();
	diverted = false;
	return 0;
}

static void rest_later(void)
{
	mod_delayed_work(lq_system_wq, &rester,
			 msecs_to_jiffies(lq_rest_after_ms(LQ_REST_AFTER_MS)));
}

static void rest_work(struct work_struct *work)
{
	int err;

	mutex_lock(&diverting);
	if (diverted && !users) {
		err = end();
		if (!err)
			pr_info("nothing is taken over: the kernel's functions are not diverted any more\n");
		else if (!is_told)
			pr_warn("probes can't be armed (error %d): the kernel's functions stay diverted, tried again every minute\n",
				err);
		is_told = err;
		if (err)
			rest_later();
	}
	mutex_unlock(&diverting);
}

/**
 * lq_diverted_get() - functions must be diverted until lq_diverted_put()
 *
 * Context: process, sleeps; the first one for some grace periods.
 * Return: 0, or as lq_divert_attach().
 */
int lq_diverted_get(void)
{
	int err;

	mutex_lock(&diverting);
	err = diverted ? 0 : begin();
	if (!err)
		users++;
	mutex_unlock(&diverting);
	return err;
}

/**
 * lq_diverted_put() - one who needed diverted functions does so no more
 *
 * Context: process, sleeps.
 */
void lq_diverted_put(void)
{
	mutex_lock(&diverting);
	if (!--users)
		rest_later();
	mutex_unlock(&diverting);
}

static bool is_used(void)
{
	bool used;

	mutex_lock(&diverting);
	used = users;
	mutex_unlock(&diverting);
	return used;
}

/**
 * lq_diverted_exit() - nothing is diverted any more
 *
 * There are no new queues. Of the last ones some may still be on their way, without a listener
 * that leads to them: addresses of rules, a network namespace that goes.
 *
 * Context: process, sleeps. Before the module goes. Nothing is observed any more: the probes
 * need not get their work back.
 * Return: whether functions were diverted: then no task is in a function of the module any more
 * that was preempted there.
 */
bool lq_diverted_exit(void)
{
	bool were;

	cancel_delayed_work_sync(&rester);
	mutex_lock(&diverting);
	were = diverted;
	if (were)
		lq_divert_detach();
	diverted = false;
	mutex_unlock(&diverting);
	while (is_used())
		usleep_range(1000, 2000);
	/* The last of them has asked for it once more. */
	cancel_delayed_work_sync(&rester);
	return were;
}
