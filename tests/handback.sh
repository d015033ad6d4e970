#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Endpoints go back to the stock kernel, with what is pending: on release, when a lease
# ends, when a queue is broken, on rmmod. Every handshake up to the bound can still be completed.
# LISTENQ_ONLY="ACT..." plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

trap 'dismiss; net_down' EXIT

net_up || exit 1
in_server sysctl -qw net.core.somaxconn=1000000 net.ipv4.tcp_max_syn_backlog=1000000
port=7200

of_endpoint() { of "$1" "$(endpoint $port)"; }
# Of the stock kernel's queues
stock() { words "$(listener $port)" synq young acceptq; }

# begin BACKLOG [KEY=VALUE...]: a listener on a port of its own, taken over, and clients
begin() {
	port=$((port + 1))
	actor server ip netns exec "$LQ_SERVER"
	tell server listen L 0.0.0.0 $port "$1" reuseport
	# On one CPU: what they send comes in that order.
	plays=halfopen.py actor clients ip netns exec "$LQ_CLIENT" taskset -c 0
	tell clients wire lqc "$(server_mac)"
	order takeover "0.0.0.0:$port" "${@:2}"
}

# half_open FIRST COUNT
half_open() {
	tell clients syn "$1" "$2" $port
	is "$2 half-open" "$answer $(of_endpoint pending)" "$2 $2"
}

# completes FIRST COUNT RSTS: last ACKs, and how many clients are told that there is nothing
completes() {
	tell clients ack "$1" "$2"
	tell clients came 1
	is "last ACKs of $2 clients: RSTs" "$(of rsts "$answer")" "$3"
}

end() { dismiss; }

# More than the kernel would admit: its limit is for SYNs.
play_beyond() {
	begin 100 synq=400 timeout_ms=120000
	half_open 0 300
	mark
	order release "0.0.0.0:$port"
	is 'three times the backlog is handed back' "$(stock)" 'synq=300 young=300 acceptq=0'
	is 'release says so' "$(words "$(endpoint $port)" state handed_back over_limit orphaned)" \
		'state=observing handed_back=300 over_limit= orphaned='
	is 'and dmesg, in one line' "$(said | sed 's/ in [0-9]* ms//')" \
		"0.0.0.0:$port netns $(server_netns) is with the kernel again, released: 300 requests handed back, 0 over the bound, 0 the kernel's already, 0 lost"
	# One more than the backlog.
	completes 0 50 0
	completes 249 51 0
	is 'the oldest are connected, and the youngest' "$(stock)" 'synq=199 young=199 acceptq=101'
	end
}

# Requests of the kernel that are the clients', not the flood's
of_clients() {
	in_server ss -Htn state syn-recv "sport = :$port" | grep -c ' 10\.99\.1\.1:'
}

# The bound is far beyond the backlog. A flood of that comes in between: those whose last ACK has
# come are handed back, who are the oldest, and the youngest.
play_bound() {
	local bound flood

	is_debug_kernel && return
	bound=$(constant LEAST_BOUND)
	flood=$((bound + 200))
	begin 1 synq=$((2 * bound)) timeout_ms=120000 overflow=park park=50
	half_open 0 12
	# Its addresses are others than the clients'.
	in_client "$tests/tools/flood" -b 100000 lqc "$(server_mac)" 10.9.0.1 $port syn "$flood" >/dev/null
	# Where the kernel's clock is its tick, no two of one tick are younger than each other.
	sleep 0.1
	tell clients syn 12 40 $port
	# Only now: a full accept queue admits no SYN.
	tell clients ack 0 12
	await 10 is_parked 10
	is 'two are connected, ten are parked' "$(of acceptq "$(listener $port)") $(of_endpoint parked)" '2 10'
	is 'all are pending' "$(of_endpoint pending)" $((flood + 50))
	mark
	order release "0.0.0.0:$port"
	echo "# $(said)"
	is 'so many are handed back' "$(words "$(endpoint $port)" handed_back over_limit orphaned)" \
		"handed_back=$bound over_limit=250 orphaned="
	is 'dmesg says what is over it' "$(said | grep -c ', 250 over the bound, ')" 1
	is 'the parked and the youngest are among them' "$(of_clients)" 50
	end
}
# shellcheck disable=SC2317
is_parked() { [ "$(of_endpoint parked)" = "$1" ]; }

