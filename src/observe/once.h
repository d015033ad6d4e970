/* SPDX-License-Identifier: GPL-2.0 */
/*
 * once.h - a request that several processors end at once is counted once
 */
#ifndef LISTENQ_ONCE_H
#define LISTENQ_ONCE_H

#include <net/request_sock.h>

bool lq_ends_once(const struct request_sock *req);

#endif
