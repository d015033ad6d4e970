/* SPDX-License-Identifier: GPL-2.0 */
/*
 * listenq_verdict.h - everything that can happen to a segment on the listen path
 *
 * One list, read by the module (enum, counters, trace symbols), by
 * /proc/net/listenq/verdicts, by the tests and by the documentation. A row is
 * one way out of the functions that decide: tcp_v4_do_rcv, tcp_v4_hnd_req (and
 * cookie_v4_check, its heir), tcp_check_req, tcp_conn_request and what they call.
 *
 * The numbers are ABI: rows are appended, never renumbered, never reused.
 *
 * LQ_VERDICT(number, name, reason, loss, text)
 *   reason   why, one of LQ_REASONS
 *   loss     1: a client that asked for a connection was refused (or its last
 *            ACK was thrown away). A repeated SYN, a deferred ACK, a stray RST or
 *            a forged ACK is not a loss.
 *
 * This file holds no kernel header on purpose: user space includes it too.
 */
#ifndef LISTENQ_VERDICT_H
#define LISTENQ_VERDICT_H

/* LQ_REASON(number, name): why a verdict was reached. Numbers are ABI too. */
#define LQ_REASONS(LQ_REASON)						\
	LQ_REASON(0,  none)						\
	LQ_REASON(1,  accept_queue_full)				\
	LQ_REASON(2,  syn_queue_full)					\
	LQ_REASON(3,  last_quarter)					\
	LQ_REASON(4,  no_memory)					\
	LQ_REASON(5,  no_route)						\
	LQ_REASON(6,  security)						\
	LQ_REASON(7,  checksum)						\
	LQ_REASON(8,  flags)						\
	LQ_REASON(9,  address)						\
	LQ_REASON(10, no_request)					\
	LQ_REASON(11, cookie)						\
	LQ_REASON(12, cookies_always)					\
	LQ_REASON(13, race)						\
	LQ_REASON(14, listener_closed)					\
	LQ_REASON(15, out_of_window)					\
	LQ_REASON(16, paws)						\
	LQ_REASON(17, tsecr)						\
	LQ_REASON(18, ack_number)					\
	LQ_REASON(19, rate_limit)					\
	LQ_REASON(20, deferred)						\
	LQ_REASON(21, peer_reset)					\
	LQ_REASON(22, migrated)						\
	LQ_REASON(23, timewait)						\
	LQ_REASON(24, fastopen)						\
	LQ_REASON(25, upper_protocol)					\
	LQ_REASON(26, send_failed)					\
	LQ_REASON(27, filtered)						\
	LQ_REASON(28, repeated_syn)					\
	LQ_REASON(29, new_syn)						\
	LQ_REASON(30, inexact_rst)

