/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h - the events, tracefs group "listenq"
 *
 * Their fields are what filters, hist triggers, perf and bpftrace see: integers
 * and byte arrays, no strings. As in tcp:tcp_retransmit_synack, saddr and sport are
 * the listener's side, and the v6 fields hold the mapped address of an IPv4 flow.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM listenq

#if !defined(LISTENQ_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LISTENQ_TRACE_H

#include <linux/tracepoint.h>

#include "core/event.h"
#include "core/verdict.h"

#ifndef LISTENQ_TRACE_ONCE
#define LISTENQ_TRACE_ONCE
static inline void lq_trace_addr(const u8 *addr, u8 family, u8 *v4, u8 *v6)
{
	if (family == 6) {
		memset(v4, 0, 4);
		memcpy(v6, addr, 16);
		return;
	}
	memcpy(v4, addr, 4);
	memset(v6, 0, 10);
	memset(v6 + 10, 0xff, 2);
	memcpy(v6 + 12, addr, 4);
}
#endif

#define LQ_NAME(number, name, ...) { number, #name },

#define LQ_FLOW_FIELDS							\
		__field(u16, family)					\
		__field(u16, sport)					\
		__field(u16, dport)					\
		__array(u8, saddr, 4)					\
		__array(u8, daddr, 4)					\
		__array(u8, saddr_v6, 16)				\
		__array(u8, daddr_v6, 16)				\
		__field(u32, netns)					\
		__field(u64, listener)

#define LQ_FLOW_ASSIGN(event)						\
		__entry->family = (event)->flow.family == 6 ? 10 : 2;	\
		__entry->sport = ntohs((event)->flow.sport);		\
		__entry->dport = ntohs((event)->flow.dport);		\
		lq_trace_addr((event)->flow.saddr, (event)->flow.family, \
			      __entry->saddr, __entry->saddr_v6);	\
		lq_trace_addr((event)->flow.daddr, (event)->flow.family, \
			      __entry->daddr, __entry->daddr_v6);	\
		__entry->netns = (event)->netns;			\
		__entry->listener = (event)->listener

#define LQ_FLOW_FORMAT \
	"family=%s sport=%u dport=%u saddr=%pI4 daddr=%pI4 saddrv6=%pI6c daddrv6=%pI6c netns=%u listener=%llu"

#define LQ_FLOW_PRINT							\
		__print_symbolic(__entry->family, { 2, "AF_INET" }, { 10, "AF_INET6" }), \
		__entry->sport, __entry->dport, __entry->saddr, __entry->daddr, \
		__entry->saddr_v6, __entry->daddr_v6, __entry->netns,	\
		(unsigned long long)__entry->listener

#define LQ_SEGMENT_FIELDS						\
		__field(u8, flags)					\
		__field(u32, seq)					\
		__field(u32, ack)					\
		__field(u32, len)

#define LQ_SEGMENT_ASSIGN(event)					\
		__entry->flags = (event)->facts.segment.flags;		\
		__entry->seq = (event)->facts.segment.seq;		\
		__entry->ack = (event)->facts.segment.ack_seq;		\
		__entry->len = (event)->facts.segment.len

#define LQ_SEGMENT_FORMAT "flags=%s seq=%u ack=%u len=%u"

#define LQ_SEGMENT_PRINT						\
		__print_flags(__entry->flags, "|", { 0x01, "FIN" }, { 0x02, "SYN" }, \
			      { 0x04, "RST" }, { 0x08, "PSH" }, { 0x10, "ACK" }, \
			      { 0x20, "URG" }, { 0x40, "ECE" }, { 0x80, "CWR" }), \
		__entry->seq, __entry->ack, __entry->len

#define LQ_QUEUE_FIELDS							\
		__field(u32, synq)					\
		__field(u32, young)					\
		__field(u32, synq_limit)				\
		__field(u32, acceptq)					\
		__field(u32, acceptq_limit)				\
		__field(u64, age_us)					\
		__field(u8, retrans)

#define LQ_QUEUE_ASSIGN(event)						\
		__entry->synq = (event)->reading.queues.synq;			\
		__entry->young = (event)->reading.queues.young;			\
		__entry->synq_limit = (event)->reading.queues.synq_limit;	\
		__entry->acceptq = (event)->reading.queues.acceptq;		\
		__entry->acceptq_limit = (event)->reading.queues.acceptq_limit;	\
		__entry->age_us = (event)->age_us;			\
		__entry->retrans = (event)->retrans

