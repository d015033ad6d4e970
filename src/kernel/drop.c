// SPDX-License-Identifier: GPL-2.0
/*
 * drop.c - why, and where, the kernel drops a SYN
 *
 * By the kernel's reason, where it gives one (Linux 5.17). Some say not enough: a raw
 * socket's copy of a SYN is dropped by the same "socket filter" as the SYN itself. These,
 * and drops without a reason, are told by the function that drops. Of any other place
 * nothing is told: copies for packet sockets are dropped there, and who knows what else.
 */
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <net/ip6_checksum.h>
#include <net/tcp.h>

#include "kernel/compat.h"
#include "kernel/drop.h"

/* Where a SYN can be on its way to a listener. */
enum place { NOWHERE, BACKLOG, NETFILTER, IP, ROUTE, TCP };

static const struct {
	const char *function;
	enum place place;
} functions[] = {
	{ "enqueue_to_backlog", BACKLOG },
	{ "nf_hook_slow", NETFILTER },
	{ "nf_queue", NETFILTER },
	{ "nf_reinject", NETFILTER },
	{ "nfqnl_reinject", NETFILTER },
	{ "ip_rcv", IP },
	{ "ip_rcv_core", IP },
	{ "ip_list_rcv", IP },
	{ "ip_local_deliver", IP },
	{ "ip_local_deliver_finish", IP },
	{ "ip_protocol_deliver_rcv", IP },
	{ "ipv6_rcv", IP },
	{ "ip6_rcv_core", IP },
	{ "ipv6_list_rcv", IP },
	{ "ip6_input", IP },
	{ "ip6_input_finish", IP },
	{ "ip6_protocol_deliver_rcv", IP },
	{ "ip_rcv_finish", ROUTE },
	{ "ip_rcv_finish_core", ROUTE },
	{ "ip_list_rcv_finish", ROUTE },
	{ "ip_sublist_rcv", ROUTE },
	{ "tcp_v4_rcv", TCP },
	{ "tcp_v6_rcv", TCP },
};

#ifdef DEFINE_DROP_REASON
/*
 * What the kernel's reasons mean; those that it does not have, or that are not here, mean
 * nothing. @in_tcp: only if TCP dropped it.
 */
static const struct {
	const char *name;
	enum lq_before word;
	bool in_tcp;
} reasons[] = {
	{ "NETFILTER_DROP", LQ_BEFORE_netfilter },
	{ "IP_RPFILTER", LQ_BEFORE_rp_filter },
	{ "IP_INADDRERRORS", LQ_BEFORE_route },
	{ "IP_INNOROUTES", LQ_BEFORE_route },
	{ "IP_LOCAL_SOURCE", LQ_BEFORE_route },
	{ "IP_INVALID_SOURCE", LQ_BEFORE_route },
	{ "IP_LOCALNET", LQ_BEFORE_route },
	{ "IP_INVALID_DEST", LQ_BEFORE_route },
	{ "IP_CSUM", LQ_BEFORE_checksum },
	{ "TCP_CSUM", LQ_BEFORE_checksum },
	{ "TCP_MD5NOTFOUND", LQ_BEFORE_key },
	{ "TCP_MD5UNEXPECTED", LQ_BEFORE_key },
	{ "TCP_MD5FAILURE", LQ_BEFORE_key },
	{ "TCP_AUTH_HDR", LQ_BEFORE_key },
	{ "TCP_AONOTFOUND", LQ_BEFORE_key },
	{ "TCP_AOUNEXPECTED", LQ_BEFORE_key },
	{ "TCP_AOKEYNOTFOUND", LQ_BEFORE_key },
	{ "TCP_AOFAILURE", LQ_BEFORE_key },
	{ "XFRM_POLICY", LQ_BEFORE_policy, true },
	{ "SOCKET_FILTER", LQ_BEFORE_filter, true },
	{ "SECURITY_HOOK", LQ_BEFORE_filter, true },
	{ "TC_INGRESS", LQ_BEFORE_filter },
	{ "XDP", LQ_BEFORE_filter },
	{ "CPU_BACKLOG", LQ_BEFORE_no_buffer },
	{ "SOCKET_RCVBUFF", LQ_BEFORE_no_buffer, true },
	{ "SOCKET_BACKLOG", LQ_BEFORE_no_buffer, true },
	{ "PROTO_MEM", LQ_BEFORE_no_buffer, true },
	{ "PFMEMALLOC", LQ_BEFORE_no_buffer, true },
	{ "NOMEM", LQ_BEFORE_no_buffer, true },
};

/* Nobody listens there, or it is another machine's: meant for none of ours. */
static const char *const nobodys[] = { "NO_SOCKET", "SOCKET_CLOSE", "OTHERHOST" };

