#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# SYNs that the kernel throws away before any listener sees them: each is counted once, with
# its reason, by the endpoint that it was meant for; nothing else is.
# LISTENQ_ONLY="ACT..." plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
instance=$tracing/instances/lqbefore
work=$(mktemp -d /tmp/lqbefore.XXXXXX)
trap 'unserve; net_down; rmdir "$instance" 2>/dev/null; rm -rf "$work"' EXIT
mkdir -p "$instance"
echo 1 >"$instance/events/listenq/lq_before/enable"
net_up || exit 1
mac=$(server_mac)
tool=$tests/../scripts/listenq

# word REASON PLACE: what is told where the kernel gives a reason, or only the place
word() {
	if grep -q reason "$tracing/events/skb/kfree_skb/format"; then
		echo "$1"
	else
		echo "$2"
	fi
}

# of ADDRESS PORT KEY: that word of the endpoint's line
of() {
	in_server sed -n "s/^endpoint=[0-9]* addr=$1 port=$2 .* $3=\([^ ]*\) .*/\1/p" \
		/proc/net/listenq/endpoints
}

before() { of "$1" "$2" before; }

# what all endpoints have counted
all() { in_server grep -c ' before=[a-z]' /proc/net/listenq/endpoints; }

# send ADDRESS PORT KIND COUNT [OPTION...]: exactly so many
send() {
	local sent

	sent=$(in_client "$tests/tools/flood" "${@:5}" lqc "$mac" "$1" "$2" "$3" "$4")
	[ "$sent" = "$4" ] || echo "# only $sent of $4 were sent"
	sleep 0.2
}

rules() { in_server nft -f -; }
no_rules() { in_server nft flush ruleset; }

# drop HOOK FAMILY PORT
drop() {
	rules <<-NFT
		table $2 lq {
			chain c {
				type filter hook $1 priority 0
				tcp dport $3 drop
			}
		}
	NFT
}

# serve_by ADDRESS PORT CODE...: a listener whose socket s the code prepares; sa() is a
# sockaddr_storage. Several may have a port.
serve_by() {
	ip netns exec "$LQ_SERVER" python3 - "$@" <<'PY' &
import ctypes, socket, struct, sys, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind((sys.argv[1], int(sys.argv[2])))
def sa(address):
    return struct.pack('=HH4s', socket.AF_INET, 0, socket.inet_aton(address)).ljust(128, b'\0')
exec('\n'.join(sys.argv[3:]))
s.listen(64)
while True:
    time.sleep(3600)
PY
	served=$!
	for _ in $(seq 100); do
		in_server ss -Hltn "src $1 and sport = :$2" | grep -q . && return 0
		sleep 0.1
	done
	echo "# no listener on $1 port $2" >&2
	return 1
}

several='import socket
all = [socket.socket() for _ in range(5)]
for s in all:
    s.setblocking(False)
    s.connect_ex(("10.9.0.1", 8097))
for s in all:
    s.setblocking(True)
    s.send(b"x")'

# Gone before its SYN is sent again
connect='import os, socket
s = socket.socket()
s.setblocking(False)
s.connect_ex(("10.9.0.1", 8080))
os._exit(0)'

drops_of_netfilter() {
	local last

	serve 0.0.0.0 8080 64
	is 'nothing was dropped yet' "$(before 0.0.0.0 8080)" '-'
	drop prerouting ip 8080
	send 10.9.0.1 8080 syn 25
	is 'nft drop in prerouting' "$(before 0.0.0.0 8080)" netfilter:25
	is 'of as many clients' "$(of 0.0.0.0 8080 before_clients)" 25
	is 'an event each' "$(grep -c 'lq_before: reason=netfilter .* sport=8080 .* location=nf\(_hook_slow\|t_do_chain\)' \
		"$instance/trace")" 25
	grep -m 1 lq_before: "$instance/trace" | sed 's/^/# /'
	send 10.9.0.1 8080 syn 5 -f 1 -b 100
	is 'one client, whose SYN comes again' "$(of 0.0.0.0 8080 before_clients)" 26
	send 10.9.0.1 8080 ack 7
	send 10.9.0.1 8080 rst 7
	send 10.9.0.1 8080 synack 7
	is 'no ACK, no RST, no SYN-ACK is' "$(before 0.0.0.0 8080)" netfilter:30
	no_rules
	drop input ip 8080
	send 10.9.0.1 8080 syn 20
	is 'nft drop in input' "$(before 0.0.0.0 8080)" netfilter:50
	last=$(of 0.0.0.0 8080 last_before)
	[ $(($(date +%s) - ${last%.*})) -lt 60 ]
	ok $? 'and when the last one was'
}

