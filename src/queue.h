/* SPDX-License-Identifier: GPL-2.0 */
/*
 * queue.h - the SYN queue of an endpoint: its parts, its limits, its end
 */
#ifndef LISTENQ_QUEUE_H
#define LISTENQ_QUEUE_H

#include <net/tcp.h>

#include "takeover.h"

struct lq_change;

/* Two parts for each processor, up to so many. */
#define LQ_MOST_PART_BITS 8

void lq_queues_init(bool broken);
int lq_queue_new(struct net *net, const struct lq_config *config, u32 records,
		 u32 backlogs, struct lq_synq **made);
void lq_queue_free(struct lq_synq *q);
int lq_queue_prepare(struct lq_synq *q, const struct lq_config *config,
		     struct lq_change **changes);
void lq_queue_change(struct lq_change *changes, bool apply);
u32 lq_queue_mem_max(void);
void lq_queue_hand_back(struct lq_synq *q);

u32 lq_queue_records(const struct lq_synq *q);
u32 lq_queue_hash(const struct lq_key *key);
void lq_queue_check_memory(struct lq_synq *q, const struct lq_part *part);
void lq_queue_read(const struct lq_synq *q, const struct sock *sk,
		   struct lq_reading *reading);

/* The high bits: the low ones choose a bucket. */
static inline struct lq_part *lq_queue_part(const struct lq_synq *q, u32 hash)
{
	return &q->parts[hash >> (32 - LQ_MOST_PART_BITS) & q->mask];
}

static inline bool lq_queue_says(const struct lq_synq *q, enum lq_key_number key, u32 *value)
{
	if (!(READ_ONCE(q->config.set) & BIT(key)))
		return false;
	*value = READ_ONCE(q->config.value[key]);
	return true;
}

/* Records that may be pending; with none more, SYNs are answered by cookies or dropped. */
static inline u32 lq_queue_limit(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	return lq_queue_says(q, LQ_KEY_synq, &value) ? value :
	       READ_ONCE(q->backlogs) ?: READ_ONCE(sk->sk_max_ack_backlog);
}

/* Its last quarter is for proven peers, if there are no cookies; synq= is no less than meant. */
static inline u32 lq_queue_max_syn_backlog(const struct lq_synq *q, const struct net *net)
{
	u32 value, sysctl = READ_ONCE(net->ipv4.sysctl_max_syn_backlog);

	return lq_queue_says(q, LQ_KEY_synq, &value) ? max(value, sysctl) : sysctl;
}

/* A cookie is sent: to the second, so that a flood does not write all the time. */
static inline void lq_queue_note_cookie(struct lq_synq *q, kuid_t uid)
{
	unsigned long now = jiffies;

	if (now - READ_ONCE(q->last_cookie) < HZ && uid_eq(q->cookie_uid, uid))
		return;
	q->cookie_uid = uid;
	WRITE_ONCE(q->last_cookie, now);
}

/*
 * Cookies outlive the listener that sent them as records do, for one of the same user: the
 * kernel looks at ACKs only where it knows of cookies (tcp_synq_no_recent_overflow).
 */
static inline void lq_queue_pass_on_cookies(const struct lq_synq *q, struct sock *sk, kuid_t uid)
{
	if (jiffies - READ_ONCE(q->last_cookie) <= TCP_SYNCOOKIE_VALID &&
	    uid_eq(q->cookie_uid, uid) && tcp_synq_no_recent_overflow(sk))
		tcp_synq_overflow(sk);
}

/* tcp_syncookies as this endpoint has it; without the sysctl no cookie would be accepted. */
static inline u8 lq_queue_cookies(const struct lq_synq *q, const struct net *net)
{
	u8 syncookies = READ_ONCE(net->ipv4.sysctl_tcp_syncookies);
	u32 value;

	return syncookies && lq_queue_says(q, LQ_KEY_cookies, &value) ? value : syncookies;
}

static inline u8 lq_queue_defer(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	return lq_queue_says(q, LQ_KEY_defer, &value) ? value :
	       READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
}

/* Does a last ACK that meets a full accept queue end the handshake? */
static inline bool lq_queue_resets(const struct lq_synq *q)
{
	u32 value;

	return lq_queue_says(q, LQ_KEY_overflow, &value) ? value == LQ_OVERFLOW_reset :
	       READ_ONCE(q->net->ipv4.sysctl_tcp_abort_on_overflow);
}

#endif
