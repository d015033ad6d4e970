/* SPDX-License-Identifier: GPL-2.0 */
/*
 * world.h - everything that one call of a stock function may meet, drawn at random
 *
 * Comparisons are decided at their edges: most numbers are drawn from beside the one
 * that they will be compared with. Only worlds that can be are drawn: MPTCP and SMC
 * refuse where they do, and nobody loses a race for what was never made.
 */
#ifndef LISTENQ_WORLD_H
#define LISTENQ_WORLD_H

#include "chance.h"
#include "property.h"

/* Seconds after which a timestamp says nothing (TCP_PAWS_24DAYS). */
#define PAWS_AGE (24 * 24 * 60 * 60)

enum upper { PLAIN, MPTCP, SMC };

/**
 * struct world - what is known before (facts, reading), and what will be
 * @kernel: what facts.kernel points to
 * @facts: the segment, the request, the settings
 * @reading: queues, clocks, other CPUs
 * @others: what those will say who are asked
 * @upper: who has put a syn_recv_sock of his own in front
 * @ipv6: family of the packet
 * @migrates: the request was another listener's
 * @smc_counts: SMC's own queue is full, and it counts that as an overflow
 * @fastopen_failed: TCP Fast Open tried to make a connection, and could not
 */
struct world {
	struct lq_kernel kernel;
	struct lq_facts facts;
	struct lq_reading reading;
	struct lq_answers others;
	enum upper upper;
	bool ipv6;
	bool migrates;
	bool smc_counts;
	bool fastopen_failed;
};

static inline bool full(const struct world *w)
{
	return w->reading.queues.acceptq > w->reading.queues.acceptq_limit;
}

static inline void draw_kernel(struct world *w)
{
	w->kernel = (struct lq_kernel) {
		.synq_full_at_limit = flip(), .rst_ack_counts = flip(),
		.challenge_acks = flip(), .checks_tsecr = flip(),
		.most_window = flip() ? 65535 : ~0U,
	};
	w->facts.kernel = &w->kernel;
}

static inline void draw_settings(struct world *w)
{
	struct lq_facts *f = &w->facts;

	f->max_syn_backlog = ONE_OF(0, 1, 2, 3, 4, 5, 6, 7, 8, 63, 128, draw(), ~0U);
	f->ratelimit = ONE_OF(0, 1, 125, 500, draw() >> 1);
	f->defer_accept = ONE_OF(0, 0, 1, 3, 255);
	f->syncookies = ONE_OF(0, 0, 1, 1, 2, 3);
	f->abort_on_overflow = flip();
	f->timewait = rarely();
	f->via_check_req = rarely();
	f->cookie_by_bpf = rarely();
}

static inline void draw_request(struct world *w)
{
	struct lq_pending *req = &w->facts.req;

	req->fastopen = rarely();
	req->rcv_isn = ONE_OF(draw(), ~0U, ~0U - 1, 0x7fffffff);
	req->rcv_nxt = req->rcv_isn + 1 + (req->fastopen ? ONE_OF(0, 1, 500) : 0);
	req->snt_isn = ONE_OF(draw(), ~0U);
	req->rcv_wnd = ONE_OF(0, 1, 2, 14600, 65535, 65536, 1 << 20);
	req->tsval_first = ONE_OF(draw(), ~0U);
	req->tsval_last = req->tsval_first + ONE_OF(0, 1, 3000);
	req->stamp_age_s = ONE_OF(0, 1, 59, 60, 61, 120, PAWS_AGE - 1, PAWS_AGE, PAWS_AGE + 1);
	req->tstamp_ok = !rarely();
}

static inline void draw_timestamps(struct world *w)
{
	const struct lq_pending *req = &w->facts.req;
	struct lq_segment *s = &w->facts.segment;
	u32 recent = ONE_OF(0, 1, draw(), ~0U);

	w->reading.ts_recent = recent;
	s->has_ts = flip();
	s->tsval = ONE_OF(near(recent), near(recent + 0x80000000), recent + 9, draw());
	s->tsecr = ONE_OF(0, near(req->tsval_first), near(req->tsval_last), draw());
}

static inline void draw_segment(struct world *w)
{
	const struct lq_pending *req = &w->facts.req;
	struct lq_segment *s = &w->facts.segment;
	u32 window = req->rcv_wnd < w->kernel.most_window ? req->rcv_wnd :
							    w->kernel.most_window;

	s->flags = ONE_OF(LQ_SYN, LQ_SYN, LQ_ACK, LQ_ACK, LQ_ACK, LQ_ACK | LQ_PSH, LQ_RST,
			  LQ_RST | LQ_ACK, LQ_SYN | LQ_ACK, LQ_FIN | LQ_ACK, draw());
	s->seq = ONE_OF(req->rcv_isn, req->rcv_nxt, req->rcv_nxt, near(req->rcv_nxt),
			near(req->rcv_nxt + window), req->rcv_nxt + draw() % (window + 1),
			draw());
	s->len = ONE_OF(0, 0, 0, 1, near(window), draw() & 0xffff) & 0x1fffff;
	s->ack_seq = ONE_OF(req->snt_isn + 1, req->snt_isn + 1, req->snt_isn + 1,
			    near(req->snt_isn + 1), draw());
}