#define LQ_QUEUE_FORMAT \
	"synq=%u young=%u synq_limit=%u acceptq=%u acceptq_limit=%u age_us=%llu retrans=%u"

#define LQ_QUEUE_PRINT							\
		__entry->synq, __entry->young, __entry->synq_limit,	\
		__entry->acceptq, __entry->acceptq_limit,		\
		(unsigned long long)__entry->age_us, __entry->retrans

/* One segment that reached a listener or a pending request: exactly one event. */
TRACE_EVENT(lq_verdict,
	TP_PROTO(const struct lq_event *event, enum lq_verdict verdict),
	TP_ARGS(event, verdict),
	TP_STRUCT__entry(
		__field(u8, stage)
		__field(u8, verdict)
		__field(u8, reason)
		__field(u8, loss)
		__field(u8, acted)
		__field(u8, via)
		LQ_SEGMENT_FIELDS
		LQ_FLOW_FIELDS
		LQ_QUEUE_FIELDS
	),
	TP_fast_assign(
		__entry->stage = event->stage;
		__entry->verdict = verdict;
		__entry->reason = lq_verdicts[verdict].reason;
		__entry->loss = lq_verdicts[verdict].loss;
		__entry->acted = event->acted;
		__entry->via = event->via;
		LQ_SEGMENT_ASSIGN(event);
		LQ_FLOW_ASSIGN(event);
		LQ_QUEUE_ASSIGN(event);
	),
	TP_printk("stage=%s verdict=%s reason=%s loss=%u acted=%s via=%s "
		LQ_SEGMENT_FORMAT " " LQ_FLOW_FORMAT " " LQ_QUEUE_FORMAT,
		__print_symbolic(__entry->stage, LQ_STAGES(LQ_NAME) { 255, "" }),
		__print_symbolic(__entry->verdict, LQ_VERDICTS(LQ_NAME) { 0, "none" }),
		__print_symbolic(__entry->reason, LQ_REASONS(LQ_NAME) { 255, "" }),
		__entry->loss,
		__print_symbolic(__entry->acted, { 0, "stock" }, { 1, "listenq" }),
		__print_symbolic(__entry->via, LQ_VIAS(LQ_NAME) { 255, "" }),
		LQ_SEGMENT_PRINT, LQ_FLOW_PRINT, LQ_QUEUE_PRINT)
);

/* The kernel did something else than the rules say, before or after; see core/decide.c. */
TRACE_EVENT(lq_diverge,
	TP_PROTO(const struct lq_event *event, enum lq_verdict verdict,
		 enum lq_verdict before, enum lq_verdict after),
	TP_ARGS(event, verdict, before, after),
	TP_STRUCT__entry(
		__field(u8, stage)
		__field(u8, verdict)
		__field(u8, before)
		__field(u8, after)
		LQ_SEGMENT_FIELDS
		LQ_FLOW_FIELDS
		LQ_QUEUE_FIELDS
	),
	TP_fast_assign(
		__entry->stage = event->stage;
		__entry->verdict = verdict;
		__entry->before = before;
		__entry->after = after;
		LQ_SEGMENT_ASSIGN(event);
		LQ_FLOW_ASSIGN(event);
		LQ_QUEUE_ASSIGN(event);
	),
	TP_printk("stage=%s verdict=%s before=%s after=%s "
		LQ_SEGMENT_FORMAT " " LQ_FLOW_FORMAT " " LQ_QUEUE_FORMAT,
		__print_symbolic(__entry->stage, LQ_STAGES(LQ_NAME) { 255, "" }),
		__print_symbolic(__entry->verdict, LQ_VERDICTS(LQ_NAME) { 0, "given_back" }),
		__print_symbolic(__entry->before, LQ_VERDICTS(LQ_NAME) { 0, "given_back" }),
		__print_symbolic(__entry->after, LQ_VERDICTS(LQ_NAME) { 0, "given_back" }),
		LQ_SEGMENT_PRINT, LQ_FLOW_PRINT, LQ_QUEUE_PRINT)
);

