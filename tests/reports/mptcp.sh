# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# mptcp.sh - MPTCP listeners, which every server written in Go has; a part of reports.sh

mptcp() {
	local port

	in_server sysctl -qw net.mptcp.enabled=1 || {
		skip 'MPTCP listeners' 'this kernel has no MPTCP'
		return
	}
	actor M ip netns exec "$LQ_CLIENT"
	tell M speak mptcp
	tell S comm goserver
	for port in 8080 8081 8082 8083; do
		tell S listen L$port "$server" $port 2 mptcp
	done
	tell S listen L8084 "$server6" 8084 2 mptcp
	tell M crowd_of 2 "$server" 8080
	tell C crowd_of 2 "$server" 8081
	tell S accept L8080 2
	tell S accept L8081 2
	tell M crowd_of 6 "$server" 8082
	tell M crowd_of 6 "$server6" 8084
	tell M crowd_of 2 "$server" 8083
	tell M 'done' 2
	tell S close L8083
	for port in 8080 8081; do
		tells "MPTCP, accepted, port $port" "*:$port" 0 -
		says_not "MPTCP, accepted, port $port" 'Nobody has called accept()'
	done
	tells 'MPTCP, closed' '*:8083' 1 listener_closed
	for port in 8082 8084; do
		tells "MPTCP, full, port $port" "*:$port" 1 accept_queue_full
		says "MPTCP, full, port $port" 'full_now'
	done
}
