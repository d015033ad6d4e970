#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A SYN flood, and good clients beside it, LISTENQ_FLOOD seconds (3) in each case: with the
# same limits, takeover serves at least as many of them as the stock kernel. And: memory
# for records grows as fast as a flood of LISTENQ_CROWD SYNs asks for it.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
seconds=${LISTENQ_FLOOD:-3}
server=10.9.0.1
backlog=256
rate=60		# good clients a second
crowd=${LISTENQ_CROWD:-150000}	# SYNs of the growth: before the first of them is due again
port=7100
going=()

# shellcheck disable=SC2317
tidy_up() {
	stop_all
	net_down
}
trap tidy_up EXIT

stop_all() {
	local pid

	for pid in "${going[@]}"; do
		kill "$pid"
		wait "$pid"
	done 2>/dev/null
	going=()
}

word() { in_server sed -n "s/.* port=$port .* $1=\([^ ]*\).*/\1/p" /proc/net/listenq/endpoints; }

# SYNs for which there was none: verdict syn_no_memory
lacking_records() {
	local verdicts

	verdicts=,$(word verdicts),
	[[ $verdicts =~ ,syn_no_memory:([0-9]+), ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

# opened BACKLOG: a new port each time: nothing of before is in the way
opened() {
	local ready word

	port=$((port + 1))
	exec {ready}< <(exec ip netns exec "$LQ_SERVER" "$tests/tools/clients" listen $port "$1")
	going+=($!)
	read -r word <&"$ready"
	[ "$word" = ready ]
}

# Never answered: its addresses are nobody's, the client's side drops what comes for them.
flood() {
	ip netns exec "$LQ_CLIENT" "$tests/tools/flood" lqc "$mac" $server $port syn 100000000 >/dev/null &
	going+=($!)
}

# cell WHO SYSCTL COOKIES: leaves tried, good, median, p99, longest and flooded
cell() {
	local before

	in_server sysctl -qw "net.ipv4.tcp_syncookies=$2"
	opened $backlog
	[ "$1" = stock ] || order takeover "0.0.0.0:$port" synq=$backlog "cookies=$3"
	before=$(nstat_of TcpInSegs)
	flood
	sleep 0.5
	read -r tried good median p99 longest < <(in_client "$tests/tools/clients" connect \
		$server $port "$seconds" $rate)
	flooded=$((($(nstat_of TcpInSegs) - before) / (seconds + 1)))
	printf '# %-9s %-8s %8s %6s %6s %9s %9s %9s\n' "$3" "$1" $flooded "$tried" "$good" \
		"$median" "$p99" "$longest"
	if [ "$1" != stock ]; then
		ours=$(word segments)
		lacking=$(lacking_records)
		order release "0.0.0.0:$port"
	fi
	stop_all
}

# not_worse: by more than three times what chance does, and two in a hundred
not_worse() {
	awk -v n1="$1" -v k1="$2" -v n2="$3" -v k2="$4" 'BEGIN {
		p1 = k1 / n1; p2 = k2 / n2; p = (k1 + k2) / (n1 + n2)
		exit !(p2 >= p1 - 3 * sqrt(p * (1 - p) * (1 / n1 + 1 / n2)) - 0.02)
	}'
}

# compare SYSCTL COOKIES
compare() {
	local stock_tried stock_good

	cell stock "$1" "$2"
	stock_tried=$tried stock_good=$good
	# Without cookies here the sysctl is only what lets a cookie be accepted.
	cell takeover "$1" "$2"
	check "cookies=$2: the flood is one, and all of it is taken over" \
		[ "${ours:-0}" -ge $((flooded * seconds)) ]
	is "cookies=$2: no SYN lacks a record" "$lacking" 0
	check "cookies=$2: as many good clients are served as by the stock kernel" \
		not_worse "$stock_tried" "$stock_good" "$tried" "$good"
}

growth() {
	local start end fit=$((crowd + crowd / 4))

	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	opened 1000000
	order takeover "0.0.0.0:$port" "synq=$fit" timeout_ms=120000 cookies=never
	start=${EPOCHREALTIME/./}
	in_client "$tests/tools/flood" lqc "$mac" $server $port syn "$crowd" >/dev/null
	end=${EPOCHREALTIME/./}
	echo "# $((crowd * 1000000 / (end - start))) SYNs/s, memory for $(word records) records"
	is "growth: $crowd SYNs as fast as they come: none lacks a record" "$(lacking_records)" 0
	is 'growth: all are pending' "$(word pending)" "$crowd"
	between 'growth: at most two fifths more records than fit' "$crowd" "$(word records)" \
		$((fit + fit * 2 / 5))
	stop_all
	order release "0.0.0.0:$port"
}

# between WHAT LEAST GOT MOST
between() {
	check "$1" test "$3" -ge "$2" -a "$3" -le "$4"
}

net_up || exit 1
mac=$(server_mac)
in_server sysctl -qw net.core.somaxconn=1000000
in_server sysctl -qw net.ipv4.tcp_max_syn_backlog=$backlog
printf '# %-9s %-8s %8s %6s %6s %9s %9s %9s\n' cookies who 'SYNs/s' tried good 'median ms' 'p99 ms' 'max ms'
compare 0 never
compare 1 overflow
compare 2 always
in_server sysctl -qw net.ipv4.tcp_max_syn_backlog=1000000
growth
finish
