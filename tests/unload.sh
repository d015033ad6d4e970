#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# rmmod under a flood: it works, says its time, and comes back. CYCLES of load and
# unload under the same traffic (LISTENQ_CYCLES, default 5).
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
trap 'kill $flooders 2>/dev/null; unserve; net_down' EXIT
net_up || exit 1
serve 0.0.0.0 8080 64
in_server sysctl -qw net.ipv4.tcp_syncookies=1

# SYNs from the outside (hping3) and real connections (python) at the same time.
in_client taskset -c 0 hping3 -i u100 -q -S -p 8080 --rand-source 10.9.0.1 >/dev/null 2>&1 &
flooders=$!
ip netns exec "$LQ_SERVER" python3 - <<'PY' &
import socket, threading
s = socket.create_server(('127.0.0.1', 9090), backlog=64)
def serve():
    while True:
        s.accept()[0].close()
threading.Thread(target=serve, daemon=True).start()
while True:
    socket.create_connection(('127.0.0.1', 9090)).close()
PY
flooders="$flooders $!"
sleep 1

cycles=${LISTENQ_CYCLES:-5}
failed=0
slowest=0
for _ in $(seq "$cycles"); do
	mark
	unload || failed=$((failed + 1))
	ms=$(said | sed -n 's/^unloaded in \([0-9]*\) ms$/\1/p')
	[ "${ms:-0}" -le "$slowest" ] || slowest=$ms
	load || failed=$((failed + 1))
done
echo "# slowest of $cycles unloads under a flood: $slowest ms"
is "$cycles unloads and loads under a flood" "$failed failed" '0 failed'
before=$(count segments)
sleep 1
ok $(($(count segments) <= before)) 'the flood is seen again afterwards'
finish
