# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# columns.sh - what watches; a part of bench/run. A column is a pair of functions, up_COLUMN
# and down_COLUMN, and its name in the list of bench/run.

up_absent() { :; }
down_absent() { :; }

# saw WHO NUMBER: what saw less than there was would be cheap for nothing
saw() {
	[ "$2" -eq "$segments" ] && return
	echo "bench: $1 saw $2 segments of $segments" >&2
	return 1
}

up_off() { insmod "$ko"; }
down_off() { saw listenq "$(count segments)" && rmmod listenq; }

up_on() {
	insmod "$ko" && mkdir "$instance" && echo 1 >"$instance/events/listenq/enable"
}

# The buffer has overwritten most of them; the others are lq_accept and the like.
down_on() {
	local written

	written=$(awk '/^(entries|overrun):/ { n += $2 } END { print n }' "$instance/per_cpu/cpu0/stats")
	echo 0 >"$instance/events/listenq/enable" && rmdir "$instance" || return
	[ "$written" -ge "$segments" ] || saw 'the ring buffer' "$written" || return
	down_off
}

# Every listener is taken over before its first segment (see ops.c).
up_takeover() {
	taken=0
	insmod "$ko" && export OPS_TAKEOVER=/proc/net/listenq/endpoints
}

# The same with another build of the module: LISTENQ_BENCH_OTHER.
up_other_off() { insmod "$other"; }
down_other_off() { down_off; }

up_other_takeover() {
	taken=0
	insmod "$other" && export OPS_TAKEOVER=/proc/net/listenq/endpoints
}
down_other_takeover() { down_takeover; }

# A segment of an endpoint that is taken over is listenq's, or counted as left to stock:
# all were of such endpoints, none was left, and the stock kernel had no request.
down_takeover() {
	unset OPS_TAKEOVER
	count_taken
	saw takeover "$taken" || return
	if [ "$(hits tcp_check_req)" -ne 0 ]; then
		echo 'bench: the stock kernel had requests' >&2
		return 1
	fi
	down_off
}

hits() { sed -n "s/^hook=$1 .* hits=\([0-9]*\) .*/\1/p" /proc/net/listenq/hooks; }

# count_taken [PORT]: segments of endpoints that are taken over now
# shellcheck disable=SC2016,SC2120 # awk is to expand that; rows.sh passes one
count_taken() {
	local more

	more=$(in_server awk -v "port= port=${1:-[0-9]*} " '
		$0 ~ port && / state=taken_over / && !/ to_stock_/ {
			match($0, / segments=[0-9]+/)
			n += substr($0, RSTART + 10, RLENGTH - 10)
		}
		END { print n + 0 }' /proc/net/listenq/endpoints)
	taken=$((taken + more))
}

# hooks KIND: functions that listenq hooks so, comma-separated
hooks() {
	sed -n "s/^hook=\([^ ]*\) kind=$1 state=attached by=[fb].*/\1/p" /proc/net/listenq/hooks |
		paste -sd ,
}

# Probes at the same functions, with nothing behind them.
up_bare() {
	local entry returns

	insmod "$ko" && entry=$(hooks entry) && returns=$(hooks return) && rmmod listenq &&
		insmod "$kmod/lqbare.ko" "entry=$entry" "returns=$returns"
}
down_bare() { rmmod lqbare; }

up_no_do_rcv() { insmod "$ko" without=tcp_v4_do_rcv,tcp_v6_do_rcv; }
down_no_do_rcv() { down_off; }

# watch SCRIPT: it is there when all its probes are
watch() {
	local probes

	probes=$(grep -cE '^k(ret)?probe:' "$bench/$1.bt")
	bpftrace -q -o "$scratch/$1" "$bench/$1.bt" >"$scratch/$1.err" 2>&1 &
	watcher=$!
	for _ in $(seq 600); do
		[ "$(wc -l </sys/kernel/debug/kprobes/list)" -ge "$probes" ] && break
		kill -0 "$watcher" 2>/dev/null || break
		sleep 0.1
	done
	[ "$(wc -l </sys/kernel/debug/kprobes/list)" -eq "$probes" ] && return
	cat "$scratch/$1.err" >&2
	return 1
}

unwatch() {
	kill -INT "$watcher"
	wait "$watcher"
	grep -hE 'Lost|WARN|ERROR' "$scratch/$1" "$scratch/$1.err" >&2
	saw "$1.bt" "$("seen_$1")"
}

seen_facts-maps() { sed -n 's/^@segments\[.*: //p' "$scratch/facts-maps" | awk '{ n += $1 } END { print n + 0 }'; }
seen_facts-printf() { grep -c '^segment ' "$scratch/facts-printf"; }

up_maps() { watch facts-maps; }
down_maps() { unwatch facts-maps; }
up_printf() { watch facts-printf; }
down_printf() { unwatch facts-printf; }
