# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# overflow.sh - what dmesg says of queues that refuse clients; a part of ledger.sh

# lines PORT: what dmesg said of it since mark, and how many of those begin, end
lines() { said | grep "^0\.0\.0\.0[^: ]*:$1 "; }
line_count() { [ "$(lines "$1" | wc -l)" -ge "$2" ]; }

# who PORT: as dmesg names it
who() { echo "0.0.0.0:$1 netns $(server_netns) python3[${actor_pid[S]}]"; }

# begins PORT WHAT SEGMENTS DEPTH: a flood of 1000 SYNs, after which the listener has seen
# SEGMENTS and its queue has DEPTH places taken. Each is of another client.
begins() {
	local port=$1 what=$2 segments=$3 depth=$4 line first full drops n

	drops=$(nstat_of TcpExtListenDrops)
	began=$(now_us)
	flood "$port" syn 1000
	check "$what: all have come" await 20 has "segments=$segments" listener "$port"
	came=$(now_us)
	line=$(listener "$port")
	full=$(words "$line" "$depth" "${depth}_limit" | sed 's/[a-z_]*=//g; s/ / of /')
	refused=$(($(nstat_of TcpExtListenDrops) - drops))
	is "$what: as many are lost as the kernel counts" "$(of lost "$line")" "$refused"
	is "$what: the queue holds the others" "$(of "$depth" "$line")" \
		$(($(verdict syn_queued "$line")))
	await 60 line_count "$port" 1
	first=$(lines "$port" | head -n 1)
	is "$what: the first line says who, which queue, how long it is" "${first%, *}" \
		"$(who "$port"): $what, $full"
	n=$(lines "$port" | sed -n '1s/.*, \([0-9]*\) clients* refused (\([0-9]*\) segments*)$/\1 \2/p')
	between "$what: and how many clients so far" 1 "${n% *}" "$refused"
	between "$what: and segments" "${n% *}" "${n#* }" "$refused"
	is "$what: refused clients are waited for" "$(of waiting "$(listener "$port")")" "$refused"
}

# ends PORT HOW WHAT REFUSED LEAST SINCE: the second line; it lasted LEAST ms, or longer, but
# not longer than since SINCE
ends() {
	local ms

	check "$2: said" await 60 line_count "$1" 2
	ms=$(lines "$1" | sed -n '2s/.* for \([0-9]*\) ms, .*/\1/p')
	is "$2: which queue, how many were refused in the end" "$(lines "$1" | tail -n +2)" \
		"$(who "$1"): $2: $3 for $ms ms, $4"
	between "$2: and for how long" "$5" "$ms" "$(ms_since "$6")"
}

# one_client_of SEGMENTS: as dmesg says it
one_client_of() {
	local s=s

	(($1 == 1)) && s=
	echo "1 client refused ($1 segment$s)"
}

# ms_since US
ms_since() { echo $((($(now_us) - $1) / 1000)); }

dmesg_lines() {
	local began came refused t

	mark
	tell S listen L 0.0.0.0 8080 1
	tell C connect 2 "$server" 8080
	await 10 has acceptq=2 listener 8080
	begins 8080 'accept queue full' 1004 acceptq
	t=$(ms_since "$came")
	tell S drain L
	ends 8080 over 'accept queue full' "$refused clients refused ($refused segments)" \
		"$t" "$began"

	# Its requests expire one by one: then there is room.
	in_server sysctl -qw net.ipv4.tcp_synack_retries=2
	tell S listen M 0.0.0.0 8081 3
	begins 8081 'SYN queue full' 1000 synq
	ends 8081 over 'SYN queue full' "$refused clients refused ($refused segments)" \
		3000 "$began"
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
	is 'no other line' "$(said | wc -l)" 4

	one_client
	closed_while_full
	too_many_to_know
	odd_names
}

