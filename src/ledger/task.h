/* SPDX-License-Identifier: GPL-2.0 */
/*
 * task.h - who listens, who accepts, who closes
 */
#ifndef LISTENQ_TASK_H
#define LISTENQ_TASK_H

#include "ledger/types.h"

void lq_task_remember(struct lq_task *to, struct task_struct *task);
kuid_t lq_task_payer(struct task_struct *task, kuid_t uid);
void lq_listener_note_acceptor(struct lq_listener *l);
void lq_endpoint_note_closer(struct lq_endpoint *ep);
void lq_listener_note_closer(struct lq_listener *l);

#endif
