#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SYN-ACKs of many endpoints that are due in the same tick: no softirq and no turn of a worker
# is as long as all of them, each of them is repeated, and no part of a queue waits for the
# others to be done. In `scripts/vm -i`, where a nanosecond is an instruction.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

endpoints=12
syns=200
first=7300
last=$((first + endpoints - 1))
most=100000	# instructions with bottom halves off
batch=$(constant BATCH timer.c) || exit 1
# Ten slots of the timer wheel, as long as they are for timers of 17 to 129 s (kernel/time/timer.c).
hz=250
slot=512
timeout_ms=$((10 * slot * 1000 / hz))
instance=$tracing/instances/lqtimers

# shellcheck disable=SC2317
tidy_up() {
	[ -z "${watcher:-}" ] || interrupt "$watcher"
	[ -z "${servers:-}" ] || kill "$servers" 2>/dev/null
	[ ! -d "$instance" ] || rmdir "$instance"
	net_down
}
trap tidy_up EXIT

net_up || exit 1
mac=$(server_mac)

# Listeners on all the ports, in one process
listen_on_all() {
	ip netns exec "$LQ_SERVER" python3 - $first $last <<-'PY' &
		import socket, sys, time
		held = []
		for port in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
		    s = socket.socket()
		    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		    s.bind(('0.0.0.0', port))
		    s.listen(1024)
		    held.append(s)
		time.sleep(3600)
	PY
	servers=$!
	await 30 all_listen
}
# shellcheck disable=SC2317
all_listen() { [ "$(in_server ss -Hltn "sport >= :$first and sport <= :$last" | wc -l)" -eq $endpoints ]; }

# watch: the timers of parts in a softirq, all together, where that was longest (those of others
# that are due then, as of TIME-WAIT sockets, take what they take); and how long a worker of a part
# has bottom halves off. It lets them on at its end: what has been sent by then comes in at once.
# An interrupt that comes in between, of a disk or the clock, is not theirs.
watch() {
	bpftrace -q -e '
		tracepoint:irq:softirq_entry /@entered[cpu]/ {
			@turn = max(nsecs - @entered[cpu]); delete(@entered[cpu]);
		}
		tracepoint:irq:irq_handler_entry, tracepoint:irq_vectors:local_timer_entry { @came[cpu] = nsecs; }
		tracepoint:irq:irq_handler_exit, tracepoint:irq_vectors:local_timer_exit /@came[cpu]/ {
			if (@began[cpu]) { @began[cpu] += nsecs - @came[cpu]; }
			if (@entered[cpu]) { @entered[cpu] += nsecs - @came[cpu]; }
			delete(@came[cpu]);
		}
		kprobe:lq_part_timer { @began[cpu] = nsecs; }
		kretprobe:lq_part_timer /@began[cpu]/ { @timers[cpu] += nsecs - @began[cpu]; delete(@began[cpu]); }
		tracepoint:irq:softirq_exit /args->vec == 1 && @timers[cpu]/ {
			@softirq = max(@timers[cpu]); delete(@timers[cpu]);
		}
		kprobe:lq_part_work { @entered[cpu] = nsecs; @turns = count(); }
		kretprobe:lq_part_work /@entered[cpu]/ {
			@turn = max(nsecs - @entered[cpu]); delete(@entered[cpu]);
		}
		BEGIN { printf("ready\n"); }
		END { clear(@came); clear(@began); clear(@timers); clear(@entered); }' >/tmp/lqtimers.out 2>/tmp/lqtimers.err &
	watcher=$!
	await 60 grep -q ready /tmp/lqtimers.out || sed 's/^/# /' /tmp/lqtimers.err
}
watched() { sed -n "s/^@$1: //p" /tmp/lqtimers.out; }

# Of all endpoints: a line's word, smallest and largest
least_and_most() {
	ledger listeners | sed -n "s/.* port=73[0-9][0-9] .* $1=\([0-9]*\) .*/\1/p" | sort -n | sed -n '1p;$p' | xargs
}
# shellcheck disable=SC2317
all_repeated() { [ "$(least_and_most synack_repeated)" = "$(($1 * syns)) $(($1 * syns))" ]; }

# Of how many endpoints are the first COUNT SYN-ACKs that are repeated?
among_first() {
	sed -n 's/.* what=retransmitted .* sport=\([0-9]*\) .*/\1/p' "$instance/trace" | head -n "$1" |
		sort -u | wc -l
}

# shellcheck disable=SC2317
none_waits() { [ "$(total young endpoints)" -eq 0 ]; }

# All SYNs that come in a slot are due when another one ends; ten slots and twenty later they are
# in one slot again.
slot_begins() {
	until awk -v slot=$slot '/^jiffies: / { exit $2 % slot > slot / 8 }' /proc/timer_list; do
		sleep 0.05
	done
}

listen_on_all
for port in $(seq $first $last); do
	order takeover "0.0.0.0:$port" timeout_ms=$timeout_ms synq=1000
done
watch
slot_begins
for port in $(seq $first $last); do
	in_client "$tests/tools/flood" -b $(((port - first) * syns)) lqc "$mac" 10.9.0.1 "$port" syn $syns >/dev/null
done
is 'all are pending, none repeated yet' "$(total pending endpoints) $(total synack_repeated listeners)" \
	"$((endpoints * syns)) 0"
check 'each SYN-ACK is repeated, once' await 60 all_repeated 1
await 5 none_waits
is 'and waits to be repeated again' "$(total pending endpoints) $(total young endpoints)" \
	"$((endpoints * syns)) 0"
interrupt "$watcher"
watcher=
echo "# $((endpoints * syns)) due at once, in $(watched turns) turns: timers of a softirq $(watched softirq), longest turn $(watched turn) instructions"
check 'what the timer leaves is a worker'"'"'s, in turns' [ "$(watched turns | grep . || echo 0)" -ge $((endpoints * syns / (2 * batch))) ]
why=
[ -n "${LISTENQ_ICOUNT:-}" ] || why='this clock counts none'
! is_debug_kernel || why='the debug kernel checks each access to memory'
if [ -z "$why" ]; then
	between 'timers of a softirq, in instructions' 1 "$(watched softirq)" $most
	between 'longest turn, in instructions' 1 "$(watched turn)" $most
else
	skip 'timers of a softirq, in instructions' "$why"
	skip 'longest turn, in instructions' "$why"
fi

# The second time, in what order: a turn of each part comes before the third one of any.
mkdir "$instance"
echo 1 >"$instance/events/listenq/lq_request/enable"
check 'each SYN-ACK is repeated again, once' await 90 all_repeated 2
turns=$((2 * $(nproc --all) * endpoints * batch))
is "nobody waits for the others' end: endpoints among the first $turns" "$(among_first $turns)" $endpoints
for port in $(seq $first $last); do
	order release "0.0.0.0:$port"
done
finish
