/* SPDX-License-Identifier: GPL-2.0 */
/*
 * synq.h - one shard of a SYN queue: pending records by flow and by due time
 *
 *   shard ─▶ bucket ─▶ record ─▶ record              find(): by flow
 *     ├▶ delays ─▶ list ─▶ record ◀─▶ record          due(): heads of lists
 *     └▶ store ─▶ chunk of records                    take(): for SYNs to come
 *
 * A list holds records that wait for the same time, so that appending keeps it in order
 * of due times: inserting, removing, finding who is due costs the same with a million of
 * them.
 *
 * Other buckets are moved to a few records at a time. Until all are moved there are two
 * arrays: a record is in the new one, or in an old bucket that is still to be emptied.
 *
 * Plain C. The caller locks the shard, gives it memory and takes it back; nothing here
 * allocates.
 */
#ifndef LISTENQ_SYNQ_H
#define LISTENQ_SYNQ_H

#include "core/chunk.h"
#include "core/segment.h"
#include "core/wheel.h"

/**
 * struct lq_v4_flow - an IPv4 flow of an endpoint, seen from the listener
 * @saddr: address of the listener's side, network order
 * @daddr: address of the client's side, network order
 * @sport: port of the listener's side, network order
 * @dport: port of the client's side, network order
 * @iif: interface that the connection is bound to, as ir_iif; 0 none
 */
struct lq_v4_flow {
	u32 saddr;
	u32 daddr;
	u16 sport;
	u16 dport;
	u32 iif;
};

/**
 * struct lq_record - a pending handshake (Linux 4.1: request_sock and those around it)
 * @next: in its bucket
 * @due_link: in the list of its delay; @due_link.next is NULL while it is in none
 * @parked: the last ACK and what came with it, waiting for room in the accept queue
 * @snt_synack: us of the first SYN-ACK, for the round-trip time; 0 not sent yet
 * @key: the flow
 * @rcv_isn: the client's initial sequence number
 * @snt_isn: ours
 * @ts_recent: the client's timestamp
 * @ts_off: what is added to our timestamps
 * @txhash: of what is sent
 * @last_oow: jiffies of the last answer to an unacceptable segment, 0 never
 * @rcv_wnd: window of the SYN-ACK, bytes
 * @window_clamp: the window's upper bound, bytes
 * @due: jiffies when the timer of the SYN-ACK runs out
 * @mark: as ir_mark
 * @secid: as secid of a request
 * @peer_secid: as peer_secid
 * @uid: of the listener that took the SYN
 * @sock_cookie: number of the socket to come, 0: it has none yet; the low 32 of 48 bits
 * @tsval_last: our timestamp in the last SYN-ACK, as on the wire
 * @mss: the client's, as mss of a request
 * @sock_cookie_high: the others
 * @tos: of the SYN
 * @snd_wscale: the client's window scale
 * @rcv_wscale: ours
 * @timeouts: SYN-ACK timers that ran out
 * @retrans: SYN-ACKs repeated
 * @taker: number of the listener that took it, see struct lq_listener
 * @tstamp_ok: timestamps were agreed on
 * @sack_ok: selective acknowledgments
 * @wscale_ok: window scaling
 * @ecn_ok: ECN
 * @usec_ts: timestamps count microseconds
 * @no_srccheck: as in a request: a transparent listener
 * @acked: the last ACK had come, but there was no room
 * @cookie: made of a SYN cookie: when its SYN-ACK was sent only a timestamp tells
 *
 * What the SYN-ACK, the rules and the connection take from a request; see child.c.
 */
struct lq_record {
	struct lq_record *next;
	struct lq_link due_link;
	void *parked;
	u64 snt_synack;
	struct lq_v4_flow key;
	u32 rcv_isn;
	u32 snt_isn;
	u32 ts_recent;
	u32 ts_off;
	u32 txhash;
	u32 last_oow;
	u32 rcv_wnd;
	u32 window_clamp;
	u32 due;
	u32 mark;
	u32 secid;
	u32 peer_secid;
	u32 uid;
	u32 sock_cookie;
	u32 tsval_last;
	u16 mss;
	u16 sock_cookie_high;
	u8 tos;
	u8 snd_wscale : 4;
	u8 rcv_wscale : 4;
	u8 timeouts;
	u8 retrans;
	u32 taker : 24;
	u32 tstamp_ok : 1;
	u32 sack_ok : 1;
	u32 wscale_ok : 1;
	u32 ecn_ok : 1;
	u32 usec_ts : 1;
	u32 no_srccheck : 1;
	u32 acked : 1;
	u32 cookie : 1;
};

/**
 * struct lq_delays - one set of delays, each twice the one before, up to the longest
 * @next: an older set that still has records
 * @first: ticks until the SYN-ACK is sent again for the first time, 1 or more
 * @most: ticks at most
 * @lists: records by the number of timers that ran out
 */
struct lq_delays {
	struct lq_delays *next;
	u32 first;
	u32 most;
	struct lq_link lists[LQ_DELAYS];
};

/**
 * struct lq_shard - a part of a SYN queue
 * @buckets: records by hash, a power of two
 * @mask: their number less one
 * @old_mask: the number of @old less one
 * @old: buckets whose records are being moved to @buckets; NULL: there are none
 * @emptied: the first so many of @old are empty
 * @len: records in it
 * @young: of these, those whose timer never ran out
 * @store: memory of records, ready for SYNs to come
 * @delays: the set that new records and those that wait again are put in, then older ones
 */
struct lq_shard {
	struct lq_record **buckets;
	u32 mask;
	u32 old_mask;
	struct lq_record **old;
	u32 emptied;
	u32 len;
	u32 young;
	struct lq_store store;
	struct lq_delays *delays;
};

/* Is it in a queue? So that who walks through a chunk tells records from free memory. */
static inline bool lq_record_is_pending(const struct lq_record *record)
{
	return record->due_link.next;
}

void lq_shard_init(struct lq_shard *shard, struct lq_record **buckets, u32 nr_buckets,
		   struct lq_delays *delays);
struct lq_record *lq_shard_take(struct lq_shard *shard);
void lq_shard_give_back(struct lq_shard *shard, struct lq_record *record);
struct lq_record *lq_shard_pending(const struct lq_shard *shard, struct lq_chunk *chunk,
				   u32 *i);

struct lq_record *lq_shard_find(const struct lq_shard *shard, u32 hash,
				const struct lq_v4_flow *key);
void lq_shard_insert(struct lq_shard *shard, struct lq_record *record, u32 hash, u32 now);
bool lq_shard_remove(struct lq_shard *shard, struct lq_record *record, u32 hash);
void lq_shard_wait_again(struct lq_shard *shard, struct lq_record *record, u32 now);
void lq_shard_timed_out(struct lq_shard *shard, struct lq_record *record);

struct lq_record *lq_shard_due(const struct lq_shard *shard, u32 now);
bool lq_shard_next_due(const struct lq_shard *shard, u32 *due);
struct lq_record *lq_shard_youngest(const struct lq_shard *shard);
bool lq_shard_is_sound(const struct lq_shard *shard, u32 size);

void lq_shard_rehash(struct lq_shard *shard, struct lq_record **buckets, u32 nr_buckets);
struct lq_record **lq_shard_move(struct lq_shard *shard, u32 n,
				 u32 (*hash)(const struct lq_v4_flow *key));
void lq_delays_init(struct lq_delays *delays, u32 first, u32 most);
void lq_shard_set_delays(struct lq_shard *shard, struct lq_delays *delays);
struct lq_delays *lq_shard_drained(struct lq_shard *shard);

#endif
