#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Listeners of MPTCP, which every server written in Go from 1.24 on has: accept() hands out
# another socket than the one that waited. Clients with MPTCP and without; what servers and
# clients saw is what the ledger says, and ss. LISTENQ_ONLY="PART..." plays some parts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
trap part_down EXIT

server=10.9.0.1
server6=fd09::1

# Some kernels have none: Debian's 5.10.
has_mptcp() { in_server python3 -c 'import socket; socket.socket(proto=262)' 2>/dev/null; }

part_up() {
	net_up || exit 1
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	actor S ip netns exec "$LQ_SERVER"
	actor C ip netns exec "$LQ_CLIENT"
	tell S comm theserver
	tell C speak "$1"
}

part_down() {
	dismiss
	net_down
}

# same_as_ss WHAT PORT: the accept queue's length and its limit
same_as_ss() {
	is "$1: as ss has them" \
		"$(words "$(listener "$2")" acceptq acceptq_limit)" \
		"$(in_server ss -Hltn "sport = :$2" | awk '{ print "acceptq=" $2 " acceptq_limit=" $3 }')"
}

# bucket_of US: of a histogram
bucket_of() { awk -v us="$1" 'BEGIN { while (us >= 2 ^ (b + 1)) b++; print b + 0 }'; }

# was_mptcp HOW: were the connections of this part what they were meant to be?
was_mptcp() {
	local n

	n=$(nstat_of MPTcpExtMPCapableSYNRX)
	case $1 in
	mptcp) ok $((${n:-0} == 0)) 'its clients spoke MPTCP' ;;
	*) is 'its clients spoke plain TCP' "MPTCP: ${n:-0}" 'MPTCP: 0' ;;
	esac
}

accepts() {
	local line t0 t1 t2

	tell S listen L 0.0.0.0 8080 8 mptcp
	is 'who listens' "$(words "$(listener 8080)" owner acceptor)" \
		"owner=${actor_pid[S]}/theserver acceptor=?"
	t0=$(now_us)
	tell C crowd_of 3 "$server" 8080
	ends_as 'three wait' 8080 'attempts:3 waiting:3'
	same_as_ss 'three wait' 8080
	tell C 'done'
	is 'as their clients see it' "$answer" 3
	t1=$(now_us)
	sleep 0.2
	ok $(($(of oldest_us "$(listener 8080)") < 200000)) 'how long the oldest waits is known'
	tell S accept L 2
	t2=$(now_us)
	ends_as 'two are accepted' 8080 'attempts:3 served:2 waiting:1'
	line=$(listener 8080)
	is 'how many, and by whom' "$(words "$line" accepted acceptq served_closed acceptor)" \
		"accepted=2 acceptq=1 served_closed=0 acceptor=${actor_pid[S]}/theserver"
	is 'their waits are known' "$(hist_sum accept_us "$line")" 2
	between 'and how long these were' "$(bucket_of $((t2 - t1 - 1000)))" \
		"$(of accept_us "$line" | sed 's/:.*//')" "$(bucket_of $((t2 - t0)))"
	same_as_ss 'one waits' 8080
	tell S drain L
	ends_as 'and the third' 8080 'attempts:3 served:3'
	# Nobody waits for accept() any more: nor does a stamp.
	is 'no stamp stays' "$(sed -n 's/^accept_stamps .* used=\([0-9]*\) .*/\1/p' \
		/proc/net/listenq/hooks)" 0
}

# Over IPv6, and of both kinds of address
families() {
	tell S listen L6 "$server6" 8081 8 mptcp
	tell S listen LD :: 8082 8 mptcp
	tell C crowd_of 2 "$server6" 8081
	tell C crowd_of 2 "$server6" 8082
	tell C crowd_of 3 "$server" 8082
	tell C 'done'
	is 'all are connected' "$answer" 7
	tell S accept L6 2
	tell S accept LD 5
	ends_as 'over IPv6' 8081 'attempts:2 served:2'
	ends_as 'dual stack' 8082 'attempts:5 served:5'
	is 'accepted' "$(of accepted "$(listener 8081)") $(of accepted "$(listener 8082)")" '2 5'
}

full() {
	tell S listen F 0.0.0.0 8083 1 mptcp
	tell C crowd_of 2 "$server" 8083
	ends_as 'full: two wait' 8083 'attempts:2 waiting:2'
	same_as_ss 'full' 8083
	tell C crowd_of 2 "$server" 8083
	ends_as 'two more are refused' 8083 'attempts:4 refused:2 waiting:2'
	tell C 'done' 0.1
	is 'as their clients see it' "$answer" 2
	tell S accept F 4
	is 'all are accepted later' "$answer" 4
	ends_as 'and told apart' 8083 'attempts:4 recovered:2 served:2'
	tell C 'done'
	is 'as their clients see it now' "$answer" 4
	is 'four were accepted' "$(words "$(listener 8083)" accepted acceptq never)" \
		'accepted=4 acceptq=0 never=0'
}

