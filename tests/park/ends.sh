# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# ends.sh - every way in which parked handshakes end but accept(); a part of park.sh

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

play_netns() {
	begin 7212 1 synq=1000 park=100
	park 0 50
	is 'parked when its namespace goes' "$(words_now parked)" parked=50
	hang_up
	net_down
	check 'the module goes after it' unload
	load
	net_up
	# shellcheck disable=SC2034
	mac=$(server_mac)
}
