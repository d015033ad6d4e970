#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Calls that the kernel does not tell our probes of, since another probe's handler runs on that
# processor, or since a return probe follows as many as it can: they are counted, verdicts +
# missed is still every segment, and dmesg and the first line of every file say so. Where they
# are diverted, none is missed.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
trap 'unserve; net_down; rmmod lqnest 2>/dev/null' EXIT

if [ "$(nproc)" -lt 2 ]; then
	skip 'missed hits are counted' 'needs two CPUs'
	finish
	exit
fi

unseen_calls() { said | grep -qE '^[0-9]+ calls went unseen \(see missed= in the hooks file\): counts are not complete$'; }
head_missed() { in_server sed -n '1s/.* missed=\([0-9]*\).*/\1/p' /proc/net/listenq/endpoints; }

# begin CPUS: a server whose segments come on these, a mask
begin() {
	net_up || exit 1
	mac=$(server_mac)
	serve 0.0.0.0 8080 64
	in_server sysctl -qw net.ipv4.tcp_syncookies=1
	in_server sh -c "echo $1 >/sys/class/net/lqs/queues/rx-0/rps_cpus"
	before=$(count segments)
	missed0=$(missed tcp_conn_request)
	mark
}

# send COUNT PACE: SYNs, from the first processor
send() {
	flood "$@"
	check "$what: said in dmesg within 2 s" await 2 unseen_calls
}

flood() { sent=$(ip netns exec "$LQ_CLIENT" taskset -c 0 "$tests/tools/flood" lqc "$mac" 10.9.0.1 8080 syn "$1" "$2"); }

# sums_up: nothing comes any more
sums_up() {
	local seen missed

	sleep 1
	seen=$(($(count segments) - before))
	missed=$(($(missed tcp_conn_request) - missed0))
	echo "# $sent frames, $seen verdicts, $missed missed"
	ok $((missed == 0)) "$what: some calls are missed, and the hooks file shows it"
	is "$what: verdicts + missed = frames" "$((seen + missed))" "$sent"
	ok $(($(head_missed) < missed)) "$what: so does the first line of a file"
}

what='diverted'
unload
load hooks=auto
begin 2
check 'nesting starts' insmod "$kmod/lqnest.ko" cpu=1 hold_us=400
flood 4000 100
rmmod lqnest
sleep 1
is "$what: each is seen, none is missed" \
	"$(($(count segments) - before)) $(($(missed tcp_conn_request) - missed0))" "$sent 0"
rules_agree
unserve
net_down

# The sender runs on CPU 0, the receiver on CPU 1, inside of lqnest's handler.
what='skipped probes'
unload
load hooks=kprobe
begin 2
check 'nesting starts' insmod "$kmod/lqnest.ko" cpu=1 hold_us=400
send 4000 100
rmmod lqnest
sums_up
rules_agree
unserve
net_down

# Two processors, and each return probe follows one call. A mark inside of a segment may be one
# that is missed: then its verdict is wrong, which is what missed= says.
what='instances run out'
unload
load hooks=kprobe "fault=$(($(constant LQ_FAULT_ONE faults.h)))"
begin 3
send 4000 0
sums_up
unload
load
finish
