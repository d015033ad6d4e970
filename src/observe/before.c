// SPDX-License-Identifier: GPL-2.0
/*
 * before.c - a SYN that no listener sees: the kernel throws it away on the way
 *
 *   device ─▶ IP ─▶ netfilter ─▶ route ─▶ netfilter
 *                                            └▶ TCP ─▶ key, policy, filter ─▶ do_rcv
 *
 * Tracepoint kfree_skb tells of each drop. Counted is a SYN without ACK, RST and FIN that
 * came in to an address of its network namespace and a port that somebody listens on there,
 * by endpoint and reason. Who is forwarded, who is sent, and who is dropped after a hook of
 * ours has told of it is not. IPv6 with extension headers is not looked at.
 *
 * Of most drops nothing is read beyond the IP header's protocol.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/ktime.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/inet_sock.h>
#include <net/ip6_fib.h>
#include <net/l3mdev.h>
#include <net/route.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "kernel/drop.h"
#include "kernel/established.h"
#include "ledger/clients.h"
#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/trace.h"
#include "observe/before.h"
#include "observe/frame.h"

/**
 * struct syn - a SYN that is dropped
 * @flow: its four-tuple
 * @seq: its sequence number
 * @net: where it came in
 * @dev: the device
 * @dif: where it came in first
 * @sdif: the VRF of @dev, 0 none
 */
struct syn {
	struct lq_flow flow;
	u32 seq;
	struct net *net;
	struct net_device *dev;
	int dif;
	int sdif;
};

/*
 * The segment for a pending request that a frame was opened for last: tcp_v4_rcv drops it
 * when tcp_check_req is done with it. Its memory may be used again; the number tells.
 */
struct told {
	const struct sk_buff *skb;
	u32 seq;
};

static DEFINE_PER_CPU(struct told, told);

/**
 * lq_before_told() - a segment for a pending request has its verdict, or will have
 * @skb: the segment
 * @seq: its sequence number
 *
 * Context: preemption off.
 */
void lq_before_told(const struct sk_buff *skb, u32 seq)
{
	__this_cpu_write(told.skb, skb);
	__this_cpu_write(told.seq, seq);
}

static bool was_told(const struct sk_buff *skb, u32 seq)
{
	if (likely(__this_cpu_read(told.skb) != skb))
		return false;
	__this_cpu_write(told.skb, NULL);
	return __this_cpu_read(told.seq) == seq;
}

/* Only headers that lie where IP has put them: nothing has been checked yet. */
static bool read_tcp(const struct sk_buff *skb, int offset, struct syn *syn)
{
	const struct tcphdr *th;
	struct tcphdr copy lq_uninitialized;

	th = skb_header_pointer(skb, offset, sizeof(copy), &copy);
	if (!th || (tcp_flag_byte(th) & (LQ_SYN | LQ_ACK | LQ_RST | LQ_FIN)) != LQ_SYN)
		return false;
	memset(&syn->flow, 0, sizeof(syn->flow));
	syn->flow.sport = th->dest;
	syn->flow.dport = th->source;
	syn->seq = ntohl(th->seq);
	return true;
}

static bool read_v4(const struct sk_buff *skb, int offset, struct syn *syn)
{
	const struct iphdr *ip;
	struct iphdr copy lq_uninitialized;

	ip = skb_header_pointer(skb, offset, sizeof(copy), &copy);
	if (!ip || ip->protocol != IPPROTO_TCP || ip->version != 4 || ip->ihl < 5 ||
	    ip_is_fragment(ip) || !read_tcp(skb, offset + ip->ihl * 4, syn))
		return false;
	syn->flow.family = 4;
	memcpy(syn->flow.saddr, &ip->daddr, sizeof(ip->daddr));
	memcpy(syn->flow.daddr, &ip->saddr, sizeof(ip->saddr));
	return true;
}

static bool read_v6(const struct sk_buff *skb, int offset, struct syn *syn)
{
	const struct ipv6hdr *ip;
	struct ipv6hdr copy lq_uninitialized;

	ip = skb_header_pointer(skb, offset, sizeof(copy), &copy);
	if (!ip || ip->nexthdr != IPPROTO_TCP || ip->version != 6 ||
	    !read_tcp(skb, offset + sizeof(copy), syn))
		return false;
	syn->flow.family = 6;
	memcpy(syn->flow.saddr, &ip->daddr, sizeof(ip->daddr));
	memcpy(syn->flow.daddr, &ip->saddr, sizeof(ip->saddr));
	return true;
}

static bool read_syn(const struct sk_buff *skb, struct syn *syn)
{
	int offset = skb_network_offset(skb);

	return skb->protocol == htons(ETH_P_IP) ? read_v4(skb, offset, syn) :
						  read_v6(skb, offset, syn);
}

/* On its way in, a socket is one that it was found for, or that a program chose. */
static bool is_sent(const struct sk_buff *skb)
{
	return skb->sk && skb->destructor != sock_edemux && skb->destructor != sock_pfree;
}

static __be32 v4_of(const u8 *addr)
{
	__be32 v4;

	memcpy(&v4, addr, sizeof(v4));
	return v4;
}

