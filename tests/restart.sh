#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Servers that close and open again, groups, other users, devices: who gets the handshakes
# that are pending at an endpoint that is taken over, and who doesn't. LISTENQ_ONLY="ACT..."
# plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

server=10.9.0.1
work=$(mktemp -d /tmp/lqrestart.XXXXXX)
nginx=

# shellcheck disable=SC2317
tidy_up() {
	[ -z "$nginx" ] || kill "$nginx" 2>/dev/null
	dismiss
	wait
	rmmod lqlabel 2>/dev/null
	net_down
	rm -rf "$work"
}
trap tidy_up EXIT

# pending PORT [FAMILY]: records of all endpoints of that port
pending() {
	ledger endpoints | sed -n "s/.* port=$1 family=${2:-.*} .* pending=\([0-9]*\) .*/\1/p" |
		awk '{ n += $1 } END { print n + 0 }'
}
no_more_pending() { [ "$(pending "$1")" -eq 0 ]; }
word() { of "$1" "$(endpoint "$2")"; }

# says NAME WORDS...: the answer of an actor
says() { tell "$@"; echo "$answer"; }

# clients NAME IF SERVER_IF: an actor for half-open handshakes
clients() {
	plays=halfopen.py actor "$1" ip netns exec "$LQ_CLIENT"
	tell "$1" wire "$2" "$(in_server cat "/sys/class/net/$3/address")"
}

# second_wire N: one more pair of devices, lqc$N and lqs$N
second_wire() {
	local mac

	ip link add "lqc$1" netns "$LQ_CLIENT" type veth peer name "lqs$1" netns "$LQ_SERVER" &&
		net_offloads_off "$LQ_CLIENT" "lqc$1" && net_offloads_off "$LQ_SERVER" "lqs$1" ||
		return 1
	net_sysctl "$LQ_SERVER" "ipv4/conf/lqs$1/rp_filter" 0
	ip -n "$LQ_CLIENT" link set "lqc$1" up
	ip -n "$LQ_SERVER" link set "lqs$1" up
	mac=$(in_client cat "/sys/class/net/lqc$1/address")
	ways="$ways lqs$1,$mac"
}

# way_back DEV MAC WORDS...: answers leave there
way_back() {
	ip -n "$LQ_SERVER" neigh replace 10.9.0.2 lladdr "$2" dev "$1" nud permanent
	ip -n "$LQ_SERVER" route add default via 10.9.0.2 dev "$1" onlink "${@:3}"
}

#
# Acts
#

# A hundred last ACKs come when nobody listens: the stock kernel answers them by RST, as it
# does for any closed port.
play_reopen() {
	tell S listen a $server 7300 2048
	order takeover $server:7300
	is 'reopen: 1000 half-open handshakes' "$(says C syn 0 1000 7300)" 1000
	is 'reopen: all are pending' "$(pending 7300)" 1000
	tell C came
	tell S close a
	is 'reopen: they wait for their server' "$(pending 7300) $(word listeners 7300)" '1000 0'
	tell C ack 0 100
	is 'reopen: 100 last ACKs in the gap get an RST each' "$(words "$(says C came)" rsts another_isn)" 'rsts=100 another_isn=0'
	tell S listen a $server 7300 2048
	tell C ack 100 900
	is 'reopen: the others complete' "$(says S accept a 900 10)" 900
	is 'reopen: none of these got an RST' "$(words "$(says C came)" rsts another_isn)" 'rsts=0 another_isn=0'
	is 'reopen: lost are exactly those of the gap' "$(pending 7300)" 100
	tell C rst 0 100
	is 'reopen: which their clients end' "$(pending 7300)" 0
	tell S drop
	tell S close a
	tell C drop
	order release $server:7300
}

# The same, observed: what a restart costs without listenq.
play_stock() {
	tell S listen a $server 7299 2048
	is 'stock: 100 half-open handshakes' "$(says C syn 0 100 7299)" 100
	tell C came
	tell S close a
	tell S listen a $server 7299 2048
	tell C ack 0 100
	is 'stock: all are lost' "$(says S accept a 1 1) $(words "$(says C came)" rsts)" '0 rsts=100'
	tell S close a
	tell C drop
}

