// SPDX-License-Identifier: GPL-2.0
/*
 * parking.c - where handshakes wait for room in the accept queue (overflow=park)
 *
 * Lanes of listeners, and what each parked record keeps: copies of its last ACK and data. Who
 * parks and who promotes is in path/park.c.
 */
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/tcp.h>

#include "core/decide.h"
#include "queue/parking.h"
#include "queue/settings.h"

#define LOOK_AGAIN	(HZ / 10)	/* listen() has set its backlog by then */

#define USUAL_MSS	1460	/* what memory is set aside for if nothing is said */

/**
 * lq_parking_room() - what parked copies may take
 * @config: what commands said
 * @backlogs: of the endpoint's listeners, now
 *
 * Return: bytes, 0 if nothing is parked.
 */
u64 lq_parking_room(const struct lq_config *config, u32 backlogs)
{
	if (lq_config_or(config, LQ_SETTING_overflow, LQ_OVERFLOW_wait) != LQ_OVERFLOW_park)
		return 0;
	backlogs = lq_config_or(config, LQ_SETTING_park, backlogs);
	return (u64)max(backlogs, 1U) *
	       lq_park_most(lq_config_or(config, LQ_SETTING_park_bytes, USUAL_MSS));
}

/**
 * lq_parking_limit() - how many handshakes may be parked
 * @q: the SYN queue
 * @sk: the listener
 *
 * Return: as commands said, else the backlog.
 */
u32 lq_parking_limit(const struct lq_synq *q, const struct sock *sk)
{
	u32 value;

	return lq_synq_says(q, LQ_SETTING_park, &value) ? value :
	       READ_ONCE(q->backlogs) ?: READ_ONCE(sk->sk_max_ack_backlog);
}

/**
 * lq_parking_payload() - how much data of a handshake is kept
 * @q: the SYN queue
 * @r: the record
 *
 * Return: bytes, as commands said, else one segment: of a cookie, whose MSS is rounded down, it
 * may be a usual one.
 */
u32 lq_parking_payload(const struct lq_synq *q, const struct lq_record *r)
{
	u32 value;

	if (lq_synq_says(q, LQ_SETTING_park_bytes, &value))
		return value;
	return r->cookie ? max_t(u32, r->mss, USUAL_MSS) : r->mss;
}

/**
 * lq_parking_others() - does anybody wait for room at a listener?
 * @parking: of its endpoint
 * @listener: its cookie
 *
 * Context: bottom halves off.
 * Return: whether somebody does.
 */
bool lq_parking_others(struct lq_parking *parking, u64 listener)
{
	return atomic_read(&parking->n) && xa_load(&parking->by_listener, listener);
}

/**
 * lq_parking_charge() - memory of a copy, or of what holds them
 * @parking: of the endpoint
 * @bytes: what the handshake has, grows
 * @more: bytes
 * @most: what it may have
 *
 * Return: false when it is too much; nothing is charged then.
 */
bool lq_parking_charge(struct lq_parking *parking, u32 *bytes, u32 more, u32 most)
{
	if (*bytes + more > most)
		return false;
	if (atomic64_add_return(more, &parking->bytes) > READ_ONCE(parking->room)) {
		atomic64_sub(more, &parking->bytes);
		return false;
	}
	*bytes += more;
	return true;
}

/*
 * Only what goes through a socket's backlog without its route, too: there neither options
 * of IP nor a security association are looked at again.
 */
static bool is_plain(const struct sk_buff *skb)
{
	return ip_hdr(skb)->ihl == sizeof(struct iphdr) / 4 && !skb_sec_path(skb) &&
	       !(skb_shinfo(skb)->gso_type & SKB_GSO_FRAGLIST);
}

/**
 * lq_parking_copy() - copy a segment in one piece, from the IP header on
 * @skb: the segment
 *
 * The copy holds neither route nor device.
 *
 * Context: bottom halves off.
 * Return: the copy; NULL without memory, or when the segment is not plain.
 */
struct sk_buff *lq_parking_copy(const struct sk_buff *skb)
{
	struct sk_buff *copy;

	if (!is_plain(skb))
		return NULL;
	copy = skb_copy_expand(skb, skb->data - skb_network_header(skb), 0,
			       GFP_ATOMIC | __GFP_NOWARN);
	if (!copy)
		return NULL;
	skb_dst_drop(copy);
	skb_ext_reset(copy);
	copy->dev = NULL;
	copy->mac_header = copy->network_header;
	return copy;
}

/**
 * lq_parked_free() - free what a record has kept
 * @parking: of its endpoint
 * @p: in no lane
 *
 * Context: any.
 */
void lq_parked_free(struct lq_parking *parking, struct lq_parked *p)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&p->segments)))
		kfree_skb(skb);
	atomic64_sub(p->bytes, &parking->bytes);
	kfree(p);
}

/* A lane that nobody is in goes. */
static void free_if_empty(struct lq_parking *parking, struct lq_lane *lane)
{
	lockdep_assert_held(&parking->lock);
	if (!list_empty(&lane->parked))
		return;
	xa_erase(&parking->by_listener, lane->listener);
	list_del(&lane->list);
	parking->nr_lanes--;
	kfree(lane);
}

/**
 * lq_lane_leave() - a handshake waits no more
 * @parking: of its endpoint
 * @p: what its record keeps
 *
 * Context: bottom halves off; the caller keeps @p.
 */
