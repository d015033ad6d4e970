#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Counts that others made: frames sent = verdicts + missed, and bpftrace agrees,
# on our events as well as on functions of the path that we do not hook.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
trap 'unserve; net_down' EXIT
net_up || exit 1
mac=$(server_mac)

# conn_request and cookie_check see each segment once; do_rcv sees the odd ones.
all_missed() {
	local sum=0 hook

	for hook in tcp_conn_request cookie_v4_check cookie_v6_check tcp_v4_do_rcv tcp_v6_do_rcv; do
		sum=$((sum + $(missed "$hook")))
	done
	echo $sum
}

# watch: bpftrace counts our events by verdict, and what enters tcp_filter with a
# listener (tcp_v4_rcv and tcp_v6_rcv ask it once for each segment of a listener)
watch() {
	bpftrace -q -e '
		tracepoint:listenq:lq_verdict { @verdicts[args->verdict] = count(); @all = count(); }
		kprobe:tcp_filter / ((struct sock *)arg0)->__sk_common.skc_state == 10 / { @path = count(); }
		BEGIN { printf("ready\n"); }' >/tmp/bpftrace.out 2>/tmp/bpftrace.err &
	watcher=$!
	for _ in $(seq 300); do
		grep -q ready /tmp/bpftrace.out && return 0
		kill -0 $watcher 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}

watched() { sed -n "s/^@$1: //p" /tmp/bpftrace.out; }

one_kind() {
	local address=$1 kind=$2 frames=$3 verdict=$4 sent before after missed0 missed1

	before=$(count segments)
	missed0=$(all_missed)
	sent=$(in_client "$tests/tools/flood" lqc "$mac" "$address" 8080 "$kind" "$frames")
	after=$(count segments)
	missed1=$(all_missed)
	is "$address $kind: frames sent = verdicts + missed" \
		"$((after - before + missed1 - missed0))" "$sent"
	is "$address $kind: nothing missed" "$((missed1 - missed0))" 0
	[ -z "$verdict" ] || is "$address $kind: all are $verdict" "$(count "$verdict")" "$sent"
	total=$((total + sent))
}

in_server sysctl -qw net.ipv4.tcp_syncookies=1
total=0
bpf=0
watch || bpf=1
for address in 10.9.0.1 fd09::1; do
	serve "$([ "$address" = 10.9.0.1 ] && echo 0.0.0.0 || echo ::)" 8080 64
	one_kind "$address" syn 5000 ''
	unserve
	serve "$([ "$address" = 10.9.0.1 ] && echo 0.0.0.0 || echo ::)" 8080 64
	for kind in rst null synack badsum ack; do
		one_kind "$address" "$kind" 2000 ''
	done
	unserve
done
is 'every kind has its verdict' "$(count stray_rst) $(count stray_no_ack) $(count synack_to_listener) $(count bad_checksum)" \
	'4000 4000 4000 4000'
# While jiffies are near 0 (uptime 300-420 s) the kernel takes a stray ACK for a cookie.
is 'stray ACKs, or cookies as it seems' \
	"$(($(count stray_ack) + $(count cookie_invalid)))" 4000
is 'cookies that failed, as the kernel counts them' "$(count cookie_invalid)" \
	"$(nstat_of TcpExtSyncookiesFailed)"
is 'SYNs are queued or answered by a cookie' \
	"$(($(count syn_queued) + $(count syn_cookie)))" 10000
is 'cookies sent, as the kernel counts them' "$(count syn_cookie)" "$(nstat_of TcpExtSyncookiesSent)"
if [ $bpf -eq 0 ]; then
	interrupt "$watcher"
	is 'bpftrace counts as many events' "$(watched all)" "$total"
	is 'bpftrace counts as many segments on a function we do not hook' \
		"$(watched path)" "$total"
else
	ok 1 'bpftrace runs'
	sed 's/^/# /' /tmp/bpftrace.err
fi
rules_agree
finish
