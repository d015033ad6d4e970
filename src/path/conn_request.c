// SPDX-License-Identifier: GPL-2.0
/*
 * conn_request.c - a SYN for a listener that is taken over (Linux 4.1: tcp_conn_request)
 *
 *   record? ─▶ again.c         unusual? ─▶ stock     rules ─▶ record and SYN-ACK
 *                                                         ├▶ cookie
 *                                                         └▶ nothing
 *
 * Who admits a SYN owns the handshake: what a record can't carry goes to the stock kernel
 * untouched, counted with its reason; what is too much is refused by our own rules.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/hash.h>
#include <linux/percpu.h>
#include <net/inet_ecn.h>
#include <net/tcp.h>

#include "kernel/compat_request.h"
#include "kernel/faults.h"
#include "kernel/ksym.h"
#include "path/again.h"
#include "path/conn_request.h"
#include "path/stock.h"
#include "queue/filters.h"
#include "queue/lookup.h"
#include "queue/memory.h"
#include "queue/record.h"
#include "queue/settings.h"
#include "queue/synack.h"
#include "queue/to_stock.h"

static DEFINE_PER_CPU(u32, last_txhash);

/* What a record can't carry; LQ_OURS: nothing of it. */
static enum lq_to_stock why_stock(const struct lq_job *job,
				  const struct request_sock_ops *rsk_ops)
{
	enum lq_to_stock why;

	if (job->q->draining)
		return LQ_TO_STOCK_released;
	if (rsk_ops != tcp_prot.rsk_prot || rsk_ops->family != PF_INET)
		return LQ_TO_STOCK_upper_protocol;
	why = lq_job_why_stock(job);
	return why == LQ_OURS && lq_agrees_on_accecn(job->sk, job->skb) ? LQ_TO_STOCK_accecn : why;
}

/* tcp_openreq_init(); fills @foc with the Fast Open cookie, whose length -1 is none. */
static void read_syn(struct lq_job *job, struct request_sock *req, bool cookie,
		     const struct tcp_request_sock_ops *af_ops,
		     struct tcp_fastopen_cookie *foc)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_options_received opt lq_uninitialized;

	tcp_clear_options(&opt);
	opt.mss_clamp = af_ops->mss_clamp;
	opt.user_mss = tcp_sk(job->sk)->rx_opt.user_mss;
	foc->len = -1;
	tcp_parse_options(sock_net(job->sk), job->skb, &opt, 0, cookie ? NULL : foc);
	/* Without timestamps there is no place to remember the others. */
	if (cookie && !opt.saw_tstamp)
		tcp_clear_options(&opt);
	req->rsk_rcv_wnd = 0;
	treq->rcv_isn = TCP_SKB_CB(job->skb)->seq;
	treq->rcv_nxt = treq->rcv_isn + 1;
	treq->snt_synack = 0;
	treq->last_oow_ack_time = 0;
	treq->ts_off = 0;
	req->mss = opt.mss_clamp;
	req->ts_recent = opt.saw_tstamp ? opt.rcv_tsval : 0;
	ireq->tstamp_ok = opt.saw_tstamp;
	ireq->sack_ok = opt.sack_ok;
	ireq->snd_wscale = opt.snd_wscale;
	ireq->wscale_ok = opt.wscale_ok;
	ireq->acked = 0;
	ireq->ecn_ok = 0;
	ireq->ir_rmt_port = (__force __be16)job->key.dport;
	ireq->ir_num = ntohs((__force __be16)job->key.sport);
	ireq->ir_mark = inet_request_mark(job->sk, job->skb);
	ireq->no_srccheck = lq_is_transparent(job->sk);
	ireq->ir_iif = job->key.iif;
}

/* tcp_ecn_create_request (RFC 3168 6.1.1) */
static void negotiate_ecn(const struct lq_job *job, struct request_sock *req,
			  const struct dst_entry *dst)
{
	const struct tcphdr *th = tcp_hdr(job->skb);
	bool ect, wanted;
	u32 feature;

	if (!th->ece || !th->cwr)
		return;
	ect = !INET_ECN_is_not_ect(TCP_SKB_CB(job->skb)->ip_dsfield);
	feature = dst_feature(dst, DST_FEATURE_ECN_MASK);
	wanted = READ_ONCE(sock_net(job->sk)->ipv4.sysctl_tcp_ecn) || feature;
	if (((!ect || lq_has_reserved_bits(th)) && wanted) || tcp_ca_needs_ecn(job->sk) ||
	    (feature & DST_FEATURE_ECN_CA) || tcp_bpf_ca_needs_ecn((struct sock *)req))
		inet_rsk(req)->ecn_ok = 1;
}

