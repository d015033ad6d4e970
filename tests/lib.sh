# SPDX-License-Identifier: GPL-2.0
# lib.sh - what the tests share; to be sourced by tests/*.sh
#
# A test prints TAP (one "ok" or "not ok" line per point, the plan last) and works
# in namespaces of its own. tests/run loads the module before and unloads it after.
# shellcheck shell=bash

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ko=${LISTENQ_KO:-$tests/../listenq.ko}
# shellcheck disable=SC2034
kmod=${LISTENQ_KMOD:-$tests/kmod}
tracing=/sys/kernel/tracing
seen=${LISTENQ_SEEN:-/tmp/listenq.seen}
points=0

# ok RC DESCRIPTION: one point; RC 0 is good
ok() {
	points=$((points + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $points - $2"
	else
		echo "not ok $points - $2"
	fi
}

# check DESCRIPTION COMMAND...: the command must succeed
check() {
	local what=$1 rc=0

	shift
	"$@" || rc=$?
	ok "$rc" "$what"
}

# is DESCRIPTION GOT EXPECTED
is() {
	if [ "$2" = "$3" ]; then
		ok 0 "$1"
	else
		ok 1 "$1"
		echo "# got '$2', expected '$3'"
	fi
}

# skip DESCRIPTION REASON: what can't be tested here
skip() {
	points=$((points + 1))
	echo "ok $points - $1 # SKIP $2"
}

finish() {
	echo "1..$points"
}

is_loaded() { [ -d /sys/module/listenq ]; }
is_debug_kernel() { [ -e /sys/kernel/debug/failslab ] && [ -e /sys/kernel/debug/kmemleak ]; }

# Which verdicts the harness has seen so far, over all namespaces: a histogram in
# an instance of its own, read before the module goes. Started again with each module.
# Debian's 5.10 has no histograms: what is seen there is not collected.
seen_start() {
	[ -z "${LISTENQ_UNSEEN:-}" ] || echo 0 >"$LISTENQ_UNSEEN"
	grep -q 'hist trigger' "$tracing/README" || return 0
	mkdir -p "$tracing/instances/lqseen"
	echo 'hist:keys=verdict:size=256' >"$tracing/instances/lqseen/events/listenq/lq_verdict/trigger"
}

seen_save() {
	local hist=$tracing/instances/lqseen/events/listenq/lq_verdict/hist

	[ -e "$hist" ] || return 0
	sed -n 's/^{ verdict: *\([0-9]*\) } hitcount: *\([0-9]*\).*/\1 \2/p' "$hist" >>"$seen"
	rmdir "$tracing/instances/lqseen"
}

# Calls that no probe was told of, since the module was loaded: it says so, and that its counts are
# not complete.
calls_unseen() { sed -n '1s/.* missed=\([0-9]*\).*/\1/p' /proc/net/listenq/hooks 2>/dev/null | grep . || echo 0; }

# load [PARAMETER=VALUE...]: insmod, with what only tests may do, and start to collect verdicts.
# LISTENQ_HOOKS: how it is to hook (hooks=), else auto
load() {
	insmod "$ko" testing=1 "hooks=${LISTENQ_HOOKS:-auto}" "$@" && seen_start
}

unload() {
	seen_save
	rmmod listenq
}

# dmesg since mark, lines of listenq without time
mark() { mark=$(dmesg | wc -l); }
said() { dmesg | tail -n +$((mark + 1)) | sed -n 's/^\[[^]]*\] listenq: //p'; }

# constant NAME [FILE]: the number that the module's source gives that name, in decimal.
# It must be defined once there, in any file or in files of that name.
constant() {
	local said

	said=$(grep -rhE --include="${2:-*.[ch]}" "^#define $1[[:blank:]]+[0-9]" "$tests/../src" |
		awk '{ print $3 }')
	if [[ ! $said =~ ^[0-9][0-9a-fx]*$ ]]; then
		echo "lib.sh: no '#define $1 NUMBER', or several, in src/**/${2:-*.[ch]}: a test reads it" >&2
		return 1
	fi
	echo $((said))
}

# Where a race can be widened: LQ_DELAY_REQUEST is $at_request, and so on.
# shellcheck disable=SC2034
{
	at_request=$(constant LQ_DELAY_REQUEST faults.h) &&
	at_child=$(constant LQ_DELAY_CHILD faults.h) &&
	at_kill=$(constant LQ_DELAY_KILL faults.h) &&
	at_find=$(constant LQ_DELAY_FIND faults.h) &&
	at_accept=$(constant LQ_DELAY_ACCEPT faults.h) &&
	at_hand_back=$(constant LQ_DELAY_HAND_BACK faults.h) || exit 1
}

# widen PLACES US: so long the module waits there; 0 0 as ever
widen() {
	echo "$1" >/sys/module/listenq/parameters/delay_at
	echo "$2" >/sys/module/listenq/parameters/delay_us
}

# rest_after MS: so long after the last release the kernel's functions stay diverted; 0: a minute
rest_after() { echo "$1" >/sys/module/listenq/parameters/rest_ms; }

# hooks HOW: auto, kprobe, ftrace: as with the parameter
hooks() { echo "$1" 2>/dev/null >/sys/module/listenq/parameters/hooks; }

# diverts FUNCTION: held, resting or busy, says the hooks file
diverts() { sed -n "s/^diverts=$1 state=//p" /proc/net/listenq/hooks; }
# all_are STATE: of what is diverted each one
all_are() { [ "$(sed -n 's/^diverts=.* state=//p' /proc/net/listenq/hooks | sort -u)" = "$1" ]; }

# in_server COMMAND..., in_client COMMAND...: see net.sh
in_server() { ip netns exec "$LQ_SERVER" "$@"; }
in_client() { ip netns exec "$LQ_CLIENT" "$@"; }

# order WORDS...: a command to the module, in the server's namespace
order() { in_server sh -c 'echo "$*" >/proc/net/listenq/endpoints' - "$@"; }

# The inode of the server's network namespace, as lsns and dmesg have it
server_netns() { in_server stat -Lc %i /proc/self/ns/net; }

server_mac() { in_server cat /sys/class/net/lqs/address; }

# count VERDICT: of the server's namespace; "segments" for all
count() {
	if [ "$1" = segments ]; then
		in_server sed -n 's/.*segments=\([0-9]*\).*/\1/p' /proc/net/listenq/verdicts
	else
		in_server sed -n "s/.* verdict=$1 .* count=\([0-9]*\) .*/\1/p" /proc/net/listenq/verdicts
	fi
}

# missed HOOK: calls that a hook was not told of
missed() {
	sed -n "s/^hook=$1 .* missed=\([0-9]*\) .*/\1/p" /proc/net/listenq/hooks
}

# nstat_of COUNTER: of the server's namespace, absolute
nstat_of() {
	in_server nstat -asz "$1" 2>/dev/null | awk -v c="$1" '$1 == c { print $2 }'
}

# rules_agree: has the kernel done what the module's rules say, in the server's namespace
# (or in ours, where there is none)?
# With one processor nothing can change under the rules' eyes.
rules_agree() {
	local said diverge ambiguous

	said=$(${LQ_SERVER:+ip netns exec "$LQ_SERVER"} head -n 1 /proc/net/listenq/verdicts)
	echo "# rules: $said"
	diverge=${said##* diverge=}
	ambiguous=${said##* ambiguous=}
	is 'the kernel did what the rules say' "${diverge%% *} diverge" '0 diverge'
	if [ "$(nproc)" -eq 1 ]; then
		is 'nothing was ambiguous' "${ambiguous%% *} ambiguous" '0 ambiguous'
	fi
}

# interrupt PID: our child, until it has gone: bpftrace may miss a first SIGINT
interrupt() {
	while kill -INT "$1" 2>/dev/null; do
		for _ in $(seq 30); do
			kill -0 "$1" 2>/dev/null || break
			sleep 0.1
		done
	done
	wait "$1"
}

# serve ADDRESS PORT BACKLOG [NAME=VALUE...]: a listener in the server's namespace
# that never accepts; its pid is in $served
serve() {
	ip netns exec "$LQ_SERVER" python3 - "$@" <<'PY' &
import socket, sys, time
address, port, backlog = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
s = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((address, port))
s.listen(backlog)
while True:
    time.sleep(3600)
PY
	served=$!
	for _ in $(seq 100); do
		in_server ss -Hltn "sport = :$2" | grep -q . && return 0
		sleep 0.1
	done
	echo "# no listener on $1 port $2" >&2
	return 1
}

unserve() {
	kill "$served" 2>/dev/null
	wait "$served" 2>/dev/null
	return 0
}