#define NAME(name) [SKB_DROP_REASON_##name] = #name,
#define NO_NAME(name)
static const char *const names[] = { DEFINE_DROP_REASON(NAME, NO_NAME) };
#undef NAME
#undef NO_NAME

#define IN_TCP	0x80
#define NOBODYS	0xff

/* By reason: a word, with IN_TCP; 0: the place decides. */
static u8 words[ARRAY_SIZE(names)];

static u8 word_of(unsigned int reason)
{
	return reason < ARRAY_SIZE(words) ? words[reason] : 0;
}

static u8 meaning(const char *name)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].name, name))
			return reasons[i].word | (reasons[i].in_tcp ? IN_TCP : 0);
	return match_string(nobodys, ARRAY_SIZE(nobodys), name) < 0 ? 0 : NOBODYS;
}

/**
 * lq_drop_init() - what this kernel's reasons mean
 */
void lq_drop_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		words[i] = names[i] ? meaning(names[i]) : 0;
}

static bool is_bad_sum(const struct sk_buff *skb)
{
	return false;
}
#else
#define IN_TCP	0x80
#define NOBODYS	0xff

static u8 word_of(unsigned int reason)
{
	return 0;
}

void lq_drop_init(void) { }

/* TCP does not say why. The sum tells; what was kept of it in the skb does not any more. */
static bool is_bad_sum(const struct sk_buff *skb)
{
	__wsum sum;

	if (skb->ip_summed == CHECKSUM_PARTIAL || skb->ip_summed == CHECKSUM_UNNECESSARY)
		return false;
	sum = skb_checksum(skb, 0, skb->len, 0);
	if (skb->protocol == htons(ETH_P_IP))
		return csum_tcpudp_magic(ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, skb->len,
					 IPPROTO_TCP, sum);
	return csum_ipv6_magic(&ipv6_hdr(skb)->saddr, &ipv6_hdr(skb)->daddr, skb->len,
			       IPPROTO_TCP, sum);
}
#endif

/* "tcp_v4_rcv", "ip_rcv_finish_core.constprop.0", "nfqnl_reinject [nfnetlink_queue]" */
static enum place find_place(const void *location)
{
	char name[64];
	int i;

	scnprintf(name, sizeof(name), "%ps", location);
	name[strcspn(name, ". ")] = '\0';
	for (i = 0; i < ARRAY_SIZE(functions); i++)
		if (!strcmp(functions[i].function, name))
			return functions[i].place;
	return NOWHERE;
}

#define PLACE_BITS 7

/*
 * Places that were looked up: the address's lower half, which tells all of the kernel and
 * its modules apart, above place + 1; 0: free. Filled without a lock, never emptied.
 */
static atomic64_t places[BIT(PLACE_BITS)];

static enum place place_of(const void *location)
{
	u64 address = (u64)(u32)(unsigned long)location << 32;
	u32 first = hash_ptr(location, PLACE_BITS);
	enum place place;
	u64 known;
	int i;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		atomic64_t *slot = &places[(first + i) % ARRAY_SIZE(places)];

		known = atomic64_read(slot);
		if (known && (known >> 32 << 32) == address)
			return (u32)known - 1;
		if (known)
			continue;
		place = find_place(location);
		atomic64_cmpxchg(slot, 0, address | (place + 1));
		return place;
	}
	return find_place(location);
}

static enum lq_before word_of_place(const struct sk_buff *skb, enum place place)
{
	switch (place) {
	case BACKLOG:
		return LQ_BEFORE_no_buffer;
	case NETFILTER:
		return LQ_BEFORE_netfilter;
	case ROUTE:
		return LQ_BEFORE_route;
	case TCP:
		return is_bad_sum(skb) ? LQ_BEFORE_checksum : LQ_BEFORE_other;
	case IP:
		return LQ_BEFORE_other;
	default:
		return LQ_BEFORE_none;
	}
}

/**
 * lq_drop_word() - why a SYN is dropped
 * @skb: the SYN
 * @reason: the kernel's reason, 0 if there is none
 * @location: which call drops it
 *
 * Context: any.
 * Return: the reason in our words, LQ_BEFORE_none if it is no drop on the way to a listener.
 */
enum lq_before lq_drop_word(const struct sk_buff *skb, unsigned int reason,
			    const void *location)
{
	u8 word = word_of(reason);
	enum place place;

	if (word == NOBODYS)
		return LQ_BEFORE_none;
	if (word && !(word & IN_TCP))
		return word;
	place = place_of(location);
	if (!word)
		return word_of_place(skb, place);
	if (place != TCP)
		return LQ_BEFORE_none;
	word &= ~IN_TCP;
	/* The socket's filter is where memory set aside for the swap device is refused. */
	return word == LQ_BEFORE_filter && skb_pfmemalloc(skb) ? LQ_BEFORE_no_buffer : word;
}
