#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What the module does not see, it says: each way to switch its probes off is told within
# 2 s, in dmesg and in the first line of every file, and so is its end. No false alarm.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
probes=/sys/kernel/debug/kprobes/enabled
trap 'see_again; unserve; net_down' EXIT
net_up || exit 1

see_again() {
	echo 1 >"$probes"
	sysctl -qw kernel.ftrace_enabled=1
}

said_blind() { said | grep -q "^blind: "; }
said_over() { said | grep -qE "^sees again after [0-9]+ ms, of which nothing was counted$"; }
head_of() { in_server head -n 1 "/proc/net/listenq/$1"; }
is_blind() { head_of "$1" | grep -qE '^version=1 blind_since=[1-9][0-9]*\.[0-9]{3} '; }
is_seeing() { head_of "$1" | grep -qE '^version=1 blind_since=0 '; }

handshakes() {
	in_client python3 - "$1" <<'PY'
import socket, sys
for _ in range(int(sys.argv[1])):
    socket.create_connection(('10.9.0.1', 8080)).close()
PY
}

# tells WHAT OFF ON: switched OFF and ON again
tells() {
	local file

	mark
	eval "$2" || { skip "$1" 'this kernel does not allow it'; return; }
	check "$1: dmesg says so within 2 s, unasked" await 2 said_blind
	for file in verdicts listeners endpoints requests; do
		check "$1: so does $file" is_blind "$file"
	done
	eval "$3"
	check "$1: dmesg says when it is over" await 2 said_over
	is "$1: once each" "$(said | grep -cE '^(blind: |sees again)')" 2
	check "$1: so do the files" is_seeing verdicts
}

serve 0.0.0.0 8080 64
mark
handshakes 20
sleep 3
is 'no alarm while all is well' "$(said | grep -cE '^(blind|sees again|[0-9]+ calls)')" 0
tells 'kprobes off' "echo 0 >$probes" "echo 1 >$probes"
tells 'ftrace off' 'sysctl -qw kernel.ftrace_enabled=0' 'sysctl -qw kernel.ftrace_enabled=1'
order takeover 0.0.0.0:8080
sleep 2
tells 'kprobes off, an endpoint taken over' "echo 0 >$probes" "echo 1 >$probes"

# Who reads need not wait for the next look.
mark
echo 0 >"$probes"
check 'a reader is told at once' is_blind verdicts
echo 1 >"$probes"
check 'and that it is over' is_seeing verdicts
before=$(count segments)
handshakes 20
ok $(($(count segments) < before + 40)) 'what comes then is counted'
unserve
mark
echo 0 >"$probes"
check 'it is told where nobody listens, too' await 2 said_blind
echo 1 >"$probes"
check 'and that it is over' await 2 said_over
finish
