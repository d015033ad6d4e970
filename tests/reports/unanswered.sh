# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# unanswered.sh - SYN-ACKs that nobody answers; a part of reports.sh

# A queue that is longer than its clients are many, over IPv4 and IPv6; one that is full of
# them; one whose IPv4 clients get in.
unanswered() {
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	lose_replies '{ 8080, 8081, 8084, 8085, 8086 }'
	lose_replies '{ 8082, 8083 }' 'meta nfproto ipv6'
	tell S comm theapp
	tell S listen A 0.0.0.0 8080 10
	tell S listen B 0.0.0.0 8081 2
	tell S listen C fd09::1 8082 10
	tell S listen D :: 8083 10
	tell S listen E 0.0.0.0 8084 100
	tell S listen F 0.0.0.0 8085 10
	order takeover 0.0.0.0:8084 synq=2 cookies=never
	order takeover 0.0.0.0:8085
	tell C crowd_of 2 "$server6" 8083
	tell C connect 5 "$server" 8083
	tell S accept D 5
	tell C crowd_of 8 "$server" 8081
	tell C crowd_of 6 "$server" 8084
	tell C crowd_of 2 "$server" 8080
	tell C crowd_of 2 "$server6" 8082
	tell C crowd_of 2 "$server" 8085
	check 'nobody answers: the first give up' await 60 has expired=2 by_port 8085
	clients C 'nobody answers' pending:22
	tell C drop
	await 60 quiet
	unanswered_all
	unanswered_full
	unanswered_cookies
}

# by_port PORT: its endpoint, with the requests that nobody answered
by_port() { endpoint "$1" | sed 's/ expired=[2-9] / expired=2 /'; }

unanswered_all() {
	local port name

	for port in 8080 8082 8085; do
		name="nobody answers, port $port"
		tells "$name" "*:$port" 1 unanswered
		says "$name" 'SYN-ACKs got no answer' 'handshakes given up by the timer' \
			'SYN-ACKs were sent again' "0 of ${json[expired]} handshakes completed" \
			'return path' 'a firewall' 'asymmetric route' 'spoofed'
		says_not "$name" 'tcp_syncookies'
		segments "$name" syn_queued req_syn_again
	done
	says 'nobody answers, taken over' 'retries='
	says_not 'nobody answers, taken over' 'synq=N'
	tells 'only IPv6 clients do not answer' '[::]:8083' 1 unanswered
	says 'only IPv6 clients do not answer' '5 others did complete: it concerns some clients only'
}

unanswered_full() {
	local name='a queue full of the unanswered'

	tells "$name" 0.0.0.0:8081 1 'unanswered syn_queue_full'
	says "$name" 'consequence' 'See unanswered'
	says_not "$name" 'tcp_syncookies' 'flood' 'many clients'
	hints "$name" -
	segments "$name" syn_queued syn_queue_full req_syn_again
	name="$name, taken over"
	tells "$name" 0.0.0.0:8084 1 'unanswered syn_queue_full'
	says "$name" 'synq=2 cookies=never' "echo 'set 0.0.0.0:8084 retries=N'" 'consequence'
	says_not "$name" 'tcp_syncookies' 'somaxconn' 'not observed' 'synq=N'
	hints "$name" limit_by_takeover
	segments "$name" syn_queued syn_queue_full req_syn_again
}

# With cookies nothing is thrown away, and nobody gets in for it.
unanswered_cookies() {
	local mac name

	in_server sysctl -qw net.ipv4.tcp_syncookies=1
	mac=$(server_mac)
	tell S listen G 0.0.0.0 8086 1
	tell S listen H 0.0.0.0 8087 16
	tell C crowd_of 6 "$server" 8086
	in_client "$tests/tools/flood" lqc "$mac" "$server" 8087 syn 1000 >/dev/null
	tell C drop
	await 60 quiet
	for name in 8086 8087; do
		tells "cookies that nobody answers, port $name" "*:$name" 1 unanswered
		says "cookies that nobody answers, port $name" 'got a SYN cookie: 0 came back' 'spoofed'
		says_not "cookies that nobody answers, port $name" 'Possible SYN flooding' 'backlog argument'
	done
}
