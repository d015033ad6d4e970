// SPDX-License-Identifier: GPL-2.0
/*
 * lqdivert.c - somebody else who may divert a function: takeover has to refuse
 */
#include <linux/ftrace.h>
#include <linux/module.h>

static char *function = "cookie_v4_check";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function that is kept from others");

/* Its arguments differ between kernels; it looks at none. */
static void notrace nothing(void)
{
}

static struct ftrace_ops ops = {
	.func = (ftrace_func_t)(void *)nothing,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_SAVE_REGS,
};

static int __init lqdivert_init(void)
{
	int err = ftrace_set_filter(&ops, (unsigned char *)function, strlen(function), 1);

	return err ?: register_ftrace_function(&ops);
}

static void __exit lqdivert_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_set_filter(&ops, NULL, 0, 1);
}

module_init(lqdivert_init);
module_exit(lqdivert_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Keeps a function from being diverted by others");
