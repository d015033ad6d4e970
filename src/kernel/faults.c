// SPDX-License-Identifier: GPL-2.0
/*
 * faults.c - parameters for tests: what goes wrong while loading, where a race is widened
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "kernel/faults.h"

#define LQ_MOST_DELAY_US 20000

unsigned int lq_fault;
module_param_named(fault, lq_fault, uint, 0444);
MODULE_PARM_DESC(fault, "for tests: bits of what is to go wrong while loading (kernel/faults.h)");

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

unsigned int lq_delay_us;
module_param_cb(delay_us, &delay_ops, &lq_delay_us, 0644);
MODULE_PARM_DESC(delay_us, "for tests: microseconds to wait at the places of delay_at (0..20000)");

unsigned int lq_delay_at;
module_param_named(delay_at, lq_delay_at, uint, 0644);
MODULE_PARM_DESC(delay_at, "for tests: places to wait at, to widen races (kernel/faults.h)");
