// SPDX-License-Identifier: GPL-2.0
/* 6.6: programs at a device, of tc or not, are in one list for each direction. */
#include <linux/netdevice.h>
void *probe(const struct net_device *dev);
void *probe(const struct net_device *dev)
{
	return rcu_access_pointer(dev->tcx_ingress) ?: rcu_access_pointer(dev->tcx_egress);
}
