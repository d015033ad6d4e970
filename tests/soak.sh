#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two CPUs under flood and load for LISTENQ_SOAK seconds (20): the kernel never does what
# the rules do not say, and hardly ever changes its queues between the two.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
seconds=${LISTENQ_SOAK:-20}
instance=$tracing/instances/lqsoak
server=10.9.0.1
going=()

tidy_up() {
	stop_all
	dismiss
	net_down
	[ ! -d "$instance" ] || rmdir "$instance"
}

stop_all() {
	local pid

	# Stopped first, so that it starts no other child.
	for pid in "${going[@]}"; do
		kill -STOP "$pid"
		pkill -P "$pid"
		kill -KILL "$pid"
		wait "$pid"
	done 2>/dev/null
	going=()
}

if [ "$(nproc)" -eq 1 ]; then
	skip "$seconds s of flood and load on two CPUs" 'one CPU: nothing changes under the rules'
	finish
	exit
fi
trap tidy_up EXIT
net_up || exit 1
mac=$(server_mac)
mkdir -p "$instance"
here="netns == $(in_server stat -Lc %i /proc/self/ns/net)"
echo "$here" >"$instance/events/listenq/lq_diverge/filter"
echo 1 >"$instance/events/listenq/lq_diverge/enable"
# A segment that lost the race for its connection, and went on to a listener
verdicts=$instance/events/listenq/lq_verdict
echo "$here && via == $(sed -n 's/.*{ \([0-9]*\), "lost_race" }.*/\1/p' "$verdicts/format")" >"$verdicts/filter"
echo 1 >"$verdicts/enable"
in_server sysctl -qw net.ipv4.tcp_syncookies=1
in_server sysctl -qw net.ipv4.tcp_synack_retries=1
in_client sysctl -qw net.ipv4.tcp_syn_retries=2
in_client sysctl -qw net.ipv4.tcp_tw_reuse=1

# again_and_again COMMAND...: in the background, until the end
again_and_again() {
	while "$@"; do :; done >/dev/null 2>&1 &
	going+=($!)
}

flood() { in_client "$tests/tools/flood" lqc "$mac" "$server" "$@"; }

# Connections one after the other, on that CPU; some are left to the server to close
connections() {
	in_client taskset -c "$1" python3 -c '
import socket, sys
address, port = sys.argv[1], int(sys.argv[2])
while True:
    s = socket.socket()
    s.settimeout(3)
    try:
        s.connect((address, port))
    except OSError:
        pass
    s.close()' "$server" "$2"
}

# Both CPUs send. Each run of a flood sends the same segments: SYNs, RSTs and ACKs come for
# requests that are there already.
all_at_once() {
	again_and_again connections 0 8080
	again_and_again connections 1 8080
	again_and_again connections 0 8081
	again_and_again connections 1 8082
	for kind in syn ack rst synack badsum null; do
		again_and_again flood 8080 $kind 200 2000
	done
	again_and_again flood 8081 syn 2000 1000
	again_and_again flood 8081 rst 2000 1000
	again_and_again flood 8082 syn 50 5000
	again_and_again in_client hping3 -q -S -p 8080 --rand-source -i u2000 -c 1000 $server
}

actor S ip netns exec "$LQ_SERVER"
tell S listen A 0.0.0.0 8080 32
tell S loop A 0
tell S listen B 0.0.0.0 8081 8
tell S loop B 5
tell S listen R 0.0.0.0 8082 16
tell S loop R 1
all_at_once
end=$((SECONDS + seconds))
rounds=0
while ((SECONDS < end)); do
	sleep 0.5
	tell S close R
	in_server sysctl -qw "net.ipv4.tcp_syncookies=$((rounds % 4 == 3 ? 0 : 1))"
	sleep 0.1
	tell S listen R 0.0.0.0 8082 16 || echo "# listen: $answer"
	tell S loop R 1
	rounds=$((rounds + 1))
done
stop_all
# Nothing comes any more.
ip -n "$LQ_CLIENT" link set lqc down
sleep 1

ledger verdicts | head -n 1 >/tmp/lqsoak.head
segments=$(count segments)
diverge=$(of diverge "$(cat /tmp/lqsoak.head)")
ambiguous=$(of ambiguous "$(cat /tmp/lqsoak.head)")
rm -f /tmp/lqsoak.head
echo "# $seconds s: $segments segments, $diverge diverge, $ambiguous ambiguous, listener closed and opened $rounds times"
ledger verdicts | sed -n 's/.* verdict=\([^ ]*\) .* count=\([1-9][0-9]*\) .*/# \1 \2/p'
grep 'lq_diverge:' "$instance/trace" | sed 's/^/# /'
between "soak, $seconds s: there was something to see" $((seconds * 100)) "$segments" 1000000000
is "soak, $seconds s: the kernel did what the rules say" "$diverge diverge" '0 diverge'
is "soak, $seconds s: as the listeners' own counters say" "$(total diverge endpoints) $(total ambiguous endpoints)" \
	"$diverge $ambiguous"
between "soak, $seconds s: less than 0.1 % was ambiguous" 0 "$ambiguous" $((segments / 1000))
is "soak, $seconds s: endpoints and listeners" \
	"$(words "$(endpoint 8082)" listeners opened) $(words "$(endpoint 8080)" listeners opened)" \
	"listeners=1 opened=$((rounds + 1)) listeners=1 opened=1"
echo "# $((segments - $(total segments endpoints))) segments found their listener gone and are no endpoint's"
between "soak, $seconds s: all segments but those of closing listeners are an endpoint's" \
	$((segments - $(count req_orphaned) - $(count req_listener_closed) - $(count cookie_listener_closed) - rounds)) \
	"$(total segments endpoints)" "$segments"
# Of two processors that make the same one, the kernel counts both.
went_on=$(grep -c 'via=lost_race' "$instance/trace")
echo "# lost races: $(($(count req_lost_race) + $(count cookie_lost_race))), and $went_on that went on to a listener"
is "soak, $seconds s: connections that the kernel made" "$(nstat_of TcpPassiveOpens)" \
	$(($(count req_completed) + $(count cookie_accepted) +
		$(count req_lost_race) + $(count cookie_lost_race) + went_on))
finish