# The same listener again: told again, once. connect() sends its SYN after 0, 1, 3, 7 and 15 s.
one_client() {
	local lost t0

	tell C connect 2 "$server" 8080
	await 10 has acceptq=2 listener 8080
	lost=$(of lost "$(listener 8080)")
	mark
	t0=$(now_us)
	tell C begin "$server" 8080
	check 'a second overflow: told again' await 30 line_count 8080 1
	is 'and counted from one' "$(lines 8080 | head -n 1 | sed 's/ ([0-9]* segments*)//')" \
		"$(who 8080): accept queue full, 2 of 1, 1 client refused"
	check 'the same client knocks four times' await 30 has "lost=$((lost + 4))" listener 8080
	sleep 6.5
	is 'a queue that is full while nobody comes: not over' "$(lines 8080 | wc -l)" 1
	tell S drain L
	# Four, where time is what it should be.
	lost=$(($(of lost "$(listener 8080)") - lost))
	ends 8080 over 'accept queue full' "$(one_client_of "$lost")" 13000 "$t0"
	tell C 'done'
	is 'it gets in' "$answer" 1
	sleep 2
	is 'each said once' "$(lines 8080 | wc -l)" 2
	tell S drain L
}

closed_while_full() {
	local t0

	tell S listen N 0.0.0.0 8082 0
	tell C connect 1 "$server" 8082
	await 10 has acceptq=1 listener 8082
	mark
	t0=$(now_us)
	tell C begin "$server" 8082
	check 'a listener that will close: told' await 30 line_count 8082 1
	tell S close N
	ends 8082 closed 'accept queue full' \
		"$(one_client_of "$(of lost "$(endpoint 8082)")")" 1 "$t0"
	tell C drop
}

# More clients than are remembered: those that were may have come again.
too_many_to_know() {
	local n

	tell S listen O 0.0.0.0 8083 0
	tell C connect 1 "$server" 8083
	await 10 has acceptq=1 listener 8083
	mark
	flood 8083 syn 20000
	check 'more clients than are remembered' await 120 has lost=20000 listener 8083
	tell S drain O
	check 'over' await 60 line_count 8083 2
	n=$(lines 8083 | sed -n '2s/.* ms, at least \([0-9]*\) clients refused (20000 segments)$/\1/p')
	between 'at least so many of them' 12000 "$n" \
		$(($(constant LQ_CLIENTS_EACH clients.h) << $(constant LQ_CLIENT_SHARD_BITS clients.h)))
	tell S close O
}

# A VRF, whose name is in the listener's, and a task whose name would make up a line
odd_names() {
	local dev

	mark
	tell S comm 'x[1]: y\nlistenq: a=b'
	for dev in red $'r\x01=d'; do
		ip -n "$LQ_SERVER" link add "$dev" type vrf table 10 ||
			{ skip 'a listener of a device' 'this kernel has no VRFs'; return; }
		ip -n "$LQ_SERVER" addr add 10.8.0.1/24 dev "$dev"
		ip -n "$LQ_SERVER" link set "$dev" up
		tell S listen V 0.0.0.0 8084 0 "dev=$dev"
		tell S bind "$dev"
		tell S begin 10.8.0.1 8084
		await 10 has acceptq=1 listener 8084
		tell S begin 10.8.0.1 8084
		await 10 line_count 8084 "$([ "$dev" = red ] && echo 1 || echo 3)"
		tell S close V
		await 10 line_count 8084 "$([ "$dev" = red ] && echo 2 || echo 4)"
		tell S drop
		ip -n "$LQ_SERVER" link del "$dev"
	done
	is 'each is named with its device, odd bytes are escaped' \
		"$(lines 8084 | sed 's/ for [0-9]* ms//; s/ ([0-9]* segments*)//')" \
		"$(odd_lines red; odd_lines 'r\x01=d')"
	is 'no other line' "$(said | wc -l)" 4
}

# odd_lines DEV: what is due there
odd_lines() {
	local who

	who="0.0.0.0%$1:8084 netns $(server_netns) x[1]:\x20y\x0alistenq[${actor_pid[S]}]"
	printf '%s\n' "$who: accept queue full, 1 of 0, 1 client refused" \
		"$who: closed: accept queue full, 1 client refused"
}
