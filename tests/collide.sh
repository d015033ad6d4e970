#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two segments of one handshake on two CPUs at once, LISTENQ_RACES (1000) times each, at a
# listener that is taken over. Half of the rounds with their windows widened (delay_us=): a
# race that never happened would prove nothing, so how often is printed, and must not be 0.
#
# Then the same while something goes on beside: the endpoint is released and taken over, the
# server closes and opens, its namespace goes, the module is unloaded and loaded (rmmod, not
# by itself: the emulator may go on with patched code, see tests/README.md, VM notes).
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

rounds=${LISTENQ_RACES:-1000}
work=$(mktemp -d /tmp/lqcollide.XXXXXX)
ledger_of_races='found_child found_request waited backlogged'

# shellcheck disable=SC2317
tidy_up() {
	widen 0 0
	rm -rf "$work"
	net_down
}
trap tidy_up EXIT

[ "$(nproc)" -ge 2 ] || {
	skip 'two segments at once' 'one CPU'
	finish
	exit
}
net_up || exit 1
mac=$(server_mac)

# What the ledger and the kernel say, in one line
tallies() {
	local line verdicts

	line=$(endpoint 7100)
	verdicts=$(of verdicts "$line")
	verdicts=${verdicts//,/ }
	echo "${line% verdicts=*} ${verdicts//:/=} out_rsts=$(nstat_of TcpOutRsts)"
}

# since WORD: how far it has moved from $before to $after
since() {
	local old new

	old=$(of "$1" "$before") new=$(of "$1" "$after")
	echo $((${new:-0} - ${old:-0}))
}

# clash KIND ROUNDS: its own words in $came, those of the ledger by since
clash() {
	before=$(tallies)
	came=$(in_client "$tests/tools/collide" -n "$2" -w 3000 "$LQ_SERVER" "$mac" "$1")
	after=$(tallies)
	saved=$(($(since found_child) + $(since syn_lost_race)))
	echo "# $1: $came saved=$saved$(for word in req_completed syn_lost_race req_syn_again req_rst $ledger_of_races; do
		printf ' %s=%s' "$word" "$(since "$word")"
	done)"
}

# leaves_nothing KIND
leaves_nothing() {
	is "$1: nothing stays behind" \
		"pending=$(of pending "$after") requests=$(ledger requests | grep -c ^endpoint=) sockets=$(
			in_server ss -Htan state all sport = :7100 | grep -vc LISTEN)" \
		'pending=0 requests=0 sockets=0'
}

# good KIND ROUNDS: each round made one connection that works; no RST, no second number
good() {
	is "$1, $3: $2 connections, no RST, no second number" \
		"$(words "$came" rounds established rst other_isn extra failed) out_rsts=$(since out_rsts) made=$(since req_completed)" \
		"rounds=$2 established=$2 rst=0 other_isn=0 extra=0 failed=0 out_rsts=0 made=$2"
}

# some KIND ROUNDS US: so many rounds, their window wider by that
some() {
	widen "$at_child" "$3"
	clash "$1" "$2"
	widen 0 0
	good "$1" "$2" "$3 us wider"
	met=$((met + $(of both "$came"))) saves=$((saves + saved)) waits=$((waits + $(since waited)))
}

# play KIND: half of the rounds as they come, half with the window widened; where two CPUs
# hardly run at the same time, some more
play() {
	met=0 saves=0 waits=0
	some "$1" $((rounds / 2)) 0
	some "$1" $((rounds - rounds / 2)) 100
	for us in 1000 5000 20000; do
		[ $saves -gt 0 ] || some "$1" 100 $us
	done
	check "$1: both CPUs were at it $met times" [ $met -gt 0 ]
	check "$1: the lookup was what saved it $saves times" [ $saves -gt 0 ]
	check "$1: a CPU waited for the other one $waits times" [ $waits -gt 0 ]
	leaves_nothing "$1"
}

# The program itself says how long the first SYN is held up, round by round.
play_late() {
	widen "$at_request" 0
	clash late "$rounds"
	widen 0 0
	good late "$rounds" 'one SYN overtaken'
	check "late: the lookup was what saved it $saved times" [ "$saved" -gt 0 ]
	leaves_nothing late
}

# The data finds a connection that its server is at work with.
play_busy() {
	widen "$at_find" 0
	clash busy "$((rounds / 5))"
	widen 0 0
	good busy "$((rounds / 5))" 'the data overtaken'
	check "busy: it went to the backlog $(since backlogged) times" [ "$(since backlogged)" -gt 0 ]
	leaves_nothing busy
}

