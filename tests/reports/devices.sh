# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# devices.sh - listeners of one address and port, on different devices; a part of reports.sh

# vrf NAME TABLE
vrf() {
	in_server ip link add "$1" type vrf table "$2"
	in_server ip link set "$1" up
	in_server ip route add table "$2" unreachable default metric 4278198272
}

# Three VRFs, and one listener that none of them reaches. The clients are in red.
devices() {
	mark
	modprobe vrf
	vrf red 10
	vrf green 11
	vrf blue 12
	in_server ip link set lqs master red
	in_server ip addr replace 10.9.0.1/16 brd + dev lqs
	in_server ip -6 addr replace fd09::1/64 dev lqs nodad
	net_neighbours
	# The kernel notices within a second that the wire was away, and the client's end is away then.
	sleep 2
	tell S comm bgp
	tell S listen A 0.0.0.0 179 1
	tell S listen B 0.0.0.0 179 1 dev=red
	tell S listen D 0.0.0.0 179 1 dev=green
	tell S listen E 0.0.0.0 179 1 dev=blue
	tell S listen F 0.0.0.0 180 5
	tell S listen G :: 181 1 dev=red
	tell S listen H :: 181 1
	tell S listen I 0.0.0.0 182 1 dev=lqs
	tell S listen J 0.0.0.0 182 1
	tell C crowd_of 4 "$server" 179
	tell C crowd_of 4 "$server6" 181
	tell C crowd_of 4 "$server" 182
	tell C crowd_of 2 "$server" 180
	tell C 'done' 2
	clients C 'VRF' 'connected:6 failed:2 pending:6'
	check 'VRF: dmesg names the device' await 20 dmesg_names '0.0.0.0%red:179'
	is 'VRF: and no other listener of the port' "$(said | grep -c '^0\.0\.0\.0[^ ]*:179 ')" 1
	tells 'VRF: the listener outside' 0.0.0.0:179 0 -
	tells 'VRF: the one in it' '0.0.0.0%red:179' 1 accept_queue_full
	says 'VRF: the one in it' '0.0.0.0%red:179, since'
	segments 'VRF: the one in it' syn_queued:2 req_completed:2 syn_accept_full
	tells 'VRF: another one' '0.0.0.0%green:179' 0 -
	tells 'VRF: and another one' '0.0.0.0%blue:179' 0 -
	ask '*:179'
	is 'VRF: all of the port: one failed' "$code" 1
	tells 'VRF: hidden by it' "$server":180 0 -
	tells 'VRF: IPv6, in it' '[::]%red:181' 1 accept_queue_full
	tells 'VRF: IPv6, outside' '[::]:181' 0 -
	tells 'a device' '0.0.0.0%lqs:182' 1 accept_queue_full
	tells 'beside a device' '0.0.0.0:182' 0 -
	check 'a command takes the name as it is printed' order ignore '0.0.0.0%red:179'
	check 'and of IPv6' order ignore '[::]%red:181'
}

dmesg_names() { said | grep -qF "$1 "; }
