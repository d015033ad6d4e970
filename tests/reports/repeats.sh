# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# repeats.sh - few clients, many segments; a part of reports.sh

# One client repeats its SYN at a hung server; last ACKs are repeated; a SYN queue
repeats() {
	local port

	mark
	tell S comm theapp
	tell S listen A 0.0.0.0 8080 1
	tell S listen B "$server6" 8081 1
	tell S listen D 0.0.0.0 8082 3
	in_server sysctl -qw net.ipv4.tcp_synack_retries=3
	tell C crowd_of 3 "$server" 8080
	tell C crowd_of 3 "$server6" 8081
	tell C crowd_of 2 "$server" 8082
	# Who comes first is in before the line is slow.
	for port in 8080 8081 8082; do
		await 10 has acceptq=2 listener $port
	done
	far 50
	tell C crowd_of 3 "$server" 8082
	check 'a SYN comes again, and again' await 60 lost_more 8080 2
	check 'and of IPv6' await 60 lost_more 8081 2
	check 'a last ACK too' await 60 lost_more 8082 3
	clients C 'those that are repeated' 'connected:9 pending:2'
	check 'dmesg counts clients and segments apart' await 20 dmesg_counts 8080 '1 client'
	check 'and of IPv6' await 20 dmesg_counts 8081 '1 client'
	is 'a queue that stays full is not over' "$(said | grep -c ': over: ')" 0
	tells 'one client, its SYN' 0.0.0.0:8080 1 accept_queue_full
	says 'one client, its SYN' 'That was 1 client.' 'full_now' 'Nobody has called accept()'
	tells 'one client, its SYN, IPv6' "[$server6]:8081" 1 accept_queue_full
	says 'one client, its SYN, IPv6' 'That was 1 client.'
	tells 'last ACKs' 0.0.0.0:8082 1 accept_queue_full
	says 'last ACKs' 'That was 1 client.' "echo 'takeover 0.0.0.0:8082 overflow=park'"
	tell S drain A
	check 'over when there is room' \
		await 60 dmesg_says ':8080 .*: over: accept queue full for [0-9]\{4,\} ms, 1 client '
}

dmesg_says() { said | grep -q -- "$1"; }
dmesg_counts() { dmesg_says ":$1 .*: accept queue full, .*, $2 refused"; }
lost_more() { [ "$(of lost "$(endpoint "$1")")" -gt "$2" ]; }
