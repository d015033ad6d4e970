/* SPDX-License-Identifier: GPL-2.0 */
/*
 * settings.h - how a SYN queue is to behave: what commands said, else as stock
 */
#ifndef LISTENQ_SETTINGS_H
#define LISTENQ_SETTINGS_H

#include "queue/types.h"

/* Has a command said this key? Then @value is what it said, else as it was. */
static inline bool lq_synq_says(const struct lq_synq *q, enum lq_setting key, u32 *value)
{
	if (!(READ_ONCE(q->config.set) & BIT(key)))
		return false;
	*value = READ_ONCE(q->config.value[key]);
	return true;
}

/* Records that may be pending; with none more, SYNs are answered by cookies or dropped. */
static inline u32 lq_synq_limit(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	return lq_synq_says(q, LQ_SETTING_synq, &value) ? value :
	       READ_ONCE(q->backlogs) ?: READ_ONCE(sk->sk_max_ack_backlog);
}

/* How many are to fit, as far as is known just now; also those of a listen() that is under way. */
static inline u32 lq_synq_fits(const struct lq_synq *q)
{
	const struct lq_listener *l;
	u32 fits = 0;

	if (lq_synq_says(q, LQ_SETTING_synq, &fits))
		return fits;
	rcu_read_lock();
	l = rcu_dereference(q->sender);
	if (l)
		fits = max(lq_synq_limit(q, l->sk),
			   READ_ONCE(l->asked_at) ? READ_ONCE(l->asked) : 0);
	rcu_read_unlock();
	return fits;
}

/* Its last quarter is for proven peers, if there are no cookies; synq= is no less than meant. */
static inline u32 lq_synq_max_syn_backlog(const struct lq_synq *q, const struct net *net)
{
	u32 value, sysctl = READ_ONCE(net->ipv4.sysctl_max_syn_backlog);

	return lq_synq_says(q, LQ_SETTING_synq, &value) ? max(value, sysctl) : sysctl;
}

/* A cookie is sent: to the second, so that a flood does not write all the time. */
static inline void lq_synq_note_cookie(struct lq_synq *q, kuid_t uid)
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
static inline void lq_synq_pass_on_cookies(const struct lq_synq *q, struct sock *sk, kuid_t uid)
{
	if (jiffies - READ_ONCE(q->last_cookie) <= TCP_SYNCOOKIE_VALID &&
	    uid_eq(q->cookie_uid, uid) && tcp_synq_no_recent_overflow(sk))
		tcp_synq_overflow(sk);
}

/* tcp_syncookies as this endpoint has it; without the sysctl no cookie would be accepted. */
static inline u8 lq_synq_cookies(const struct lq_synq *q, const struct net *net)
{
	u8 syncookies = READ_ONCE(net->ipv4.sysctl_tcp_syncookies);
	u32 value;

	return syncookies && lq_synq_says(q, LQ_SETTING_cookies, &value) ? value : syncookies;
}

/* SYN-ACK timers that a bare last ACK waits: TCP_DEFER_ACCEPT of the listener, if none is said. */
static inline u8 lq_synq_defer(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	return lq_synq_says(q, LQ_SETTING_defer, &value) ? value :
	       READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
}

/* Does a last ACK that meets a full accept queue end the handshake? */
static inline bool lq_synq_resets(const struct lq_synq *q)
{
	u32 value;

	return lq_synq_says(q, LQ_SETTING_overflow, &value) ? value == LQ_OVERFLOW_reset :
	       READ_ONCE(q->net->ipv4.sysctl_tcp_abort_on_overflow);
}

#endif