play_old() {
	in_server sysctl -qw net.ipv4.tcp_synack_retries=3
	begin 100 timeout_ms=4000
	half_open 0 20
	await 60 timers_ran
	order release "0.0.0.0:$port"
	is 'those whose SYN-ACK was repeated are not young' "$(stock)" 'synq=20 young=0 acceptq=0'
	completes 0 10 0
	is 'some complete' "$(stock)" 'synq=10 young=0 acceptq=10'
	await 300 is_empty
	is 'the others expire as they would have' "$(stock)" 'synq=0 young=0 acceptq=10'
	end
}
# shellcheck disable=SC2317
timers_ran() { [ "$(of_endpoint young)" = 0 ]; }
# shellcheck disable=SC2317
is_empty() { [ "$(of synq "$(listener $port)")" = 0 ]; }

# released_by WHY PENDING: by itself, with one line
released_by() {
	await 60 is_released
	is "$1: it goes back by itself" "$(words "$(endpoint $port)" state orphaned)" \
		'state=observing orphaned='
	is "$1: one line" "$(said | grep -c ":$port netns $(server_netns) is with the kernel again, $1: $2 requests")" 1
}
# shellcheck disable=SC2317
is_released() { [ "$(of_endpoint state)" = observing ]; }

# The last ACKs of 100 clients, the youngest first, while the endpoint is released; what came of
# it in $answer
acks_beside_release() {
	local n

	widen $((at_find | at_hand_back)) 20000
	order release "0.0.0.0:$port" &
	for n in $(seq 99 -1 0); do
		tell clients ack "$n" 1
	done
	wait $!
	widen 0 0
	tell clients came 1
}

# Last ACKs on one CPU while the other one hands their records back, each a moment later: some
# have looked for a request before it was there, and find no record any more.
play_race() {
	local tries found=0

	[ "$(nproc)" -gt 1 ] || {
		skip 'last ACK against hand-back' 'one CPU'
		return
	}
	for tries in 1 2 3 4 5 6 7 8 9 10; do
		begin 200 timeout_ms=120000
		tell clients syn 0 100 $port
		acks_beside_release
		found=$((found + $(of_endpoint found_request | grep . || echo 0)))
		[ "$(of rsts "$answer") $(stock)" = '0 synq=0 young=0 acceptq=100' ] || break
		[ $found -eq 0 ] || break
		end
	done
	is 'last ACK against hand-back: no RST, all are connected' \
		"rsts=$(of rsts "$answer") $(stock)" 'rsts=0 synq=0 young=0 acceptq=100'
	check "last ACK against hand-back: the lookup found the request $found times, in $tries tries" \
		[ $found -gt 0 ]
	end
	race_of_group
}

# The same where a member joins a group: segments that come to that one by now find a request of
# who took their SYN.
race_of_group() {
	local tries

	for tries in 1 2 3 4 5 6 7 8 9 10; do
		begin 200 timeout_ms=120000
		tell clients syn 0 100 $port
		tell server listen M 0.0.0.0 $port 200 reuseport to_second
		acks_beside_release
		[ "$(of rsts "$answer") $(connected)" = '0 100' ] || break
		[ "$(of_endpoint found_request | grep . || echo 0)" -eq 0 ] || break
		end
	done
	is "another member's request: no RST, all are connected" "rsts=$(of rsts "$answer") $(connected)" \
		'rsts=0 100'
	check "another member's request: $(of_endpoint found_request) were found, in $tries tries" \
		[ "$(of_endpoint found_request | grep . || echo 0)" -gt 0 ]
	end
}
# In the accept queues of all members
connected() { ledger listeners | grep " port=$port " | grep -o ' acceptq=[0-9]*' | awk -F= '{ n += $2 } END { print n + 0 }'; }

play_lease() {
	local end lease=5

	is_debug_kernel && lease=30
	begin 100 lease_ms=${lease}000 timeout_ms=120000
	half_open 0 10
	mark
	end=$((SECONDS + 2 * lease + 2))
	while ((SECONDS < end)); do
		order set "0.0.0.0:$port"
	done
	is 'set renews a lease' "$(of_endpoint state)" taken_over
	released_by 'its lease has ended' 10
	completes 0 10 0
	order takeover "0.0.0.0:$port" lease_ms=${lease}000
	order set "0.0.0.0:$port" lease_ms=0
	sleep $((lease + 1))
	is 'lease_ms=0: none' "$(of_endpoint state)" taken_over
	is 'a rule with a lease' "$(order takeover "*:$port" lease_ms=500)" ''
	check 'it ends' await 10 has_no_rule
	sleep 1
	is 'what was taken over before it stays' "$(of_endpoint state)" taken_over
	order release "0.0.0.0:$port"
	mark
	order takeover "*:$port" lease_ms=500
	released_by 'its lease has ended' 0
	check 'a rule ends with what it took over' await 10 has_no_rule
	end
}
# shellcheck disable=SC2317
has_no_rule() { [ "$(head_word rules)" = - ]; }

