// SPDX-License-Identifier: GPL-2.0
/*
 * synack.c - build a SYN-ACK and send it
 *
 * The bytes are those of tcp_make_synack() and ip_build_and_send_pkt(), in a socket
 * buffer of the size that they need and not of MAX_TCP_HEADER. Whatever is unusual (BPF
 * programs that add options, a delay on sending) the kernel's own send_synack does, with
 * a type that neither keeps the scratch request nor changes timestamps.
 *
 * Nothing is read from the request after the packet has left: it may come straight back
 * to this processor.
 */
#include <linux/skbuff.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/route.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/ksym.h"
#include "queue/record.h"
#include "queue/synack.h"

/* MSS, SACK permitted, timestamps, window scale: 4 + 12 + 4. */
#define MOST_OPTIONS 20

/**
 * lq_synack_window_clamp() - how large a window may get (tcp_openreq_init_rwin)
 * @sk: the listener
 * @dst: the way
 *
 * Return: bytes, 0: as large as may be.
 */
u32 lq_synack_window_clamp(const struct sock *sk, const struct dst_entry *dst)
{
	u32 clamp = READ_ONCE(tcp_sk(sk)->window_clamp) ?: dst_metric(dst, RTAX_WINDOW);
	u32 space = tcp_full_space(sk);

	return sk->sk_userlocks & SOCK_RCVBUF_LOCK && (clamp > space || !clamp) ? space : clamp;
}

static __be32 *put_option(__be32 *p, u8 a, u8 b, u8 c, u8 d)
{
	*p = htonl(a << 24 | b << 16 | c << 8 | d);
	return p + 1;
}

/* A cookie's says in its low bits what options there are. */
static u32 tsval_of(struct request_sock *req, u64 now)
{
	if (req->syncookie)
		now = div_u64(static_call(lq_cookie_timestamp)(req, now * NSEC_PER_USEC),
			      NSEC_PER_USEC);
	return lq_tsval(lq_usec_ts(req), now, tcp_rsk(req)->ts_off);
}

/* In the order of tcp_options_write(). */
static u32 build_options(__be32 *options, const struct sock *sk, const struct dst_entry *dst,
			 struct request_sock *req, u64 now)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	u16 mss = tcp_mss_clamp(tcp_sk(sk), lq_dst_advmss(dst));
	__be32 *p = options;

	p = put_option(p, TCPOPT_MSS, TCPOLEN_MSS, mss >> 8, mss);
	if (ireq->tstamp_ok) {
		if (ireq->sack_ok)
			p = put_option(p, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM,
				       TCPOPT_TIMESTAMP, TCPOLEN_TIMESTAMP);
		else
			p = put_option(p, TCPOPT_NOP, TCPOPT_NOP, TCPOPT_TIMESTAMP,
				       TCPOLEN_TIMESTAMP);
		*p++ = htonl(tsval_of(req, now));
		*p++ = htonl(req->ts_recent);
	} else if (ireq->sack_ok) {
		p = put_option(p, TCPOPT_NOP, TCPOPT_NOP, TCPOPT_SACK_PERM, TCPOLEN_SACK_PERM);
	}
	if (ireq->wscale_ok)
		p = put_option(p, TCPOPT_NOP, TCPOPT_WINDOW, TCPOLEN_WINDOW, ireq->rcv_wscale);
	return (u8 *)p - (u8 *)options;
}

/* A buffer for @len bytes behind the link layer's headers. */
static struct sk_buff *new_skb(const struct dst_entry *dst, u32 len)
{
	u32 head = ALIGN(LL_RESERVED_SPACE(dst->dev) + len, L1_CACHE_BYTES);
	u32 size = SKB_DATA_ALIGN(head) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	struct sk_buff *skb;
	void *data;

	data = napi_alloc_frag(size);
	if (!data)
		return NULL;
	skb = build_skb(data, size);
	if (!skb) {
		skb_free_frag(data);
		return NULL;
	}
	skb_reserve(skb, head);
	return skb;
}

static void put_tcp(struct sk_buff *skb, const struct sock *sk, const struct dst_entry *dst,
		    struct request_sock *req, u64 now)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	__be32 options[MOST_OPTIONS / sizeof(__be32)] lq_uninitialized;
	u32 len = sizeof(struct tcphdr) + build_options(options, sk, dst, req, now);
	struct tcphdr *th = skb_push(skb, len);

	skb_reset_transport_header(skb);
	memset(th, 0, sizeof(*th));
	memcpy(th + 1, options, len - sizeof(*th));
	th->source = htons(ireq->ir_num);
	th->dest = ireq->ir_rmt_port;
	th->seq = htonl(tcp_rsk(req)->snt_isn);
	th->ack_seq = htonl(tcp_rsk(req)->rcv_nxt);
	th->doff = len / 4;
	th->syn = 1;
	th->ack = 1;
	th->ece = ireq->ecn_ok;
	/* Never scaled (RFC 7323 2.2). */
	th->window = htons(min(req->rsk_rcv_wnd, 65535U));
	/* __tcp_v4_send_check: the device, or the last moment, does the sum. */
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
	th->check = ~tcp_v4_check(len, ireq->ir_loc_addr, ireq->ir_rmt_addr, 0);
	TCP_SKB_CB(skb)->tcp_flags = TCPHDR_SYN | TCPHDR_ACK;
}

static u8 tos_of(const struct sock *sk, const struct request_sock *req)
{
	u8 tos = inet_sk(sk)->tos;

	if (READ_ONCE(sock_net(sk)->ipv4.sysctl_tcp_reflect_tos))
		tos = (tcp_rsk(req)->syn_tos & ~INET_ECN_MASK) | (tos & INET_ECN_MASK);
	if (!INET_ECN_is_capable(tos) && tcp_bpf_ca_needs_ecn((struct sock *)req))
		tos |= INET_ECN_ECT_0;
	return tos;
}