not_for_anybody() {
	send 10.9.0.1 8081 syn 10
	no_rules
	drop prerouting ip 8081
	send 10.9.0.1 8081 syn 10
	is 'a port where nobody listens' "$(all)" 1
	no_rules
	drop prerouting ip 8080
	in_server sysctl -qw net.ipv4.ip_forward=1
	send 10.98.0.5 8080 syn 10
	no_rules
	drop forward ip 8080
	send 10.98.0.5 8080 syn 10
	no_rules
	in_server sysctl -qw net.ipv4.ip_forward=0
	is 'SYNs that are forwarded' "$(before 0.0.0.0 8080)" netfilter:50
	drop output ip 8080
	in_server python3 -c "$connect"
	no_rules
	is 'SYNs that do not even leave' "$(before 0.0.0.0 8080)" netfilter:50
	drop input ip 8080
	in_server python3 -c "$connect"
	no_rules
	is 'over lo, one that came in' "$(before 0.0.0.0 8080)" netfilter:51
}

ignored_and_reopened() {
	order ignore 0.0.0.0:8080
	drop input ip 8080
	send 10.9.0.1 8080 syn 10
	order watch 0.0.0.0:8080
	is 'an endpoint that is ignored' "$(before 0.0.0.0 8080)" netfilter:51
	unserve
	send 10.9.0.1 8080 syn 10
	is 'nobody listens any more' "$(before 0.0.0.0 8080)" netfilter:51
	serve 0.0.0.0 8080 64
	send 10.9.0.1 8080 syn 10
	is 'opened again: goes on' "$(before 0.0.0.0 8080)" netfilter:61
	no_rules
}

who_has_seen_it() {
	local received

	received=$(count syn_queued)
	send 10.9.0.1 8080 syn 10 -b 1000
	is 'SYNs that reach the listener are requests' $(($(count syn_queued) - received)) 10
	send 10.9.0.1 8080 syn 20 -f 10 -b 1000
	unserve
	serve 0.0.0.0 8080 1
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	send 10.9.0.1 8080 syn 20 -b 2000
	[ "$(count syn_queue_full)" -gt 10 ]
	ok $? 'a full SYN queue refuses'
	is 'repeated and refused SYNs are not counted here, too' "$(before 0.0.0.0 8080)" netfilter:61
	unserve
	in_server sysctl -qw net.ipv4.tcp_syncookies=1
}

# Netfilter, and what is counted of it: one listener has its story
play_netfilter() {
	drops_of_netfilter
	not_for_anybody
	ignored_and_reopened
	who_has_seen_it
}

# Copies for others: packet sockets and raw sockets that throw theirs away
play_copies() {
	local received

	serve_by 0.0.0.0 8082 \
		'packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))' \
		'raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)' \
		'[x.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1) for x in (packets, raw)]' \
		'nothing = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0))' \
		'deaf = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)' \
		'deaf.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", 1, ctypes.addressof(nothing)))'
	received=$(count syn_queued)
	send 10.9.0.1 8082 syn 30 -b 3000
	is 'SYNs whose copies are dropped are requests' $(($(count syn_queued) - received)) 30
	is 'copies are not counted' "$(before 0.0.0.0 8082)" '-'
	# shellcheck disable=SC2016 # awk's
	is 'though they were dropped' "$(in_server awk 'NR > 1 && $NF > 20 { n++ } END { print n }' \
		/proc/net/raw)" 1
	unserve
}

# The closest one
play_closest() {
	local any

	serve_by 0.0.0.0 8083
	any=$served
	serve_by 10.9.0.1 8083
	drop prerouting ip 8083
	send 10.9.0.1 8083 syn 10
	no_rules
	is 'a listener of that address' "$(before 10.9.0.1 8083) $(before 0.0.0.0 8083)" 'netfilter:10 -'
	unserve
	served=$any
	unserve
}

by_route() {
	serve 0.0.0.0 8084 64
	ip -n "$LQ_SERVER" route del default
	in_server sysctl -qw net.ipv4.conf.lqs.rp_filter=1
	send 10.9.0.1 8084 syn 12
	is 'rp_filter' "$(before 0.0.0.0 8084)" "$(word rp_filter route):12"
	in_server sysctl -qw net.ipv4.conf.lqs.rp_filter=0
	ip -n "$LQ_SERVER" route replace default via 10.9.0.2 dev lqs
	unserve
}

by_checksum() {
	local bad

	serve 0.0.0.0 8085 64
	bad=$(count bad_checksum)
	send 10.9.0.1 8085 badshort 11
	is 'bad checksum, short frames' "$(before 0.0.0.0 8085) $(($(count bad_checksum) - bad))" 'checksum:11 0'
	send 10.9.0.1 8085 badsum 13
	is 'long frames, which have a verdict, too' "$(before 0.0.0.0 8085) $(($(count bad_checksum) - bad))" 'checksum:24 13'
	unserve
}

by_key() {
	serve_by 0.0.0.0 8086 'key = b"secret"' \
		's.setsockopt(socket.IPPROTO_TCP, 32, sa("10.99.0.0") + struct.pack("=BBHi80s", 1, 16, len(key), 0, key))'
	send 10.9.0.1 8086 syn 14
	is 'MD5: a key here, none there' "$(before 0.0.0.0 8086)" "$(word key other):14"
	unserve
}

