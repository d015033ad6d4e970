// SPDX-License-Identifier: GPL-2.0
/*
 * counts.c - where the counters of a network namespace are
 */
#include "ledger/counts.h"

unsigned int lq_net_id;
