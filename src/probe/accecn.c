// SPDX-License-Identifier: GPL-2.0
/* 7.x: AccECN is negotiated. */
#include <net/tcp.h>
#include <net/tcp_ecn.h>
bool probe(struct request_sock *req, const struct sock *sk, const struct tcphdr *th);
bool probe(struct request_sock *req, const struct sock *sk, const struct tcphdr *th)
{
	tcp_rsk(req)->accecn_ok = tcp_accecn_syn_requested(th) && tcp_ca_needs_accecn(sk);
	return tcp_rsk(req)->syn_ect_rcv;
}
