# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# history.sh - what was well before does not hide what fails now; a part of reports.sh

# 8080 and 8081 (taken over) many are served, then the way back breaks; 8082 a flood of SYNs
# whose sources are nobody's, and clients that get in all the while.
history() {
	local i mac

	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	mac=$(server_mac)
	tell S listen A 0.0.0.0 8080 100
	tell S listen B 0.0.0.0 8081 100
	tell S listen F 0.0.0.0 8082 4
	order takeover 0.0.0.0:8081 cookies=never
	tell S loop A 0
	tell S loop B 0
	tell S loop F 0
	for i in 8080 8081; do
		tell C connect 30 "$server" $i
		is "before, port $i: they are served" "$answer" 30
	done
	tell C drop
	tell S again A 2
	tell S again B 2
	sleep 5
	lose_replies '{ 8080, 8081 }'
	tell C crowd_of 8 "$server" 8080
	tell C crowd_of 8 "$server" 8081
	for i in 1 2 3 4 5; do
		in_client "$tests/tools/flood" lqc "$mac" "$server" 8082 syn 3 >/dev/null
		tell C connect 1 "$server" 8082
		is "a flood: a client gets in, $i" "$answer" 1
		in_client "$tests/tools/flood" lqc "$mac" "$server" 8082 syn 30 >/dev/null
		sleep 4
	done
	history_said
}

history_said() {
	local name port

	for port in 8080 8081; do
		name="the way back broke, port $port"
		tells "$name" "*:$port" 1 'unanswered syn_queue_full'
		says "$name" 'consequence' 'See unanswered'
		says_not "$name" 'tcp_syncookies=1' 'a flood'
	done
	ask '*:8082'
	is 'a flood: exit code, worst cause' "$code ${json[causes]%% *}" '1 syn_queue_full'
	says 'a flood' 'Set net.ipv4.tcp_syncookies=1'
	says_not 'a flood' 'consequence'
}
