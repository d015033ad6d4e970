# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# balancers.sh - an address of a service, and servers behind it; a part of setups.sh

# A pod: a namespace behind the server's, which routes. 10.77.0.1 - 10.77.0.2
pod_wire() {
	ip link add lqp netns "$LQ_SERVER" type veth peer name eth0 netns "$LQ_INNER" &&
		ip -n "$LQ_SERVER" addr add 10.77.0.1/24 dev lqp &&
		ip -n "$LQ_SERVER" link set lqp up &&
		in_server sysctl -qw net.ipv4.ip_forward=1 &&
		inner_is 10.77.0.2/24 &&
		ip -n "$LQ_INNER" route add default via 10.77.0.1
}

# A service whose server is on this node: its address becomes the node's own.
redirect() {
	way_to 10.96.0.0/16 && rules <<-'NFT' && page 8080
		table ip lq {
			chain services {
				type nat hook prerouting priority dstnat;
				ip daddr 10.96.0.1 tcp dport 80 dnat to 10.9.0.1:8080
			}
		}
	NFT
}

# A service as kube-proxy makes it: to the pod's address, the node's as the client's.
pod() {
	way_to 10.96.0.0/16 && pod_wire && rules <<-'NFT' && page 8080
		table ip lq {
			chain services {
				type nat hook prerouting priority dstnat;
				ip daddr 10.96.0.1 tcp dport 80 meta mark set 0x4000 dnat to 10.77.0.2:8080
			}
			chain masquerading {
				type nat hook postrouting priority srcnat;
				meta mark 0x4000 masquerade
			}
			chain forward {
				type filter hook forward priority filter;
				ct state invalid drop
			}
		}
	NFT
}

# service ADDRESS SERVER METHOD: of IPVS
service() {
	in_server ipvsadm -A -t "$1" -s rr && in_server ipvsadm -a -t "$1" -r "$2" "$3"
}

ipvs_nat() {
	pod_wire && service 10.9.0.1:80 10.77.0.2:8080 -m && page 8080
}

# Direct routing: the server has the service's address too, tells nobody, and answers clients
# without a detour.
ipvs_dr() {
	behind_bridge && ip -n "$LQ_SERVER" addr add 10.9.0.80/32 dev br0 &&
		in_inner sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 &&
		ip -n "$LQ_INNER" addr add 10.9.0.80/32 dev lo &&
		service 10.9.0.80:80 10.9.0.3:80 -g && page 80
}
