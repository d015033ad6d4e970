// SPDX-License-Identifier: GPL-2.0
/*
 * faults.c - parameters for tests: what goes wrong, where a race is widened, what comes sooner
 *
 * They wait with locks held, and break things: who loads the module says once, with testing=1,
 * that this is what he wants. Without it none of them can be given, and none written later.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>

#include "kernel/faults.h"

#define LQ_MOST_DELAY_US 20000
#define LQ_MOST_REST_MS 60000

DEFINE_STATIC_KEY_FALSE(lq_testing);

static bool testing;
module_param(testing, bool, 0444);
MODULE_PARM_DESC(testing, "for tests: fault=, delay_us=, delay_at=, rest_ms= may be used");

unsigned int lq_fault;
module_param_named(fault, lq_fault, uint, 0444);
MODULE_PARM_DESC(fault, "for tests: bits of what is to go wrong (kernel/faults.h)");

/* The command line has been read: testing= is known. */
static bool loaded;

/* With @most: a number up to that is given. @what: in which unit */
static int set(const char *value, const struct kernel_param *kp, unsigned int most,
	       const char *what)
{
	unsigned int given;

	if (loaded && !testing) {
		pr_err("%s is for tests: it can be written when the module was loaded with testing=1\n",
		       kp->name);
		return -EPERM;
	}
	if (kstrtouint(value, 0, &given) || given > most) {
		pr_err("%s=%.20s: give %s, 0 to %u\n", kp->name, value, what, most);
		return -EINVAL;
	}
	return param_set_uint(value, kp);
}

static int set_delay(const char *value, const struct kernel_param *kp)
{
	return set(value, kp, LQ_MOST_DELAY_US, "microseconds");
}

static const struct kernel_param_ops delay_ops = {
	.set = set_delay,
	.get = param_get_uint,
};

unsigned int lq_delay_us;
module_param_cb(delay_us, &delay_ops, &lq_delay_us, 0644);
MODULE_PARM_DESC(delay_us, "for tests: microseconds to wait at the places of delay_at (0..20000)");

static int set_places(const char *value, const struct kernel_param *kp)
{
	return set(value, kp, UINT_MAX, "bits");
}

static const struct kernel_param_ops places_ops = {
	.set = set_places,
	.get = param_get_uint,
};

unsigned int lq_delay_at;
module_param_cb(delay_at, &places_ops, &lq_delay_at, 0644);
MODULE_PARM_DESC(delay_at, "for tests: places to wait at, to widen races (kernel/faults.h)");

static int set_rest(const char *value, const struct kernel_param *kp)
{
	return set(value, kp, LQ_MOST_REST_MS, "milliseconds");
}

static const struct kernel_param_ops rest_ops = {
	.set = set_rest,
	.get = param_get_uint,
};

static unsigned int rest_ms;
module_param_cb(rest_ms, &rest_ops, &rest_ms, 0644);
MODULE_PARM_DESC(rest_ms, "for tests: milliseconds after the last release until nothing is diverted (1..60000), 0: a minute");

/**
 * lq_rest_after_ms() - how long functions stay diverted that nobody needs
 * @usual: ms, if no test says something else
 *
 * Return: ms.
 */
unsigned int lq_rest_after_ms(unsigned int usual)
{
	return READ_ONCE(rest_ms) ?: usual;
}

/**
 * lq_faults_init() - the parameters are known
 *
 * Context: process, sleeps.
 * Return: 0; -EPERM when one of them was given without testing=1; -EINVAL for a bit of fault=
 * that means nothing. One line says so.
 */
int lq_faults_init(void)
{
	loaded = true;
	if (!testing && (lq_fault || lq_delay_us || lq_delay_at || rest_ms)) {
		pr_err("fault=, delay_us=, delay_at=, rest_ms= are for tests, with testing=1: not loaded\n");
		return -EPERM;
	}
	if (lq_fault & ~LQ_FAULT_ALL) {
		pr_err("fault=%#x: only bits of %#x mean something\n", lq_fault, LQ_FAULT_ALL);
		return -EINVAL;
	}
	if (testing) {
		pr_notice("testing: this load may be told to wait with locks held, and to fail\n");
		static_branch_enable(&lq_testing);
	}
	return 0;
}
