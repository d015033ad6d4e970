# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# devices.sh - the same flows on two devices and in two VRFs, v6only pairs; a part of
# restart.sh

# second_wire N: one more pair of devices, lqc$N and lqs$N
second_wire() {
	local mac

	ip link add "lqc$1" netns "$LQ_CLIENT" type veth peer name "lqs$1" netns "$LQ_SERVER" &&
		net_offloads_off "$LQ_CLIENT" "lqc$1" && net_offloads_off "$LQ_SERVER" "lqs$1" ||
		return 1
	net_sysctl "$LQ_SERVER" "ipv4/conf/lqs$1/rp_filter" 0
	ip -n "$LQ_CLIENT" link set "lqc$1" up
	ip -n "$LQ_SERVER" link set "lqs$1" up
	mac=$(in_client cat "/sys/class/net/lqc$1/address")
	ways="$ways lqs$1,$mac"
}

# way_back DEV MAC WORDS...: answers leave there
way_back() {
	ip -n "$LQ_SERVER" neigh replace 10.9.0.2 lladdr "$2" dev "$1" nud permanent
	ip -n "$LQ_SERVER" route add default via 10.9.0.2 dev "$1" onlink "${@:3}"
}

# The same flows on two wires, at a listener for all devices and at one that is bound to the
# second (the kernel wants SO_REUSEPORT for that). Bound ones complete first: a connection of
# no device takes segments of all.
play_device() {
	local way ways=''

	second_wire 2 || { skip 'device' 'no second pair of devices'; return; }
	for way in $ways; do way_back "${way%,*}" "${way#*,}" metric 200; done
	clients D lqc2 lqs2
	tell S listen a 0.0.0.0 7305 256 reuseport
	tell S listen b 0.0.0.0 7305 256 reuseport dev=lqs2
	order takeover 0.0.0.0:7305
	is 'device: the same flows on two devices' "$(says C syn 0 50 7305) $(says D syn 0 50 7305)" '50 50'
	is 'device: each endpoint has its own' "$(ledger endpoints | sed -n 's/.* port=7305 .* dev=\([^ ]*\) .* pending=\([0-9]*\) .*/\1 \2/p' | xargs)" '- 50 lqs2 50'
	tell D ack 0 50
	is 'device: the bound one gets those of its device' "$(says S accept b 50 10) $(says S devices)" '50 lqs2:50'
	tell S drop
	tell C ack 0 50
	is 'device: the other one the rest' "$(says S accept a 50 10) $(says S devices)" '50 -:50'
	is 'device: no RST' "$(words "$(says C came)" rsts another_isn) $(words "$(says D came)" rsts another_isn)" 'rsts=0 another_isn=0 rsts=0 another_isn=0'
	tell S drop
	tell S close a
	tell S close b
	dismiss D
	tell C drop
	ip -n "$LQ_SERVER" link del lqs2
}

# One listener for two VRFs, and the same flows in both.
play_vrf() {
	local way ways='' table=300

	second_wire 2 && second_wire 3 || { skip 'vrf' 'no more pairs of devices'; return; }
	for way in $ways; do
		table=$((table + 1))
		ip -n "$LQ_SERVER" link add "lqv$table" type vrf table $table ||
			{ skip 'vrf' 'this kernel has no VRFs'; return; }
		ip -n "$LQ_SERVER" link set "lqv$table" up
		ip -n "$LQ_SERVER" link set "${way%,*}" master "lqv$table"
		ip -n "$LQ_SERVER" addr add 10.9.0.1/16 dev "${way%,*}"
		way_back "${way%,*}" "${way#*,}" table $table
	done
	in_server sysctl -qw net.ipv4.tcp_l3mdev_accept=1
	clients D lqc2 lqs2
	clients E lqc3 lqs3
	tell S listen a 0.0.0.0 7306 256
	order takeover 0.0.0.0:7306
	is 'vrf: the same flows in two VRFs' "$(says D syn 0 50 7306) $(says E syn 0 50 7306) $(pending 7306)" '50 50 100'
	tell D again 0 50
	is 'vrf: a SYN that comes again finds its own' "$(words "$(says D came)" another_isn) $(words "$(says E came)" another_isn) $(pending 7306)" 'another_isn=0 another_isn=0 100'
	tell D ack 0 50
	tell E ack 0 50
	is 'vrf: each VRF has its own connections' "$(says S accept a 100 10) $(says S devices)" '100 lqv301:50,lqv302:50'
	is 'vrf: no RST' "$(words "$(says D came)" rsts) $(words "$(says E came)" rsts)" 'rsts=0 rsts=0'
	is 'vrf: release hands back to each VRF' "$(says D syn 100 20 7306) $(says E syn 100 20 7306); $(order release 0.0.0.0:7306; tell D ack 100 20; tell E ack 100 20; says S accept a 40 10)" '20 20; 40'
	tell S drop
	tell S close a
	dismiss D E
	in_server sysctl -qw net.ipv4.tcp_l3mdev_accept=0
	for way in 301 302; do ip -n "$LQ_SERVER" link del lqv$way; done
	for way in 2 3; do ip -n "$LQ_SERVER" link del lqs$way; done
}

