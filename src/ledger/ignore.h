/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ignore.h - endpoints whose segments are not looked at
 */
#ifndef LISTENQ_IGNORE_H
#define LISTENQ_IGNORE_H

#include "ledger/types.h"

int lq_endpoints_ignore(struct lq_ledger *ledger, const struct lq_address *where, bool any,
			bool ignored);

#endif
