#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A SYN-ACK that an ICMP error answers ends its request without a segment:
# lq_request what=icmp_error.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
instance=$tracing/instances/lqicmp
trap 'unserve; net_down; rmdir "$instance" 2>/dev/null' EXIT
mkdir -p "$instance"
echo 1 >"$instance/events/listenq/lq_request/enable"
net_up || exit 1
mac=$(server_mac)

# The client's side has no way to where the SYNs say they come from, and says so.
in_client sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
	net.ipv4.icmp_ratelimit=0
ip -n "$LQ_CLIENT" route replace unreachable default
ip -n "$LQ_CLIENT" -6 route del default
# IPv6: only some codes are fatal (icmpv6_err_convert), "administratively prohibited" is
ip -n "$LQ_CLIENT" -6 route add prohibit default

for address in 10.9.0.1 fd09::1; do
	serve "$([ "$address" = 10.9.0.1 ] && echo 0.0.0.0 || echo ::)" 8080 64
	echo >"$instance/trace"
	in_client "$tests/tools/flood" lqc "$mac" "$address" 8080 syn 1 >/dev/null
	sleep 0.3
	is "$address: a request ended by ICMP" \
		"$(grep -c 'lq_request: what=icmp_error loss=0 .* sport=8080' "$instance/trace")" 1
	is "$address: and none is left" "$(in_server ss -Htn state syn-recv | wc -l)" 0
	unserve
done
rules_agree
finish
