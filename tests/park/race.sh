# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# race.sh - promoted on one CPU while segments come on another, a place that is taken first; a
# part of park.sh

play_race() {
	if [ "$(nproc)" -lt 2 ]; then
		skip 'promoted while its data comes again' 'one CPU'
		return
	fi
	begin 7213 0 synq=1000 park=100
	for us in 0 100 1000; do
		widen "$at_child" $us
		step race $((us * 10)) "$rounds"
		widen 0 0
		is "promoted while its data comes again, $us us wider: one connection each" "$answer" "good=$rounds"
	done
	is 'nobody was refused' "$(verdict req_accept_full "$(endpoint "$port")")" 0
	check 'nearly all were promoted' [ "$(word promoted)" -ge $((rounds * 3 - 10)) ]
	for us in 200 500 1000; do
		widen "$at_child" $us
		step crowd $((us * 100)) "$rounds"
		is "two last ACKs for one place, $us us wider: both become connections" "$answer" "good=$rounds"
	done
	widen 0 0
	step seen
	echo "# race: $answer $(words_now promoted found_child overtaken) $(verdict req_parked_again "$(endpoint "$port")") segments came again"
	is 'no RST of the server' "$(of rsts "$answer") $(words_now parked pending)" '0 parked=0 pending=0'
	check 'the child was found by some' [ "$(word found_child)" -gt 0 ]
	finish_with
}

# The accept queue looks as if it had room, for another CPU takes the last place after that: each
# last ACK here. It is parked all the same, and the kernel has counted a refusal that is none.
play_overtaken() {
	local refused

	unload
	load "fault=$(constant LQ_FAULT_OVERTAKEN faults.h)"
	begin 7214 1 synq=1000 park=100 timeout_ms=60000
	step syn 0 20
	fill 190000
	refused=$(nstat_of TcpExtListenOverflows)
	step ack 0 20
	is 'overtaken: parked all the same' "$(words_now overtaken parked)" 'overtaken=20 parked=20'
	is 'overtaken: the kernel counts them' $(($(nstat_of TcpExtListenOverflows) - refused)) 20
	is 'overtaken: nobody was refused' "$(verdict req_accept_full "$(endpoint "$port")")" 0
	step accept 22
	is 'overtaken: all become connections' "$(of accepted "$answer") $(words_now parked pending)" \
		'22 parked=0 pending=0'
	step seen
	is 'overtaken: no RST, none had to come again' "$answer" 'rsts=0 repeated=0'
	finish_with
	unload
	load
}
