// SPDX-License-Identifier: GPL-2.0
/*
 * filters.c - may a program at a device see, or lead, what passes it?
 *
 * tc's clsact and ingress qdiscs, and tcx, run BPF programs on what comes in, where they may
 * choose the socket (bpf_sk_assign), and on what goes out, where they may ask for the socket's
 * cookie. Of a device that stands on others (VLAN, bond, bridge, VRF) those are looked at, too.
 * What such a program does is not known: to have one is enough.
 */
#include <linux/netdevice.h>

#include "kernel/compat.h"
#include "queue/filters.h"

/* More devices below one than are looked at: one of them may well have a program. */
#define MOST_BELOW 8

static int comes_in(struct net_device *dev, struct netdev_nested_priv *below)
{
	int *left = below->data;

	return lq_has_ingress(dev) || !(*left)--;
}

static int goes_out(struct net_device *dev, struct netdev_nested_priv *below)
{
	int *left = below->data;

	return lq_has_egress(dev) || !(*left)--;
}

static bool any_below(struct net_device *dev,
		      int (*has)(struct net_device *dev, struct netdev_nested_priv *below))
{
	int left = MOST_BELOW;
	struct netdev_nested_priv below = { .data = &left };

	return netdev_walk_all_lower_dev_rcu(dev, has, &below);
}

/**
 * lq_filters_in() - may a program have chosen the socket of what comes in?
 * @dev: where it came in last
 *
 * Context: under RCU.
 * Return: whether there may be such a program.
 */
bool lq_filters_in(struct net_device *dev)
{
	return lq_has_ingress(dev) ||
	       (unlikely(!list_empty(&dev->adj_list.lower)) && any_below(dev, comes_in));
}

/**
 * lq_filters_out() - may a program look at what goes out?
 * @dev: where to
 *
 * Context: under RCU.
 * Return: whether there may be such a program.
 */
bool lq_filters_out(struct net_device *dev)
{
	return lq_has_egress(dev) ||
	       (unlikely(!list_empty(&dev->adj_list.lower)) && any_below(dev, goes_out));
}