void lq_lane_leave(struct lq_parking *parking, struct lq_parked *p)
{
	spin_lock(&parking->lock);
	list_del(&p->list);
	free_if_empty(parking, p->lane);
	spin_unlock(&parking->lock);
	atomic_dec(&parking->n);
}

static struct lq_lane *new_lane(struct lq_parking *parking, u64 listener)
{
	struct lq_lane *lane = kmalloc(sizeof(*lane), GFP_ATOMIC | __GFP_NOWARN);

	lockdep_assert_held(&parking->lock);
	if (!lane)
		return NULL;
	lane->listener = listener;
	INIT_LIST_HEAD(&lane->parked);
	if (xa_err(xa_store(&parking->by_listener, listener, lane,
			    GFP_ATOMIC | __GFP_NOWARN))) {
		kfree(lane);
		return NULL;
	}
	list_add_tail(&lane->list, &parking->lanes);
	parking->nr_lanes++;
	return lane;
}

static struct lq_lane *lane_of(struct lq_parking *parking, u64 listener)
{
	return xa_load(&parking->by_listener, listener) ?: new_lane(parking, listener);
}

/**
 * lq_lane_enter() - a handshake waits behind those of its listener
 * @parking: of its endpoint
 * @p: what its record keeps
 * @listener: cookie
 *
 * Context: bottom halves off; the caller keeps @p.
 * Return: false without memory.
 */
bool lq_lane_enter(struct lq_parking *parking, struct lq_parked *p, u64 listener)
{
	spin_lock(&parking->lock);
	p->lane = lane_of(parking, listener);
	if (!p->lane) {
		spin_unlock(&parking->lock);
		return false;
	}
	list_add_tail(&p->list, &p->lane->parked);
	spin_unlock(&parking->lock);
	atomic_inc(&parking->n);
	/* Before the caller looks for room: see lq_parking_kick(). */
	smp_mb__after_atomic();
	return true;
}

/**
 * lq_lane_change() - a handshake waits for another listener
 * @parking: of its endpoint
 * @p: what its record keeps
 * @listener: cookie
 *
 * Behind those who wait there. Without memory it stays where it is.
 *
 * Context: bottom halves off; the caller keeps @p.
 */
void lq_lane_change(struct lq_parking *parking, struct lq_parked *p, u64 listener)
{
	struct lq_lane *from = p->lane, *to;

	spin_lock(&parking->lock);
	to = lane_of(parking, listener);
	if (to && to != from) {
		list_move_tail(&p->list, &to->parked);
		p->lane = to;
		free_if_empty(parking, from);
	}
	spin_unlock(&parking->lock);
}

/**
 * lq_lane_wait() - the turn of a handshake's lane was in vain: it goes behind the others
 * @parking: of its endpoint
 * @p: what its record keeps
 *
 * Context: bottom halves off; the caller keeps @p.
 */
void lq_lane_wait(struct lq_parking *parking, struct lq_parked *p)
{
	spin_lock(&parking->lock);
	list_move_tail(&p->lane->list, &parking->lanes);
	spin_unlock(&parking->lock);
}

/**
 * lq_unpark() - a record keeps nothing any more
 * @part: its part, locked
 * @r: the record
 */
void lq_unpark(struct lq_part *part, struct lq_record *r)
{
	struct lq_parking *parking = &part->queue->parking;
	struct lq_parked *p = r->parked;

	lockdep_assert_held(&part->lock);
	r->parked = NULL;
	lq_lane_leave(parking, p);
	lq_parked_free(parking, p);
}

/**
 * lq_parking_kick() - there may be room for parked handshakes
 * @q: the SYN queue
 *
 * accept() has made room before it comes here, who parks has parked before he looks for
 * room: one of both sees the other. Should accept() go unseen, a later segment or the
 * SYN-ACK timer of a parked handshake comes here, too.
 *
 * Context: any, also with interrupts off.
 */
void lq_parking_kick(struct lq_synq *q)
{
	/* The room before the look at who waits; pairs with lq_lane_enter(). */
	smp_mb();
	if (unlikely(atomic_read(&q->parking.n)))
		mod_delayed_work(system_highpri_wq, &q->parking.promoter, 0);
}

/**
 * lq_parking_backlog() - listen() is about to change a backlog
 * @q: the SYN queue
 *
 * It is seen before it is done: the promoter looks for a moment.
 *
 * Context: any.
 */
void lq_parking_backlog(struct lq_synq *q)
{
	WRITE_ONCE(q->parking.look_until, jiffies + LOOK_AGAIN);
	lq_parking_kick(q);
}

/**
 * lq_parking_show() - what is parked, for the endpoints file
 * @m: where to
 * @q: the SYN queue
 */
void lq_parking_show(struct seq_file *m, const struct lq_synq *q)
{
	const struct lq_parking *parking = &q->parking;
	u64 room = READ_ONCE(parking->room);
	u64 promoted = atomic64_read(&parking->promoted);

	if (room || promoted || atomic_read(&parking->n))
		seq_printf(m, " parked=%d promoted=%llu parked_bytes=%lld parked_most_bytes=%llu",
			   atomic_read(&parking->n), promoted,
			   (s64)atomic64_read(&parking->bytes), room);
}