# An RST that is first ends the handshake: the ACK is then nobody's, as under stock.
play_rst() {
	local ended

	widen $((at_child | at_kill)) 100
	clash rst "$rounds"
	widen 0 0
	ended=$(since req_rst)
	is 'rst: a connection or an RST for each' \
		"$(words "$came" rounds other_isn extra failed) $((ended + $(since req_completed))) rst=$(of rst "$came") out_rsts=$(since out_rsts)" \
		"rounds=$rounds other_isn=0 extra=0 failed=0 $rounds rst=$ended out_rsts=$ended"
	check "rst: both CPUs were at it $(of both "$came") times" [ "$(of both "$came")" -gt 0 ]
	leaves_nothing rst
}

#
# Beside something else
#

loop_rmmod() {
	unload
	sleep 0.05
	in_server insmod "$ko" testing=1 takeover='*:7100' delay_at="$(cat "$work/at")" delay_us="$(cat "$work/us")"
	seen_start
	sleep 0.2
}

# beside WHAT KIND ROUNDS US OPTIONS...: that, again and again while the rounds are played
beside() {
	local rsts looper turns options=("${@:5}")

	# A round takes longer than its delays: there must be some between two restarts.
	[ "$1" != restart ] || options+=($((20 + $4 / 20)))
	: >"$work/go"
	: >"$work/turns"
	echo $((at_find | ($4 < 20000 ? at_child | at_accept : 0))) >"$work/at"
	echo "$4" >"$work/us"
	widen "$(cat "$work/at")" "$4"
	rsts=$(nstat_of TcpOutRsts)
	while [ "$1" = rmmod ] && [ -e "$work/go" ]; do
		loop_rmmod
		echo >>"$work/turns"
	done &
	looper=$!
	came=$(in_client "$tests/tools/collide" -n "$3" -w 3000 "${options[@]}" "$LQ_SERVER" "$mac" "$2")
	rm "$work/go"
	wait $looper
	widen 0 0
	rsts=$(($(nstat_of TcpOutRsts) - rsts))
	echo "# $2 beside $1, $4 us wider: $came out_rsts=$rsts"
	turns=$(($(of turns "$came") + $(wc -l <"$work/turns")))
	check "$2 beside $1: that took place $turns times" [ "$turns" -gt 0 ]
	case $1-$2 in
	restart-*)
		# Its own RST ends a handshake of rst: the last ACK may then get one, as under stock.
		[ "$2" != rst ] || came=${came/ rst=/ rst=0 ended=}
		is "$2 beside $1: what had a server all the time is good" \
			"$(words "$came" rounds other_isn extra failed rst)" \
			"rounds=$3 other_isn=0 extra=0 failed=0 rst=0"
		check "$2 beside $1: $(of inherited "$came") handshakes went on at the next server" \
			[ "$(of inherited "$came")" -gt 0 ]
		;;
	*-rst)
		is "$2 beside $1: a connection or an RST for each" "$(words "$came" rounds other_isn extra failed rst)" \
			"rounds=$3 other_isn=0 extra=0 failed=0 rst=$rsts" ;;
	*)
		is "$2 beside $1: $3 connections, no RST, no second number" \
			"$(words "$came" rounds established rst other_isn extra failed) out_rsts=$rsts" \
			"rounds=$3 established=$3 rst=0 other_isn=0 extra=0 failed=0 out_rsts=0" ;;
	esac
}

# each_beside WHAT KINDS OPTIONS...: as they come, and with the windows widened
each_beside() {
	local kind us

	for kind in $2; do
		for us in 0 2000; do
			beside "$1" "$kind" $((rounds / 5)) $us "${@:3}"
		done
	done
}

# The last time, long enough for a release to get to what a segment looks for.
play_release() {
	local word

	before=$(tallies)
	each_beside release 'data syn acks rst' -t 20
	beside release acks $((rounds / 2)) 20000 -t 20
	after=$(tallies)
	for word in found_child waited handed_back; do
		check "release: $word $(since $word) times" [ "$(since $word)" -gt 0 ]
	done
}

play_restart() { each_beside restart 'data syn acks rst' -r; }

# -s: the module takes over whoever listens there when it comes
play_rmmod() { each_beside rmmod 'data syn acks rst' -s; }

# In the middle of it the client and the server are killed, and their namespaces go.
play_netns() {
	local kind us

	for kind in data syn acks rst; do
		for us in 0 2000; do
			widen $((at_find | at_child | at_accept | at_kill)) $us
			ip netns exec "$LQ_CLIENT" "$tests/tools/collide" -n 100000 -w 3000 \
				"$LQ_SERVER" "$mac" $kind >/dev/null &
			sleep 1
			kill -KILL $!
			wait $! 2>/dev/null
			net_down
			widen 0 0
			net_up
			mac=$(server_mac)
		done
	done
	check 'netns: the module goes after them' unload
	load
}

for act in ${LISTENQ_ONLY:-data syn acks late rst busy release restart netns}; do
	case $act in
	data | syn | acks) play "$act" ;;
	*) "play_$act" ;;
	esac
done
finish
