#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two members of a SO_REUSEPORT group with options of their own: who took a SYN repeats its
# SYN-ACK, with the same TTL, TOS, MSS and mark, and as often as he says; while he listens, and
# another one when he has closed.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

flows=40
server=10.9.0.1

# shellcheck disable=SC2317
tidy_up() {
	dismiss
	net_down
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
	[ "${only:-B}" = A ] || tell S listen B $server "$1" 256 reuseport ttl=44 tos=16 maxseg=900 syncnt=3
}

synacks() { in_client python3 "$tests/tools/synacks.py" lqc "$(server_mac)" $server "$1" $flows "$2"; }

same="answered=$flows kinds=2 changed=0 ttl=33 tos=32 mss=700 repeats=1 ttl=44 tos=16 mss=900 repeats=3"

net_up && rules || exit 1
actor S ip netns exec "$LQ_SERVER"

members 7601
is 'stock: each repeats his own' "$(synacks 7601 12)" "$same"
members 7602
is 'takeover' "$(errno_of takeover "$server:7602")" ''
is 'taken over: each repeats his own' "$(synacks 7602 12)" "$same"

# One that has closed: the other one goes on, for as long as he says.
only=A members 7603
is 'takeover of one' "$(errno_of takeover "$server:7603" timeout_ms=3000)" ''
synacks 7603 5 >"/tmp/lqsenders.$$" &
await 2 has "pending=$flows" endpoint 7603
only=B members 7603
tell S close A
wait $!
is 'closed: the other one repeats it' "$(cat "/tmp/lqsenders.$$")" \
	"answered=$flows kinds=1 changed=$flows ttl=33 tos=32 mss=700 repeats=1"
rm -f "/tmp/lqsenders.$$"
rules_agree
finish
