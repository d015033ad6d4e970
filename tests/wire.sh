#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The same wire, whoever works the listen path: every story, and random ones, are played
# without the module, with the module watching, and with their listeners taken over. What
# is sent, when, and what the kernel counts must be the same.
#
# In a VM whose clock counts instructions (scripts/vm -i): there seconds pass at once, and
# the same happens in the same tick of each run.
#
#   LISTENQ_SEED=N         of the random stories (1)
#   LISTENQ_SEQUENCES=N    how many (1000)
#   LISTENQ_FIRST=N        from which on (0); with LISTENQ_SEQUENCES=1, one alone
#   LISTENQ_WIRE=WORD...   stories random
#   LISTENQ_WIRE_LOGS=DIR  where to leave the logs
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"

seed=${LISTENQ_SEED:-1}
first=${LISTENQ_FIRST:-0}
sequences=${LISTENQ_SEQUENCES:-1000}
instance=$tracing/instances/lqwire
work=$(mktemp -d /tmp/lqwire.XXXXXX)

# shellcheck disable=SC2317
tidy_up() {
	net_down
	rmdir "$instance" 2>/dev/null
	[ -z "${LISTENQ_WIRE_LOGS:-}" ] || cp "$work"/* "$LISTENQ_WIRE_LOGS"
	rm -rf "$work"
}
trap tidy_up EXIT

if [ "$(nproc)" -ne 1 ]; then
	skip 'same wire' 'needs a clock that counts instructions: scripts/vm -i'
	finish
	exit 0
fi

# play NAME ACTED ARGUMENT...: in namespaces of its own, so that no run knows of another
play() {
	local name=$1 acted=$2 rc=0

	shift 2
	net_up || return 2
	"$tests/drive/drive" -4 -a "$acted" -c "$LQ_CLIENT" -s "$LQ_SERVER" -n \
		-l "$work/$name" "$@" >"$work/$name.tap" || rc=$?
	net_down
	return $rc
}

# tell NAME ACTED STORY...: as play; a story that fails is not this test's matter
tell() {
	play "$@" || [ $? -eq 1 ]
}

# same WHAT LOG LOG [ARGUMENT...]: compares two runs
same() {
	local rc=0

	"$tests/wire.py" "${@:4}" "$work/$2" "$work/$3" >"$work/same" || rc=$?
	sed 's/^/# /' "$work/same"
	ok $rc "$1"
}

# lie KIND SED: a log that differs in one thing is told, and what it differs in
lie() {
	local rc=1

	sed "$2" "$work/again" >"$work/lied"
	"$tests/wire.py" "$work/again" "$work/lied" >"$work/same" ||
		{ grep -q "^1 x $1:" "$work/same" && rc=0; }
	ok $rc "a lie is found out: $1"
	[ $rc -eq 0 ] || sed 's/^/# /' "$work/same"
}

tell_lies() {
	lie 'win of SA' '0,/ A < SA /{/ A < SA /s/ win [0-9]*/ win 1/}'
	lie 'opt of SA' '0,/ A < SA /{/ A < SA /s/mss:/mss:1/}'
	lie 'time of SA' '0,/ A < SA /{/ A < SA /s/^/1/}'
	lie 'LOST a client' '0,/ accepted A/{/ accepted A/d}'
	lie 'counter OutRsts' '0,/counter OutRsts/{s/OutRsts +/&1/}'
}

# All stories of IPv4 but those that only stock, or only takeover, can play; what they
# expect is checked elsewhere.
play_stories() {
	local files=("$tests"/stories/*.story) n

	for n in "${!files[@]}"; do
		! grep -q '^needs .*takeover' "${files[n]}" || unset "files[$n]"
	done
	[ -z "${LISTENQ_STORIES:-}" ] || read -ra files <<<"$LISTENQ_STORIES"
	is_loaded && unload
	# What a story needs is loaded the first time, and that takes its time.
	tell told-first stock "${files[@]}"
	check 'stories played without the module' tell told-absent stock "${files[@]}"
	check 'the module loads' load
	check 'stories played with the module watching' tell told-observed stock "${files[@]}"
	check 'stories played with listeners taken over' tell told-taken listenq "${files[@]}"
	same 'stories: watching changes nothing' told-absent told-observed
	same 'stories: taking over changes nothing but what is allowed' told-absent \
		told-taken -a "$tests/wire.allowed"
}

# range COUNT: so many of the sequences, for drive -r
range() {
	echo "$seed,$first,$((sequences < $1 ? sequences : $1))"
}

# Who decided, in a histogram: a run whose listeners were not taken over proves nothing.
watch_actors() {
	mkdir "$instance" &&
		echo 'hist:keys=acted' >"$instance/events/listenq/lq_verdict/trigger"
}

# acted NUMBER: segments that stock (0) or listenq (1) decided on
acted() {
	sed -n "s/^{ acted: *$1 } hitcount: *\([0-9]*\).*/\1/p" \
		"$instance/events/listenq/lq_verdict/hist"
}

check_actors() {
	local stock ours

	stock=$(acted 0) ours=$(acted 1)
	echo "# decided by stock: ${stock:-0} segments, by listenq: ${ours:-0}"
	[ "$sequences" -lt 100 ] ||
		ok $((${ours:-0} < ${stock:-0} * 2)) 'taken over: listenq decided most of them'
	rmdir "$instance"
}

play_random() {
	echo "# seed $seed: sequences $first to $((first + sequences - 1))"
	is_loaded && unload
	check 'random stories played without the module' \
		play absent stock -r "$(range "$sequences")"
	check 'some of them once more' play again stock -r "$(range 100)"
	same 'a run is like another run: nothing is left to chance' absent again -p
	[ "$sequences" -lt 100 ] || tell_lies
	check 'the module loads' load
	check 'some played with the module watching' play observed stock -r "$(range 300)"
	same 'watching changes nothing' absent observed -p
	check 'a histogram of who decides' watch_actors
	check 'all played with listeners taken over' \
		play taken listenq -r "$(range "$sequences")"
	check_actors
	same 'taking over changes nothing but what is allowed' absent taken \
		-a "$tests/wire.allowed"
}

# What the kernel does in the background takes many ticks when a second passes at once.
[ ! -w /sys/kernel/mm/transparent_hugepage/enabled ] ||
	echo never >/sys/kernel/mm/transparent_hugepage/enabled
# When the 32 low bits of jiffies are near 0 (uptime 300-420 s), the kernel takes a listener
# that has never sent a cookie for one that has just done so.
while [ "$(cut -d. -f1 /proc/uptime)" -lt 430 ]; do
	sleep 10
done
for what in ${LISTENQ_WIRE:-stories random}; do
	"play_$what"
done
finish
