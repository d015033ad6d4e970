# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# reopen.sh - a server closes and opens again; a part of restart.sh

# A hundred last ACKs come when nobody listens: the stock kernel answers them by RST, as it
# does for any closed port. They are of the youngest: what is told of them goes by their age.
play_reopen() {
	tell S listen a "$server" 7300 2048
	order takeover "$server:7300"
	is 'reopen: 1000 half-open handshakes' "$(says C syn 0 1000 7300)" 1000
	is 'reopen: all are pending' "$(pending 7300)" 1000
	tell C came
	tell S close a
	is 'reopen: they wait for their server' "$(pending 7300) $(word listeners 7300)" '1000 0'
	tell C ack 900 100
	is 'reopen: 100 last ACKs in the gap get an RST each' "$(words "$(says C came)" rsts another_isn)" 'rsts=100 another_isn=0'
	tell S listen a "$server" 7300 2048
	tell C ack 0 900
	is 'reopen: the others complete' "$(says S accept a 900 10)" 900
	is 'reopen: none of these got an RST' "$(words "$(says C came)" rsts another_isn)" 'rsts=0 another_isn=0'
	is 'reopen: lost are exactly those of the gap' "$(pending 7300)" 100
	tell C rst 900 100
	is 'reopen: which their clients end' "$(pending 7300)" 0
	if is_debug_kernel; then
		skip 'reopen: these were lost to the restart' 'not within a second on the debug kernel'
	else
		[[ $(word outcomes 7300) == *,killed:100,reset:0,* ]]
		ok $? 'reopen: these were lost to the restart'
	fi
	tell S drop
	tell S close a
	tell C drop
	order release "$server:7300"
}

# The same, observed: what a restart costs without listenq.
play_stock() {
	tell S listen a "$server" 7299 2048
	is 'stock: 100 half-open handshakes' "$(says C syn 0 100 7299)" 100
	tell C came
	tell S close a
	tell S listen a "$server" 7299 2048
	tell C ack 0 100
	is 'stock: all are lost' "$(says S accept a 1 1) $(words "$(says C came)" rsts)" '0 rsts=100'
	tell S close a
	tell C drop
}

# A SYN-ACK is repeated by the new listener, and a SYN that came again is answered by it.
play_timer() {
	tell S listen a "$server" 7310 64
	order takeover "$server:7310"
	tell C syn 0 20 7310
	tell C came 0.2
	tell S close a
	tell S listen a "$server" 7310 64
	tell C again 0 10
	says C came 3 >"$work/came"
	check 'timer: SYN-ACKs are repeated after a restart' [ "$(of synacks "$(cat "$work/came")")" -ge 20 ]
	is 'timer: with the same number' "$(words "$(cat "$work/came")" another_isn rsts)" 'another_isn=0 rsts=0'
	tell C ack 0 20
	is 'timer: all complete' "$(says S accept a 20 10)" 20
	tell S drop
	tell S close a
	tell C drop
}

# tcp_synq_no_recent_overflow(): a socket that has sent none says 0, which is about now then
jiffies_wrap() {
	local uptime

	read -r uptime _ </proc/uptime
	((${uptime%.*} >= 290 && ${uptime%.*} <= 430))
}

# A cookie is worth something until its time is over, whoever of the same user listens.
play_cookies() {
	actor U1 ip netns exec "$LQ_SERVER" setpriv --reuid 1001 --clear-groups
	actor U2 ip netns exec "$LQ_SERVER" setpriv --reuid 1002 --clear-groups
	tell U1 listen a "$server" 7320 64
	order takeover "$server:7320" cookies=always
	is 'cookies: 40 are sent' "$(says C syn 0 40 7320) $(pending 7320)" '40 0'
	tell C came
	tell U1 close a
	tell U1 listen a "$server" 7320 64
	tell C ack 0 20
	is 'cookies: they outlive the listener' "$(says U1 accept a 20 10)" 20
	tell C drop
	is 'cookies: 20 more' "$(says C syn 100 20 7320)" 20
	tell C came
	tell U1 close a
	tell U2 listen a "$server" 7320 64
	tell C ack 100 20
	if jiffies_wrap; then
		skip 'cookies: they are nothing to another user' \
			'five minutes after boot every socket looks as if it had sent some'
		tell U2 accept a 20 1
		tell C came
	else
		is 'cookies: they are nothing to another user' \
			"$(says U2 accept a 1 1) $(words "$(says C came)" rsts)" '0 rsts=20'
	fi
	tell U2 close a
	tell U1 listen a "$server" 7320 64
	is 'cookies: and 20 more' "$(says C syn 200 20 7320)" 20
	tell C came
	tell U1 close a
	tell U1 listen a "$server" 7320 64
	order release "$server:7320"
	tell C ack 200 20
	is 'cookies: nor does a release end them' \
		"$(says U1 accept a 20 10) $(words "$(says C came)" rsts)" '20 rsts=0'
	tell C drop
	dismiss U1 U2
}
