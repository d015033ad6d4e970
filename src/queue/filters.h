/* SPDX-License-Identifier: GPL-2.0 */
/*
 * filters.h - may a program at a device see, or lead, what passes it?
 */
#ifndef LISTENQ_FILTERS_H
#define LISTENQ_FILTERS_H

#include <linux/netdevice.h>

bool lq_filters_in(struct net_device *dev);
bool lq_filters_out(struct net_device *dev);

#endif