#define LQ_VERDICTS(LQ_VERDICT)						\
	/* tcp_v4_do_rcv, tcp_v6_do_rcv: before anybody looks for a request */ \
	LQ_VERDICT(1,  bad_checksum, checksum, 0,			\
		   "checksum wrong, thrown away")			\
	LQ_VERDICT(2,  synack_to_listener, flags, 0,			\
		   "SYN+ACK to a listener, answered by RST")		\
	LQ_VERDICT(3,  syn_rst, flags, 0,				\
		   "SYN+RST to a listener, thrown away")		\
	LQ_VERDICT(4,  syn_fin, flags, 0,				\
		   "SYN+FIN to a listener, thrown away")		\
	LQ_VERDICT(5,  syn_broadcast, address, 0,			\
		   "SYN to a broadcast or multicast address, thrown away") \
	LQ_VERDICT(6,  syn_mapped_source, address, 0,			\
		   "IPv6 SYN from an IPv4-mapped source, thrown away")	\
	/* tcp_v4_hnd_req, today cookie_v4_check: a segment without SYN, no request */ \
	LQ_VERDICT(7,  stray_ack, no_request, 0,			\
		   "ACK that belongs to no handshake, answered by RST")	\
	LQ_VERDICT(8,  stray_rst, no_request, 0,			\
		   "RST that belongs to no handshake, ignored")		\
	LQ_VERDICT(9,  stray_no_ack, flags, 0,				\
		   "segment without SYN, ACK or RST, thrown away")	\
	LQ_VERDICT(10, cookie_invalid, cookie, 0,			\
		   "ACK that matches no SYN cookie, answered by RST")	\
	LQ_VERDICT(11, cookie_options_off, cookie, 1,			\
		   "valid cookie, but its options are switched off now: RST") \
	LQ_VERDICT(12, cookie_accepted, none, 0,			\
		   "valid cookie, connection made and queued for accept()") \
	LQ_VERDICT(13, cookie_accept_full, accept_queue_full, 1,	\
		   "valid cookie, accept queue full, ACK thrown away")	\
	LQ_VERDICT(14, cookie_no_memory, no_memory, 1,			\
		   "valid cookie, no memory for the connection")	\
	LQ_VERDICT(15, cookie_security, security, 1,			\
		   "valid cookie, refused by a security module")	\
	LQ_VERDICT(16, cookie_no_route, no_route, 1,			\
		   "valid cookie, no route back to the client")		\
	LQ_VERDICT(17, cookie_no_bucket, no_memory, 1,			\
		   "valid cookie, no bind bucket or key for the connection")	\
	LQ_VERDICT(18, cookie_upper_refused, upper_protocol, 1,		\
		   "valid cookie, refused by MPTCP or SMC")		\
	LQ_VERDICT(19, cookie_lost_race, race, 0,			\
		   "valid cookie, another CPU had made the connection")	\
	LQ_VERDICT(20, cookie_listener_closed, listener_closed, 1,	\
		   "valid cookie, the listener closed meanwhile")	\
	/* tcp_check_req gave the segment back to the listener */	\
	LQ_VERDICT(21, req_bad_ack, ack_number, 0,			\
		   "ACK of a number never sent, answered by RST; the request stays") \
	LQ_VERDICT(22, given_back_dropped, filtered, 0,			\
		   "given back by tcp_check_req, thrown away on the way to the listener") \
	/* tcp_conn_request: a SYN */					\
	LQ_VERDICT(23, syn_queued, none, 0,				\
		   "request queued, SYN-ACK sent")			\
	LQ_VERDICT(24, syn_queued_timewait, timewait, 0,		\
		   "request queued in place of a TIME_WAIT, SYN-ACK sent") \
	LQ_VERDICT(25, syn_queued_unsent, send_failed, 0,		\
		   "request queued, SYN-ACK could not be sent")		\
	LQ_VERDICT(26, syn_cookie, syn_queue_full, 0,			\
		   "SYN queue full, answered by a SYN cookie")		\
	LQ_VERDICT(27, syn_cookie_always, cookies_always, 0,		\
		   "answered by a SYN cookie, as tcp_syncookies=2 asks") \
	LQ_VERDICT(28, syn_cookie_unsent, send_failed, 1,		\
		   "SYN cookie could not be sent, nothing remembers the client") \
	LQ_VERDICT(29, syn_queue_full, syn_queue_full, 1,		\
		   "SYN queue full, SYN thrown away")			\
	LQ_VERDICT(30, syn_accept_full, accept_queue_full, 1,		\
		   "accept queue full, SYN thrown away")		\
	LQ_VERDICT(31, syn_last_quarter, last_quarter, 1,		\
		   "last quarter of tcp_max_syn_backlog, unproven peer, SYN thrown away") \
	LQ_VERDICT(32, syn_no_memory, no_memory, 1,			\
		   "no memory for the request, SYN thrown away")	\
	LQ_VERDICT(33, syn_security, security, 1,			\
		   "refused by a security module, SYN thrown away")	\
	LQ_VERDICT(34, syn_no_route, no_route, 1,			\
		   "no route back to the client, SYN thrown away")	\
	LQ_VERDICT(35, syn_upper_refused, upper_protocol, 1,		\
		   "refused by MPTCP")			\
	LQ_VERDICT(36, syn_lost_race, race, 0,				\
		   "another CPU queued the same request first")		\
	LQ_VERDICT(37, syn_fastopen, fastopen, 0,			\
		   "TCP Fast Open: connection made and queued by the SYN") \
	LQ_VERDICT(38, syn_fastopen_closed, listener_closed, 1,		\
		   "TCP Fast Open: the listener closed meanwhile")	\
	/* tcp_check_req: a segment for a pending request */		\
	LQ_VERDICT(39, req_completed, none, 0,				\
		   "handshake complete, connection queued for accept()") \
	LQ_VERDICT(40, req_migrated, migrated, 0,			\
		   "handshake complete, queued at another listener of the group") \
	LQ_VERDICT(41, req_mptcp_joined, upper_protocol, 0,		\
		   "handshake complete, subflow joined its MPTCP connection") \
	LQ_VERDICT(42, req_accept_full, accept_queue_full, 1,		\
		   "accept queue full, last ACK thrown away; the request stays") \
	LQ_VERDICT(43, req_accept_full_reset, accept_queue_full, 1,	\
		   "accept queue full, answered by RST (tcp_abort_on_overflow)") \
	LQ_VERDICT(44, req_no_memory, no_memory, 1,			\
		   "no memory for the connection, last ACK thrown away") \
	LQ_VERDICT(45, req_no_memory_reset, no_memory, 1,		\
		   "no memory for the connection, answered by RST")	\
	LQ_VERDICT(46, req_no_route, no_route, 1,			\
		   "no route back to the client, last ACK thrown away")	\
	LQ_VERDICT(47, req_no_route_reset, no_route, 1,			\
		   "no route back to the client, RST tried (tcp_abort_on_overflow)") \
	LQ_VERDICT(48, req_no_bucket, no_memory, 1,			\
		   "no bind bucket or key for the connection, last ACK thrown away") \
	LQ_VERDICT(49, req_no_bucket_reset, no_memory, 1,		\
		   "no bind bucket or key for the connection, answered by RST") \
	LQ_VERDICT(50, req_upper_refused, upper_protocol, 1,		\
		   "refused by MPTCP or SMC, last ACK thrown away")	\
	LQ_VERDICT(51, req_upper_refused_reset, upper_protocol, 1,	\
		   "refused by MPTCP or SMC, answered by RST")		\
	LQ_VERDICT(52, req_listener_closed, listener_closed, 1,		\
		   "handshake complete, but the listener closed meanwhile") \
	LQ_VERDICT(53, req_lost_race, race, 0,				\
		   "another CPU completed the handshake first")		\
	LQ_VERDICT(54, req_reset_lost_race, race, 0,			\
		   "another CPU took the request before this segment could end it") \
	LQ_VERDICT(55, req_syn_again, repeated_syn, 0,			\
		   "SYN repeated, SYN-ACK sent again")			\
	LQ_VERDICT(56, req_syn_again_limited, rate_limit, 0,		\
		   "SYN repeated, SYN-ACK held back by tcp_invalid_ratelimit") \
	LQ_VERDICT(57, req_syn_again_unsent, send_failed, 0,		\
		   "SYN repeated, SYN-ACK could not be sent")		\
	LQ_VERDICT(58, req_paws, paws, 0,				\
		   "timestamp too old, answered by ACK")		\
	LQ_VERDICT(59, req_paws_limited, paws, 0,			\
		   "timestamp too old, ACK held back by tcp_invalid_ratelimit") \
	LQ_VERDICT(60, req_paws_rst, paws, 0,				\
		   "RST with too old a timestamp, ignored")		\
	LQ_VERDICT(61, req_tsecr, tsecr, 0,				\
		   "timestamp echo outside of what was sent, answered by ACK")	\
	LQ_VERDICT(62, req_tsecr_limited, tsecr, 0,			\
		   "timestamp echo outside of what was sent, ACK held back") \
	LQ_VERDICT(63, req_tsecr_rst, tsecr, 0,				\
		   "RST with a timestamp echo outside of what was sent, ignored")	\
	LQ_VERDICT(64, req_out_of_window, out_of_window, 0,		\
		   "sequence out of window, answered by ACK")		\
	LQ_VERDICT(65, req_out_of_window_limited, out_of_window, 0,	\
		   "sequence out of window, ACK held back by tcp_invalid_ratelimit") \
	LQ_VERDICT(66, req_out_of_window_rst, out_of_window, 0,		\
		   "RST out of window, ignored")			\
	LQ_VERDICT(67, req_challenge, inexact_rst, 0,			\
		   "RST in window but not exact, answered by a challenge ACK") \
	LQ_VERDICT(68, req_challenge_limited, inexact_rst, 0,		\
		   "RST not exact, challenge ACK held back by tcp_invalid_ratelimit") \
	LQ_VERDICT(69, req_challenge_quota, inexact_rst, 0,		\
		   "RST not exact, challenge ACK held back by tcp_challenge_ack_limit") \
	LQ_VERDICT(70, req_rst, peer_reset, 0,				\
		   "RST from the client, request ended")		\
	LQ_VERDICT(71, req_new_syn, new_syn, 1,				\
		   "new SYN inside the window, answered by RST") \
	LQ_VERDICT(72, req_no_ack, flags, 0,				\
		   "segment without ACK for a request, thrown away")	\
	LQ_VERDICT(73, req_deferred, deferred, 0,			\
		   "bare last ACK under TCP_DEFER_ACCEPT, request waits for data") \
	LQ_VERDICT(74, req_fastopen_passed, fastopen, 0,		\
		   "segment passed on to its TCP Fast Open connection")	\
	/* tcp_v4_rcv, tcp_v6_rcv: the request outlived its listener */	\
	LQ_VERDICT(75, req_orphaned, listener_closed, 1,		\
		   "the listener of the request is closed, answered by RST")	\
	/* overflow=park: tcp_check_req keeps what it would throw away */	\
	LQ_VERDICT(76, req_parked, accept_queue_full, 0,		\
		   "accept queue full, last ACK kept until there is room")	\
	LQ_VERDICT(77, req_parked_data, accept_queue_full, 0,		\
		   "data after a kept last ACK, kept with it")		\
	LQ_VERDICT(78, req_parked_again, accept_queue_full, 0,		\
		   "nothing new after a kept last ACK: it is kept already")

#define LQ_VERDICT_ENUM(number, name, reason, loss, text) LQ_V_##name = (number),
enum lq_verdict {
	LQ_V_none = 0,
	LQ_VERDICTS(LQ_VERDICT_ENUM)
	LQ_V_count
};

#undef LQ_VERDICT_ENUM

#define LQ_REASON_ENUM(number, name) LQ_R_##name = (number),
enum lq_reason {
	LQ_REASONS(LQ_REASON_ENUM)
	LQ_R_count
};

#undef LQ_REASON_ENUM

#endif
