# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# repeated.sh - the round trip of a client whose SYN-ACK was repeated before it was parked; a
# part of park.sh

# longest_trip PORT: of its connections, as they believe, in us
longest_trip() {
	in_server ss -Htin "sport = :$1" | grep -o ' rtt:[0-9.]*' | cut -d: -f2 | sort -g | tail -n 1 |
		awk '{ printf "%d\n", $1 * 1000 }'
}

# shellcheck disable=SC2317
one_waits() { [ "$(of parked "$(endpoint 7212)")" = 1 ]; }
# shellcheck disable=SC2317
all_are_there() {
	tell S drain L
	drained=$((drained + answer))
	[ $drained -eq 3 ]
}

play_repeated() {
	local drained=0 waited_ms=600 longest

	actor S ip netns exec "$LQ_SERVER"
	actor C ip netns exec "$LQ_CLIENT"
	tell S listen L "$where" 7212 1
	is 'takeover' "$(errno_of takeover "$where:7212" overflow=park)" ''
	in_client nft -f - <<-NFT
		table ip lossy { chain in { type filter hook input priority 0; tcp sport 7212 drop; }; }
	NFT
	tell C begin "$where" 7212
	sleep 0.3
	in_client nft delete table ip lossy
	# A full accept queue admits no SYN: only now.
	tell C crowd_of 2 "$where" 7212
	check 'a client that missed the first SYN-ACK is parked' await 5 one_waits
	sleep 0.$waited_ms
	check 'it is promoted' await 5 all_are_there
	longest=$(longest_trip 7212)
	between "its SYN-ACK was repeated, and its round trip is without the wait: $longest us" \
		1 "$longest" $((waited_ms * 500))
	order release "$where:7212"
	dismiss
}
