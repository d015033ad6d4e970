/* SPDX-License-Identifier: GPL-2.0 */
/*
 * row.h - rows of the hook table, as its handlers know them
 */
#ifndef LISTENQ_ROW_H
#define LISTENQ_ROW_H

#include <linux/bottom_half.h>
#include <linux/kprobes.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>

#include "observe/frame.h"

enum lq_row {
	LQ_ROW_TCP_V4_DO_RCV,
	LQ_ROW_TCP_V6_DO_RCV,
	LQ_ROW_TCP_V4_HND_REQ,
	LQ_ROW_COOKIE_V4_CHECK,
	LQ_ROW_COOKIE_V6_CHECK,
	LQ_ROW_TCP_CHECK_REQ,
	LQ_ROW_TCP_CONN_REQUEST,
	LQ_ROW_SECURITY_INET_CONN_REQUEST,
	LQ_ROW_TCP_PEER_IS_PROVEN,
	LQ_ROW_TCP_V4_SEND_SYNACK,
	LQ_ROW_TCP_V6_SEND_SYNACK,
	LQ_ROW_TCP_V4_REQSK_SEND_ACK,
	LQ_ROW_TCP_V6_REQSK_SEND_ACK,
	LQ_ROW_TCP_REQSK_SEND_CHALLENGE_ACK,
	LQ_ROW_TCP_CREATE_OPENREQ_CHILD,
	LQ_ROW_MPTCP_SK_CLONE_INIT,
	LQ_ROW_REQSK_TIMER_HANDLER,
	LQ_ROW_REQSK_QUEUE_DROP_AND_PUT,
	LQ_ROW_TCP_REQ_ERR,
	LQ_ROW_TCP_ABORT,
	LQ_ROW_TCP_RETRANSMIT_SYNACK,
	LQ_ROW_KFREE_SKB,
	LQ_ROW_INET_CSK_LISTEN_START,
	LQ_ROW_INET_LISTEN,
	LQ_ROW_INET_CSK_LISTEN_STOP,
	LQ_ROW_REUSEPORT_MIGRATE_SOCK,
	LQ_ROW_INET_ACCEPT,
	LQ_ROW_SECURITY_SOCK_GRAFT,
	LQ_ROWS
};

/* What each row's handler worked on. */
DECLARE_PER_CPU(unsigned long [LQ_ROWS], lq_hits);

static inline void lq_hit(enum lq_row row)
{
	this_cpu_inc(lq_hits[row]);
}

/*
 * Around a task's handler: an interrupt's softirq would run inside of our probe, of which
 * the kernel tells no probe. It runs when the task gives its socket's lock back.
 */
static inline void lq_hold_softirqs(void)
{
	local_bh_disable();
}

static inline void lq_let_softirqs(void)
{
#ifndef CONFIG_PREEMPT_RT	/* it has no such function, nor us */
	unsigned long flags;

	local_irq_save(flags);
	_local_bh_enable();
	local_irq_restore(flags);
#endif
}

#define LQ_ARG(regs, n, type) ((type)regs_get_kernel_argument(regs, n))

#endif
