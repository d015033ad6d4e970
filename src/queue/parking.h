/* SPDX-License-Identifier: GPL-2.0 */
/*
 * parking.h - where handshakes wait for room in the accept queue
 */
#ifndef LISTENQ_PARKING_H
#define LISTENQ_PARKING_H

#include <linux/skbuff.h>

#include "queue/types.h"

struct seq_file;

/**
 * struct lq_lane - parked handshakes of one listener, oldest first
 * @list: in its endpoint's parking
 * @parked: these, never none
 * @listener: cookie
 */
struct lq_lane {
	struct list_head list;
	struct list_head parked;
	u64 listener;
};

/**
 * struct lq_parked - what a record keeps
 * @list: in its lane
 * @lane: this
 * @segments: copies, the last ACK first, without gaps
 * @key: flow of its record
 * @since: monotonic ns, when it was parked
 * @retrans: how often its SYN-ACK had been repeated then
 * @timeouts: how often its timer had run out then
 * @next: sequence number that comes next
 * @payload: bytes of data
 * @bytes: memory, this included
 */
struct lq_parked {
	struct list_head list;
	struct lq_lane *lane;
	struct sk_buff_head segments;
	struct lq_v4_flow key;
	u64 since;
	u8 retrans;
	u8 timeouts;
	u32 next;
	u32 payload;
	u32 bytes;
};

u64 lq_parking_room(const struct lq_config *config, u32 backlogs);
void lq_unpark(struct lq_part *part, struct lq_record *r);
void lq_parking_kick(struct lq_synq *q);
void lq_parking_backlog(struct lq_synq *q);
void lq_parking_show(struct seq_file *m, const struct lq_synq *q);

u32 lq_parking_limit(const struct lq_synq *q, const struct sock *sk);
u32 lq_parking_payload(const struct lq_synq *q, const struct lq_record *r);
bool lq_parking_others(struct lq_parking *parking, u64 listener);
bool lq_parking_charge(struct lq_parking *parking, u32 *bytes, u32 more, u32 most);
struct sk_buff *lq_parking_copy(const struct sk_buff *skb);
void lq_parked_free(struct lq_parking *parking, struct lq_parked *p);
void lq_lane_leave(struct lq_parking *parking, struct lq_parked *p);
bool lq_lane_enter(struct lq_parking *parking, struct lq_parked *p, u64 listener);
void lq_lane_change(struct lq_parking *parking, struct lq_parked *p, u64 listener);
void lq_lane_wait(struct lq_parking *parking, struct lq_parked *p);

/* It ends by its timer or its client: were it parked, no room came in time. */
static inline void lq_parked_in_vain(struct lq_synq *q, const struct lq_record *r)
{
	if (unlikely(r->parked))
		atomic64_inc(&q->tallies[LQ_SYNQ_TALLY_parked_in_vain]);
}

#endif
