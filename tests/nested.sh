#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Kprobes are skipped while another probe's handler runs: what we miss is counted,
# and verdicts + missed is still every segment.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
trap 'unserve; net_down; rmmod lqnest 2>/dev/null' EXIT

if [ "$(nproc)" -lt 2 ]; then
	skip 'missed hits are counted' 'needs two CPUs'
	finish
	exit
fi
net_up || exit 1
mac=$(server_mac)
serve 0.0.0.0 8080 64
in_server sysctl -qw net.ipv4.tcp_syncookies=1

# The sender runs on CPU 0, the receiver on CPU 1, inside of lqnest's handler.
in_server sh -c 'echo 2 >/sys/class/net/lqs/queues/rx-0/rps_cpus'
check 'nesting starts' insmod "$kmod/lqnest.ko" cpu=1 hold_us=400
before=$(count segments)
missed0=$(missed tcp_conn_request)
sent=$(ip netns exec "$LQ_CLIENT" taskset -c 0 "$tests/tools/flood" lqc "$mac" 10.9.0.1 8080 syn 4000 100)
sleep 1
rmmod lqnest
seen=$(($(count segments) - before))
missed=$(($(missed tcp_conn_request) - missed0))
echo "# $sent frames, $seen verdicts, $missed missed"
ok $((missed == 0)) 'some hits are missed, and the hooks file shows it'
is 'verdicts + missed = frames' "$((seen + missed))" "$sent"
rules_agree
finish
