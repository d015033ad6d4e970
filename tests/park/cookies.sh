# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# cookies.sh - ACKs of SYN cookies that meet a full accept queue; a part of park.sh

# banner_server CLIENTS: accepts when there is a file $work/go, and speaks first
banner_server() {
	in_server python3 - "$where" "$port" "$1" "$work/go" >"$work/server" <<-'PY' &
		import os, socket, struct, sys, time
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind((sys.argv[1], int(sys.argv[2])))
		s.listen(2)
		s.settimeout(10)
		while not os.path.exists(sys.argv[4]):
		    time.sleep(0.05)
		slow = narrow = 0
		for n in range(int(sys.argv[3])):
		    c = s.accept()[0]
		    info = c.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
		    rtt, = struct.unpack_from("I", info, 68)
		    cwnd, = struct.unpack_from("I", info, 80)
		    slow += rtt > 200000
		    narrow += cwnd < 10
		    c.sendall(b"served\n")
		    c.close()
		print(slow, "slow", narrow, "narrow")
	PY
}

# banner_clients CLIENTS: each says itself what the server has sent it
banner_clients() {
	in_client python3 - "$where" "$port" "$1" >"$work/served" <<-'PY' &
		import socket, sys
		clients = [socket.socket() for n in range(int(sys.argv[3]))]
		for c in clients:
		    c.setblocking(False)
		    c.connect_ex((sys.argv[1], int(sys.argv[2])))
		served = 0
		for c in clients:
		    c.settimeout(20)
		    try:
		        served += c.recv(10) == b"served\n"
		    except OSError:
		        pass
		print(served)
	PY
}

served_by_banner() {
	local clients=$2 server speaking work

	port=$1
	work=$(mktemp -d /tmp/lqcookies.XXXXXX)
	banner_server "$clients"
	server=$!
	await 10 has_listener "$port"
	# Far enough for all SYNs to come before the first last ACK.
	far 50
	is "$port: takeover" "$(errno_of takeover "$where:$port" cookies=always overflow=park park=100)" ''
	banner_clients "$clients"
	speaking=$!
	await 20 now_is cookies_parked 5
	is 'those that the queue has no room for are parked' "$(words_now parked cookies_parked)" \
		'parked=5 cookies_parked=5'
	# Their timers run out, twice.
	sleep 3.5
	: >"$work/go"
	wait "$speaking" "$server"
	in_client tc qdisc del dev lqc root
	is "$clients clients that wait for the server to speak: served" "$(cat "$work/served")" "$clients"
	is 'the wait is no round trip, and no sign of congestion' "$(cat "$work/server")" '0 slow 0 narrow'
	rm -r "$work"
}

has_listener() { [ -n "$(listener "$1")" ]; }

play_cookies() {
	local before made

	in_server sysctl -qw net.ipv4.tcp_syncookies=1
	served_by_banner 7220 8
	is 'all that were parked are promoted' "$(words_now parked promoted)" 'parked=0 promoted=5'
	order release "$where:7220"

	begin 7221 1 synq=1000 cookies=always park=100
	before=$(nstat_of TcpExtListenOverflows)
	made=$(nstat_of TcpPassiveOpens)
	park 0 50
	is 'cookies: nothing is pending before their ACKs; then those are parked' \
		"$(words_now parked pending cookies_parked) listed=$(state_lines parked)" \
		'parked=50 pending=50 cookies_parked=50 listed=50'
	step ack 0 50
	is 'the same ACKs again: a record is made once' \
		"$(words_now parked pending cookies_parked) $(verdict req_parked_again "$(endpoint "$port")")" \
		'parked=50 pending=50 cookies_parked=50 50'
	step data 0 50
	is 'the kernel: nobody was refused' "$(($(nstat_of TcpExtListenOverflows) - before))" 0
	step accept 52
	is 'all come, in the order of their ACKs, with their data' "$answer" \
		'accepted=52 with_data=50 order=190000-190001,0-49'
	is 'nothing is left' "$(words_now parked parked_bytes pending promoted)" \
		'parked=0 parked_bytes=0 pending=0 promoted=50'
	is 'each is a connection once' "$(($(nstat_of TcpPassiveOpens) - made))" 52
	step seen
	is 'no RST' "$(of rsts "$answer")" 0
	finish_with
	play_cookies_ends
}

# What is too much goes as without us; RST, timers, release and rmmod as for other records.
play_cookies_ends() {
	local before

	begin 7222 1 synq=1000 cookies=always park=10 retries=0 timeout_ms=8000
	before=$(nstat_of TcpExtListenOverflows)
	park 0 20
	is 'park=10: ten are, the others are refused, and counted' \
		"$(words_now parked cookies_parked cookies_no_room) $(verdict cookie_accept_full "$(endpoint "$port")") $(($(nstat_of TcpExtListenOverflows) - before))" \
		'parked=10 cookies_parked=10 cookies_no_room=10 10 10'
	step rst 0 5
	is 'an RST ends it' "$(verdict req_rst "$(endpoint "$port")")" 5
	await 30 now_is parked 0
	is 'the others expire' "$(words_now parked parked_bytes pending expired expired_acked parked_in_vain)" \
		'parked=0 parked_bytes=0 pending=0 expired=5 expired_acked=5 parked_in_vain=10'
	finish_with

	begin 7223 60 synq=1000 cookies=always park=100 timeout_ms=60000
	park_of_60
	is 'parked' "$(words_now parked cookies_parked)" 'parked=50 cookies_parked=50'
	is 'release' "$(errno_of release "$where:$port")" ''
	completes 'cookies, release'
	hang_up

	begin 7224 60 synq=1000 cookies=always park=100 timeout_ms=60000
	park_of_60
	unload
	completes 'cookies, rmmod'
	load
	hang_up
}
