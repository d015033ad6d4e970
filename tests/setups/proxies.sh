# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# proxies.sh - rules in front of a listener that lead to it what is not for its address or
# port, or answer for it; a part of setups.sh

# What is marked is delivered here, whatever its address.
divert() {
	ip -n "$LQ_SERVER" rule add fwmark 1 lookup 100 &&
		ip -n "$LQ_SERVER" route add local default dev lo table 100
}

# A service mesh's inbound rules: conntrack knows what goes on, TPROXY takes what is new.
mesh() {
	divert && rules <<-'NFT' && page 8080 transparent
		table ip lq {
			chain first {
				type filter hook prerouting priority mangle;
				iifname lqs ct state established,related meta mark set 1 accept
				iifname lqs tcp dport 80 tproxy to :8080 meta mark set 1 accept
			}
		}
	NFT
}

# The same, for an address that is nobody's here: a gateway
foreign() {
	way_to 10.77.0.0/16 && mesh
}

# What has a socket already is found by it, TPROXY takes what is new.
socket() {
	divert && rules <<-'NFT' && page 8080 transparent
		table ip lq {
			chain first {
				type filter hook prerouting priority mangle;
				iifname lqs tcp dport 80 socket transparent 1 meta mark set 1 accept
				iifname lqs tcp dport 80 ct state new tproxy to :8080 meta mark set 1 accept
			}
		}
	NFT
}

# in_front OPTIONS: handshakes are made by cookies, the listener's client is the proxy, over lo.
in_front() {
	in_server sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0 && rules <<-NFT && page 80
		table ip lq {
			chain first {
				type filter hook prerouting priority raw;
				iifname lqs tcp dport 80 tcp flags & (fin | syn | rst | ack) == syn notrack
			}
			chain in {
				type filter hook input priority filter;
				iifname lqs tcp dport 80 ct state invalid,untracked synproxy $1
				iifname lqs tcp dport 80 tcp flags & (fin | syn | rst | ack) == syn drop
				ct state invalid drop
			}
		}
	NFT
}

# Without timestamps the cookie has the MSS alone.
synproxy() {
	in_front 'mss 1460 sack-perm'
}

synproxy_ts() {
	in_front 'mss 1460 wscale 7 timestamp sack-perm'
}