/* tcp_openreq_init_rwin() */
static void choose_window(struct request_sock *req, struct sock *sk,
			  const struct dst_entry *dst)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	int space = tcp_full_space(sk), mss = tcp_mss_clamp(tcp_sk(sk), lq_dst_advmss(dst));
	u32 window;
	u8 wscale;

	req->rsk_window_clamp = lq_synack_window_clamp(sk, dst);
	window = tcp_rwnd_init_bpf((struct sock *)req);
	if (!window)
		window = dst_metric(dst, RTAX_INITRWND);
	else if (space < window * mss)
		space = window * mss;
	mss -= ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0;
	static_call(lq_select_initial_window)(sk, space, mss, &req->rsk_rcv_wnd,
					      &req->rsk_window_clamp, ireq->wscale_ok,
					      &wscale, window);
	ireq->rcv_wscale = wscale;
}

/* tcp_syn_flood_action(): said once per listener, whoever says it. */
static void count_flood(struct lq_job *job, bool cookie)
{
	struct request_sock_queue *stock = &inet_csk(job->sk)->icsk_accept_queue;

	__NET_INC_STATS(sock_net(job->sk), cookie ? LINUX_MIB_TCPREQQFULLDOCOOKIES :
						    LINUX_MIB_TCPREQQFULLDROP);
	if (likely(READ_ONCE(stock->synflood_warned)) ||
	    job->event.facts.syncookies == LQ_COOKIES_always ||
	    xchg(&stock->synflood_warned, 1))
		return;
	net_info_ratelimited("Possible SYN flooding on port %d. %s. See /proc/net/listenq/endpoints\n",
			     job->sk->sk_num, cookie ? "Sending cookies" : "Dropping SYNs");
}

static void drop(struct lq_job *job, enum lq_verdict verdict)
{
	tcp_listendrop(job->sk);
	lq_job_report(job, verdict);
}

/* Is there none free where it belongs? Another processor may take the last one after that. */
static bool lacks_record(struct lq_job *job)
{
	const struct lq_part *part = lq_home_of_new(job->q, lq_job_hash(job));

	if (likely(READ_ONCE(part->shard.store.nr_free)))
		return false;
	lq_memory_check(job->q, part);
	return true;
}

/*
 * Verdict of the rules as long as nobody objects; routing and the like come later. A peer
 * that the kernel has not heard of makes a difference in the last quarter only.
 */
static enum lq_verdict first_verdict(struct lq_job *job)
{
	static const struct lq_answers unproven = { .unproven = true };
	struct lq_facts *facts = &job->event.facts;
	struct net *net = sock_net(job->sk);
	enum lq_verdict verdict;

	facts->syncookies = lq_synq_cookies(job->q, net);
	facts->max_syn_backlog = lq_synq_max_syn_backlog(job->q, net);
	facts->timewait = job->tw_isn != 0;
	verdict = lq_decide_conn_request(facts, &job->event.reading, &unproven);
	/* No record is ready: as if the queue were full. */
	if (verdict == LQ_V_syn_queued && facts->syncookies && lacks_record(job))
		verdict = LQ_V_syn_cookie;
	return verdict;
}

/* The SYN queue was asked first, whatever the accept queue says. */
static bool wants_cookie(const struct lq_job *job)
{
	const struct lq_facts *facts = &job->event.facts;
	const struct lq_lengths *queues = &job->event.reading.queues;

	return !facts->timewait &&
	       (facts->syncookies == LQ_COOKIES_always ||
		lq_synq_full(facts->kernel, queues->synq, queues->synq_limit));
}

/* TIME_WAIT that the SYN may end tcp_v4_rcv had removed before: what is found is younger. */
static bool is_established(const struct lq_job *job)
{
	return lq_is_established(sock_net(job->sk), &job->key, job->skb);
}

/*
 * A record, unless somebody was faster: another processor with the same SYN, or with the
 * connection already. The established hash is asked with the part locked, so that a record
 * and its connection can't pass each other.
 */
static enum lq_verdict insert(struct lq_job *job, struct request_sock *req)
{
	enum lq_verdict verdict = LQ_V_syn_lost_race;
	struct lq_record *r = NULL;

	lq_job_lock_new(job);
	if (lq_shard_find(&job->part->shard, job->hash, &job->key) ||
	    is_established(job))
		goto unlock;
	verdict = LQ_V_syn_no_memory;
	r = lq_shard_take(&job->part->shard);
	if (unlikely(!r))
		goto unlock;
	lq_job_write_record(job, r, req);
	lq_part_add(job->part, r, job->hash);
	verdict = job->event.facts.timewait ? LQ_V_syn_queued_timewait : LQ_V_syn_queued;
unlock:
	lq_home_unlock_new(job->part, job->hash);
	lq_memory_check(job->q, job->part);
	return verdict;
}