# A SYN-ACK is repeated by the new listener, and a SYN that came again is answered by it.
play_timer() {
	tell S listen a $server 7310 64
	order takeover $server:7310
	tell C syn 0 20 7310
	tell C came 0.2
	tell S close a
	tell S listen a $server 7310 64
	tell C again 0 10
	says C came 3 >"$work/came"
	check 'timer: SYN-ACKs are repeated after a restart' [ "$(of synacks "$(cat "$work/came")")" -ge 20 ]
	is 'timer: with the same number' "$(words "$(cat "$work/came")" another_isn rsts)" 'another_isn=0 rsts=0'
	tell C ack 0 20
	is 'timer: all complete' "$(says S accept a 20 10)" 20
	tell S drop
	tell S close a
	tell C drop
}

# tcp_synq_no_recent_overflow(): a socket that has sent none says 0, which is about now then
jiffies_wrap() {
	local uptime

	read -r uptime _ </proc/uptime
	((${uptime%.*} >= 290 && ${uptime%.*} <= 430))
}

# A cookie is worth something until its time is over, whoever of the same user listens.
play_cookies() {
	actor U1 ip netns exec "$LQ_SERVER" setpriv --reuid 1001 --clear-groups
	actor U2 ip netns exec "$LQ_SERVER" setpriv --reuid 1002 --clear-groups
	tell U1 listen a $server 7320 64
	order takeover $server:7320 cookies=always
	is 'cookies: 40 are sent' "$(says C syn 0 40 7320) $(pending 7320)" '40 0'
	tell C came
	tell U1 close a
	tell U1 listen a $server 7320 64
	tell C ack 0 20
	is 'cookies: they outlive the listener' "$(says U1 accept a 20 10)" 20
	tell C drop
	is 'cookies: 20 more' "$(says C syn 100 20 7320)" 20
	tell C came
	tell U1 close a
	tell U2 listen a $server 7320 64
	tell C ack 100 20
	if jiffies_wrap; then
		skip 'cookies: they are nothing to another user' \
			'five minutes after boot every socket looks as if it had sent some'
		tell U2 accept a 20 1
		tell C came
	else
		is 'cookies: they are nothing to another user' \
			"$(says U2 accept a 1 1) $(words "$(says C came)" rsts)" '0 rsts=20'
	fi
	tell U2 close a
	tell U1 listen a $server 7320 64
	is 'cookies: and 20 more' "$(says C syn 200 20 7320)" 20
	tell C came
	tell U1 close a
	tell U1 listen a $server 7320 64
	order release $server:7320
	tell C ack 200 20
	is 'cookies: nor does a release end them' \
		"$(says U1 accept a 20 10) $(words "$(says C came)" rsts)" '20 rsts=0'
	tell C drop
	dismiss U1 U2
}

play_user() {
	actor U1 ip netns exec "$LQ_SERVER" setpriv --reuid 1001 --clear-groups
	actor U2 ip netns exec "$LQ_SERVER" setpriv --reuid 1002 --clear-groups
	tell U1 listen a $server 7301 1024
	order takeover $server:7301
	is 'user: 200 half-open handshakes' "$(says C syn 0 200 7301)" 200
	tell U1 close a
	tell U1 listen a $server 7301 1024
	is 'user: the same one keeps them' "$(pending 7301)" 200
	tell C ack 0 100
	is 'user: and completes them' "$(says U1 accept a 100 10)" 100
	tell U1 drop
	tell U1 close a
	tell C came
	tell U2 listen a $server 7301 1024
	is 'user: another one has none' "$(await 5 no_more_pending 7301; word disowned 7301)" 100
	tell C ack 100 100
	is 'user: nobody completes there' "$(says U2 accept a 1 1) $(words "$(says C came)" rsts another_isn)" '0 rsts=100 another_isn=0'
	is "user: the other one's own do" "$(says C syn 200 50 7301; tell C ack 200 50; says U2 accept a 50 10)" $'50\n50'
	dismiss U1 U2
	tell C drop
}

# Security modules let the first listener's handshakes begin, and are asked for the second.
play_label() {
	local parameters=/sys/module/lqlabel/parameters

	insmod "$kmod/lqlabel.ko" secid=11 || { skip label 'no lqlabel.ko'; return; }
	tell S listen a $server 7302 256
	order takeover $server:7302
	tell C syn 0 60 7302
	echo 12 >$parameters/secid
	tell C ack 0 1
	is 'label: the listener that took the SYN is not asked again' "$(says S accept a 1 10) $(cat $parameters/child_secid)" '1 11'
	tell S drop
	tell S close a
	tell S listen a $server 7302 256
	tell C ack 1 1
	is 'label: another one is asked, and its label counts' "$(says S accept a 1 10) $(cat $parameters/child_secid)" '1 12'
	tell C came
	echo 1 >$parameters/deny
	tell C ack 2 20
	is 'label: a denied one does not complete' "$(says S accept a 1 1) $(words "$(says C came)" rsts)" '0 rsts=20'
	tell C again 22 20
	is 'label: nor does its SYN begin anew' "$(words "$(says C came 2)" another_isn rsts)" 'another_isn=0 rsts=0'
	is 'label: each is counted' "$(word denied 7302) $(pending 7302)" '40 18'
	echo 0 >$parameters/deny
	tell C ack 42 18
	is 'label: the others complete' "$(says S accept a 18 10)" 18
	rmmod lqlabel
	tell S drop
	tell S close a
	tell C drop
}

