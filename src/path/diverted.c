// SPDX-License-Identifier: GPL-2.0
/*
 * diverted.c - are the kernel's functions diverted just now, and who sees what goes through?
 *
 *   probes see ──▶ hooks=auto, ftrace: from load on ──▶ who diverts sees
 *       │      └─▶ hooks=kprobe: first queue or rule ─▶   │
 *       └◀── hooks=kprobe, a minute after the last one ───┘
 *
 * Others want these functions, too: a livepatch, kernel.ftrace_enabled=0. For them
 * hooks=kprobe is there: functions are diverted then only while a queue is there, or a rule for
 * endpoints to come, and for a while after that.
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
static bool ready;		/* from load to unload */
static bool observing;		/* by diverting */
static bool diverted;
static bool taking;		/* to who takes over */
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
	lq_between_segments(&lq_probes_rest, lq_divert_rows());
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
	lq_between_segments(&lq_probes_rest, 0);
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

/* Nothing is taken over. */
static void let(void)
{
	lockdep_assert_held(&diverting);
	if (taking)
		lq_divert_let();
	taking = false;
}

static void rest(void)
{
	int err;

	lockdep_assert_held(&diverting);
	let();
	if (!diverted || observing)
		return;
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

static void rest_work(struct work_struct *work)
{
	mutex_lock(&diverting);
	if (!users)
		rest();
	mutex_unlock(&diverting);
}

/* Some of them may have been somebody else's when we came. */
static int take(void)
{
	int err = 0;

	lockdep_assert_held(&diverting);
	if (taking)
		return 0;
	if (diverted && !lq_divert_will_do())
		err = end();
	if (!err && !diverted)
		err = begin();
	if (err)
		pr_err("endpoints: the kernel's functions can't be diverted (error %d): no takeover\n",
		       err);
	err = err ?: lq_divert_take();
	taking = !err;
	return err;
}

/**
 * lq_diverted_get() - functions must be diverted until lq_diverted_put()
 *
 * Context: process, sleeps; the first one for some grace periods.
 * Return: 0, or as lq_divert_take(). One line says why.
 */
int lq_diverted_get(void)
{
	int err;

	mutex_lock(&diverting);
	err = take();
	if (!err)
		users++;
	else if (diverted && !observing)
		end();
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

static int say_diverted(struct lq_hook *hook)
{
	pr_info("%s: diverted\n", hook->name);
	return 0;
}

/* Where nothing can be diverted, probes will do. */
static int observe(enum lq_observe how)
{
	bool was = observing, fresh = false;
	int err = 0;

	lockdep_assert_held(&diverting);
	/* Who had some of them may have let go. */
	if (diverted && !taking && !lq_divert_is_whole())
		err = end();
	if (!err && !diverted) {
		err = begin();
		fresh = !err;
	}
	if (!err && how == LQ_OBSERVE_FTRACE && !lq_divert_is_whole())
		err = -EBUSY;
	observing = diverted && (was || !err);
	is_told = false;
	if (fresh && observing)
		lq_divert_each_row(say_diverted);
	if (how == LQ_OBSERVE_FTRACE && err)
		pr_err("hooks=ftrace: not every function can be diverted (error %d)\n", err);
	else if (err)
		pr_info("functions can't be diverted here (error %d): seen by probes\n", err);
	return how == LQ_OBSERVE_FTRACE ? err : 0;
}

/**
 * lq_diverted_observe() - how is observed what can be diverted?
 * @how: by probes, or by diverting
 *
 * Does nothing before lq_diverted_init() and after lq_diverted_exit().
 *
 * Context: process, sleeps.
 * Return: 0; with LQ_OBSERVE_FTRACE an error if not all can be diverted, -EBUSY: because
 * somebody else does.
 */
int lq_diverted_observe(enum lq_observe how)
{
	int err = 0;

	mutex_lock(&diverting);
	if (ready && how == LQ_OBSERVE_KPROBE)
		observing = false;
	else if (ready)
		err = observe(how);
	if (!users)
		rest();
	mutex_unlock(&diverting);
	return err;
}

/**
 * lq_diverted_init() - the hooks are attached
 * @how: as lq_diverted_observe()
 *
 * Context: process, sleeps. Before anything is observed.
 * Return: as lq_diverted_observe().
 */
int lq_diverted_init(enum lq_observe how)
{
	int err;

	mutex_lock(&diverting);
	ready = true;
	mutex_unlock(&diverting);
	err = lq_diverted_observe(how);
	if (err)
		lq_diverted_exit();
	return err;
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
 * Does nothing a second time.
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
	ready = false;
	observing = false;
	if (were)
		lq_divert_detach();
	diverted = false;
	taking = false;
	mutex_unlock(&diverting);
	while (is_used())
		usleep_range(1000, 2000);
	/* The last of them has asked for it once more. */
	cancel_delayed_work_sync(&rester);
	return were;
}