static enum lq_verdict queue(struct lq_job *job, struct request_sock *req,
			     struct dst_entry *dst, struct flowi *fl)
{
	enum lq_verdict verdict;

	choose_window(req, job->sk, dst);
	sk_rx_queue_set(req_to_sk(req), job->skb);
	/* What a program at the device is told of the SYN-ACK is the connection's. */
	if (unlikely(lq_filters_out(dst->dev)))
		lq_sock_cookie(req_to_sk(req));
	tcp_rsk(req)->snt_synack = tcp_clock_us();
	lq_widen_race(LQ_DELAY_REQUEST);
	verdict = insert(job, req);
	if (verdict != LQ_V_syn_queued && verdict != LQ_V_syn_queued_timewait) {
		dst_release(dst);
		if (verdict == LQ_V_syn_no_memory)
			tcp_listendrop(job->sk);
		return verdict;
	}
	return lq_synack_send(job->sk, dst, fl, req, job->skb) ? LQ_V_syn_queued_unsent :
								 verdict;
}

static bool is_cookie(enum lq_verdict verdict)
{
	return verdict == LQ_V_syn_cookie || verdict == LQ_V_syn_cookie_always;
}

static enum lq_verdict send_cookie(struct lq_job *job, struct request_sock *req,
				   struct dst_entry *dst, struct flowi *fl,
				   enum lq_verdict verdict)
{
	if (!inet_rsk(req)->tstamp_ok)
		inet_rsk(req)->ecn_ok = 0;
	tcp_rsk(req)->snt_isn = __cookie_v4_init_sequence(ip_hdr(job->skb),
							  tcp_hdr(job->skb), &req->mss);
	/* So that the SYN-ACK and the connection leave by the same queue. */
	tcp_rsk(req)->txhash = tcp_rsk(req)->snt_isn;
	tcp_synq_overflow(job->sk);
	lq_synq_note_cookie(job->q, job->l->uid);
	__NET_INC_STATS(sock_net(job->sk), LINUX_MIB_SYNCOOKIESSENT);
	choose_window(req, job->sk, dst);
	req->syncookie = 1;
	return lq_synack_send_cookie(job->sk, dst, fl, req, job->skb) ?
	       LQ_V_syn_cookie_unsent : verdict;
}

/* Of this processor: inet_csk_route_req() counts when there is no route. */
static u32 no_routes(struct net *net)
{
	return (u32)__this_cpu_read(net->mib.ip_statistics->mibs[IPSTATS_MIB_OUTNOROUTES]);
}

/*
 * What shows only when the kernel was asked: IP options that a security module wants to
 * answer with, another first timeout of a BPF program (BPF_SOCK_OPS_TIMEOUT_INIT), which
 * nobody is asked for who gets a cookie. Options are freed.
 */
static enum lq_to_stock why_stock_after_all(struct request_sock *req, bool cookie)
{
	struct ip_options_rcu *options;

	options = rcu_replace_pointer(inet_rsk(req)->ireq_opt, NULL, true);
	if (unlikely(options)) {
		kfree_rcu(options, rcu);
		return LQ_TO_STOCK_ip_options;
	}
	return !cookie && tcp_timeout_init((struct sock *)req) != TCP_TIMEOUT_INIT ?
	       LQ_TO_STOCK_timeouts : LQ_OURS;
}

/* It spreads connections over queues and paths, and is no secret: random is too good. */
static u32 next_txhash(void)
{
	return __this_cpu_add_return(last_txhash, GOLDEN_RATIO_32) ?: 1;
}

/* Security modules and routing; LQ_V_none: there is a way back. */
static enum lq_verdict find_way(struct lq_job *job, const struct tcp_request_sock_ops *af_ops,
				struct request_sock *req, struct flowi *fl,
				struct dst_entry **dst)
{
	u32 before = no_routes(sock_net(job->sk));

	*dst = lq_route_req(af_ops, job->sk, job->skb, fl, req, job->tw_isn);
	if (likely(*dst))
		return LQ_V_none;
	/* route_req asks security modules first. */
	return no_routes(sock_net(job->sk)) == before ? LQ_V_syn_security : LQ_V_syn_no_route;
}

/* Initial sequence number and offset of timestamps; a cookie is its own number. */
static void choose_numbers(struct lq_job *job, const struct tcp_request_sock_ops *af_ops,
			   struct request_sock *req, const struct dst_entry *dst, bool cookie)
{
	u32 ts_off, isn = job->tw_isn;

	if (inet_rsk(req)->tstamp_ok || (!cookie && !isn)) {
		lq_init_seq_and_ts_off(af_ops, sock_net(job->sk), job->skb,
				       isn || cookie ? NULL : &isn, &ts_off);
		if (inet_rsk(req)->tstamp_ok) {
			tcp_rsk(req)->ts_off = ts_off;
			lq_set_usec_ts(req, lq_dst_usec_ts(dst));
		}
	}
	tcp_rsk(req)->snt_isn = isn;
}