static void put_ip(struct sk_buff *skb, const struct sock *sk, struct dst_entry *dst,
		   const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct iphdr *iph = skb_push(skb, sizeof(*iph));

	skb_reset_network_header(skb);
	*(__be16 *)iph = htons(4 << 12 | 5 << 8 | tos_of(sk, req));
	/* Too small to be fragmented: no number. tot_len, check: ip_local_out(). */
	iph->id = 0;
	iph->frag_off = htons(IP_DF);
	iph->ttl = inet_sk(sk)->uc_ttl >= 0 ? inet_sk(sk)->uc_ttl : ip4_dst_hoplimit(dst);
	iph->protocol = sk->sk_protocol;
	iph->saddr = ireq->ir_loc_addr;
	iph->daddr = ireq->ir_rmt_addr;
}

/*
 * Programs behind us see the owner (bpf_get_socket_cookie, skb->sk). The kernel's is the request;
 * ours the listener, which costs no memory, unless somebody has the request's cookie or may ask
 * for it.
 */
static void set_owner(struct sk_buff *skb, struct sock *sk, const struct request_sock *req)
{
	struct request_sock *owner = NULL;

	/* Under a flood nobody's: what is counted at the listener would be contended for. */
	if (req->syncookie)
		return;
	if (unlikely(atomic64_read(&inet_rsk(req)->ir_cookie)))
		owner = lq_request_like(sk, req);
	skb_set_owner_w(skb, owner ? req_to_sk(owner) : sk);
	if (owner)
		sock_gen_put(req_to_sk(owner));
}

static int build_and_send(struct sock *sk, struct dst_entry *dst, struct request_sock *req,
			  u64 now)
{
	struct sk_buff *skb;
	int err;

	skb = new_skb(dst, sizeof(struct iphdr) + sizeof(struct tcphdr) + MOST_OPTIONS);
	if (!skb) {
		dst_release(dst);
		return -ENOMEM;
	}
	set_owner(skb, sk, req);
	skb_dst_set(skb, dst);
	skb->protocol = htons(ETH_P_IP);
	put_tcp(skb, sk, dst, req, now);
	skb_set_hash(skb, tcp_rsk(req)->txhash, PKT_HASH_TYPE_L4);
	lq_set_departure(skb, now * NSEC_PER_USEC);
	skb->priority = READ_ONCE(sk->sk_priority);
	skb->mark = inet_rsk(req)->ir_mark ?: READ_ONCE(sk->sk_mark);
	put_ip(skb, sk, dst, req);
	TCP_INC_STATS(sock_net(sk), TCP_MIB_OUTSEGS);
	err = ip_local_out(sock_net(sk), skb->sk, skb);
	return net_xmit_eval(err);
}

/**
 * lq_synack_send() - send a SYN-ACK
 * @sk: the listener
 * @dst: the way, a reference that is consumed; NULL: it is looked for
 * @fl: as it was looked for, NULL with @dst
 * @req: the request, valid up to the moment of sending only; snt_synack says now
 * @syn: the SYN, for BPF programs; NULL when it is repeated
 *
 * Context: bottom halves off, no lock of ours held.
 * Return: 0, or an error when it did not get out.
 */
int lq_synack_send(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
		   struct request_sock *req, struct sk_buff *syn)
{
	struct flowi own lq_uninitialized;

	if (unlikely(lq_synack_is_unusual(sk)))
		return tcp_rsk(req)->af_specific->send_synack(sk, dst, fl ?: &own, req, NULL,
							      TCP_SYNACK_FASTOPEN, syn);
	if (!dst)
		dst = static_call(lq_csk_route_req)(sk, &own.u.ip4, req);
	return dst ? build_and_send(sk, dst, req, tcp_rsk(req)->snt_synack) : -EHOSTUNREACH;
}

/**
 * lq_synack_send_cookie() - send a SYN-ACK whose number is a cookie
 * @sk: the listener; it does not own the packet, as under stock
 * @dst: the way, a reference that is consumed
 * @fl: as it was looked for
 * @req: the request, marked as a cookie's
 * @syn: the SYN
 *
 * Context: bottom halves off, no lock of ours held.
 * Return: 0, or an error when it did not get out.
 */
int lq_synack_send_cookie(struct sock *sk, struct dst_entry *dst, struct flowi *fl,
			  struct request_sock *req, struct sk_buff *syn)
{
	if (unlikely(lq_synack_is_unusual(sk)))
		return tcp_rsk(req)->af_specific->send_synack(sk, dst, fl, req, NULL,
							      TCP_SYNACK_COOKIE, syn);
	return build_and_send(sk, dst, req, tcp_clock_us());
}

/**
 * lq_synack_repeat() - send a SYN-ACK once more
 * @sk: the listener
 * @req: the scratch, from lq_unpack_again()
 *
 * As tcp_rtx_synack(), but for its tracepoint and the request's count.
 *
 * Context: bottom halves off, no lock of ours held.
 * Return: 0, or an error when it did not get out.
 */
int lq_synack_repeat(struct sock *sk, struct request_sock *req)
{
	int err = lq_synack_send(sk, NULL, NULL, req, NULL);
	struct net *net = sock_net(sk);

	if (!err) {
		TCP_INC_STATS(net, TCP_MIB_RETRANSSEGS);
		NET_INC_STATS(net, LINUX_MIB_TCPSYNRETRANS);
	}
	return err;
}
