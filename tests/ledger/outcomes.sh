# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# outcomes.sh - each attempt to connect has one outcome; refused clients are remembered; a
# part of ledger.sh. That they add up is asked by tests/run, too.

outcomes() {
	served_refused_recovered
	unanswered_and_reset
	cookies_out_and_back
	closed_with_all
	remembered_clients
	ignored_meanwhile
}

served_refused_recovered() {
	tell S listen L 0.0.0.0 8080 1
	tell C connect 2 "$server" 8080
	ends_as 'two wait' 8080 'attempts:2 waiting:2'
	tell C begin "$server" 8080
	ends_as 'a third is refused' 8080 'attempts:3 refused:1 waiting:2'
	tell S accept L 2
	ends_as 'and comes through later' 8080 'attempts:3 served:2 waiting:1'
	tell S accept L 1
	ends_as 'which is told apart' 8080 'attempts:3 recovered:1 served:2'
	tell C connect 2 "$server" 8080
	flood 8080 syn 5
	ends_as 'five that never come again, their reason' 8080 \
		'attempts:10 recovered:1 refused:5 served:2 waiting:2'
	is 'clients first refused for it, refused for good, the limit' \
		"$(of losses "$(endpoint 8080)" | cut -d: -f1-3,6)" accept_queue_full:6:5:1
	tell S drain L
	ends_as 'drained' 8080 'attempts:10 recovered:1 refused:5 served:4'
	tell S close L
	tell S listen L 0.0.0.0 8080 1
	ends_as 'closed and opened again: nothing is lost' 8080 \
		'attempts:10 recovered:1 refused:5 served:4'
}

unanswered_and_reset() {
	tell S listen M 0.0.0.0 8081 16
	plays=halfopen.py actor O ip netns exec "$LQ_CLIENT"
	tell O wire lqc "$mac" "$server"
	tell O syn 0 4 8081
	ends_as 'half-open' 8081 'attempts:4 pending:4'
	tell O again 0 4
	ends_as 'a SYN that comes again is the same attempt' 8081 'attempts:4 pending:4'
	tell O rst 0 1
	ends_as 'one is reset' 8081 'attempts:4 pending:3 reset:1'
	tell O ack 1 1
	# The next timer of the others is their last.
	in_server sysctl -qw net.ipv4.tcp_synack_retries=1
	ends_as 'one completes, two never answer' 8081 'attempts:4 reset:1 unanswered:2 waiting:1'
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
	tell S drain M
}

cookies_out_and_back() {
	in_server sysctl -qw net.ipv4.tcp_syncookies=2
	tell S listen N 0.0.0.0 8082 2
	flood 8082 syn 5
	ends_as 'cookies that nobody sends back' 8082 'attempts:5 cookie_unanswered:5'
	tell C connect 3 "$server" 8082
	ends_as 'and some that come back' 8082 'attempts:8 cookie_unanswered:5 waiting:3'
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	tell S drain N
}

# What was pending ends with its timer.
closed_with_all() {
	tell S listen P 0.0.0.0 8083 16
	tell C connect 2 "$server" 8083
	flood 8083 syn 3
	ends_as 'pending, and in the accept queue' 8083 'attempts:5 pending:3 waiting:2'
	tell S close P
	ends_as 'closed with them' 8083 'attempts:5 killed:2 unanswered:3'
}

client_states() {
	ledger clients | sed -n 's/.* port=8084 .* reason=\([^ ]*\) state=\([^ ]*\) times=\([0-9]*\) .* acceptq=\([0-9]*\) acceptq_limit=\([0-9]*\)$/\1:\2:\3:\4\/\5/p' |
		xargs
}

remembered_clients() {
	tell S listen Q 0.0.0.0 8084 0
	tell C connect 1 "$server" 8084
	await 10 has acceptq=1 listener 8084
	flood 8084 syn 1
	sleep 0.1
	tell C begin "$server" 8084
	await 20 has waiting=2 listener 8084
	await 20 has lost=3 listener 8084
	is 'refused clients, newest first' "$(client_states)" \
		'accept_queue_full:refused:2:1/0 accept_queue_full:refused:1:1/0'
	tell S accept Q 1
	await 20 has acceptq=1 listener 8084
	is 'one has come through, and waits' "$(client_states | sed 's/:[0-9]*:1/:N:1/')" \
		'accept_queue_full:pending:N:1/0 accept_queue_full:refused:1:1/0'
	tell S accept Q 1
	is 'and was served' "$(client_states | sed 's/:[0-9]*:1/:N:1/')" \
		'accept_queue_full:recovered:N:1/0 accept_queue_full:refused:1:1/0'
	ok $(($(ledger clients | grep -c '^client=10\.9\.0\.2:[0-9]* server=10\.9\.0\.1:8084 ') != 1)) \
		'its address and port are there'
}

# Requests that nobody saw begin, or end; one of them has its SYN come again in the end.
ignored_meanwhile() {
	tell S listen R 0.0.0.0 8085 16
	tell C connect 2 "$server" 8085
	flood 8085 syn 1
	ends_as 'before it is ignored' 8085 'attempts:3 pending:1 waiting:2'
	write_command 'ignore 0.0.0.0:8085'
	flood 8085 syn 2
	tell S accept R 1
	tell S close R
	tell S listen R 0.0.0.0 8085 16
	flood 8085 syn 1
	write_command 'watch 0.0.0.0:8085'
	in_server sysctl -qw net.ipv4.tcp_synack_retries=1
	flood 8085 syn 3
	ends_as 'ignored, closed, watched: of the closed one what was served is left' 8085 \
		'attempts:4 served:1 unanswered:3'
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
}