by_filter() {
	serve_by 0.0.0.0 8087 'nothing = ctypes.create_string_buffer(struct.pack("=HBBI", 6, 0, 0, 0))' \
		's.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", 1, ctypes.addressof(nothing)))'
	send 10.9.0.1 8087 syn 15
	is "the socket's own filter" "$(before 0.0.0.0 8087)" "$(word filter other):15"
	unserve
}

by_policy() {
	serve 0.0.0.0 8088 64
	if ip -n "$LQ_SERVER" xfrm policy add dir in src 10.99.0.0/16 dst 10.9.0.1/32 action block \
		2>"$work/xfrm"; then
		send 10.9.0.1 8088 syn 16
		is 'IPsec policy' "$(before 0.0.0.0 8088)" "$(word policy other):16"
		ip -n "$LQ_SERVER" xfrm policy flush
	else
		skip 'IPsec policy' "$(cat "$work/xfrm")"
	fi
	unserve
}

play_reasons() {
	by_route
	by_checksum
	by_key
	by_filter
	by_policy
}

drops_of_ipv6() {
	serve :: 8089 64
	drop prerouting ip6 8089
	send fd09::1 8089 syn 17
	no_rules
	is 'IPv6: nft drop' "$(before :: 8089)" netfilter:17
	send fd09::1 8089 badshort 18 -b 1000
	is 'IPv6: bad checksum' "$(before :: 8089)" netfilter:17,checksum:18
	drop input ip 8089
	send 10.9.0.1 8089 syn 3
	no_rules
	is 'IPv4 to a listener of both' "$(before :: 8089)" netfilter:20,checksum:18
	in_server sysctl -qw net.ipv6.conf.all.forwarding=1
	drop prerouting ip6 8089
	send fd98::5 8089 syn 10
	no_rules
	is 'IPv6 that is forwarded' "$(before :: 8089)" netfilter:20,checksum:18
}

# What people are told of these
told() {
	in_server "$tool" why '[::]:8089' >"$work/lines"
	is 'why: exit code' $? 1
	tr -s ' \n' ' ' <"$work/lines" >"$work/why"
	grep -q 'DROPPED before any listener 38 times' "$work/why" &&
		grep -q ' 20 netfilter: ' "$work/why" && grep -q ' 18 checksum: ' "$work/why"
	ok $? 'why: how many, and why'
	grep -q "of what reached this machine's IP stack" "$work/why"
	ok $? 'why: what it can not know'
	in_server "$tool" why '[::]:8089' --json >"$work/json"
	is 'why --json: exit code' $? 1
	is 'why --json: the cause' "$(python3 - "$work/json" <<'PY'
import json, sys
(endpoint,) = json.load(open(sys.argv[1]))['endpoints']
(cause,) = endpoint['causes']
print(endpoint['failed'], cause['cause'], cause['clients'], cause['segments'], cause['before'])
PY
	)" "True before_listener 38 38 {'netfilter': 20, 'checksum': 18}"
	unserve
}

# Clients whose first SYN is thrown away, and not the one that they send a second later
play_later() {
	serve 0.0.0.0 8097 64
	drop prerouting ip 8097
	in_client python3 -c "$several" &
	sleep 0.5
	no_rules
	wait $!
	is 'they come later' "$(before 0.0.0.0 8097) $(of 0.0.0.0 8097 before_clients) $(of 0.0.0.0 8097 before_came)" \
		'netfilter:5 5 5'
	in_server "$tool" why 0.0.0.0:8097 >"$work/lines"
	is 'they come later: exit code' $? 0
	tr -s ' \n' ' ' <"$work/lines" >"$work/why"
	grep -q 'Nobody was refused' "$work/why" && grep -q '5 clients sent a SYN that was thrown away before' "$work/why"
	ok $? 'they come later: that is told'
	is 'they come later: what became of each' "$(in_server grep -c ' server=10.9.0.1:8097 .* reason=before_listener state=came ' \
		/proc/net/listenq/clients)" 5
	drop prerouting ip 8097
	send 10.9.0.1 8097 syn 3 -b 300
	no_rules
	in_server "$tool" why 0.0.0.0:8097 >"$work/lines"
	is 'others do not: exit code' $? 1
	tr -s ' \n' ' ' <"$work/lines" | grep -q 'DROPPED before any listener 8 times: before_listener .*These were 3 clients'
	ok $? 'others do not: they alone failed'
	unserve
}

play_ipv6() {
	drops_of_ipv6
	told
}

for act in ${LISTENQ_ONLY:-netfilter copies closest reasons ipv6 later}; do
	echo "# $act ($(cut -d. -f1 /proc/uptime) s)"
	"play_$act"
done
rules_agree
finish
