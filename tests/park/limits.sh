# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# limits.sh - as many as there may be, and no more; a part of park.sh

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
	echo 4 >"$parameters/mem_max"
	refused ENOSPC takeover "$where:$port" overflow=park park=1000000
	is 'a smaller one fits' "$(errno_of takeover "$where:$port" overflow=park park=100)" ''
	is 'set: refused, too' "$(errno_of set "$where:$port" park=1000000) $(word park)" 'ENOSPC 100'
	is 'and so are more bytes of each' "$(errno_of set "$where:$port" park_bytes=65535)" ENOSPC
	is 'without parking, park= takes no memory' \
		"$(errno_of set "$where:$port" overflow=wait park=1000000) $(word parked_most_bytes)" ' '
	is 'until it is to be used' "$(errno_of set "$where:$port" overflow=park)" ENOSPC
	echo 0 >"$parameters/mem_max"
	is 'now it fits' "$(errno_of set "$where:$port" overflow=park park=1000)" ''
	finish_with
}