static inline void draw_reading(struct world *w)
{
	u32 most = w->facts.max_syn_backlog;
	struct lq_reading *r = &w->reading;
	struct lq_lengths *q = &r->queues;

	q->synq_limit = ONE_OF(0, 1, 128, 4096, draw());
	q->acceptq_limit = q->synq_limit;
	q->synq = ONE_OF(0, near(q->synq_limit), near(most), near(most - (most >> 2)),
			 below(200), draw());
	q->acceptq = ONE_OF(0, 0, q->acceptq_limit, near(q->acceptq_limit), draw());
	r->now = ONE_OF(draw(), 5, ~0U);
	r->last_oow = ONE_OF(0, near(r->now), near(r->now - w->facts.ratelimit), draw());
	r->timeouts = ONE_OF(0, 1, near(w->facts.defer_accept));
	r->cookies_lately = !rarely();
	r->closed = rarely();
	r->taken = rarely();
}

/* What syn_recv_sock may end in. */
static inline enum lq_child draw_child(const struct world *w, enum stage stage)
{
	/* SMC looks at both queues before anybody else does. */
	if (w->upper == SMC && (full(w) || w->smc_counts || rarely()))
		return LQ_CHILD_REFUSED;
	switch (below(16)) {
	case 0:
		return LQ_CHILD_NO_MEMORY;
	case 1:
		return LQ_CHILD_NO_BUCKET;
	case 2:
		/* A cookie has its route already; IPv6's is missed without a trace. */
		return stage == CHECK_REQ && !(w->ipv6 && w->upper != PLAIN) ?
			       LQ_CHILD_NO_ROUTE : LQ_CHILD_MADE;
	case 3:
		return stage == CHECK_REQ && w->migrates && w->upper == PLAIN &&
			       !w->reading.taken && !w->reading.closed ?
			       LQ_CHILD_NO_COPY : LQ_CHILD_MADE;
	default:
		return LQ_CHILD_MADE;
	}
}

static inline void draw_others(struct world *w, enum stage stage)
{
	bool plain = w->upper == PLAIN, mptcp = w->upper == MPTCP;
	struct lq_answers *a = &w->others;

	a->cookie = ONE_OF(LQ_COOKIE_INVALID, LQ_COOKIE_VALID, LQ_COOKIE_VALID,
			   LQ_COOKIE_OPTIONS_OFF);
	if (w->facts.cookie_by_bpf)
		a->cookie = LQ_COOKIE_VALID;
	/* A cookie's request that is missing under an upper protocol is its doing. */
	a->no_request = rarely() && (plain || stage == CONN_REQUEST);
	a->refused = rarely() && mptcp;
	a->denied = rarely();
	/* No counter of IPv4's tells of a route missing for IPv6. */
	a->no_route = rarely() && (plain || !w->ipv6 || stage == HND_REQ);
	a->unproven = flip();
	a->fastopen = rarely();
	a->unsent = rarely();
	a->quota_used_up = flip();
	a->child = draw_child(w, stage);
	a->joined = mptcp && !w->reading.taken && flip();
	a->child_dead = mptcp && !w->reading.taken && flip();
	/* tcp_check_req gives back what was refused as a join; a cookie's is no join. */
	if (a->child_dead)
		a->joined = stage == CHECK_REQ;
	a->migrated = w->migrates && !w->reading.closed;
}

/* Few counters and bits are drawn in vain: a call meets what its stage asks for. */
static inline void draw_world(struct world *w, enum stage stage)
{
	memset(w, 0, sizeof(*w));
	draw_kernel(w);
	draw_settings(w);
	draw_request(w);
	draw_timestamps(w);
	draw_segment(w);
	draw_reading(w);
	if (stage == CONN_REQUEST)
		w->facts.segment.flags = LQ_SYN | (draw() & (LQ_ECE | LQ_CWR | LQ_PSH));
	if (stage == HND_REQ)
		w->facts.segment.flags &= ~LQ_SYN;
	w->upper = ONE_OF(PLAIN, PLAIN, MPTCP, SMC);
	w->ipv6 = flip();
	w->migrates = rarely();
	w->smc_counts = w->upper == SMC && !full(w) && rarely();
	draw_others(w, stage);
	/* A SYN that loses the race after that would be told as one without a route. */
	w->fastopen_failed = !w->others.fastopen && !w->reading.taken && rarely();
}

/* What the rules say to it, given @answers. */
static inline enum lq_verdict rules(enum stage stage, const struct world *w,
				    const struct lq_reading *reading,
				    const struct lq_answers *answers)
{
	switch (stage) {
	case CONN_REQUEST:
		return lq_decide_conn_request(&w->facts, reading, answers);
	case HND_REQ:
		return lq_decide_hnd_req(&w->facts, reading, answers);
	default:
		return lq_decide_check_req(&w->facts, reading, answers);
	}
}

#endif
