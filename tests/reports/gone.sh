# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# gone.sh - clients that had gone when accept() took them; a part of reports.sh

# 8080 FIN, 8081 RST, 8086 FIN over IPv6; 8083 data and FIN, which wants an answer; 8084 they did
# not wait; 8082 their last ACKs met a full queue; 8085 the same, and were parked;
# 8087 were parked, and did not wait for room; 8088 their connections moved to another listener.
gone() {
	gone_listen
	gone_at_once
	gone_at_full
	gone_while_parked
	gone_drained
	gone_moved
	gone_said
}

gone_listen() {
	local port name

	# A last ACK that was thrown away comes once more long before its request expires.
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
	for name in F R H P; do
		actor $name ip netns exec "$LQ_CLIENT"
	done
	for port in 8080 8081 8083 8084; do
		tell S listen $port 0.0.0.0 $port 5
	done
	tell S listen 8086 "$server6" 8086 5
	tell S listen 8082 0.0.0.0 8082 1
	for port in 8085 8087; do
		tell S listen $port 0.0.0.0 $port 1
		order takeover 0.0.0.0:$port overflow=park park=8 synq=16 cookies=never
	done
}

gone_at_once() {
	tell F probe 3 "$server" 8084
	tell S drain 8084
	tell F crowd_of 3 "$server" 8080
	tell F crowd_of 3 "$server6" 8086
	tell R crowd_of 3 "$server" 8081
	tell H crowd_of 3 "$server" 8083
	tell H say GET /
	# So long they wait for service; who goes at once did not.
	sleep 0.2
	tell F drop
	tell R abort
	tell H half
}

gone_at_full() {
	far 50
	tell C crowd_of 4 "$server" 8082
	tell C crowd_of 4 "$server" 8085
	tell P crowd_of 4 "$server" 8087
	tell C 'done' 8
	is 'at a full queue: all believe that they are connected' "$answer" 8
	tell P 'done' 4
}

gone_while_parked() {
	# Their last ACKs are on the way, and are parked then.
	sleep 0.2
	tell P abort
	sleep 1.2
	tells 'gone while parked' '*:8087' 1 gave_up
	says 'gone while parked' 'FAILED 4 clients: gave_up' '2 clients were parked' \
		'2 clients have left, and are still in the accept queue'
}

gone_drained() {
	local port

	tell S drain 8087
	for port in 8080 8081 8083 8086; do
		tell S drain $port
	done
	tell C drop
	sleep 0.3
	check 'at a full queue: room comes, and all are accepted' await 30 gone_accepted
}

gone_accepted() {
	tell S drain 8082
	tell S drain 8085
	has accepted=4 endpoint 8082 && has accepted=4 endpoint 8085
}

# Who accepts nobody closes: its successor takes them.
gone_moved() {
	in_server sysctl -qw net.ipv4.tcp_migrate_req=1
	actor M ip netns exec "$LQ_CLIENT"
	tell S listen before 0.0.0.0 8088 5 reuseport
	tell M crowd_of 3 "$server" 8088
	tell M 'done' 3
	sleep 0.2
	tell M drop
	sleep 0.2
	tell S listen after 0.0.0.0 8088 5 reuseport
	tell S close before
	tell S drain after
	in_server sysctl -qw net.ipv4.tcp_migrate_req=0
	is 'gone, moved: the successor gets them' "$answer" 3
}

gone_said() {
	local port

	for port in 8080 8081 8086; do
		tells "gone, port $port" "*:$port" 1 gave_up
		says "gone, port $port" 'FAILED 3 clients: gave_up' 'They had gone when accept() took'
		is "gone, port $port: how many, as JSON" "${json[gave_up_clients]}" 3
	done
	tells 'gone, moved' '*:8088' 1 gave_up
	says 'gone, moved' 'FAILED 3 clients: gave_up'
	is 'gone, moved: how many, as JSON' "${json[gave_up_clients]}" 3
	tells 'they want an answer' '*:8083' 0 -
	tells 'they did not wait' '*:8084' 0 -
	tells 'gone, after a full queue' '*:8082' 1 'accept_queue_full gave_up'
	says 'gone, after a full queue' 'Of the refused clients accept() took 0 later' \
		'These were 2 clients'
	tells 'gone, parked' '*:8085' 1 gave_up
	is 'gone, parked: how many, as JSON' "${json[gave_up_clients]}" 4
	tells 'gone while parked, drained' '*:8087' 1 gave_up
	is 'gone while parked: how many, as JSON' "${json[gave_up_clients]}" 4
}