/* Is it to be delivered here, by its route if that has been looked up? */
static bool is_local(const struct sk_buff *skb, const struct syn *syn)
{
	if (syn->flow.family == 4) {
		if (skb_valid_dst(skb) && skb_dst(skb)->ops->family == AF_INET)
			return skb_rtable(skb)->rt_type == RTN_LOCAL;
		return inet_addr_type_dev_table(syn->net, syn->dev,
						v4_of(syn->flow.saddr)) == RTN_LOCAL;
	}
#if IS_ENABLED(CONFIG_IPV6)
	if (skb_valid_dst(skb) && skb_dst(skb)->ops->family == AF_INET6)
		return container_of(skb_dst(skb), struct rt6_info, dst)->rt6i_flags & RTF_LOCAL;
	return ipv6_chk_addr(syn->net, (const struct in6_addr *)syn->flow.saddr, NULL, 0);
#else
	return false;
#endif
}

static bool is_any(const struct lq_address *where)
{
	return !memchr_inv(where->addr, 0, sizeof(where->addr));
}

/* As the kernel's own lookup chooses: device, then address, then family. 0: not for it. */
static int score(const struct lq_endpoint *ep, const struct syn *syn)
{
	const struct lq_address *where = &ep->where;

	if (!READ_ONCE(ep->open) || !lq_endpoint_may_take(ep, &syn->flow) ||
	    !inet_sk_bound_dev_eq(syn->net, where->ifindex, syn->dif, syn->sdif))
		return 0;
	return 1 + (where->family == syn->flow.family) + 2 * !is_any(where) +
	       4 * !!where->ifindex;
}

/* Under RCU. Whose the SYN was to be: NULL, nobody's. */
static struct lq_endpoint *endpoint_of(const struct sk_buff *skb, const struct syn *syn)
{
	struct lq_endpoint *found[LQ_CANDIDATES], *best = NULL;
	int devices[LQ_FLOW_DEVICES], points, most = 0;
	unsigned int i, n = 0;

	devices[n++] = 0;
	devices[n++] = syn->dif;
	if (syn->sdif && syn->sdif != syn->dif)
		devices[n++] = syn->sdif;
	n = lq_endpoint_candidates(lq_ledger_of(syn->net), &syn->flow, devices, n, found);
	for (i = 0; i < n; i++) {
		points = score(found[i], syn);
		if (points <= most)
			continue;
		most = points;
		best = found[i];
	}
	if (!best || READ_ONCE(best->ignored) || (is_any(&best->where) && !is_local(skb, syn)))
		return NULL;
	return best;
}

/* State of the connection or request that the flow has already, 0: there is none. */
static int state_of_flow(const struct syn *syn)
{
	const struct lq_flow *flow = &syn->flow;
	struct sock *sk = NULL;
	int state;

	if (flow->family == 4)
		sk = lq_lookup(syn->net, v4_of(flow->saddr), flow->sport, v4_of(flow->daddr),
			       flow->dport, syn->dif, syn->sdif);
#if IS_ENABLED(CONFIG_IPV6)
	else
		sk = lq_lookup6(syn->net, (const struct in6_addr *)flow->saddr, flow->sport,
				(const struct in6_addr *)flow->daddr, flow->dport, syn->dif,
				syn->sdif);
#endif
	if (!sk)
		return 0;
	state = sk->sk_state;
	sock_gen_put(sk);
	return state;
}

/*
 * Was it to begin a handshake? A SYN of a connection never is. One for a request or for
 * TIME_WAIT is, where it was dropped for what it is; else it was answered, and then dropped.
 */
static bool begins(const struct sk_buff *skb, const struct syn *syn, enum lq_before word)
{
	int state;

	switch (word) {
	case LQ_BEFORE_netfilter:
	case LQ_BEFORE_rp_filter:
	case LQ_BEFORE_route:
		return true;
	default:
		state = state_of_flow(syn);
		if (state == TCP_NEW_SYN_RECV || state == TCP_TIME_WAIT)
			return word != LQ_BEFORE_other;
		return !state && !(word == LQ_BEFORE_other && was_told(skb, syn->seq));
	}
}

#define LATELY_BITS	11
#define LATELY_WAYS	4

/*
 * Attempts of clients that were dropped lately, as hashes, to count each once however often
 * its SYN comes. The newest of a bucket takes the place of another: one that comes again
 * after many others is counted again. HAS_COME: a listener has got it since.
 */
#define HAS_COME	2
static u32 lately[BIT(LATELY_BITS)][LATELY_WAYS];
static u32 lately_seed;

unsigned long lq_before_last;	/* jiffies, to the second; 0: never */

/* Never 0; *@bucket: where it is, or would be. */
static u32 mark_of(const struct lq_endpoint *ep, const struct lq_flow *flow, u32 seq,
		   unsigned int netns, u32 **bucket)
{
	u32 hash = jhash(flow, sizeof(*flow), seq ^ netns ^ ep->id << 16 ^ lately_seed);

	*bucket = lately[hash >> (32 - LATELY_BITS)];
	return hash << LATELY_BITS | 1;
}

