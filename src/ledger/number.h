/* SPDX-License-Identifier: GPL-2.0 */
/*
 * number.h - the numbers by which pending records remember their listener
 */
#ifndef LISTENQ_NUMBER_H
#define LISTENQ_NUMBER_H

#include "ledger/types.h"

void lq_numbers_init(void);
void lq_number_give(struct lq_listener *l);
void lq_number_take(struct lq_listener *l);
struct lq_listener *lq_number_find(u32 number);

#endif
