#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whatever a user makes, nobody else waits for it: 20,000 listeners of a group, 8,000 endpoints
# of a port, LISTENQ_LATE (100000) pending records. The longest time that listenq keeps
# interrupts or bottom halves off under every command and every read (kmod/lqlate.ko), and what
# a listen() or an ICMP error costs there: as instructions, in scripts/vm -i. And: a limit is
# the sum of the backlogs that are there, whoever has called listen() at once.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
server=10.9.0.1
listeners=${LISTENQ_LISTENERS:-20000}
endpoints=8000
records=${LISTENQ_LATE:-100000}
most=100000	# instructions with interrupts or bottom halves off
# There every access to memory is a call.
is_debug_kernel && listeners=1000 endpoints=2000 records=10000 most=$((most * 20))
patience=$((1 + records / 50000))	# seconds until the first timers: all have come by then
late=/sys/module/lqlate/parameters
mem_max=/sys/module/listenq/parameters/mem_max

tidy_up() {
	dismiss
	net_down
	[ ! -d /sys/module/lqlate ] || rmmod lqlate
}
trap tidy_up EXIT

# timely WHAT COMMAND...: it succeeds, and keeps interrupts and bottom halves off no longer than that
timely() {
	local what=$1 kind found

	shift
	[ -z "$measured" ] || echo 1 >$late/on
	check "$what" "$@"
	[ -n "$measured" ] || return
	echo 0 >$late/on
	for kind in irqs bh; do
		found=$(cat "$late/${kind}_off")
		echo "# $what: $kind off for $found at most ($(cat "$late/${kind}_off_in"), in $(cat "$late/${kind}_off_called"))"
		ok "$((found > most))" "$what: $kind off for no more than $most"
	done
}

endpoint_of() { sed -n "/ addr=$1 port=$2 /p"; }
taken() { ledger endpoints | endpoint_of "$@"; }
limit_is() { [ "$(of limit "$(taken 0.0.0.0 8080)")" = "$1" ]; }
backlogs() {
	ledger listeners | awk -v RS='[ \n]' -F= '/^port=/ { port = $2 }
		/^acceptq_limit=/ && port == 8080 { n += $2 } END { print n + 0 }'
}
all_folded() { [ "$(of listeners "$(taken 0.0.0.0 8080)")" = 0 ]; }
no_listeners() { [ "$(of listeners "$(ledger listeners | head -n 1)")" = 0 ]; }
goes() { order "$@"; }
read_all() { ledger "$1" >/dev/null; }
make_group() { tell S group "$listeners" 0.0.0.0 8080 3; }
close_group() { tell S none && await 60 no_listeners; }

# Members that come, go, and are asked for another backlog by two at once
sums() {
	tell S group 3 0.0.0.0 8080 10
	goes takeover 0.0.0.0:8080
	is 'three of 10' "$(of limit "$(taken 0.0.0.0 8080)")" 30
	tell S quarrel 20000
	check 'two threads call listen() on three members: the limit is what is there' \
		await 3 limit_is "$(backlogs)"
	echo "# limit $(of limit "$(taken 0.0.0.0 8080)"), backlogs $(backlogs)"
	tell S group 100 0.0.0.0 8080 5
	check '103 members' await 3 limit_is "$(backlogs)"
	tell S quarrel 20000
	check 'and of 103' await 3 limit_is "$(backlogs)"
	echo "# limit $(of limit "$(taken 0.0.0.0 8080)"), backlogs $(backlogs)"
	tell S listen L 0.0.0.0 8080 17 reuseport
	tell S none
	check 'all but one have gone: it is its own' await 10 limit_is 17
	goes release 0.0.0.0:8080
	tell S close L
}

# FIRST COUNT: so many SYNs. A queue begins with memory for few, and others are answered by cookies
# until its worker has had a turn; there are none here.
fill() {
	in_client "$tests/tools/flood" -b "$1" lqc "$mac" "$server" 8080 syn "$2" >/dev/null
}

# The whole life of a group
crowded() {
	timely "listen() $listeners times" make_group
	is 'all of them listen' "$(of listeners "$(taken 0.0.0.0 8080)")" "$listeners"
	timely 'endpoints is read' read_all endpoints
	timely 'listeners is read' read_all listeners
	timely 'ignore' goes ignore 0.0.0.0:8080
	timely 'watch' goes watch 0.0.0.0:8080
	timely 'takeover' goes takeover 0.0.0.0:8080 "synq=$records" timeout_ms=${patience}000
	timely 'one more listen()' tell S listen L 0.0.0.0 8080 3 reuseport
	timely 'the first SYNs' fill 0 1000
	timely "$records SYNs" fill 1000 $((records - 1000))
	echo "# $(words "$(taken 0.0.0.0 8080)" pending records limit)"
	is 'all of them are pending' "$(of pending "$(taken 0.0.0.0 8080)")" "$records"
	timely 'endpoints is read, taken over' read_all endpoints
	timely 'requests is read' read_all requests
	timely 'set' goes set 0.0.0.0:8080 "synq=$((records * 2))"
	timely 'timers' sleep $((patience + 4))
	timely 'close() of all but one' close_all_but_one
	timely 'release' goes release 0.0.0.0:8080
	tell S close L
	check 'nobody listens any more' await 30 all_folded
	timely 'a group that is taken over is closed' closed_while_taken
}