/* A pending request, without a segment: SYN-ACK repeated, expired, promoted, ... */
TRACE_EVENT(lq_request,
	TP_PROTO(const struct lq_event *event, enum lq_what what),
	TP_ARGS(event, what),
	TP_STRUCT__entry(
		__field(u8, what)
		__field(u8, loss)
		__field(u8, timeouts)
		__field(u8, acked)
		LQ_FLOW_FIELDS
		LQ_QUEUE_FIELDS
		__field(u64, wait_us)
	),
	TP_fast_assign(
		__entry->what = what;
		/* A client whose last ACK had come is refused when its request ends. */
		__entry->loss = event->acked && (what == LQ_WHAT_expired ||
						 what == LQ_WHAT_killed_by_close);
		__entry->timeouts = event->reading.timeouts;
		__entry->acked = event->acked;
		__entry->wait_us = what == LQ_WHAT_promoted ? event->waited_us : 0;
		LQ_FLOW_ASSIGN(event);
		LQ_QUEUE_ASSIGN(event);
	),
	TP_printk("what=%s loss=%u " LQ_FLOW_FORMAT " " LQ_QUEUE_FORMAT
		" timeouts=%u acked=%u wait_us=%llu",
		__print_symbolic(__entry->what, LQ_WHATS(LQ_NAME) { 255, "" }),
		__entry->loss, LQ_FLOW_PRINT, LQ_QUEUE_PRINT, __entry->timeouts,
		__entry->acked, (unsigned long long)__entry->wait_us)
);

/* accept() handed out a connection; wait_us since it was queued. */
TRACE_EVENT(lq_accept,
	TP_PROTO(const struct lq_event *event, bool tracked, bool served),
	TP_ARGS(event, tracked, served),
	TP_STRUCT__entry(
		LQ_FLOW_FIELDS
		__field(u64, wait_us)
		__field(u8, tracked)
		__field(u8, served)
	),
	TP_fast_assign(
		LQ_FLOW_ASSIGN(event);
		__entry->wait_us = event->age_us;
		__entry->tracked = tracked;
		__entry->served = served;
	),
	TP_printk(LQ_FLOW_FORMAT " wait_us=%llu tracked=%u served=%u", LQ_FLOW_PRINT,
		  (unsigned long long)__entry->wait_us, __entry->tracked, __entry->served)
);

/* A SYN was thrown away before any listener saw it: whose it was to be, why, where. */
TRACE_EVENT(lq_before,
	TP_PROTO(const struct lq_event *event, enum lq_before reason, u32 endpoint, u32 drop,
		 const void *location),
	TP_ARGS(event, reason, endpoint, drop, location),
	TP_STRUCT__entry(
		__field(u8, reason)
		__field(u32, seq)
		LQ_FLOW_FIELDS
		__field(u32, endpoint)
		__field(u32, drop)
		__field(const void *, location)
	),
	TP_fast_assign(
		__entry->reason = reason;
		__entry->seq = event->facts.segment.seq;
		LQ_FLOW_ASSIGN(event);
		__entry->endpoint = endpoint;
		__entry->drop = drop;
		__entry->location = location;
	),
	TP_printk("reason=%s seq=%u " LQ_FLOW_FORMAT " endpoint=%u drop=%u location=%ps",
		__print_symbolic(__entry->reason, LQ_BEFORES(LQ_NAME) { 255, "" }),
		__entry->seq, LQ_FLOW_PRINT, __entry->endpoint, __entry->drop,
		__entry->location)
);

/* A listening socket starts, changes its limit, or closes. */
TRACE_EVENT(lq_listener,
	TP_PROTO(const struct lq_event *event, enum lq_what what, u32 old_backlog),
	TP_ARGS(event, what, old_backlog),
	TP_STRUCT__entry(
		__field(u8, what)
		LQ_FLOW_FIELDS
		__field(u32, backlog)
		__field(u32, old_backlog)
		__field(u32, killed_requests)
		__field(u32, killed_children)
	),
	TP_fast_assign(
		__entry->what = what;
		LQ_FLOW_ASSIGN(event);
		__entry->backlog = event->reading.queues.acceptq_limit;
		__entry->old_backlog = old_backlog;
		__entry->killed_requests = event->reading.queues.synq * (what == LQ_WHAT_close);
		__entry->killed_children = event->reading.queues.acceptq * (what == LQ_WHAT_close);
	),
	TP_printk("what=%s family=%s sport=%u saddr=%pI4 saddrv6=%pI6c netns=%u listener=%llu backlog=%u old_backlog=%u killed_requests=%u killed_children=%u",
		__print_symbolic(__entry->what, LQ_WHATS(LQ_NAME) { 255, "" }),
		__print_symbolic(__entry->family, { 2, "AF_INET" }, { 10, "AF_INET6" }),
		__entry->sport, __entry->saddr, __entry->saddr_v6, __entry->netns,
		(unsigned long long)__entry->listener, __entry->backlog,
		__entry->old_backlog, __entry->killed_requests, __entry->killed_children)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ledger
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
