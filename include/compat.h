/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat.h - old kernels get the new spelling here, and nowhere else
 *
 * src/ is written for the newest kernel. LQ_HAVE_* come from compiling the files in
 * src/probe against the kernel's own headers (include/generated/probes.h), never
 * from version numbers: point releases of one Debian suite change signatures.
 */
#ifndef LISTENQ_COMPAT_H
#define LISTENQ_COMPAT_H

#include <generated/probes.h>

#include <linux/proc_fs.h>
#include <linux/snmp.h>
#include <net/tcp.h>

/* 5.17: PDE_DATA() became pde_data(). */
#if !LQ_HAVE_PDE_DATA
#define pde_data(inode) PDE_DATA(inode)
#endif

/* 5.14 counts requests that moved to another listener of their group. */
#define LQ_HAS_MIGRATE LQ_HAVE_MIB_MIGRATE
#if LQ_HAVE_MIB_MIGRATE
#define LQ_MIB_MIGRATEREQSUCCESS LINUX_MIB_TCPMIGRATEREQSUCCESS
#else
#define LQ_MIB_MIGRATEREQSUCCESS 0
#endif

/* 6.16 refuses a timestamp echo that was never sent, and counts it. */
#define LQ_HAS_TSECR LQ_HAVE_MIB_TSECR
#if LQ_HAVE_MIB_TSECR
#define LQ_MIB_TSECRREJECTED LINUX_MIB_TSECRREJECTED
#else
#define LQ_MIB_TSECRREJECTED 0
#endif

/* The ISN that a TIME_WAIT socket chose for this SYN, 0 if none did. */
static inline u32 lq_tw_isn(const struct sk_buff *skb)
{
#if LQ_HAVE_TW_ISN_PERCPU
	return __this_cpu_read(tcp_tw_isn);
#else
	return TCP_SKB_CB(skb)->tcp_tw_isn;
#endif
}

/* What tracepoint kfree_skb passes behind skb and location. */
#if LQ_HAVE_KFREE_SKB_RX_SK
#define LQ_KFREE_SKB_MORE , enum skb_drop_reason reason, const struct sock *rx_sk
#elif LQ_HAVE_KFREE_SKB_RX_SK_MUT
#define LQ_KFREE_SKB_MORE , enum skb_drop_reason reason, struct sock *rx_sk
#elif LQ_HAVE_KFREE_SKB_REASON
#define LQ_KFREE_SKB_MORE , enum skb_drop_reason reason
#else
#define LQ_KFREE_SKB_MORE
#endif

/* 5.11: security_inet_conn_request takes the listener as const. */
#if LQ_HAVE_LSM_CONST
#define LQ_LSM_CONST const
#else
#define LQ_LSM_CONST
#endif

/* What tcp_check_req takes behind its five old arguments. */
#if LQ_HAVE_CHECK_REQ_REASON
#define LQ_CHECK_REQ_MORE , enum skb_drop_reason *
#else
#define LQ_CHECK_REQ_MORE
#endif

#endif
