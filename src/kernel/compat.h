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

#include <linux/lockdep.h>
#include <linux/net.h>
#include <linux/proc_fs.h>
#include <linux/snmp.h>
#include <net/tcp.h>

/*
 * Kernels of today zero what is on the stack (CONFIG_INIT_STACK_ALL_ZERO). For a variable
 * of the path of a segment that is filled at once: not that one.
 */
#ifdef __has_attribute
#if __has_attribute(__uninitialized__)
#define lq_uninitialized __attribute__((__uninitialized__))
#endif
#endif
#ifndef lq_uninitialized
#define lq_uninitialized
#endif

/* 5.13 */
#ifndef lockdep_assert
#define lockdep_assert(cond) do { } while (0)
#endif

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

/* 6.1: a request has a timeout of its own; 7.x: its listener's rto_max caps it. */
static inline unsigned long lq_req_timeout(struct request_sock *req)
{
#if LQ_HAVE_TCP_REQSK_TIMEOUT
	return tcp_reqsk_timeout(req);
#elif LQ_HAVE_REQSK_TIMEOUT
	return reqsk_timeout(req, TCP_RTO_MAX);
#else
	return (unsigned long)TCP_TIMEOUT_INIT << req->num_timeout;
#endif
}

/* Timestamps of the first and the last SYN-ACK, as sent; kernels that compare know them. */
static inline void lq_sent_tsvals(const struct request_sock *req, u32 *first, u32 *last)
{
#if LQ_HAVE_MIB_TSECR
	*first = tcp_rsk(req)->snt_tsval_first;
	*last = READ_ONCE(tcp_rsk(req)->snt_tsval_last);
#else
	*first = 0;
	*last = 0;
#endif
}

/* 6.12: the window of a SYN-ACK is not scaled, and taken for what it can say at most. */
static inline u32 lq_most_window(void)
{
#if LQ_HAVE_SYNACK_WINDOW
	struct request_sock req = { .rsk_rcv_wnd = U32_MAX };

	return tcp_synack_window(&req);
#else
	return U32_MAX;
#endif
}

/* 6.9: a BPF program may have checked a SYN cookie before the listener sees it. */
static inline bool lq_cookie_by_bpf(struct sk_buff *skb)
{
#if LQ_HAVE_COOKIE_BPF
	return cookie_bpf_ok(skb);
#else
	return false;
#endif
}

/* 5.11: sock_from_file() has no error to tell. */
static inline struct socket *lq_sock_from_file(struct file *file)
{
#if LQ_HAVE_SOCK_FROM_FILE
	return sock_from_file(file);
#else
	int err;

	return sock_from_file(file, &err);
#endif
}

/* 6.17: sk_uid() reads it. */
static inline kuid_t lq_sk_uid(const struct sock *sk)
{
#if LQ_HAVE_SK_UID
	return sk_uid(sk);
#else
	return sk->sk_uid;
#endif
}

/* 6.17: of which system_wq is the old name. */
#if LQ_HAVE_PERCPU_WQ
#define lq_system_wq system_percpu_wq
#else
#define lq_system_wq system_wq
#endif

/* 6.6: with a list of tcx, which is there with or without programs of tc. */
static inline bool lq_has_ingress(const struct net_device *dev)
{
#if LQ_HAVE_TCX
	return rcu_access_pointer(dev->tcx_ingress);
#elif defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_ingress);
#else
	return false;
#endif
}

static inline bool lq_has_egress(const struct net_device *dev)
{
#if LQ_HAVE_TCX
	return rcu_access_pointer(dev->tcx_egress);
#elif defined(CONFIG_NET_CLS_ACT)
	return rcu_access_pointer(dev->miniq_egress);
#else
	return false;
#endif
}

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
#define LQ_KFREE_SKB_REASON reason
#elif LQ_HAVE_KFREE_SKB_RX_SK_MUT
#define LQ_KFREE_SKB_MORE , enum skb_drop_reason reason, struct sock *rx_sk
#define LQ_KFREE_SKB_REASON reason
#elif LQ_HAVE_KFREE_SKB_REASON
#define LQ_KFREE_SKB_MORE , enum skb_drop_reason reason
#define LQ_KFREE_SKB_REASON reason
#else
#define LQ_KFREE_SKB_MORE
#define LQ_KFREE_SKB_REASON 0
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
#define LQ_CHECK_REQ_MORE_PARAM , enum skb_drop_reason *lq_why
#define LQ_CHECK_REQ_MORE_ARG , lq_why
#define LQ_CHECK_REQ_MORE_VALUE , &(enum skb_drop_reason){ 0 }
#else
#define LQ_CHECK_REQ_MORE
#define LQ_CHECK_REQ_MORE_PARAM
#define LQ_CHECK_REQ_MORE_ARG
#define LQ_CHECK_REQ_MORE_VALUE
#endif

#endif
