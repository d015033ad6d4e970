// SPDX-License-Identifier: GPL-2.0
/*
 * site.c - entries of the kernel's functions where we stand: found, held, left
 *
 * One ftrace_ops for all of them. Where somebody else diverts an entry already (a livepatch),
 * ftrace refuses ours: that one stays with observe's probe, and if takeover needs it, there is no
 * takeover. While something is taken over, kernel.ftrace_enabled must not be switched off; a
 * second one sees to that.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/delay.h>
#include <linux/kprobes.h>

#include "kernel/hook.h"
#include "path/site.h"

#define TRIES		10
#define RETRY_MS	10

struct lq_site *lq_site_table[1 << LQ_SITE_BITS];

static struct lq_site *sites;
static int nr_sites;
static struct lq_site own;	/* in our own function */
static bool taking;

static struct ftrace_ops divert_ops = {
	.flags = FTRACE_OPS_FL_IPMODIFY | LQ_FTRACE_FLAGS,
};

static void notrace do_nothing(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
}

static struct ftrace_ops guard_ops = {
	.func = do_nothing,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

/* Where ftrace patches a function, by name or by address; 0: nowhere, or there is none. */
static unsigned long find_ip(const char *name, void *function)
{
	struct kprobe kp = { .symbol_name = name, .addr = function,
			     .flags = KPROBE_FLAG_DISABLED };
	unsigned long ip;

	if (register_kprobe(&kp))
		return 0;
	/* Only where ftrace patches is there something to step past. */
	ip = kp.flags & KPROBE_FLAG_FTRACE ? (unsigned long)kp.addr : 0;
	unregister_kprobe(&kp);
	return ip;
}

static void put_into_table(struct lq_site *site)
{
	unsigned int at = hash_long(site->ip, LQ_SITE_BITS);

	while (lq_site_table[at])
		at = (at + 1) & ((1 << LQ_SITE_BITS) - 1);
	lq_site_table[at] = site;
}

/**
 * lq_sites_find() - where are they?
 * @table: the sites; stays
 * @nr: how many, less than the table by hash has places
 * @function: one of ours that is to be diverted, too, to see whether that works
 *
 * Context: process, sleeps. While nothing is attached.
 * Return: 0, or -EOPNOTSUPP when one can't be diverted without which nothing is taken over.
 */
int lq_sites_find(struct lq_site *table, int nr, void *function)
{
	int i, err = 0;

	sites = table;
	nr_sites = nr;
	memset(lq_site_table, 0, sizeof(lq_site_table));
	own.ip = find_ip(NULL, function);
	if (own.ip)
		put_into_table(&own);
	for (i = 0; i < nr; i++) {
		sites[i].hook = lq_hook_find(sites[i].name);
		sites[i].ip = sites[i].hook || sites[i].core ? find_ip(sites[i].name, NULL) : 0;
		if (sites[i].ip)
			put_into_table(&sites[i]);
		else if (sites[i].core)
			err = -EOPNOTSUPP;
	}
	return err;
}

/* Nobody's row: the bit above those of rows. */
static unsigned long bit_of(const struct lq_site *site)
{
	return BIT(site->hook ? lq_hook_row(site->hook) : BITS_PER_LONG - 1);
}

/* What stands at none of them but our own; the others follow one by one. */
static int hold_own(void)
{
	int err = own.ip ? ftrace_set_filter_ip(&divert_ops, own.ip, 0, 1) : -EOPNOTSUPP;

	return err ?: register_ftrace_function(&divert_ops);
}

/* One by one: not every kernel has a function for many. */
static int add_each(void)
{
	int i, err = 0;

	for (i = 0; i < nr_sites && !err; i++)
		if (sites[i].ip && !sites[i].busy)
			err = ftrace_set_filter_ip(&divert_ops, sites[i].ip, 0, 0);
	return err;
}

/* Which of them does somebody else divert? Each costs a change of the kernel's code. */
static int find_busy(void)
{
	int i, err = hold_own();

	if (err)
		return err;
	for (i = 0; i < nr_sites && !err; i++) {
		err = sites[i].ip ? ftrace_set_filter_ip(&divert_ops, sites[i].ip, 0, 0) : 0;
		WRITE_ONCE(sites[i].busy, err == -EBUSY);
		if (err == -EBUSY)
			err = 0;
	}
	unregister_ftrace_function(&divert_ops);
	return err;
}

/*
 * From registering alone do trampolines of BPF programs learn that calls may go elsewhere
 * (prepare_direct_functions_for_ipmodify); one of them may be changing just now (-EAGAIN).
 */
static int hold(void)
{
	int tries = 0, err;

	do {
		if (tries)
			msleep(RETRY_MS);
		err = own.ip ? ftrace_set_filter_ip(&divert_ops, own.ip, 0, 1) : -EOPNOTSUPP;
		err = err ?: add_each() ?: register_ftrace_function(&divert_ops);
	} while (err == -EAGAIN && ++tries < TRIES);
	return err;
}

static void forget_busy(void)
{
	int i;

	for (i = 0; i < nr_sites; i++)
		WRITE_ONCE(sites[i].busy, false);
}

/* All of them, or those that nobody else diverts. */
static int hold_free(void)
{
	int err;

	forget_busy();
	err = hold();
	if (err != -EBUSY)
		return err;
	err = find_busy();
	return err ?: hold();
}

static void go_to(struct lq_site *site, void *to)
{
	WRITE_ONCE(site->to, to);
}

/**
 * lq_sites_attach() - stand at the entries, but for those where somebody else diverts
 * @callback: called at each of them; whose calls are ours lq_probes_rest says
 *
 * Context: process, sleeps. After lq_sites_find(), one caller at a time.
 * Return: 0 or a negative error: we stand nowhere then.
 */
int lq_sites_attach(ftrace_func_t callback)
{
	int i, err;

	divert_ops.func = callback;
	for (i = 0; i < nr_sites; i++)
		go_to(&sites[i], sites[i].sees);
	err = hold_free();
	for (i = 0; i < nr_sites; i++)
		WRITE_ONCE(sites[i].bit,
			   !err && sites[i].ip && !sites[i].busy ? bit_of(&sites[i]) : 0);
	if (err)
		/* Their list is ours to free. */
		ftrace_set_filter(&divert_ops, NULL, 0, 1);
	return err;
}

/**
 * lq_sites_detach() - nothing of ours stands at the entries, and nobody is in our functions
 *
 * Context: process, sleeps.
 */
void lq_sites_detach(void)
{
	int i;

	lq_sites_let();
	unregister_ftrace_function(&divert_ops);
	ftrace_set_filter(&divert_ops, NULL, 0, 1);
	for (i = 0; i < nr_sites; i++)
		WRITE_ONCE(sites[i].bit, 0);
	/* Softirqs run under RCU; a task may be preempted before it takes the read lock. */
	synchronize_rcu();
	synchronize_rcu_tasks();
}

/**
 * lq_sites_missing_core() - is there one without which nothing is taken over?
 *
 * Context: process.
 * Return: the first where we don't stand, or NULL.
 */
const struct lq_site *lq_sites_missing_core(void)
{
	int i;

	for (i = 0; i < nr_sites; i++)
		if (sites[i].core && !sites[i].bit)
			return &sites[i];
	return NULL;
}

/**
 * lq_sites_take() - calls go to who takes over, and ftrace must not be switched off
 *
 * Context: process, sleeps. Attached.
 * Return: 0; -EBUSY: ftrace is switched off; or another error.
 */
int lq_sites_take(void)
{
	int i, err;

	if (taking)
		return 0;
	err = ftrace_set_filter_ip(&guard_ops, own.ip, 0, 1) ?:
	      register_ftrace_function(&guard_ops);
	if (err) {
		ftrace_set_filter(&guard_ops, NULL, 0, 1);
		return err;
	}
	for (i = 0; i < nr_sites; i++)
		if (sites[i].takes)
			go_to(&sites[i], sites[i].takes);
	taking = true;
	/* From now on each processor does so. */
	synchronize_rcu();
	return 0;
}

/**
 * lq_sites_let() - nothing is taken over any more
 *
 * Does nothing if nothing was.
 *
 * Context: process, sleeps.
 */
void lq_sites_let(void)
{
	int i;

	if (!taking)
		return;
	taking = false;
	for (i = 0; i < nr_sites; i++)
		go_to(&sites[i], sites[i].sees);
	unregister_ftrace_function(&guard_ops);
	ftrace_set_filter(&guard_ops, NULL, 0, 1);
}