static bool is_new(const struct lq_endpoint *ep, const struct syn *syn)
{
	u32 *bucket, mark = mark_of(ep, &syn->flow, syn->seq, syn->net->ns.inum, &bucket);
	u32 way = mark >> LATELY_BITS & (LATELY_WAYS - 1);
	int i;

	for (i = 0; i < LATELY_WAYS; i++)
		if ((READ_ONCE(bucket[i]) & ~HAS_COME) == mark)
			return false;
	for (i = 0; i < LATELY_WAYS; i++)
		if (!READ_ONCE(bucket[i]))
			break;
	/* Two processors with the same SYN at once: the second one sees the first one's. */
	return xchg(&bucket[i < LATELY_WAYS ? i : way], mark) != mark;
}

static noinline void tell(const struct syn *syn, const struct lq_endpoint *ep,
			  enum lq_before word, unsigned int reason, const void *location)
{
	struct lq_event event = {
		.flow = syn->flow,
		.facts.segment.seq = syn->seq,
		.netns = syn->net->ns.inum,
	};

	trace_lq_before(&event, word, ep->id, reason, location);
}

static void note(struct lq_endpoint *ep, const struct syn *syn, enum lq_before word)
{
	unsigned long now = jiffies ?: 1;

	if (time_after_eq(now, READ_ONCE(lq_before_last) + HZ) || !READ_ONCE(lq_before_last))
		WRITE_ONCE(lq_before_last, now);
	atomic64_inc(&ep->before[word]);
	if (is_new(ep, syn)) {
		atomic64_inc(&ep->before_clients);
		lq_clients_ended_at(&ep->where, 0, syn->net->ns.inum, &syn->flow,
				    LQ_CLIENT_before);
	}
	lq_span_add(&ep->when_before, ktime_get_coarse_real_ns());
}

/**
 * lq_before_bad_sum() - a listener has got a SYN whose sum is wrong, as of long frames
 * @net: its network namespace
 * @l: the listener
 * @event: the SYN, with its flow
 *
 * It has a verdict; for its client it is as if it had been thrown away before.
 *
 * Context: preemption off.
 */
void lq_before_bad_sum(struct net *net, struct lq_listener *l, const struct lq_event *event)
{
	struct syn syn = { .flow = event->flow, .seq = event->facts.segment.seq, .net = net };

	note(l->endpoint, &syn, LQ_BEFORE_checksum);
}

/**
 * lq_before_came() - a listener has got a SYN; was an earlier one thrown away before?
 * @l: the listener
 * @event: the SYN, with its flow
 *
 * Context: preemption off.
 */
void lq_before_came(struct lq_listener *l, const struct lq_event *event)
{
	struct lq_endpoint *ep = l->endpoint;
	u32 *bucket, mark;
	int i;

	mark = mark_of(ep, &event->flow, event->facts.segment.seq, event->netns, &bucket);
	for (i = 0; i < LATELY_WAYS; i++) {
		if (READ_ONCE(bucket[i]) != mark ||
		    cmpxchg(&bucket[i], mark, mark | HAS_COME) != mark)
			continue;
		atomic64_inc(&ep->before_came);
		lq_clients_came(event->netns, &event->flow);
		return;
	}
}

/* Under RCU, preemption off. */
static bool count(struct sk_buff *skb, struct syn *syn, unsigned int reason,
		  const void *location)
{
	struct lq_endpoint *ep;
	enum lq_before word;

	if (!lq_is_observing() || is_sent(skb))
		return false;
	/* Where a queue is a tree, something else is kept in skb->dev: none of our places. */
	word = lq_drop_word(skb, reason, location);
	if (word == LQ_BEFORE_none || !skb->dev)
		return false;
	syn->dev = skb->dev;
	syn->net = dev_net(syn->dev);
	syn->dif = skb->skb_iif ?: syn->dev->ifindex;
	syn->sdif = l3mdev_master_ifindex_rcu(syn->dev);
	ep = endpoint_of(skb, syn);
	if (!ep || !begins(skb, syn, word))
		return false;
	note(ep, syn, word);
	if (trace_lq_before_enabled())
		tell(syn, ep, word, reason, location);
	return true;
}

/**
 * lq_before_look() - an IP packet is dropped
 * @skb: the packet
 * @reason: the kernel's, 0 if it gives none
 * @location: which call drops it
 *
 * Context: any.
 * Return: whether it was a SYN for a listener, which has not seen it.
 */
bool lq_before_look(struct sk_buff *skb, unsigned int reason, const void *location)
{
	struct syn syn lq_uninitialized;
	bool counted;

	if (!read_syn(skb, &syn))
		return false;
	preempt_disable_notrace();
	rcu_read_lock();
	counted = count(skb, &syn, reason, location);
	rcu_read_unlock();
	preempt_enable_notrace();
	return counted;
}

/**
 * lq_before_init() - before the hooks are attached
 *
 * Return: 0.
 */
int lq_before_init(void)
{
	get_random_bytes(&lately_seed, sizeof(lately_seed));
	lq_drop_init();
	return 0;
}
