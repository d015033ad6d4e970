#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Memory of SYN queues: it begins small, grows as it is needed, goes back when it is not, and
# mem_max has it again; while records are moved to other buckets, who reads them misses none.
# LISTENQ_ONLY="ACT..." plays some acts, LISTENQ_CROWD is how many SYNs the large ones have.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

list=$(mktemp -d)
trap 'dismiss; net_down; rm -rf "$list"' EXIT

net_up || exit 1
in_server sysctl -qw net.core.somaxconn=1000000 net.ipv4.tcp_max_syn_backlog=1000000 \
	net.ipv4.tcp_syncookies=0
port=7400
crowd=${LISTENQ_CROWD:-50000}
slow=1
! is_debug_kernel || { crowd=${LISTENQ_CROWD:-10000} slow=10; }

of_endpoint() { of "$1" "$(endpoint $port)"; }

# begin BACKLOG [KEY=VALUE...]: a listener on a port of its own, taken over
begin() {
	port=$((port + 1))
	actor server ip netns exec "$LQ_SERVER"
	tell server listen L 0.0.0.0 $port "$1"
	order takeover "0.0.0.0:$port" "${@:2}"
}

# flood FIRST COUNT: SYNs of so many flows, never answered
flood() {
	in_client "$tests/tools/flood" -b "$1" lqc "$(server_mac)" 10.9.0.1 $port syn "$2" >/dev/null
}

end() {
	order release "0.0.0.0:$port"
	dismiss
}

# parts PROCESSORS: of a queue, see lq_synq_new()
parts() {
	local n=1 most

	most=$((1 << $(constant LQ_MOST_PART_BITS types.h)))
	while ((n < $1 && n < most)); do
		n=$((2 * n))
	done
	echo $n
}

# possible: processors that the kernel could have
possible() { echo $(($(sed 's/.*-//' /sys/devices/system/cpu/possible) + 1)); }

# Also for a machine that could have 128 (scripts/vm -a possible_cpus=128).
play_small() {
	local here first each most=65536

	first=$(constant FIRST_RECORDS memory.c)
	each=$(constant EACH memory.c)
	here=$(parts "$(possible)")
	[ "$(possible)" -le 4 ] || most=4000000
	begin 128
	echo "# $(possible) processors, $here parts, $(words "$(endpoint $port)" records bytes held_bytes)"
	between 'backlog 128: bytes' 1 "$(of_endpoint bytes)" $most
	between 'and what it holds of mem_max' 1 "$(of_endpoint held_bytes)" $most
	end
	begin 1000000
	between 'a large backlog begins with no more: records of a part' 1 \
		$(($(of_endpoint records) / here)) $((first / here > 2 * each ? first / here + each : 3 * each))
	end
}

# grown COUNT: are there records for so many?
grown() { [ "$(of_endpoint records)" -ge "$1" ]; }
# shellcheck disable=SC2317
is_first() { [ "$(of_endpoint records)" -le "$first" ] && [ "$(of_endpoint bytes)" -le "$bytes" ]; }
# shellcheck disable=SC2317
none_pending() { [ "$(of_endpoint pending)" = 0 ]; }

# Without synq= the share is what the backlog needs; a larger one takes more than it.
play_shrink() {
	local first bytes held

	# None is to expire before all have come.
	begin 64 timeout_ms=$((2000 * slow)) retries=0
	first=$(of_endpoint records) bytes=$(of_endpoint bytes) held=$(of_endpoint held_bytes)
	tell server again L 1000000
	flood 0 "$crowd"
	is "$crowd SYNs are pending" "$(of_endpoint pending)" "$crowd"
	check "there are records for them" grown "$crowd"
	echo "# $(words "$(endpoint $port)" pending records bytes held_bytes)"
	check 'it takes more than its share' [ "$(of_endpoint held_bytes)" -gt "$held" ]
	is 'no SYN found no record' "$(verdict syn_no_memory "$(endpoint $port)")" 0
	check 'they expire' await 60 none_pending
	tell server again L 64
	check 'memory goes back' await 60 is_first
	echo "# $(words "$(endpoint $port)" pending records bytes held_bytes)"
	is 'mem_max has it again' "$(of_endpoint held_bytes)" "$held"
	flood 0 50
	is 'it works as before' "$(of_endpoint pending)" 50
	end
}

# A queue that finds no memory must not hold any of mem_max for it.
play_fault() {
	local bytes held dropped

	unload
	load "fault=$(constant LQ_FAULT_NO_RECORDS)"
	begin 64 timeout_ms=120000
	bytes=$(of_endpoint bytes) held=$(of_endpoint held_bytes)
	tell server again L 1000000
	flood 0 5000
	check 'SYNs find no record' [ "$(verdict syn_no_memory "$(endpoint $port)")" -gt 0 ]
	sleep 0.5
	is 'no memory: nothing is charged for it' "$(of_endpoint bytes) $(of_endpoint held_bytes)" \
		"$bytes $held"
	dropped=$(verdict syn_no_memory "$(endpoint $port)")
	in_server sysctl -qw net.ipv4.tcp_syncookies=1
	flood 5000 1000
	is 'with cookies: no SYN is dropped for it' "$(verdict syn_no_memory "$(endpoint $port)")" \
		"$dropped"
	is 'each has a cookie' "$(verdict syn_cookie "$(endpoint $port)")" 1000
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	end
	unload
	load
}

# clients FILE: of the requests file
clients() {
	in_server cat /proc/net/listenq/requests |
		sed -n "s/^endpoint=.* client=\([^ ]*\) server=10.9.0.1:$port .*/\1/p" >"$1"
}

# Reads while buckets double several times, and each time records are moved a few at a time
play_walk() {
	local reads=0 missed=0 twice=0 going

	begin 1000000 timeout_ms=120000
	flood 0 2000
	clients "$list/first"
	sort -o "$list/first" "$list/first"
	is 'requests shows all' "$(wc -l <"$list/first")" 2000
	flood 2000 "$crowd" &
	going=$!
	while kill -0 $going 2>/dev/null; do
		clients "$list/now"
		sort -o "$list/now" "$list/now"
		missed=$((missed + $(comm -23 "$list/first" "$list/now" | wc -l)))
		twice=$((twice + $(uniq -d "$list/now" | wc -l)))
		reads=$((reads + 1))
	done
	wait $going
	check 'it is read while it grows' [ $reads -gt 0 ]
	is "$reads reads while it grows: who was there all the time is never missed" $missed 0
	is 'and nobody is shown twice' $twice 0
	clients "$list/now"
	is 'all are there in the end' "$(wc -l <"$list/now")" $((crowd + 2000))
	end
}

for act in ${LISTENQ_ONLY:-small shrink fault walk}; do
	echo "# $act ($(cut -d. -f1 /proc/uptime) s)"
	"play_$act"
done
finish
