/* SPDX-License-Identifier: GPL-2.0 */
/*
 * before.h - a SYN that no listener sees
 */
#ifndef LISTENQ_BEFORE_H
#define LISTENQ_BEFORE_H

#include <linux/if_ether.h>
#include <linux/jiffies.h>
#include <linux/skbuff.h>

struct lq_event;
struct lq_listener;
struct net;

bool lq_before_look(struct sk_buff *skb, unsigned int reason, const void *location);
void lq_before_bad_sum(struct net *net, struct lq_listener *l, const struct lq_event *event);
void lq_before_came(struct lq_listener *l, const struct lq_event *event);
void lq_before_told(const struct sk_buff *skb, u32 seq);
int lq_before_init(void);

/* Clients send a SYN again for so long. */
#define LQ_BEFORE_COMES_S	180

extern unsigned long lq_before_last;

/* Was a SYN thrown away lately, that may come again? Asked by every SYN. */
static inline bool lq_before_lately(void)
{
	unsigned long last = READ_ONCE(lq_before_last);

	return unlikely(last) && time_before(jiffies, last + LQ_BEFORE_COMES_S * HZ);
}

/**
 * lq_before_dropped() - tracepoint kfree_skb
 * @skb: what is dropped, anything at all
 * @reason: the kernel's, 0 if it gives none
 * @location: which call drops it
 *
 * Context: any.
 * Return: whether it was a SYN for a listener, which has not seen it.
 */
static inline bool lq_before_dropped(struct sk_buff *skb, unsigned int reason,
				     const void *location)
{
	/* What comes in for us; not what other machines get, or we send. */
	if (skb->protocol != htons(ETH_P_IP) && skb->protocol != htons(ETH_P_IPV6))
		return false;
	return skb->pkt_type == PACKET_HOST && lq_before_look(skb, reason, location);
}

#endif