play_broken() {
	unload
	load "fault=$(constant LQ_FAULT_QUEUE)"
	begin 100 timeout_ms=100
	mark
	tell clients syn 0 10 $port
	released_by 'an invariant of its SYN queue does not hold' 10
	completes 0 10 0
	order takeover "0.0.0.0:$port"
	is 'it can be taken over again' "$(of_endpoint state)" taken_over
	end
	unload
	load
}

play_reuseport() {
	begin 100 timeout_ms=120000
	tell server listen L2 0.0.0.0 $port 100 reuseport
	half_open 0 150
	order release "0.0.0.0:$port"
	is 'a group: the kernel says who gets which' \
		"$(words "$(endpoint $port)" handed_back over_limit orphaned) $(
			ledger listeners | grep " port=$port " | grep -c ' synq=[1-9]')" \
		'handed_back=150 over_limit= orphaned= 2'
	completes 0 150 0
	end
}

play_rmmod() {
	local before ms

	begin 20000 timeout_ms=120000
	half_open 0 10000
	before=$(nstat_of TcpPassiveOpens)
	mark
	unload
	ms=$(unloaded_ms)
	echo "# unloaded in $ms ms"
	is 'all are requests of the kernel' \
		"$(in_server ss -Htn state syn-recv sport = :$port | wc -l)" 10000
	completes 0 10000 0
	is 'all are connections' "$(($(nstat_of TcpPassiveOpens) - before))" 10000
	load
	is 'its queues are sane' "$(stock)" 'synq=0 young=0 acceptq=10000'
	end
	is_debug_kernel || play_rmmod_again
}

# The machine may have been busy with others.
play_rmmod_again() {
	local tries

	for tries in 2 3; do
		[ "$ms" -gt 1000 ] || break
		begin 20000 timeout_ms=120000
		in_client "$tests/tools/flood" lqc "$(server_mac)" 10.9.0.1 $port syn 10000 >/dev/null
		mark
		unload
		ms=$(unloaded_ms)
		echo "# try $tries: unloaded in $ms ms"
		load
		end
	done
	between 'rmmod with 10,000 half-open: ms' 0 "$ms" 1000
}

unloaded_ms() { said | sed -n 's/^unloaded in \([0-9]*\) ms$/\1/p'; }

# Is the state to be seen while it is so? Says that it watches, and in the end how often it
# was. In one process that starts no others: the next look is not far.
watch_state() {
	# shellcheck disable=SC2016
	in_server bash -c '
		look() {
			while read -r line; do
				[[ $line != *" port=$0 "* ]] || state=$line
			done </proc/net/listenq/endpoints
		}
		look
		echo watching
		while [[ $state != *" state=observing "* ]]; do
			[[ $state != *" state=draining "* ]] || ((n++))
			look
		done
		echo "${n:-0}"' $port
}

# As many as LISTENQ_CROWD; a debug kernel would take longer than they live.
play_many() {
	local crowd=${LISTENQ_CROWD:-100000}

	begin 200000 timeout_ms=120000
	in_client "$tests/tools/flood" lqc "$(server_mac)" 10.9.0.1 $port syn "$crowd" >/dev/null
	is "$crowd half-open" "$(of_endpoint pending)" "$crowd"
	watch_state >"/tmp/lqstate.$$" &
	await 60 test -s "/tmp/lqstate.$$"
	mark
	order release "0.0.0.0:$port"
	echo "# $(said)"
	wait $!
	is 'all are handed back' "$(words "$(endpoint $port)" handed_back over_limit orphaned) $(stock)" \
		"handed_back=$crowd over_limit= orphaned= synq=$crowd young=$crowd acceptq=0"
	between 'draining is seen' 1 "$(tail -n 1 "/tmp/lqstate.$$")" 1000000
	rm -f "/tmp/lqstate.$$"
	end
	begin 200000 timeout_ms=120000
	in_client "$tests/tools/flood" lqc "$(server_mac)" 10.9.0.1 $port syn "$crowd" >/dev/null
	mark
	unload
	said | sed 's/^/# /'
	load
	is "rmmod with $crowd half-open" "$(stock)" "synq=$crowd young=$crowd acceptq=0"
	end
}

for act in ${LISTENQ_ONLY:-beyond bound old race lease broken reuseport rmmod many}; do
	echo "# $act ($(cut -d. -f1 /proc/uptime) s)"
	"play_$act"
done
finish
