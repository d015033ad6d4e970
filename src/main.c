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

#include "kernel/differences.h"
#include "kernel/faults.h"
#include "kernel/ksym.h"
#include "ledger/listener.h"
#include "ledger/older.h"
#include "ledger/overflow.h"
#include "ledger/refused.h"
#include "ledger/stamp.h"
#include "net.h"
#include "observe/before.h"
#include "observe/carry.h"
#include "observe/frame.h"
#include "observe/hook_table.h"
#include "observe/watch.h"
#include "path/diverted.h"
#include "takeover/takeover.h"
#include "user/command.h"

#define LQ_VERSION "0.1.0"

static char *without;
module_param(without, charp, 0444);
MODULE_PARM_DESC(without, "hooks to leave out, comma-separated names as in /proc/net/listenq/hooks");

static char *takeover;
module_param(takeover, charp, 0444);
MODULE_PARM_DESC(takeover, "endpoints to take over, \"ADDR:PORT [key=value...]; ...\", as written to /proc/net/listenq/endpoints");

static const char *const ways[] = {
	[LQ_OBSERVE_KPROBE] = "kprobe",
	[LQ_OBSERVE_AUTO] = "auto",
	[LQ_OBSERVE_FTRACE] = "ftrace",
};

static int hooks = LQ_OBSERVE_AUTO;

static int hooks_set(const char *value, const struct kernel_param *unused)
{
	int err, how = sysfs_match_string(ways, value);

	if (how < 0) {
		pr_err("hooks=%.*s: it is auto, kprobe or ftrace\n", (int)strcspn(value, "\n"),
		       value);
		return how;
	}
	err = lq_diverted_observe(how);
	if (!err)
		hooks = how;
	return err;
}

static int hooks_get(char *buffer, const struct kernel_param *unused)
{
	return sprintf(buffer, "%s\n", ways[hooks]);
}

static const struct kernel_param_ops hooks_ops = { .set = hooks_set, .get = hooks_get };

module_param_cb(hooks, &hooks_ops, NULL, 0644);
MODULE_PARM_DESC(hooks, "how functions are hooked that decide: auto, kprobe (others may divert them meanwhile: livepatch) or ftrace (diverted)");

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
	return 0;
}

static int check_parameters(void)
{
	return takeover ? lq_takeovers_check(takeover) : 0;
}

static int start_stamps(void)
{
	int err = lq_stamps_init(lq_has_fault(LQ_FAULT_NO_STAMPS));

	if (err)
		pr_err("no memory for the accept stamps: not loaded\n");
	return err;
}

static int start_frames(void)
{
	int err = lq_frames_init();

	if (err)
		pr_err("no memory for the frames of calls: not loaded\n");
	return err;
}

static void stop_ledger(void)
{
	lq_refused_exit();
	lq_listeners_exit();
}

static int start_ledger(void)
{
	int err = lq_listeners_init() ?: lq_refused_init();

	if (err) {
		pr_err("no memory for the ledger: not loaded\n");
		stop_ledger();
	}
	return err;
}

static int start_net(void)
{
	int err = lq_net_init();

	if (err)
		pr_err("/proc/net/listenq can't be made (error %d): not loaded\n", err);
	return err;
}

/* What the ledger said may still be on its way to dmesg. */
static void stop_net(void)
{
	lq_overflow_exit();
	lq_net_exit();
}

static int attach_hooks(void)
{
	return lq_hook_table_attach(without);
}

static int divert(void)
{
	return lq_diverted_init(hooks);
}

static void divert_no_more(void)
{
	lq_diverted_exit();
}

static int take_over(void)
{
	int err;

	lq_listeners_of_tasks();
	lq_takeover_start();
	err = takeover ? lq_takeovers(current->nsproxy->net_ns, takeover) : 0;
	if (err)
		lq_takeover_stop();
	return err;
}

/* From the first to the last, and back. A step that fails leaves nothing behind itself. */
static const struct step {
	int (*start)(void);
	void (*stop)(void);
} steps[] = {
	{ check_kernel },
	{ lq_faults_init },
	{ check_parameters },
	{ lq_watch_init, lq_watch_exit },
	{ lq_ksym_resolve },
	{ lq_differences_init },
	{ start_stamps, lq_stamps_exit },
	{ start_ledger, stop_ledger },
	{ start_net, stop_net },
	{ lq_takeover_init, lq_takeover_exit },
	{ lq_carry_init, lq_carry_exit },
	{ lq_before_init },
	{ start_frames, lq_frames_exit },
	{ attach_hooks, lq_hooks_detach },
	{ divert, divert_no_more },
	{ lq_hooks_say },
	{ lq_watch_start, lq_watch_stop },
	{ lq_observing_start, lq_observing_stop },
	{ take_over, lq_takeover_stop },
};

static void stop_below(int i)
{
	while (i--)
		if (steps[i].stop)
			steps[i].stop();
}

static int __init listenq_init(void)
{
	int i, err;

	/* It stays "observe": endpoints are taken over one by one. */
	pr_info("version %s, mode observe\n", LQ_VERSION);
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		err = steps[i].start();
		if (err) {
			stop_below(i);
			return err;
		}
	}
	return 0;
}

static void __exit listenq_exit(void)
{
	u64 start = ktime_get_ns();

	stop_below(ARRAY_SIZE(steps));
	pr_info("unloaded in %llu ms\n", div_u64(ktime_get_ns() - start, NSEC_PER_MSEC));
}
module_init(listenq_init);
module_exit(listenq_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Shows every decision of the TCP listen path, and takes it over where told to");
MODULE_AUTHOR("The listenq authors");
MODULE_VERSION(LQ_VERSION);