close_all_but_one() { tell S none && await 60 one_listens; }
one_listens() { [ "$(of listeners "$(taken 0.0.0.0 8080)")" = 1 ]; }

closed_while_taken() {
	make_group
	goes takeover 0.0.0.0:8080
	close_group
	goes release 0.0.0.0:8080
}

# listen() and ICMP errors where a port has many addresses
addressed() {
	local few many

	tell S spread 1 500 8081
	tell S spread 501 1000 8081
	few=$answer
	tell S spread 1001 $((endpoints - 500)) 8081
	tell S spread $((endpoints - 499)) "$endpoints" 8081
	many=$answer
	echo "# listen(): $few at the 1,000th address, $many at the ${endpoints}th"
	ok "$((many > few + most / 5))" 'a listen() costs as much at many addresses'
	timely 'endpoints is read, of many addresses' read_all endpoints
	timely 'ignore of many addresses' goes ignore '*:8081'
	timely 'watch of many addresses' goes watch '*:8081'
	tell S listen E "$server" 8081 16
	tell S listen F "$server" 8082 16
	goes takeover "$server:8081"
	tell C errors 2000 "$server" 8082
	few=$answer
	tell C errors 2000 "$server" 8081
	many=$answer
	echo "# an ICMP error: $many where $endpoints endpoints have its port, $few where one has"
	ok "$((many > few + most / 10))" 'an ICMP error costs as much at many addresses'
	timely 'ICMP errors' tell C errors 2000 "$server" 8081
	goes release "$server:8081"
	timely 'close() of many addresses' tell S none
}

# What sees nothing would find nothing: sections of our own, twice as long.
sees_itself() {
	local kind

	echo lqlate >$late/whose
	echo 1 >$late/on
	echo $((2 * most)) >$late/hold
	echo 0 >$late/on
	for kind in irqs bh; do
		between "$kind off for $((2 * most)): seen" $((2 * most - 10000)) \
			"$(cat $late/${kind}_off)" $((3 * most))
		is "$kind off: by whom" "$(cat $late/${kind}_off_in)" set_hold
	done
	echo listenq >$late/whose
}

# What a listen() costs in a group, taken over and not
joined() {
	local few many

	tell S listen L 0.0.0.0 8083 3 reuseport
	[ -z "$1" ] || goes takeover 0.0.0.0:8083
	tell S grow 1000 0.0.0.0 8083 3
	few=$answer
	tell S grow $((listeners - 2000)) 0.0.0.0 8083 3
	tell S grow 1000 0.0.0.0 8083 3
	many=$answer
	echo "# listen() of a group$1: $few with 1,000 members, $many with $listeners"
	ok "$((many > few + most / 5))" "a listen() costs as much in a large group$1"
	tell S none
	tell S close L
	[ -z "$1" ] || goes release 0.0.0.0:8083
}

grouped() {
	joined ''
	joined ', taken over'
}

# Members whose accept queues are full, with handshakes that wait for room at each: every SYN comes
# before the first last ACK.
parked() {
	tell S group 2000 0.0.0.0 8084 0
	goes takeover 0.0.0.0:8084 synq=10000 overflow=park park=100000 park_bytes=0
	in_client tc qdisc replace dev lqc root netem delay 2s limit 100000
	timely 'clients of 2,000 members, many of them parked' parked_at 8084
	in_client tc qdisc del dev lqc root
	echo "# $(words "$(taken 0.0.0.0 8084)" parked promoted pending)"
	timely 'close() of 2,000 members where clients wait' tell S none
	goes release 0.0.0.0:8084
	tell C drop
}
parked_at() { tell C crowd_of 8000 "$server" "$1" && await 20 many_wait; }
many_wait() { [ "$(of parked "$(taken 0.0.0.0 8084)")" -gt 4000 ]; }

# Connections that wait for accept(), and whose clients have gone
waiting() {
	tell S listen W "$server" 8085 4096
	tell C crowd_of 1000 "$server" 8085
	tell C 'done'
	is '1,000 wait' "$answer" 1000
	tell C drop
	sleep 1
	timely 'close() of a listener where 1,000 wait' tell S close W
}

[ -e "$kmod/lqlate.ko" ] || { skip 'how long interrupts are off' 'no lqlate.ko'; finish; exit; }
check 'who listens is made to give its processor away' insmod "$kmod/lqlate.ko" switch_in=inet_listen
measured=${LISTENQ_ICOUNT:-}
if [ -n "$measured" ]; then
	sees_itself
else
	skip 'how long interrupts are off' 'instructions are not the clock: scripts/vm -i'
fi
net_up || exit 1
mac=$(server_mac)
in_server sysctl -qw net.ipv4.tcp_syncookies=0 net.core.somaxconn=4096 \
	net.ipv4.tcp_max_syn_backlog=$((4 * records))
room=$(cat $mem_max)
echo 1024 >$mem_max
actor S ip netns exec "$LQ_SERVER"
actor C ip netns exec "$LQ_CLIENT"
for part in ${LISTENQ_ONLY:-sums crowded grouped addressed parked waiting}; do
	echo "# $part ($(cut -d. -f1 /proc/uptime) s)"
	$part
done
echo "$room" >$mem_max
finish
