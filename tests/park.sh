#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# overflow=park: handshakes whose last ACK meets a full accept queue wait with their data,
# and become connections when there is room. How long that takes, beside the stock kernel
# and overflow=wait; LISTENQ_PARKED (10000) of them at once; every way in which they end,
# LISTENQ_EXPIRING (100) of them by their timers.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

parked=${LISTENQ_PARKED:-10000}
expiring=${LISTENQ_EXPIRING:-100}
tries=${LISTENQ_TRIES:-5}
rounds=${LISTENQ_CROWDS:-100}	# of each race
parameters=/sys/module/listenq/parameters
# On its way from the client; the other way takes no time.
delay_ms=30

# shellcheck disable=SC2317
tidy_up() {
	hang_up
	net_down
}
trap tidy_up EXIT

net_up || exit 1
mac=$(server_mac)
where=10.9.0.1

# call PORT: who does handshakes there, step by step; step WORDS...: $answer
call() {
	port=$1
	coproc hands { in_client "$tests/tools/handshakes" "$LQ_SERVER" "$mac" "$port"; }
	hands_in=${hands[1]} hands_out=${hands[0]}
}

hang_up() {
	[ -n "${hands_in:-}" ] || return 0
	exec {hands_in}>&-
	# shellcheck disable=SC2154
	wait "$hands_PID" 2>/dev/null
	hands_in=
}

step() {
	printf '%s\n' "$*" >&"$hands_in"
	read -r -t 120 answer <&"$hands_out" || answer='no answer'
}

word() { of "$1" "$(endpoint "$port")"; }
words_now() { words "$(endpoint "$port")" "$@"; }
now_is() { [ "$(word "$1")" = "$2" ]; }
state_lines() { ledger requests | grep -c " server=$where:$port state=$1 "; }

# begin PORT BACKLOG KEYS...: a listener that parks, its queue not yet full
begin() {
	call "$1"
	step listen "$2"
	is "takeover ${*:3}" "$(errno_of takeover "$where:$port" overflow=park "${@:3}")" ''
}

# fill FIRST: listen(1) holds two
fill() {
	step syn "$1" 2
	step ack "$1" 2
}

# park FIRST COUNT: their SYNs come before the queue is full
park() {
	step syn "$1" "$2"
	fill 190000
	step ack "$1" "$2"
}

finish_with() {
	order release "$where:$port" >/dev/null
	hang_up
}

#
# Acts
#

