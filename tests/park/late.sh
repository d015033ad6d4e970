# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# late.sh - how long after accept() a parked client speaks, a table; a part of park.sh

# late_row NAME: a row of the table; leaves worst, all_but_one, median, longest_rtt
late_row() {
	local name=$1 wait_ms values i rtts=

	for wait_ms in 10 50 200; do
		values=
		for ((i = 0; i < tries; i++)); do
			step late "$delay_ms" "$wait_ms"
			values="${values:+$values }$(of us "$answer")"
			rtts="$rtts $(of rtt_us "$answer")"
		done
		values=$(tr " " "\n" <<<"$values" | sort -n | xargs)
		worst[$name.$wait_ms]=${values##* }
		all_but_one[$name.$wait_ms]=$(tr " " "\n" <<<"$values" | tail -n 2 | head -n 1)
		median[$name.$wait_ms]=$(tr " " "\n" <<<"$values" | sed -n "$(((tries + 1) / 2))p")
		row="${row:-}$(printf ' %9.1f %9.1f' "${median[$name.$wait_ms]}e-3" "${worst[$name.$wait_ms]}e-3")"
	done
	printf '# %-14s%s\n' "$name" "$row"
	row=
	longest_rtt=$(tr " " "\n" <<<"$rtts" | sort -n | tail -n 1)
}

play_late() {
	local row longest_rtt
	declare -A worst all_but_one median

	if ! modprobe sch_netem 2>/dev/null ||
	   ! ip netns exec "$LQ_CLIENT" tc qdisc add dev lqc root netem delay "${delay_ms}ms" limit 10000; then
		skip 'late ACKs' 'no sch_netem'
		return
	fi
	call 7201
	step listen 1
	echo "# ms from the drain to the third client's first byte, $tries tries: median, worst"
	echo '# accept() after      10 ms               50 ms              200 ms'
	late_row stock
	is 'takeover' "$(errno_of takeover "$where:$port" overflow=wait)" ''
	late_row overflow=wait
	order set "$where:$port" overflow=park
	before=$(nstat_of TcpExtListenOverflows)
	late_row overflow=park
	between 'the round trip is that of the wire, without the wait' $((delay_ms * 1000)) \
		"$longest_rtt" $((delay_ms * 1000 + 100000))
	order set "$where:$port" timeout_ms=100
	late_row 'park, repeated'
	between 'it still is when SYN-ACKs were repeated meanwhile' $((delay_ms * 1000)) \
		"$longest_rtt" $((delay_ms * 1000 + 100000))
	ip netns exec "$LQ_CLIENT" tc qdisc del dev lqc root
	if is_debug_kernel; then
		skip 'first byte in less than 5 ms' "the debug kernel's clock is its tick"
	else
		play_late_times
	fi
	is 'all were promoted, nothing was refused' \
		"$(words_now promoted parked parked_bytes) overflows=$(($(nstat_of TcpExtListenOverflows) - before))" \
		"promoted=$((tries * 6)) parked=0 parked_bytes=0 overflows=0"
	finish_with
}

# With the arrays of play_late
play_late_times() {
	local promoted ms

	for ms in 10 50 200; do
		# The machine under an emulated one may stop it in any of them.
		check "parked, accept() after $ms ms: first byte in less than 5 ms, all but one" \
			[ "${all_but_one[overflow=park.$ms]}" -lt 5000 ]
		promoted=${median[overflow=park.$ms]}
		check "stock takes at least ten times as long, ${median[stock.$ms]} us" \
			[ "${median[stock.$ms]}" -gt $((promoted * 10)) ]
	done
}