# Who leaves has accepted what was his: what waits for accept() ends with a listener, as
# under stock.
leave() {
	tell S drain "$1"
	accepted=$((accepted + answer))
	tell S close "$1"
}

play_group() {
	local accepted=0 first=0 begun=0 round

	in_server sysctl -qw net.ipv4.tcp_migrate_req=0
	tell S listen m0 $server 7303 1024 reuseport
	order takeover $server:7303
	for round in $(seq 10); do
		tell S listen "m$round" $server 7303 1024 reuseport
		tell C syn $first 60 7303
		begun=$((begun + answer))
		[ $first -eq 0 ] || tell C ack $((first - 20)) 20
		tell C ack $first 20
		leave m$((round - 1))
		tell C ack $((first + 20)) 20
		first=$((first + 60))
	done
	tell C ack $((first - 20)) 20
	sleep 0.5
	leave m10
	is 'group: ten members came and went, no handshake was lost' "$begun begun, $accepted accepted" '600 begun, 600 accepted'
	is 'group: no RST, no second number' "$(words "$(says C came)" rsts another_isn)" 'rsts=0 another_isn=0'
	tell S drop
	tell C drop
}

nginx_config() {
	cat <<-CONF
		daemon off; worker_processes 2; pid $work/nginx.pid; error_log $work/nginx.log;
		events { worker_connections 1024; }
		http {
			access_log off;
			server { listen $server:7304 reuseport backlog=1024; return 200 "hello\n"; }
		}
	CONF
}

# A new configuration every quarter of a second, under load.
play_nginx() {
	local ab n=0

	command -v nginx >/dev/null && command -v ab >/dev/null ||
		{ skip 'nginx: reload' 'no nginx or ab here'; return; }
	nginx_config >"$work/nginx.conf"
	ip netns exec "$LQ_SERVER" nginx -e "$work/nginx.log" -p "$work" -c "$work/nginx.conf" &
	await 20 has port=7304 endpoint 7304
	nginx=$(cat "$work/nginx.pid")
	order takeover $server:7304
	in_client ab -q -r -n 2000 -c 20 "http://$server:7304/" >"$work/ab" 2>&1 &
	ab=$!
	while kill -0 $ab 2>/dev/null; do
		kill -HUP "$nginx" && n=$((n + 1))
		sleep 0.25
	done
	is "nginx: 2000 connections while it reloads $n times" \
		"$(sed -n 's/^\(Complete\|Failed\) requests: */\1 /p' "$work/ab" | tr '\n' ' ')" 'Complete 2000 Failed 0 '
	check 'nginx: reloaded under load' [ $n -ge 2 ]
	check 'nginx: all of them are made by listenq' [ "$(verdict req_completed "$(endpoint 7304)")" -ge 2000 ]
	kill "$nginx"
	wait "$nginx" 2>/dev/null
	nginx=
}

# The same flows on two wires, at a listener for all devices and at one that is bound to the
# second (the kernel wants SO_REUSEPORT for that). Bound ones complete first: a connection of no device takes segments of all.
play_device() {
	local way ways=''

	second_wire 2 || { skip 'device' 'no second pair of devices'; return; }
	for way in $ways; do way_back "${way%,*}" "${way#*,}" metric 200; done
	clients D lqc2 lqs2
	tell S listen a 0.0.0.0 7305 256 reuseport
	tell S listen b 0.0.0.0 7305 256 reuseport dev=lqs2
	order takeover 0.0.0.0:7305
	is 'device: the same flows on two devices' "$(says C syn 0 50 7305) $(says D syn 0 50 7305)" '50 50'
	is 'device: each endpoint has its own' "$(ledger endpoints | sed -n 's/.* port=7305 .* dev=\([^ ]*\) .* pending=\([0-9]*\) .*/\1 \2/p' | xargs)" '- 50 lqs2 50'
	tell D ack 0 50
	is 'device: the bound one gets those of its device' "$(says S accept b 50 10) $(says S devices)" '50 lqs2:50'
	tell S drop
	tell C ack 0 50
	is 'device: the other one the rest' "$(says S accept a 50 10) $(says S devices)" '50 -:50'
	is 'device: no RST' "$(words "$(says C came)" rsts another_isn) $(words "$(says D came)" rsts another_isn)" 'rsts=0 another_isn=0 rsts=0 another_isn=0'
	tell S drop
	tell S close a
	tell S close b
	dismiss D
	tell C drop
	ip -n "$LQ_SERVER" link del lqs2
}

