# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# net.sh - the two namespaces that the story driver plays in; to be sourced
#
#   net_up    makes lqc-$$ (client) and lqs-$$ (server) and joins them by a veth
#             pair; leaves their names in LQ_CLIENT and LQ_SERVER
#   far MS    puts the client so many ms away
#   net_down  takes both away; safe to call at any time
#
# The server is 10.9.0.1/16 and fd09::1/64. Everything else it reaches through
# 10.9.0.2 and fd09::2, permanent neighbours: so 10.99.x.y and fd99::x need no
# ARP, no ND and no address in the client's namespace, whose kernel must not
# answer for them (a blackhole route: an ICMPv6 "no route" would end a Fast Open
# connection). The client knows its neighbour, too: SYNs that wait until ARP or ND has an
# answer would all come at once, or one after the other, as it happens. Checksums are
# written and checked, nothing is merged: what the driver sends is what the listener gets.

LQ_CLIENT=lqc-$$
LQ_SERVER=lqs-$$

net_fail() {
	echo "net.sh: $*" >&2
	net_down
	return 1
}

# net_sysctl NAMESPACE NAME VALUE
net_sysctl() {
	# shellcheck disable=SC2016
	ip netns exec "$1" sh -c 'echo "$1" > "/proc/sys/net/$0"' "$2" "$3"
}

# ip netns exec would also do, but for the sake of ethtool -K that prints nothing
# and changes nothing when it is missing, look first and verify last.
net_offloads_off() {
	ip netns exec "$1" ethtool -K "$2" tx off rx off gro off gso off tso off >/dev/null 2>&1
	! ip netns exec "$1" ethtool -k "$2" |
		grep -Eq '^(tx-checksumming|generic-receive-offload): on'
}

net_up() {
	for tool in ip ethtool; do
		command -v "$tool" >/dev/null ||
			{ net_fail "$tool is missing (packages iproute2, ethtool)"; return 1; }
	done
	modprobe veth 2>/dev/null
	ip netns add "$LQ_CLIENT" && ip netns add "$LQ_SERVER" ||
		{ net_fail "can't make namespaces (root?)"; return 1; }
	ip link add lqc netns "$LQ_CLIENT" type veth peer name lqs netns "$LQ_SERVER" ||
		{ net_fail "can't make a veth pair"; return 1; }
	for pair in "$LQ_CLIENT lqc" "$LQ_SERVER lqs"; do
		# shellcheck disable=SC2086
		set -- $pair
		net_sysctl "$1" ipv4/ip_forward 0
		net_sysctl "$1" ipv4/conf/all/rp_filter 0
		net_sysctl "$1" ipv4/conf/default/rp_filter 0
		net_sysctl "$1" "ipv4/conf/$2/rp_filter" 0
		net_sysctl "$1" "ipv6/conf/$2/accept_dad" 0
		net_sysctl "$1" "ipv6/conf/$2/accept_ra" 0
		net_sysctl "$1" "ipv6/conf/$2/router_solicitations" 0
		net_offloads_off "$1" "$2" ||
			{ net_fail "ethtool can't switch the offloads of $2 off"; return 1; }
		ip -n "$1" link set lo up
		ip -n "$1" link set "$2" up
	done
	ip -n "$LQ_SERVER" addr add 10.9.0.1/16 brd + dev lqs &&
	ip -n "$LQ_SERVER" addr add fd09::1/64 dev lqs nodad &&
	ip -n "$LQ_CLIENT" addr add 10.9.0.2/16 brd + dev lqc &&
	ip -n "$LQ_CLIENT" addr add fd09::2/64 dev lqc nodad &&
	ip -n "$LQ_CLIENT" route add blackhole default &&
	ip -n "$LQ_CLIENT" -6 route add blackhole default &&
	net_neighbours &&
	ip -n "$LQ_SERVER" route replace default via 10.9.0.2 dev lqs &&
	ip -n "$LQ_SERVER" -6 route replace default via fd09::2 dev lqs ||
		{ net_fail "can't configure the veth pair"; return 1; }
}

# They go when a device goes down, and be it for a moment (to become part of a VRF).
net_neighbours() {
	local client_mac server_mac

	client_mac=$(ip netns exec "$LQ_CLIENT" cat /sys/class/net/lqc/address)
	server_mac=$(ip netns exec "$LQ_SERVER" cat /sys/class/net/lqs/address)
	ip -n "$LQ_SERVER" neigh replace 10.9.0.2 lladdr "$client_mac" dev lqs nud permanent &&
	ip -n "$LQ_SERVER" neigh replace fd09::2 lladdr "$client_mac" dev lqs nud permanent &&
	ip -n "$LQ_CLIENT" neigh replace 10.9.0.1 lladdr "$server_mac" dev lqc nud permanent &&
	ip -n "$LQ_CLIENT" neigh replace fd09::1 lladdr "$server_mac" dev lqc nud permanent
}

# What became of all attempts, of both namespaces, while their files are there, and how many calls
# went unseen since the test or the module began: tests/run asks adds_up.awk.
net_note_outcomes() {
	local ns

	[ -n "${LISTENQ_OUTCOMES:-}" ] && [ -e /proc/net/listenq ] || return 0
	{
		echo "unseen=$(($(calls_unseen) - $(cat "$LISTENQ_UNSEEN")))"
		for ns in "$LQ_CLIENT" "$LQ_SERVER"; do
			ip netns exec "$ns" grep ^endpoint= /proc/net/listenq/endpoints 2>/dev/null
		done
	} >>"$LISTENQ_OUTCOMES"
	return 0
}

far() {
	modprobe sch_netem
	ip netns exec "$LQ_CLIENT" tc qdisc replace dev lqc root netem delay "$1ms"
}

net_down() {
	net_note_outcomes
	ip netns del "$LQ_CLIENT" 2>/dev/null
	ip netns del "$LQ_SERVER" 2>/dev/null
	return 0
}
