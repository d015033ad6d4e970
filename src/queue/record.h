/* SPDX-License-Identifier: GPL-2.0 */
/*
 * record.h - a record of our SYN queue as the kernel's struct request_sock, and back
 */
#ifndef LISTENQ_RECORD_H
#define LISTENQ_RECORD_H

#include <net/tcp.h>

#include "core/event.h"
#include "core/synq.h"
#include "queue/types.h"

/* What only the kernel's own send_synack can do; it stamps the packet itself. */
static inline bool lq_synack_is_unusual(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return BPF_SOCK_OPS_TEST_FLAG(tp, BPF_SOCK_OPS_WRITE_HDR_OPT_CB_FLAG) ||
	       tp->tcp_tx_delay;
}

int lq_records_init(void);
void lq_records_exit(void);
void lq_records_learn(const struct tcp_request_sock_ops *af_ops);

struct request_sock *lq_scratch(struct sock *sk);
struct request_sock *lq_request_of(struct sock *sk, const struct lq_record *r);
struct request_sock *lq_request_like(struct sock *sk, const struct request_sock *req);
void lq_unpack(struct request_sock *req, const struct lq_record *r);
void lq_unpack_again(struct lq_part *part, struct request_sock *req, struct lq_record *r);
void lq_sent_tsvals_of(const struct sock *sk, const struct lq_record *r, u32 *first,
		       u32 *last);
void lq_pack(struct lq_record *r, const struct request_sock *req);
void lq_event_of_record(struct lq_event *event, const struct lq_synq *q,
			const struct lq_record *r);

#endif