/* In the last quarter a client must have been here before; only now is its history known. */
static bool is_welcome(enum lq_verdict verdict, struct request_sock *req, struct dst_entry *dst)
{
	return verdict != LQ_V_syn_last_quarter || static_call(lq_peer_is_proven)(req, dst);
}

static enum lq_verdict accept_syn(struct lq_job *job, struct request_sock *req,
				  struct dst_entry *dst, struct flowi *fl,
				  enum lq_verdict verdict)
{
	negotiate_ecn(job, req, dst);
	tcp_rsk(req)->txhash = next_txhash();
	tcp_rsk(req)->syn_tos = TCP_SKB_CB(job->skb)->ip_dsfield;
	return is_cookie(verdict) ? send_cookie(job, req, dst, fl, verdict) :
				    queue(job, req, dst, fl);
}

/*
 * From here on the kernel is asked, in its own order. Returns why the SYN is the stock
 * kernel's after all, and nothing is done then; or LQ_OURS.
 */
static enum lq_to_stock answer(struct lq_job *job, const struct tcp_request_sock_ops *af_ops,
			       enum lq_verdict verdict)
{
	struct request_sock *req = lq_scratch(job->sk);
	bool cookie = is_cookie(verdict);
	struct tcp_fastopen_cookie foc;
	enum lq_verdict objection;
	struct dst_entry *dst;
	struct flowi fl lq_uninitialized;
	enum lq_to_stock why;

	read_syn(job, req, cookie, af_ops, &foc);
	objection = find_way(job, af_ops, req, &fl, &dst);
	why = why_stock_after_all(req, cookie || !dst);
	if (unlikely(dst && why != LQ_OURS)) {
		dst_release(dst);
		return why;
	}
	if (cookie)
		count_flood(job, true);
	if (!dst) {
		drop(job, objection);
		return LQ_OURS;
	}
	choose_numbers(job, af_ops, req, dst, cookie);
	if (!is_welcome(verdict, req, dst)) {
		dst_release(dst);
		drop(job, verdict);
		return LQ_OURS;
	}
	/* tcp_try_fastopen() counts it of listeners without Fast Open too. */
	if (foc.len == 0)
		NET_INC_STATS(sock_net(job->sk), LINUX_MIB_TCPFASTOPENCOOKIEREQD);
	lq_job_report(job, accept_syn(job, req, dst, &fl, verdict));
	return LQ_OURS;
}

/* As answer(). */
static enum lq_to_stock take_syn(struct lq_job *job, const struct tcp_request_sock_ops *af_ops)
{
	enum lq_verdict verdict = first_verdict(job);

	switch (verdict) {
	case LQ_V_syn_queue_full:
		count_flood(job, false);
		drop(job, verdict);
		return LQ_OURS;
	case LQ_V_syn_accept_full:
		if (wants_cookie(job))
			count_flood(job, true);
		NET_INC_STATS(sock_net(job->sk), LINUX_MIB_LISTENOVERFLOWS);
		drop(job, verdict);
		return LQ_OURS;
	default:
		return answer(job, af_ops, verdict);
	}
}

/**
 * lq_conn_request() - in place of tcp_conn_request
 * @rsk_ops: the kernel's table for requests
 * @af_ops: and for those of this family
 * @sk: the listener
 * @skb: the SYN
 *
 * Context: as tcp_conn_request: under RCU, bottom halves off.
 * Return: 0.
 */
int lq_conn_request(struct request_sock_ops *rsk_ops,
		    const struct tcp_request_sock_ops *af_ops, struct sock *sk,
		    struct sk_buff *skb)
{
	struct lq_job job lq_uninitialized;
	enum lq_to_stock why;
	bool ours;

	if (skb->protocol != htons(ETH_P_IP))
		return lq_stock_syn(rsk_ops, af_ops, sk, skb);
	ours = lq_job_begin(&job, LQ_STAGE_conn_request, sk, skb);
	if (lq_syn_came_again(ours ? &job : NULL, sk, skb))
		return 0;
	if (!ours)
		return lq_stock_syn(rsk_ops, af_ops, sk, skb);
	why = why_stock(&job, rsk_ops);
	if (likely(why == LQ_OURS)) {
		lq_records_learn(af_ops);
		job.tw_isn = lq_take_tw_isn(skb);
		why = take_syn(&job, af_ops);
		if (likely(why == LQ_OURS)) {
			lq_to_stock_not(job.q);
			return 0;
		}
		lq_give_tw_isn_back(job.tw_isn);
	}
	lq_to_stock_count(job.q, why);
	return lq_stock_syn(rsk_ops, af_ops, sk, skb);
}
