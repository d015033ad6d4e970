// SPDX-License-Identifier: GPL-2.0
/* 6.13: what is in struct ftrace_regs is the architecture's. */
#include <linux/ftrace.h>
struct pt_regs *probe(struct ftrace_regs *fregs);
struct pt_regs *probe(struct ftrace_regs *fregs)
{
	return &arch_ftrace_regs(fregs)->regs;
}