# A flow of a VRF and the same one outside of it, at listeners that do not see each other's: one is
# taken over, the other not.
play_apart() {
	local way ways=''

	second_wire 2 || { skip 'apart' 'no second pair of devices'; return; }
	way=${ways# }
	ip -n "$LQ_SERVER" link add lqv301 type vrf table 301 ||
		{ skip 'apart' 'this kernel has no VRFs'; return; }
	ip -n "$LQ_SERVER" link set lqv301 up
	ip -n "$LQ_SERVER" link set lqs2 master lqv301
	ip -n "$LQ_SERVER" addr add 10.9.0.1/16 dev lqs2
	way_back lqs2 "${way#*,}" table 301
	clients D lqc2 lqs2
	tell S listen a 0.0.0.0 7309 256
	order takeover 0.0.0.0:7309
	tell S listen b 0.0.0.0 7309 256 dev=lqv301
	is 'apart: pending at the one outside' "$(says C syn 0 50 7309) $(pending 7309)" '50 50'
	is 'apart: the one inside answers its own SYNs' "$(says D syn 0 50 7309)" 50
	tell C came
	tell D rst 0 10
	is 'apart: an RST ends its own' "$(pending 7309)" 50
	tell D ack 10 40
	is 'apart: they complete' "$(says S accept b 40 10)" 40
	tell C ack 0 50
	is 'apart: and the others' "$(says S accept a 50 10)" 50
	is 'apart: no RST, no other number' "$(words "$(says C came)" rsts another_isn) $(words "$(says D came)" rsts another_isn)" 'rsts=0 another_isn=0 rsts=0 another_isn=0'
	tell S drop
	tell S close a
	tell S close b
	dismiss D
	ip -n "$LQ_SERVER" link del lqv301
	ip -n "$LQ_SERVER" link del lqs2
}

# [::] for IPv6 alone beside 0.0.0.0, then [::] for both.
play_v6only() {
	tell S listen a 0.0.0.0 7307 256
	tell S listen b :: 7307 256 v6only=1
	order takeover '*:7307'
	is 'v6only: IPv4 is of 0.0.0.0' "$(says C syn 0 50 7307) $(pending 7307 ipv4) $(pending 7307 ipv6)" '50 50 0'
	tell S close b
	tell S listen b :: 7307 256 v6only=1
	tell C ack 0 50
	is 'v6only: whatever [::] does' "$(says S accept a 50 10)" 50
	tell S drop
	tell S close a
	tell S close b
	tell S listen b :: 7308 256 v6only=0
	order takeover '[::]:7308'
	is 'v6only: dual-stack [::] has IPv4' "$(says C syn 100 50 7308) $(pending 7308 ipv6)" '50 50'
	tell S close b
	tell S listen b :: 7308 256 v6only=0
	tell C came
	tell C ack 100 25
	is 'v6only: after a restart too' "$(says S accept b 25 10)" 25
	tell S drop
	tell S close b
	tell S listen b 0.0.0.0 7308 256
	tell C ack 125 25
	is 'v6only: 0.0.0.0 in its place is another endpoint' "$(says S accept b 1 1) $(words "$(says C came)" rsts)" '0 rsts=25'
	tell S close b
	tell C drop
}