# One listener for two VRFs, and the same flows in both.
play_vrf() {
	local way ways='' table=300

	second_wire 2 && second_wire 3 || { skip 'vrf' 'no more pairs of devices'; return; }
	for way in $ways; do
		table=$((table + 1))
		ip -n "$LQ_SERVER" link add "lqv$table" type vrf table $table ||
			{ skip 'vrf' 'this kernel has no VRFs'; return; }
		ip -n "$LQ_SERVER" link set "lqv$table" up
		ip -n "$LQ_SERVER" link set "${way%,*}" master "lqv$table"
		ip -n "$LQ_SERVER" addr add 10.9.0.1/16 dev "${way%,*}"
		way_back "${way%,*}" "${way#*,}" table $table
	done
	in_server sysctl -qw net.ipv4.tcp_l3mdev_accept=1
	clients D lqc2 lqs2
	clients E lqc3 lqs3
	tell S listen a 0.0.0.0 7306 256
	order takeover 0.0.0.0:7306
	is 'vrf: the same flows in two VRFs' "$(says D syn 0 50 7306) $(says E syn 0 50 7306) $(pending 7306)" '50 50 100'
	tell D again 0 50
	is 'vrf: a SYN that comes again finds its own' "$(words "$(says D came)" another_isn) $(words "$(says E came)" another_isn) $(pending 7306)" 'another_isn=0 another_isn=0 100'
	tell D ack 0 50
	tell E ack 0 50
	is 'vrf: each VRF has its own connections' "$(says S accept a 100 10) $(says S devices)" '100 lqv301:50,lqv302:50'
	is 'vrf: no RST' "$(words "$(says D came)" rsts) $(words "$(says E came)" rsts)" 'rsts=0 rsts=0'
	is 'vrf: release hands back to each VRF' "$(says D syn 100 20 7306) $(says E syn 100 20 7306); $(order release 0.0.0.0:7306; tell D ack 100 20; tell E ack 100 20; says S accept a 40 10)" '20 20; 40'
	tell S drop
	tell S close a
	dismiss D E
	in_server sysctl -qw net.ipv4.tcp_l3mdev_accept=0
	for way in 301 302; do ip -n "$LQ_SERVER" link del lqv$way; done
	for way in 2 3; do ip -n "$LQ_SERVER" link del lqs$way; done
}

# [::] for IPv6 alone beside 0.0.0.0, then [::] for both.
play_v6only() {
	tell S listen a 0.0.0.0 7307 256
	tell S listen b :: 7307 256 v6only=1
	order takeover '*:7307'
	is 'v6only: IPv4 is of 0.0.0.0' "$(says C syn 0 50 7307) $(pending 7307 ipv4) $(pending 7307 ipv6)" '50 50 0'
	tell S close b
	tell S listen b :: 7307 256 v6only=1
	tell C ack 0 50
	is 'v6only: whatever [::] does' "$(says S accept a 50 10)" 50
	tell S drop
	tell S close a
	tell S close b
	tell S listen b :: 7308 256 v6only=0
	order takeover '[::]:7308'
	is 'v6only: dual-stack [::] has IPv4' "$(says C syn 100 50 7308) $(pending 7308 ipv6)" '50 50'
	tell S close b
	tell S listen b :: 7308 256 v6only=0
	tell C came
	tell C ack 100 25
	is 'v6only: after a restart too' "$(says S accept b 25 10)" 25
	tell S drop
	tell S close b
	tell S listen b 0.0.0.0 7308 256
	tell C ack 125 25
	is 'v6only: 0.0.0.0 in its place is another endpoint' "$(says S accept b 1 1) $(words "$(says C came)" rsts)" '0 rsts=25'
	tell S close b
	tell C drop
}

net_up || exit 1
actor S ip netns exec "$LQ_SERVER"
clients C lqc lqs
for act in ${LISTENQ_ONLY:-reopen stock timer cookies user label group nginx device vrf v6only}; do
	echo "# $act"
	"play_$act"
done
rules_agree
finish