# late_row NAME: a row of the table; leaves worst, all_but_one, median, longest_rtt
late_row() {
	local name=$1 wait_ms values i rtts=

	for wait_ms in 10 50 200; do
		values=
		for ((i = 0; i < tries; i++)); do
			step late $delay_ms $wait_ms
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
	   ! ip netns exec "$LQ_CLIENT" tc qdisc add dev lqc root netem delay ${delay_ms}ms limit 10000; then
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

play_many() {
	local before made bytes most

	# No timer: a SYN-ACK that finds no room on the wire when it is repeated ends its request.
	begin 7202 1 synq=30000 "park=$parked" timeout_ms=60000
	before=$(nstat_of TcpExtListenOverflows)
	made=$(nstat_of TcpPassiveOpens)
	park 0 "$parked"
	step data 0 "$parked"
	bytes=$(word parked_bytes) most=$(word parked_most_bytes)
	echo "# $parked parked: $(words_now parked_bytes parked_most_bytes), $((bytes / parked)) bytes each"
	is 'all are parked' "$(words_now parked pending) listed=$(state_lines parked)" \
		"parked=$parked pending=$parked listed=$parked"
	check 'their memory is within the bound' [ "$bytes" -le "$most" ]
	check 'and is not nothing' [ "$bytes" -gt $((parked * 500)) ]
	step seen
	step syn 100000 1
	is 'with the queue full, no SYN is let in' "$answer" 'synacks=0'
	is 'the ledger: kept, not lost' \
		"$(verdict req_parked "$(endpoint "$port")") $(verdict req_parked_data "$(endpoint "$port")") $(verdict req_accept_full "$(endpoint "$port")")" \
		"$parked $parked 0"
	is 'the kernel: only that SYN was refused' "$(($(nstat_of TcpExtListenOverflows) - before))" \
		"$(verdict syn_accept_full "$(endpoint "$port")")"
	step accept $((parked + 2))
	is 'all come, in the order of their ACKs, with their data' "$answer" \
		"accepted=$((parked + 2)) with_data=$parked order=190000-190001,0-$((parked - 1))"
	is 'nothing is left' "$(words_now parked parked_bytes pending promoted)" \
		"parked=0 parked_bytes=0 pending=0 promoted=$parked"
	is 'each is a connection once' \
		"$(verdict req_completed "$(endpoint "$port")") $(($(nstat_of TcpPassiveOpens) - made))" \
		"$((parked + 2)) $((parked + 2))"
	step seen
	is 'no RST' "$(of rsts "$answer")" 0
	finish_with
}

# What is too much is handled as overflow=wait.
play_limits() {
	local before

	begin 7203 1 synq=1000 park=10 park_bytes=8
	before=$(nstat_of TcpExtListenOverflows)
	park 0 20
	is 'park=10: ten are' "$(words_now parked) $(state_lines acked)" 'parked=10 10'
	is 'the others are refused, and counted' \
		"$(verdict req_accept_full "$(endpoint "$port")") $(($(nstat_of TcpExtListenOverflows) - before))" '10 10'
	step data 0 10
	step data 0 10
	is 'their data is kept once' \
		"$(verdict req_parked_data "$(endpoint "$port")") $(verdict req_parked_again "$(endpoint "$port")")" '10 10'
	order set "$where:$port" park_bytes=0
	step accept 12
	is 'they come, with what was kept' "$answer" \
		'accepted=12 with_data=10 order=190000-190001,0-9'
	finish_with

	begin 7204 1 synq=1000 park=10 park_bytes=0
	park 0 5
	step data 0 5
	is 'park_bytes=0: no data is kept' \
		"$(words_now parked) $(verdict req_parked_data "$(endpoint "$port")") $(verdict req_accept_full "$(endpoint "$port")")" \
		'parked=5 0 5'
	step accept 7
	is 'nobody has any' "$answer" 'accepted=7 with_data=0 order=190000-190001,0-4'
	finish_with
}

play_memory() {
	call 7205
	step listen 1
	echo 4 >$parameters/mem_max
	refused ENOSPC takeover "$where:$port" overflow=park park=1000000
	is 'a smaller one fits' "$(errno_of takeover "$where:$port" overflow=park park=100)" ''
	is 'set: refused, too' "$(errno_of set "$where:$port" park=1000000) $(word park)" 'ENOSPC 100'
	is 'and so are more bytes of each' "$(errno_of set "$where:$port" park_bytes=65535)" ENOSPC
	is 'without parking, park= takes no memory' \
		"$(errno_of set "$where:$port" overflow=wait park=1000000) $(word parked_most_bytes)" ' '
	is 'until it is to be used' "$(errno_of set "$where:$port" overflow=park)" ENOSPC
	echo 0 >$parameters/mem_max
	is 'now it fits' "$(errno_of set "$where:$port" overflow=park park=1000)" ''
	finish_with
}

# As an acknowledged request of the stock kernel: the SYN-ACK comes again, then it is over.
play_expiry() {
	begin 7206 1 synq=30000 "park=$expiring" retries=1 "timeout_ms=$((2000 + expiring * 2))"
	park 0 "$expiring"
	step data 0 "$expiring"
	is 'parked' "$(words_now parked)" "parked=$expiring"
	await 300 now_is parked 0
	is 'they expire' "$(words_now parked parked_bytes pending expired)" \
		"parked=0 parked_bytes=0 pending=0 expired=$expiring"
	step seen
	# More of them are due in one tick of the kernel's timers than a virtual wire holds.
	if [ "$expiring" -le 100 ]; then
		is 'the SYN-ACK of each came once more, no RST' "$answer" "rsts=0 repeated=$expiring"
	else
		echo "# $(words "$answer" repeated): the SYN-ACKs that found room on the wire when they came once more"
		is 'no RST' "$(of rsts "$answer")" 0
	fi
	finish_with
}

play_rst() {
	begin 7207 1 synq=1000
	order set "$where:$port" park=200 >/dev/null
	park 0 100
	step rst 0 50
	is 'an RST ends it' "$(words_now parked pending) $(verdict req_rst "$(endpoint "$port")")" \
		'parked=50 pending=50 50'
	step accept 100
	is 'the others come' "$answer" 'accepted=52 with_data=0 order=190000-190001,50-99'
	is 'nothing is left' "$(words_now parked parked_bytes)" 'parked=0 parked_bytes=0'
	finish_with
}

# As park, with a backlog of 60: the stock kernel has room for what is handed back
park_of_60() {
	step syn 0 50
	step syn 190000 61
	step ack 190000 61
	step ack 0 50
}

# Stock requests whose last ACK had come: with room, the next segment completes them.
completes() {
	is "$1: stock requests" "$(in_server ss -Htn state syn-recv "sport = :$port" | wc -l)" 50
	step accept 61
	step data 20 2
	step accept 2
	is "$1: who comes again finds room" "$(words "$answer" accepted with_data)" "accepted=2 with_data=2"
}

play_release() {
	begin 7208 60 synq=1000 park=100 timeout_ms=60000
	park_of_60
	is 'parked' "$(words_now parked)" parked=50
	is 'release' "$(errno_of release "$where:$port")" ''
	completes release
	hang_up

	begin 7209 60 synq=1000 park=100 timeout_ms=60000
	park_of_60
	unload
	completes rmmod
	load
	hang_up
}

play_backlog() {
	begin 7210 1 synq=1000 park=100
	park 0 50
	step listen 21
	await 5 now_is parked 30
	is 'listen() with a larger backlog: so many come in' "$(words_now parked promoted)" \
		'parked=30 promoted=20'
	step accept 52
	is 'all come in order' "$answer" 'accepted=52 with_data=0 order=190000-190001,0-49'
	finish_with
}

# The listener closes, another one of the same server opens.
play_reopen() {
	begin 7211 1 synq=1000 park=100
	park 0 50
	step close
	is 'they outlive the listener' "$(words_now parked pending)" 'parked=50 pending=50'
	step listen 20
	await 5 now_is parked 29
	step accept 50
	is 'and come to the next one' "$answer" 'accepted=50 with_data=0 order=0-49'
	finish_with
}

# ascending RANGES: as handshakes prints them
ascending() { tr ',-' '\n' <<<"$1" | sort -nc; }

# Two listeners share the port: who waits for one does not go to the other.
play_group() {
	local first second in_group=40

	begin 7214 1 synq=1000 park=100
	step swap
	step listen 1
	step syn 0 $in_group
	step ack 0 $in_group
	is 'both queues are full, the others wait' "$(words_now parked)" "parked=$((in_group - 4))"
	step accept $in_group
	first=$(of accepted "$answer")
	check 'one listener: its own come, in order' ascending "$(of order "$answer")"
	is 'the others wait for the other one' "$(words_now parked)" \
		"parked=$((in_group - 2 - first))"
	step swap
	step accept $in_group
	second=$(of accepted "$answer")
	check 'the other one: in order, too' ascending "$(of order "$answer")"
	is 'all have come, to both' "$((first + second)) $((first > 2 && second > 2))" "$in_group 1"
	is 'nothing is left' "$(words_now parked parked_bytes)" 'parked=0 parked_bytes=0'
	finish_with
}

# The port is another user's now: he gets nothing of it.
play_user() {
	begin 7215 1 synq=1000 park=100
	park 0 50
	step data 0 50
	step close
	is 'parked when their listener closes' "$(words_now parked)" parked=50
	actor U ip netns exec "$LQ_SERVER" setpriv --reuid 1002 --clear-groups
	tell U listen L "$where" "$port" 100
	await 5 now_is pending 0
	is 'another user listens: they end' "$(words_now parked parked_bytes pending disowned)" \
		'parked=0 parked_bytes=0 pending=0 disowned=50'
	is 'and he has no connection' "$(words "$(listener "$port")" acceptq)" acceptq=0
	dismiss
	finish_with
}

play_netns() {
	begin 7212 1 synq=1000 park=100
	park 0 50
	is 'parked when its namespace goes' "$(words_now parked)" parked=50
	hang_up
	net_down
	check 'the module goes after it' unload
	load
	net_up
	mac=$(server_mac)
}

play_race() {
	if [ "$(nproc)" -lt 2 ]; then
		skip 'promoted while its data comes again' 'one CPU'
		return
	fi
	begin 7213 0 synq=1000 park=100
	for us in 0 100 1000; do
		widen $at_child $us
		step race $((us * 10)) "$rounds"
		widen 0 0
		is "promoted while its data comes again, $us us wider: one connection each" "$answer" "good=$rounds"
	done
	is 'nobody was refused' "$(verdict req_accept_full "$(endpoint "$port")")" 0
	check 'nearly all were promoted' [ "$(word promoted)" -ge $((rounds * 3 - 10)) ]
	for us in 200 500 1000; do
		widen $at_child $us
		step crowd $((us * 100)) "$rounds"
		is "two last ACKs for one place, $us us wider: both become connections" "$answer" "good=$rounds"
	done
	widen 0 0
	check 'the place was taken by another CPU' [ "$(word overtaken)" -gt 0 ]
	step seen
	echo "# race: $answer $(words_now promoted found_child) $(verdict req_parked_again "$(endpoint "$port")") segments came again"
	is 'no RST of the server' "$(of rsts "$answer") $(words_now parked pending)" '0 parked=0 pending=0'
	check 'the child was found by some' [ "$(word found_child)" -gt 0 ]
	finish_with
}

for act in ${LISTENQ_ONLY:-late many limits memory expiry rst backlog reopen group user race release netns}; do
	echo "# $act"
	"play_$act"
done
finish
