#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# overflow=park: handshakes whose last ACK meets a full accept queue wait with their data,
# and become connections when there is room. How long that takes, beside the stock kernel
# and overflow=wait; LISTENQ_PARKED (10000) of them at once; every way in which they end,
# LISTENQ_EXPIRING (100) of them by their timers. Its acts are in park/;
# LISTENQ_ONLY="ACT..." plays some.
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
	dismiss
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

. "$tests/park/cookies.sh"
. "$tests/park/late.sh"
. "$tests/park/repeated.sh"
. "$tests/park/limits.sh"
. "$tests/park/ends.sh"
. "$tests/park/listeners.sh"
. "$tests/park/race.sh"

for act in ${LISTENQ_ONLY:-late repeated many limits cookies memory expiry rst backlog reopen group leaving user race overtaken release netns}; do
	echo "# $act"
	"play_$act"
done
finish
