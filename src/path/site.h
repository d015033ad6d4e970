/* SPDX-License-Identifier: GPL-2.0 */
/*
 * site.h - entries of the kernel's functions where we stand
 */
#ifndef LISTENQ_SITE_H
#define LISTENQ_SITE_H

#include <linux/ftrace.h>
#include <linux/hash.h>

#include "kernel/compat.h"

struct lq_hook;

/* 5.11: ftrace_regs; before, pt_regs, and NULL unless they are asked for. */
#if LQ_HAVE_FTRACE_REGS
#define LQ_FTRACE_FLAGS 0
#else
#define ftrace_regs pt_regs
#define LQ_FTRACE_FLAGS FTRACE_OPS_FL_SAVE_REGS
#endif

/* What ftrace knows of the caller's registers: arguments and where to go on. */
static __always_inline struct pt_regs *lq_ftrace_regs(struct ftrace_regs *fregs)
{
#if LQ_HAVE_ARCH_FTRACE_REGS
	return &arch_ftrace_regs(fregs)->regs;
#elif LQ_HAVE_FTRACE_REGS
	return &fregs->regs;
#else
	return fregs;
#endif
}

/**
 * struct lq_site - an entry where we stand
 * @name: of the function
 * @sees: what is diverted to while nothing is taken over, to see entry and return; NULL: nothing
 * @takes: what is diverted to while something may be, NULL: nothing
 * @core: nothing can be taken over without it
 * @in_frame: of no interest outside of a frame
 * @ip: where ftrace patches it: at its start, or behind its ENDBR; 0: nowhere
 * @hook: observe's row, or NULL if that is not attached
 * @bit: of lq_probes_rest, set where its calls are ours; 0: we don't stand there
 * @to: what is diverted to just now; NULL: its row's handler is called
 * @busy: somebody else diverted it when we wanted to
 *
 * Everything up to @in_frame is constant, the rest belongs to site.c.
 */
struct lq_site {
	const char *name;
	void *sees;
	void *takes;
	bool core;
	bool in_frame;
	unsigned long ip;
	struct lq_hook *hook;
	unsigned long bit;
	void *to;
	bool busy;
};

#define LQ_SITE_BITS 6

/* By hash of their ip; who looks for one that is there needs no end. */
extern struct lq_site *lq_site_table[1 << LQ_SITE_BITS];

/**
 * lq_site_at() - the site of an entry
 * @ip: where ftrace patches it, as its callback has it
 *
 * Return: the site.
 */
static __always_inline struct lq_site *lq_site_at(unsigned long ip)
{
	unsigned int at = hash_long(ip, LQ_SITE_BITS);

	while (unlikely(lq_site_table[at]->ip != ip))
		at = (at + 1) & ((1 << LQ_SITE_BITS) - 1);
	return lq_site_table[at];
}

/* Behind the bytes that ftrace patches. */
static inline void *lq_site_past(const struct lq_site *site)
{
	return (void *)(site->ip + MCOUNT_INSN_SIZE);
}

int lq_sites_find(struct lq_site *sites, int nr, void *own);
int lq_sites_attach(ftrace_func_t callback);
void lq_sites_detach(void);
int lq_sites_take(void);
void lq_sites_let(void);
const struct lq_site *lq_sites_missing_core(void);

#endif
