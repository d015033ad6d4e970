# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# counters.sh - what a listener and its endpoint count; a part of ledger.sh

counters() {
	local line

	tell S listen L 0.0.0.0 8080 16
	tell C connect 5 "$server" 8080
	tell S accept L 5
	for kind in rst null synack badsum; do
		flood 8080 $kind 10
	done
	await 10 has segments=50 listener 8080
	line=$(listener 8080)
	is 'verdicts of a listener' "$(words "$line" segments lost accepted verdicts)" \
		'segments=50 lost=0 accepted=5 verdicts=bad_checksum:10,synack_to_listener:10,stray_rst:10,stray_no_ack:10,syn_queued:5,req_completed:5'
	is 'a handshake_us, a retrans and an accept_us for each connection' \
		"$(hist_sum handshake_us "$line") $(hist_sum retrans "$line") $(hist_sum accept_us "$line")" \
		'5 5 5'
	is 'no SYN-ACK was repeated' "$(of retrans "$line")" 0:5
	is 'the endpoint says the same' \
		"$(words "$(endpoint 8080)" segments lost accepted handshake_us accept_us retrans verdicts)" \
		"$(words "$line" segments lost accepted handshake_us accept_us retrans verdicts)"

	in_server sysctl -qw net.ipv4.tcp_syncookies=2
	tell C connect 4 "$server" 8080
	tell S accept L 4
	line=$(listener 8080)
	is 'connections by cookie are accepted, but no handshake is timed' \
		"$(words "$line" accepted segments) $(verdict syn_cookie_always "$line") $(verdict cookie_accepted "$line") $(hist_sum handshake_us "$line") $(hist_sum accept_us "$line")" \
		'accepted=9 segments=58 4 4 5 9'
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	tell S listen M 0.0.0.0 8081 16
	tell C connect 2 "$server" 8081
	tell S accept M 2
	adds_up 'two listeners'
	tell S close L
	await 10 has listeners=0 endpoint 8080
	adds_up 'one of them closed'
	is 'accepted, over all endpoints' "$(total accepted endpoints)" 11
	rules_agree
}
