# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# endpoints.sh - which listeners are one endpoint; a part of ledger.sh

endpoints() {
	opened_again
	group_of_four
	families
	devices
	adds_up endpoints
	rules_agree
}

opened_again() {
	local first second id

	tell S listen L 0.0.0.0 8080 16
	first=$answer
	tell C connect 3 "$server" 8080
	tell S accept L 3
	id=$(of endpoint "$(by_cookie "$first")")
	tell S close L
	is 'a closed listener has no line' "$(by_cookie "$first")" ''
	await 10 has listeners=0 endpoint 8080
	is 'its endpoint stays' "$(words "$(endpoint 8080)" endpoint state listeners opened segments accepted)" \
		"endpoint=$id state=observing listeners=0 opened=1 segments=6 accepted=3"
	tell S listen L 0.0.0.0 8080 16
	second=$answer
	is 'opened again: a new line, the same endpoint' \
		"$(words "$(by_cookie "$second")" endpoint segments accepted acceptq_max)" \
		"endpoint=$id segments=0 accepted=0 acceptq_max=0"
	ok $((first == second)) 'of another listener'
	tell C connect 2 "$server" 8080
	tell S accept L 2
	is 'the endpoint adds up both' "$(words "$(endpoint 8080)" endpoint listeners opened segments accepted handshake_us)" \
		"endpoint=$id listeners=1 opened=2 segments=10 accepted=5 handshake_us=$(of handshake_us "$(endpoint 8080)")"
	is 'histograms as well' "$(hist_sum handshake_us "$(endpoint 8080)") $(hist_sum accept_us "$(endpoint 8080)") $(of retrans "$(endpoint 8080)")" \
		'5 5 0:5'
	tell S close L
}

group_of_four() {
	local line name sum=0 id

	for name in 1 2 3 4; do
		tell S listen R$name 0.0.0.0 8081 64 reuseport
		eval "local cookie$name=$answer"
	done
	tell C connect 40 "$server" 8081
	for name in 1 2 3 4; do
		await 10 group_is_complete
		tell S drain R$name
		id=cookie$name
		line=$(by_cookie "${!id}")
		is "listener $name of the group: what it accepted is what it counts" \
			"$(words "$line" port reuseport accepted) $(verdict req_completed "$line")" \
			"port=8081 reuseport=1 accepted=$answer $answer"
		sum=$((sum + answer))
	done
	is 'the group has accepted all' "$sum" 40
	is 'four lines, one endpoint' \
		"$(ledger listeners | grep -c ' port=8081 ') $(ledger endpoints | grep -c ' port=8081 ') $(words "$(endpoint 8081)" listeners opened accepted segments)" \
		'4 1 listeners=4 opened=4 accepted=40 segments=80'
	tell S close R2
	is 'one of the group closes' "$(words "$(endpoint 8081)" listeners opened accepted segments)" \
		'listeners=3 opened=4 accepted=40 segments=80'
}

group_is_complete() { [ "$(verdict req_completed "$(endpoint 8081)")" -eq 40 ]; }

families() {
	tell S listen A 0.0.0.0 8082 16
	tell S listen B :: 8082 16 v6only=1
	tell C connect 2 "$server" 8082
	tell C connect 3 "$server6" 8082
	tell S accept A 2
	tell S accept B 3
	is 'IPv4 and IPv6 on one port are two endpoints' \
		"$(ledger endpoints | grep -c ' port=8082 ') $(words "$(endpoint 8082 family=ipv4)" addr v6only accepted) $(words "$(endpoint 8082 family=ipv6)" addr v6only accepted)" \
		'2 addr=0.0.0.0 v6only=0 accepted=2 addr=:: v6only=1 accepted=3'
	tell S listen D :: 8083 16 v6only=0
	tell C connect 2 "$server" 8083
	tell C connect 3 "$server6" 8083
	tell S accept D 5
	is 'a dual-stack listener takes both' "$(words "$(listener 8083)" addr family v6only accepted segments)" \
		'addr=:: family=ipv6 v6only=0 accepted=5 segments=10'
}

devices() {
	tell S listen E 0.0.0.0 8084 16 dev=lqs
	tell S listen F 0.0.0.0 8084 16 dev=lo
	tell C connect 3 "$server" 8084
	tell S accept E 3
	is 'bound to a device: an endpoint each' \
		"$(ledger endpoints | grep -c ' port=8084 ') $(words "$(listener 8084 dev=lqs)" dev accepted) $(words "$(listener 8084 dev=lo)" dev accepted)" \
		'2 dev=lqs accepted=3 dev=lo accepted=0'
}
