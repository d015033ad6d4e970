#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rmmod under a flood: it works, says its time, and comes back. LISTENQ_CYCLES
# (5) of both under slower traffic, and beside segments made up by chance.
# LISTENQ_ONLY="ACT..." plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
trap 'kill $traffic 2>/dev/null; unserve; net_down' EXIT
net_up || exit 1
serve 0.0.0.0 8080 64
in_server sysctl -qw net.ipv4.tcp_syncookies=1

cycles=${LISTENQ_CYCLES:-5}
# LISTENQ_PACE: microseconds between two SYNs
pace=${LISTENQ_PACE:-2000}

# cycle: unload and load again; in $failed what did not work, in $slowest ms of the slowest unload
cycle() {
	local ms

	mark
	rmmod listenq || failed=$((failed + 1))
	ms=$(said | sed -n 's/^unloaded in \([0-9]*\) ms$/\1/p')
	[ "${ms:-0}" -le "$slowest" ] || slowest=$ms
	insmod "$ko" testing=1 || failed=$((failed + 1))
}

# SYNs (hping3) and connections that come and go (python), neither at full speed:
# the machine has to get to the unloading too.
# Not by in_client: $! must be its own pid.
play_traffic() {
	failed=0
	slowest=0
	ip netns exec "$LQ_CLIENT" hping3 -i "u$pace" -q -S -p 8080 --rand-source 10.9.0.1 \
		>/dev/null 2>&1 &
	traffic=$!
	ip netns exec "$LQ_SERVER" python3 - "$pace" <<-'PY' &
		import socket, sys, threading, time
		s = socket.create_server(('127.0.0.1', 9090), backlog=64)
		def serve():
		    while True:
		        s.accept()[0].close()
		threading.Thread(target=serve, daemon=True).start()
		while True:
		    socket.create_connection(('127.0.0.1', 9090)).close()
		    time.sleep(int(sys.argv[1]) * 2.5e-6)
	PY
	traffic="$traffic $!"
	sleep 1
	for _ in $(seq "$cycles"); do
		cycle
	done
	is "$cycles unloads and loads under traffic" "$failed failed" '0 failed'
	echo "# slowest of $cycles unloads under traffic: $slowest ms"
	# shellcheck disable=SC2086
	kill $traffic
}

# Loaded in the middle of it all: nothing that was seen by halves is told.
play_fuzz() {
	local diverged=''

	failed=0
	slowest=0
	in_client tests/tools/flood lqc "$(server_mac)" 10.9.0.1 8080 fuzz 100000000 "$((pace / 20))" \
		>/dev/null &
	traffic=$!
	sleep 0.5
	for _ in $(seq "$cycles"); do
		cycle
		sleep 0.5
		diverged="$diverged $(in_server sed -n '1s/.* diverge=\([0-9]*\) .*/\1/p' \
			/proc/net/listenq/verdicts)"
	done
	is "$cycles unloads and loads beside a fuzz" "$failed failed" '0 failed'
	is 'none of these loads saw the kernel do what the rules do not say' \
		"$(echo "$diverged" | tr ' ' '\n' | grep -c '^0$')" "$cycles"
	ok $(($(count segments) < 100)) 'the fuzz is seen'
	kill $traffic
	# The shell that ip netns exec became.
	pkill -f 'tests/tools/flood lqc' || true
}

# As fast as hping3 can.
play_flood() {
	local before

	failed=0
	slowest=0
	ip netns exec "$LQ_CLIENT" taskset -c 0 hping3 --flood -q -S -p 8080 --rand-source 10.9.0.1 \
		>/dev/null 2>&1 &
	traffic=$!
	sleep 1
	cycle
	is 'an unload and a load under hping3 --flood' "$failed failed" '0 failed'
	echo "# unloaded under hping3 --flood in $slowest ms"
	before=$(count segments)
	sleep 1
	ok $(($(count segments) <= before)) 'the flood is seen again afterwards'
}

seen_save
for act in ${LISTENQ_ONLY:-traffic fuzz flood}; do
	echo "# $act ($(cut -d. -f1 /proc/uptime) s)"
	"play_$act"
done
seen_start
finish
