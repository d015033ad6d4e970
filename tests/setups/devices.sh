# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# devices.sh - devices on top of the wire, and listeners behind them; a part of setups.sh

vrf() {
	ip -n "$LQ_SERVER" link add red type vrf table 10 &&
		ip -n "$LQ_SERVER" link set red up &&
		ip -n "$LQ_SERVER" route add table 10 unreachable default metric 4278198272 &&
		ip -n "$LQ_SERVER" link set lqs master red &&
		ip -n "$LQ_SERVER" addr replace 10.9.0.1/16 brd + dev lqs &&
		page 80 dev=red
}

# on_wire TYPE WORDS...: a device of the inner namespace on top of the server's
on_wire() {
	ip -n "$LQ_SERVER" link add link lqs name lqp type "$@" &&
		ip -n "$LQ_SERVER" link set lqp netns "$LQ_INNER" name eth0 &&
		inner_is 10.9.0.3/16
}

ipvlan() {
	on_wire ipvlan mode l2 && page 80
}

macvlan() {
	on_wire macvlan mode bridge && page 80
}

# A container's usual place: the server's device is a port of a bridge, the container's another.
behind_bridge() {
	ip -n "$LQ_SERVER" link add br0 type bridge &&
		ip -n "$LQ_SERVER" addr flush dev lqs &&
		ip -n "$LQ_SERVER" link set lqs master br0 &&
		ip -n "$LQ_SERVER" addr add 10.9.0.1/16 dev br0 &&
		ip -n "$LQ_SERVER" link set br0 up &&
		ip link add lqp netns "$LQ_SERVER" type veth peer name eth0 netns "$LQ_INNER" &&
		ip -n "$LQ_SERVER" link set lqp master br0 up &&
		inner_is 10.9.0.3/16
}

bridge() {
	behind_bridge && page 80
}

# The bridge has the address, and the listener.
bridged() {
	behind_bridge && page 80
}