# Clients that go before accept(): by FIN; by FIN, and their data is there; by RST
gone() {
	tell S listen G 0.0.0.0 8084 8 mptcp
	tell C crowd_of 2 "$server" 8084
	tell C 'done'
	tell C drop
	tell C crowd_of 3 "$server" 8084
	tell C 'done'
	tell C say hello
	tell C drop
	ends_as 'all wait' 8084 'attempts:5 waiting:5'
	# What MPTCP does of a FIN, a worker does.
	sleep 0.5
	tell S accept G 5
	is 'accept() takes them all the same' "$answer" 5
	ends_as 'gone, but what had data was served' 8084 'attempts:5 served:3 served_closed:2'
	is 'and it was half closed' "$(words "$(listener 8084)" accepted served_half served_closed)" \
		'accepted=5 served_half=3 served_closed=2'
	tell S listen R 0.0.0.0 8089 8 mptcp
	tell C crowd_of 2 "$server" 8089
	tell C 'done'
	in_client ss -HKtn 'dport = :8089' >/dev/null
	sleep 0.5
	tell C crowd_of 1 "$server" 8089
	ends_as 'two are gone by RST' 8089 'attempts:3 waiting:3'
	tell S accept R 3
	ends_as 'and the third is served' 8089 'attempts:3 served:1 served_closed:2'
}

closes() {
	tell S listen K 0.0.0.0 8085 8 mptcp
	tell C crowd_of 3 "$server" 8085
	tell C 'done'
	ends_as 'three wait' 8085 'attempts:3 waiting:3'
	tell S accept K 1
	tell S close K
	ends_as 'closed with two of them' 8085 'attempts:3 killed:2 served:1'
	is 'as connections that waited' "$(words "$(endpoint 8085)" accepted killed killed_waiting)" \
		'accepted=1 killed=2 killed_waiting=2'
	# Under MPTCP a client learns of it as it likes.
	[ "$1" = mptcp ] || { tell C fates; is 'as the clients see it' "$answer" 'connected:1 reset:2'; }
	await 5 no_stamps
	check 'their stamps are forgotten' no_stamps
}

no_stamps() { grep -q '^accept_stamps .* used=0 ' /proc/net/listenq/hooks; }

cookies() {
	in_server sysctl -qw net.ipv4.tcp_syncookies=2
	tell S listen Y 0.0.0.0 8086 8 mptcp
	tell C crowd_of 3 "$server" 8086
	tell C 'done'
	is 'SYN cookies: connected' "$answer" 3
	tell S accept Y 3
	ends_as 'SYN cookies: served' 8086 'attempts:3 served:3'
	is 'SYN cookies: accepted' "$(of accepted "$(listener 8086)")" 3
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
}

# Connections one after the other, and a server that accepts as fast as it can
busy() {
	tell S listen B 0.0.0.0 8087 128 mptcp
	tell S loop B 0
	for _ in $(seq 5); do
		tell C crowd_of 40 "$server" 8087
		tell C 'done'
		tell C drop
	done
	await 10 has acceptq=0 listener 8087
	await 10 has accepted=200 listener 8087
	tell S looped B
	is 'a busy server: each is accepted' "$answer $(words "$(listener 8087)" accepted attempts)" \
		'200 accepted=200 attempts=200'
}

# The client has a second address: its connections get a second subflow.
joins() {
	in_client ip addr add 10.9.0.3/16 dev lqc
	in_server ip neigh replace 10.9.0.3 lladdr "$(in_client cat /sys/class/net/lqc/address)" \
		dev lqs nud permanent
	in_client ip mptcp limits set subflow 2 add_addr_accepted 2
	in_server ip mptcp limits set subflow 2 add_addr_accepted 2
	in_client ip mptcp endpoint add 10.9.0.3 dev lqc subflow
	tell S listen J 0.0.0.0 8088 8 mptcp
	tell C crowd_of 3 "$server" 8088
	tell C 'done'
	tell C say hello
	await 10 joined 3
	is 'three have joined' "$(verdict req_mptcp_joined "$(listener 8088)")" 3
	ends_as 'which are no attempts' 8088 'attempts:3 waiting:3'
	same_as_ss 'joined' 8088
	tell S drain J
	ends_as 'nor connections of their own' 8088 'attempts:3 served:3'
	in_client ip mptcp endpoint flush
}

joined() { [ "$(verdict req_mptcp_joined "$(listener 8088)")" = "$1" ]; }

net_up || exit 1
has_mptcp
absent=$?
net_down
if [ $absent -ne 0 ]; then
	skip 'listeners of MPTCP' 'this kernel has no MPTCP'
	finish
	exit
fi

for how in mptcp tcp; do
	for part in ${LISTENQ_ONLY:-accepts families full gone closes cookies busy joins}; do
		[ "$how $part" != 'tcp joins' ] || continue
		echo "# $part, $how ($(cut -d. -f1 /proc/uptime) s)"
		part_up $how
		"$part" $how
		was_mptcp $how
		rules_agree
		part_down
	done
done
finish
