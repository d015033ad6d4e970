// SPDX-License-Identifier: GPL-2.0
/*
 * lqstill.c - no leap of the clock while a file is waited for
 *
 * Where instructions are the clock (scripts/vm -i), a machine with nothing to do leaps to its
 * next timer, at once: waiting costs nothing. But it has nothing to do either while it waits
 * for its root file system, which is the host's, by 9p: a slow disk there would let minutes
 * pass here. While a request of 9p is under way the idle loop polls, and the clock goes on by
 * its few instructions only.
 */
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/tracepoint.h>

/* 9p_client_req and 9p_client_res, by client and tag. A killed task never says that its
 * request is over; the next one with its tag does.
 */
#define TAG_BITS 10
#define CLIENT_BITS 6
static DECLARE_BITMAP(under_way, 1 << (CLIENT_BITS + TAG_BITS));
static int nr_under_way;
module_param(nr_under_way, int, 0444);
MODULE_PARM_DESC(nr_under_way, "requests that are waited for");

static void (*poll_when_idle)(bool enable);

static unsigned int bit_of(const void *client, int tag)
{
	return hash_ptr(client, CLIENT_BITS) << TAG_BITS | (tag & GENMASK(TAG_BITS - 1, 0));
}

/* On one processor; requests are made and done with by tasks. */
static void begins(void *data, void *client, s8 type, int tag)
{
	preempt_disable();
	if (!__test_and_set_bit(bit_of(client, tag), under_way) && !nr_under_way++)
		poll_when_idle(true);
	preempt_enable();
}

static void ends(void *data, void *client, s8 type, int tag, int err)
{
	preempt_disable();
	if (__test_and_clear_bit(bit_of(client, tag), under_way) && !--nr_under_way)
		poll_when_idle(false);
	preempt_enable();
}

static struct tracepoint *tp_begins, *tp_ends;

static void find(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "9p_client_req"))
		tp_begins = tp;
	if (!strcmp(tp->name, "9p_client_res"))
		tp_ends = tp;
}

/* Called at once for each module that is there. */
static int on_module(struct notifier_block *nb, unsigned long event, void *data)
{
	struct module *mod = ((struct tp_module *)data)->mod;
	unsigned int i;

	for (i = 0; event == MODULE_STATE_COMING && i < mod->num_tracepoints; i++)
		find(tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]), NULL);
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = on_module };

static int __init lqstill_init(void)
{
	struct kprobe kp = { .symbol_name = "cpu_idle_poll_ctrl" };
	int err = register_kprobe(&kp);

	if (err)
		return err;
	poll_when_idle = (void *)kp.addr;
	unregister_kprobe(&kp);
	for_each_kernel_tracepoint(find, NULL);
	err = register_tracepoint_module_notifier(&modules);
	if (err)
		return err;
	unregister_tracepoint_module_notifier(&modules);
	if (!tp_begins || !tp_ends)
		return -ENOENT;
	err = tracepoint_probe_register(tp_ends, ends, NULL);
	if (err)
		return err;
	err = tracepoint_probe_register(tp_begins, begins, NULL);
	if (err)
		tracepoint_probe_unregister(tp_ends, ends, NULL);
	return err;
}

static void __exit lqstill_exit(void)
{
	tracepoint_probe_unregister(tp_begins, begins, NULL);
	tracepoint_probe_unregister(tp_ends, ends, NULL);
	tracepoint_synchronize_unregister();
	if (nr_under_way)
		poll_when_idle(false);
}

module_init(lqstill_init);
module_exit(lqstill_exit);
MODULE_DESCRIPTION("listenq tests: the clock stands still while 9p is waited for");
MODULE_LICENSE("GPL");
