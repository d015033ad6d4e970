// SPDX-License-Identifier: GPL-2.0
/*
 * icmp.c - an ICMP error that answers a SYN-ACK of ours (tcp_v4_err, tcp_req_err)
 *
 * The kernel looks for the connection that an error quotes in its established hash, where
 * records are not. What is not about a record goes on to the kernel.
 */
#include <linux/icmp.h>
#include <net/tcp.h>

#include "kernel/facts.h"
#include "ledger/attempt.h"
#include "ledger/counts.h"
#include "ledger/trace.h"
#include "path/icmp.h"
#include "path/stock.h"
#include "queue/elsewhere.h"
#include "queue/home.h"
#include "queue/part.h"
#include "queue/record.h"

/* Does the error end connections that are not there yet (tcp_v4_err)? */
static bool is_fatal(const struct sk_buff *skb)
{
	const struct icmphdr *icmp = icmp_hdr(skb);

	return icmp->type == ICMP_PARAMETERPROB || icmp->type == ICMP_TIME_EXCEEDED ||
	       (icmp->type == ICMP_DEST_UNREACH && (icmp->code == ICMP_NET_UNREACH ||
						    icmp->code == ICMP_HOST_UNREACH));
}

static void end_record(struct lq_synq *q, struct lq_listener *l, struct lq_part *part,
		       struct lq_record *r, u32 hash)
{
	struct lq_event event;

	lockdep_assert_held(&part->lock);
	if (!l) {
		lq_part_end(part, r, hash, LQ_END_unanswered);
		return;
	}
	memset(&event, 0, sizeof(event));
	lq_event_of_record(&event, q, r);
	event.netns = q->net->ns.inum;
	event.listener = l->cookie;
	lq_part_remove(part, r, hash);
	lq_attempt_ended(&l->totals, &event, LQ_END_unanswered);
	tcp_listendrop(l->sk);
	lq_synq_read(q, l->sk, &event.reading);
	trace_lq_request(&event, LQ_WHAT_icmp_error);
}

/*
 * Returns whether the error was about a record of this queue. With no listener open, the
 * stock kernel knows of no handshake either: it counts the error.
 */
static bool look_in_one(struct lq_synq *q, const struct lq_v4_flow *key, u32 seq, bool fatal)
{
	struct lq_listener *l = NULL;
	u32 hash = lq_synq_hash(key);
	struct lq_part *part;
	struct lq_record *r;

	if (!lq_home_lock(q, hash, &part))
		return false;
	__acquire(&part->lock);
	r = lq_shard_find(&part->shard, hash, key);
	if (r)
		l = lq_synq_sender(q, r);
	if (r && seq == r->snt_isn && fatal)
		end_record(q, l, part, r, hash);
	else if (r && l && seq != r->snt_isn)
		__NET_INC_STATS(q->net, LINUX_MIB_OUTOFWINDOWICMPS);
	spin_unlock(&part->lock);
	return r && l;
}

/* In all that may have the record, by its address, for want of a listener. Under RCU. */
static bool look_in(struct net *net, const struct lq_v4_flow *key, u32 seq, bool fatal)
{
	struct lq_synq *found[LQ_CANDIDATES];
	int devices[LQ_FLOW_DEVICES];
	unsigned int i, j, n = lq_synqs_of(net, key, 0, found);
	unsigned int nr_devices = lq_record_devices(net, key->iif, 0, devices);
	struct lq_v4_flow bound = *key;

	for (i = 0; i < n; i++) {
		for (j = 0; j < nr_devices; j++) {
			bound.iif = devices[j];
			if (look_in_one(found[i], &bound, seq, fatal))
				return true;
		}
	}
	return false;
}

/**
 * lq_v4_err() - in place of tcp_v4_err
 * @skb: the ICMP error; data is the packet that it quotes
 * @info: as tcp_v4_err gets it
 *
 * Context: softirq, under RCU.
 * Return: as tcp_v4_err.
 */
int lq_v4_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const struct tcphdr *th = (const struct tcphdr *)(skb->data + iph->ihl * 4);
	struct lq_v4_flow key = {
		.saddr = (__force u32)iph->saddr, .daddr = (__force u32)iph->daddr,
		.sport = (__force u16)th->source, .dport = (__force u16)th->dest,
		.iif = inet_iif(skb),
	};
	struct net *net = dev_net(skb->dev);
	bool ours;

	rcu_read_lock();
	ours = lq_net_counts(net) && look_in(net, &key, ntohl(th->seq), is_fatal(skb));
	rcu_read_unlock();
	return ours ? 0 : lq_stock_v4_err(skb, info);
}
