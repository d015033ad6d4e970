/* SPDX-License-Identifier: GPL-2.0 */
/*
 * listener.h - listening sockets: found, opened, closed
 */
#ifndef LISTENQ_LISTENER_H
#define LISTENQ_LISTENER_H

#include "ledger/types.h"

int lq_listeners_init(void);
void lq_listeners_exit(void);
void lq_ledger_init(struct lq_ledger *ledger);
void lq_ledger_stop(struct lq_ledger *ledger);
void lq_ledgers_settle(void);
void lq_ledger_free(struct lq_ledger *ledger);

struct lq_listener *lq_listener_of(struct sock *sk);
struct lq_listener *lq_listener_find(u64 cookie);
struct lq_totals *lq_listener_totals(struct sock *sk, u64 age_us);
void lq_listener_open(struct sock *sk, struct task_struct *task);
void lq_listener_close(struct sock *sk);
void lq_listener_put(struct lq_listener *l);

#endif
