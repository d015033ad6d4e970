// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - parameters and load order; unload is its mirror
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/kconfig.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>

#include "accept.h"
#include "command.h"
#include "hook.h"
#include "kernel.h"
#include "ksym.h"
#include "ledger.h"
#include "main.h"
#include "net.h"
#include "observe.h"
#include "takeover.h"

#define LQ_VERSION "0.1.0"
#define LQ_MOST_DELAY_US 20000

static char *without;
module_param(without, charp, 0444);
MODULE_PARM_DESC(without, "hooks to leave out, comma-separated names as in /proc/net/listenq/hooks");

static unsigned int fault;
module_param(fault, uint, 0444);
MODULE_PARM_DESC(fault, "for tests: bits of what is to go wrong while loading (hook.h)");

static char *takeover;
module_param(takeover, charp, 0444);
MODULE_PARM_DESC(takeover, "endpoints to take over, \"ADDR:PORT [key=value...]; ...\", as written to /proc/net/listenq/endpoints");

static int set_delay(const char *value, const struct kernel_param *kp)
{
	unsigned int us;

	if (kstrtouint(value, 0, &us) || us > LQ_MOST_DELAY_US) {
		pr_err("delay_us=%.20s: give microseconds, 0 to %d\n", value,
		       LQ_MOST_DELAY_US);
		return -EINVAL;
	}
	return param_set_uint(value, kp);
}

static const struct kernel_param_ops delay_ops = {
	.set = set_delay,
	.get = param_get_uint,
};

static int set_mem_max(const char *value, const struct kernel_param *kp)
{
	unsigned int mib;

	if (kstrtouint(value, 0, &mib)) {
		pr_err("mem_max=%.20s: give MiB, 0 for an eighth of the machine's memory\n", value);
		return -EINVAL;
	}
	return param_set_uint(value, kp);
}

static const struct kernel_param_ops mem_max_ops = {
	.set = set_mem_max,
	.get = param_get_uint,
};

unsigned int lq_mem_max;
module_param_cb(mem_max, &mem_max_ops, &lq_mem_max, 0644);
MODULE_PARM_DESC(mem_max, "MiB that pending records of all endpoints may take; 0: an eighth of memory");

unsigned int lq_delay_us;
module_param_cb(delay_us, &delay_ops, &lq_delay_us, 0644);
MODULE_PARM_DESC(delay_us, "for tests: microseconds to wait at the places of delay_at (0..20000)");

unsigned int lq_delay_at;
module_param_named(delay_at, lq_delay_at, uint, 0644);
MODULE_PARM_DESC(delay_at, "for tests: places to wait at, to widen races (main.h)");

/* What the kernel must be built with, said by name before anything is touched. */
static const struct {
	const char *name;
	bool there;
} configs[] = {
	{ "CONFIG_64BIT", IS_ENABLED(CONFIG_64BIT) },
	{ "CONFIG_KPROBES", IS_ENABLED(CONFIG_KPROBES) },
	{ "CONFIG_KRETPROBES", IS_ENABLED(CONFIG_KRETPROBES) },
	{ "CONFIG_TRACEPOINTS", IS_ENABLED(CONFIG_TRACEPOINTS) },
	{ "CONFIG_SYN_COOKIES", IS_ENABLED(CONFIG_SYN_COOKIES) },
	{ "CONFIG_PROC_FS", IS_ENABLED(CONFIG_PROC_FS) },
};

static int check_kernel(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(configs); i++)
		if (!configs[i].there) {
			pr_err("this kernel is built without %s: not loaded\n",
			       configs[i].name);
			return -EOPNOTSUPP;
		}
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("handlers take locks that sleep under CONFIG_PREEMPT_RT: not loaded\n");
		return -EOPNOTSUPP;
	}
	if (fault & ~LQ_FAULT_ALL) {
		pr_err("fault=%#x: only bits of %#x mean something\n", fault, LQ_FAULT_ALL);
		return -EINVAL;
	}
	return 0;
}

/* From the last to the first; nothing is left behind. */
static void stop(void)
{
	lq_takeover_exit();
	lq_frames_stop();
	lq_hooks_detach();
	lq_observe_exit();
	lq_overflow_exit();
	lq_net_exit();
	lq_hooks_free();
	lq_pain_exit();
	lq_listeners_exit();
	lq_accept_exit();
}

static int __init listenq_init(void)
{
	int err;

	pr_info("version %s, mode observe\n", LQ_VERSION);
	err = check_kernel();
	if (!err && takeover)
		err = lq_takeovers_check(takeover);
	if (err)
		return err;
	err = lq_hooks_self_check(fault);
	if (err)
		return err;
	err = lq_ksym_resolve();
	if (err)
		return err;
	err = lq_kernel_init();
	if (err)
		return err;
	err = lq_accept_init(fault & LQ_FAULT_NO_STAMPS);
	if (err) {
		pr_err("no memory for the accept stamps: not loaded\n");
		return err;
	}
	err = lq_listeners_init() ?: lq_pain_init();
	if (err) {
		pr_err("no memory for the ledger: not loaded\n");
		goto free_ledger;
	}
	err = lq_net_init(fault);
	if (err) {
		pr_err("/proc/net/listenq can't be made (error %d): not loaded\n", err);
		goto free_ledger;
	}
	err = lq_takeover_init(fault & LQ_FAULT_QUEUE);
	if (err)
		goto exit_net;
	lq_observe_init();
	err = lq_hooks_attach(without, fault);
	if (err)
		goto settle;
	lq_listeners_of_tasks();
	err = takeover ? lq_takeovers(current->nsproxy->net_ns, takeover) : 0;
	if (err)
		stop();
	return err;

settle:
	lq_observe_exit();
	lq_takeover_exit();
exit_net:
	lq_overflow_exit();
	lq_net_exit();
	lq_hooks_free();
free_ledger:
	lq_pain_exit();
	lq_listeners_exit();
	lq_accept_exit();
	return err;
}

static void __exit listenq_exit(void)
{
	u64 start = ktime_get_ns();

	stop();
	pr_info("unloaded in %llu ms\n", div_u64(ktime_get_ns() - start, NSEC_PER_MSEC));
}
module_init(listenq_init);
module_exit(listenq_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Shows every decision of the TCP listen path, and takes it over where told to");
MODULE_AUTHOR("The listenq authors");
MODULE_VERSION(LQ_VERSION);
