// SPDX-License-Identifier: GPL-2.0
/* 5.11: a callback of ftrace gets struct ftrace_regs. */
#include <linux/ftrace.h>
static_assert(__same_type(ftrace_func_t,
			  void (*)(unsigned long, unsigned long, struct ftrace_ops *,
				   struct ftrace_regs *)));
