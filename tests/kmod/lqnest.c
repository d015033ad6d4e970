// SPDX-License-Identifier: GPL-2.0
/*
 * lqnest.c - make kprobes miss: softirqs that land in another probe's handler
 *
 * A task bound to one CPU calls a probed function over and over; the probe's
 * handler waits with interrupts on. A frame that arrives on that CPU meanwhile is
 * received on top of the handler, and every kprobe on its way is skipped and
 * counted in nmissed, ours among them. "hits" counts the handler's runs.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>

static int cpu = 1;
module_param(cpu, int, 0444);
MODULE_PARM_DESC(cpu, "CPU to nest on");

static unsigned int hold_us = 400;
module_param(hold_us, uint, 0444);
MODULE_PARM_DESC(hold_us, "microseconds the handler holds the CPU");

static unsigned long hits;
module_param(hits, ulong, 0444);

static noinline void lqnest_target(void)
{
	barrier();
}

static int on_target(struct kprobe *kp, struct pt_regs *regs)
{
	hits++;
	udelay(hold_us);
	return 0;
}

static struct kprobe probe = { .pre_handler = on_target };
static struct task_struct *task;

static int nest(void *unused)
{
	while (!kthread_should_stop()) {
		lqnest_target();
		usleep_range(50, 100);
	}
	return 0;
}

static int __init lqnest_init(void)
{
	int err;

	probe.addr = (kprobe_opcode_t *)lqnest_target;
	err = register_kprobe(&probe);
	if (err)
		return err;
	task = kthread_create(nest, NULL, "lqnest");
	if (IS_ERR(task)) {
		unregister_kprobe(&probe);
		return PTR_ERR(task);
	}
	kthread_bind(task, cpu);
	wake_up_process(task);
	return 0;
}

static void __exit lqnest_exit(void)
{
	kthread_stop(task);
	unregister_kprobe(&probe);
}

module_init(lqnest_init);
module_exit(lqnest_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("listenq test: softirqs on top of a kprobe handler");
