# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# listeners.sh - other backlogs, listeners and users; a part of park.sh

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

# Of two, the second closes; the first has no room. Who waited for the second goes to the one that
# opens in its place as soon as a segment of theirs does, and does not keep others waiting.
play_leaving() {
	local came left

	begin 7230 1 synq=1000 park=100
	step swap
	step listen 1
	step syn 0 40
	step ack 0 40
	is 'both queues are full' "$(words_now parked)" parked=36
	step close
	step listen 60
	step data 0 40
	step accept 40
	came=$(of accepted "$answer") left=$(word parked)
	is 'one closes: its own come to the next one, with their data' "$(of with_data "$answer") $((came + left)) $((came > 2 && left > 2))" "$came 36 1"
	step swap
	step accept 40
	is 'the others to theirs' "$(of accepted "$answer")" $((left + 2))
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
