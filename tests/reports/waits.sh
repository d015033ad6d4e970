# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# waits.sh - clients that wait for service, and go; a part of reports.sh

# 8080 they wait 0.8 s and go, then accept() comes; 8081 checks that go at once, beside clients
# that wait long and are served; 8082 nobody accepts, then it closes;
# 8084 a server that speaks first, which TCP_DEFER_ACCEPT keeps from them; 8085 the same, and
# they wait longer than it does; 8086 the same, and checks that go at once; 8087 as 8084, and they
# go by RST.
waits() {
	local name

	for name in K P H D L R; do
		actor $name ip netns exec "$LQ_CLIENT"
	done
	tell S comm busyapp
	tell S listen 8080 0.0.0.0 8080 30
	tell S listen 8081 0.0.0.0 8081 60
	tell S listen 8082 0.0.0.0 8082 128
	tell S listen 8084 0.0.0.0 8084 10 defer=5
	tell S listen 8085 :: 8085 10 defer=2
	tell S listen 8086 0.0.0.0 8086 60 defer=5
	tell S listen 8087 0.0.0.0 8087 10 defer=5
	tell C crowd_of 18 "$server" 8080
	tell H crowd_of 18 "$server" 8082
	tell D crowd_of 4 "$server" 8084
	tell R crowd_of 3 "$server" 8087
	tell L crowd_of 3 "$server6" 8085
	tell K probe 40 "$server" 8081
	tell K probe 20 "$server" 8086
	tell P crowd_of 5 "$server" 8081
	sleep 0.8
	tell C drop
	tell H drop
	sleep 1.2
	tell D drop
	tell R abort
	tell S accept 8084 4 5
	tell S drain 8080
	tell S drain 8081
	tell S drain 8086
	tell S accept 8085 3 30
	is 'they wait for the server: all are accepted late' "$answer" 3
	waits_said
}

waits_said() {
	tells 'they waited 0.8 s' '*:8080' 1 gave_up
	says 'they waited 0.8 s' 'FAILED 18 clients: gave_up'
	tells 'checks, and clients that wait' '*:8081' 0 -
	tells 'nobody accepts' '*:8082' 1 gave_up
	is 'nobody accepts: how many, as JSON' "${json[gave_up_clients]}" 18
	tell S close 8082
	tells 'nobody accepted, and it closed' '*:8082' 1 gave_up
	is 'nobody accepted, and it closed: how many, as JSON' "${json[gave_up_clients]}" 18
	tells 'checks, and a server that is to speak first' '*:8086' 0 -
	tells 'the server was to speak first' '*:8084' 1 gave_up
	says 'the server was to speak first' 'FAILED 4 clients: gave_up' 'TCP_DEFER_ACCEPT'
	hints 'the server was to speak first' deferred
	tells 'the server was to speak first, RST' '*:8087' 1 gave_up
	says 'the server was to speak first, RST' 'FAILED 3 clients: gave_up' 'TCP_DEFER_ACCEPT'
	hints 'the server was to speak first, RST' deferred
	tells 'they waited longer' '*:8085' 0 -
	hints 'they waited longer' deferred
}
