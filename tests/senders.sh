#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two members of a SO_REUSEPORT group with options of their own: who took a SYN repeats its
# SYN-ACK, with the same TTL, TOS, MSS and mark, and as often as he says; while he listens, and
# another one when he has closed.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

flows=40
# Their SYNs have to come within a second.
is_debug_kernel && flows=8
server=10.9.0.1
work=$(mktemp -d /tmp/lqsenders.XXXXXX)

# shellcheck disable=SC2317
tidy_up() {
	dismiss
	net_down
	rm -rf "$work"
}
trap tidy_up EXIT

# A mark is told by the TOS.
rules() {
	in_server nft -f - <<-'NFT'
		table ip lq {
			chain out {
				type filter hook output priority mangle;
				meta mark 42 ip dscp set cs1
			}
		}
	NFT
}

# The members of a port; with only=A one of them
members() {
	[ "${only:-A}" = B ] || tell S listen A $server "$1" 256 reuseport ttl=33 mark=42 maxseg=700 syncnt=1
	# shellcheck disable=SC2086
	[ "${only:-B}" = A ] || tell S listen B $server "$1" 256 reuseport ttl=44 tos=16 maxseg=900 syncnt=3 ${gets:-}
}

synacks() { in_client python3 "$tests/tools/synacks.py" lqc "$(server_mac)" $server "$1" $flows "${@:2}"; }

same="answered=$flows kinds=2 changed=0 ttl=33 tos=32 mss=700 repeats=1 ttl=44 tos=16 mss=900 repeats=3"

net_up && rules || exit 1
actor S ip netns exec "$LQ_SERVER"

members 7601
is 'stock: each repeats his own' "$(synacks 7601 12)" "$same"
members 7602
is 'takeover' "$(errno_of takeover "$server:7602")" ''
is 'taken over: each repeats his own' "$(synacks 7602 12)" "$same"

# grown PORT: another member joins between a SYN and the same SYN again
grown() {
	synacks "$1" 6 2.5 >"$work/grown" &
	await 20 all_have_come "$1"
	only=B members "$1"
	wait $!
	cat "$work/grown"
}
# shellcheck disable=SC2317
all_have_come() { [ "$(of attempts "$(endpoint "$1")")" = $flows ]; }

first="answered=$flows kinds=1 changed=0 ttl=33 tos=32 mss=700 repeats=2"
only=A members 7604
is 'stock: who took the SYN answers it again, whoever joins' "$(grown 7604)" "$first"
only=A members 7605
is 'takeover' "$(errno_of takeover "$server:7605")" ''
is 'taken over: so does he' "$(grown 7605)" "$first"

# Given back to the kernel, while another member joins
given_back() {
	synacks "$1" 6 >"$work/given_back" &
	await 20 all_have_come "$1"
	only=B members "$1"
	order release "$server:$1"
	wait $!
	cat "$work/given_back"
}
only=A members 7608
is 'takeover' "$(errno_of takeover "$server:7608")" ''
is 'given back: who took the SYN repeats its SYN-ACK' "$(given_back 7608)" \
	"answered=$flows kinds=1 changed=0 ttl=33 tos=32 mss=700 repeats=1"
is 'and it was given back' "$(of handed_back "$(endpoint 7608)")" $flows

# The last ACKs come to another member: whose are the connections, and does he wake up?
completed() {
	tell S loop A 1
	synacks "$1" 6 2.5 ack >"$work/completed" &
	await 20 all_have_come "$1"
	only=B gets=to_second members "$1"
	wait $!
	tell S looped A
	echo "$(cat "$work/completed"), A accepts $answer"
}
mine="answered=$flows kinds=1 changed=0 ttl=33 tos=32 mss=700 repeats=1, A accepts $flows"
only=A members 7606
is 'stock: who took the SYN accepts, whoever gets the last ACK' "$(completed 7606)" "$mine"
tell S close A
tell S close B
only=A members 7607
is 'takeover' "$(errno_of takeover "$server:7607")" ''
is 'taken over: so does he' "$(completed 7607)" "$mine"
tell S close A
tell S close B

# One that has closed: the other one goes on, for as long as he says.
only=A members 7603
is 'takeover of one' "$(errno_of takeover "$server:7603" timeout_ms=3000)" ''
synacks 7603 5 >"$work/closed" &
await 20 has "pending=$flows" endpoint 7603
only=B members 7603
tell S close A
wait $!
is 'closed: the other one repeats it' "$(cat "$work/closed")" \
	"answered=$flows kinds=1 changed=$flows ttl=33 tos=32 mss=700 repeats=1"
# Connections that nobody answers keep their network namespace for minutes.
for port in 7602 7603 7605 7607; do
	order release "$server:$port"
done
rules_agree
finish
