/* SPDX-License-Identifier: GPL-2.0 */
/*
 * install.h - a SYN queue gets in front of the listeners of an endpoint
 */
#ifndef LISTENQ_INSTALL_H
#define LISTENQ_INSTALL_H

#include "ledger/types.h"
#include "queue/config.h"

int lq_install_prepare(struct lq_ledger *ledger, struct lq_endpoint *ep,
		       const struct lq_config *config, bool by_rule, struct lq_synq **made);
struct lq_synq *lq_install(struct lq_ledger *ledger, struct lq_synq *made);
kuid_t lq_install_payer(struct lq_endpoint *ep);
void lq_install_discard(struct lq_synq *made);

#endif
