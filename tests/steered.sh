#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Clients that something leads to a listener: a service mesh's TPROXY, nft's socket, an
# sk_lookup program, bpf_sk_assign. Their last ACKs come another way, so their SYNs are the
# kernel's (to_stock_steered), and all are served; who comes by itself is served by listenq. And
# the socket cookie that a program at the device is told of a SYN-ACK is the connection's.
# LISTENQ_ONLY="ACT..." plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

crowd=20
work=$(mktemp -d /tmp/lqsteered.XXXXXX)
declare -A greeter

# shellcheck disable=SC2317
tidy_up() {
	dismiss
	leave
	umount "$work/bpf" "$work/cgroup" 2>/dev/null
	net_down
	rm -rf "$work"
}
trap tidy_up EXIT

word() { of "$1" "$(endpoint "$port")"; }

# greet NAME ADDRESS PORT WORDS...: a server of tools/greeter.py
greet() {
	# The one before it was ready, too.
	: >"$work/$1"
	# Not by in_server: $! would be a shell above it.
	ip netns exec "$LQ_SERVER" python3 "$tests/tools/greeter.py" "${@:2}" >"$work/$1" &
	greeter[$1]=$!
	await 20 grep -q ready "$work/$1"
}

# What leads, who is led, goes.
leave() {
	local pid

	for pid in "${greeter[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	greeter=()
	in_server nft flush ruleset 2>/dev/null
	in_server tc qdisc del dev lqs clsact 2>/dev/null
	rm -f "$work/bpf/program"
}

rules() {
	in_server nft -f - <<-NFT
		table ip mesh {
			chain in {
				type filter hook prerouting priority mangle;
				$1
			}
		}
	NFT
}

established='ct state established,related meta mark set 1 accept;'

# clients ADDRESS PORT [COUNT]: how many are greeted, one after the other, and RSTs from the server
clients() {
	local before greeted

	before=$(nstat_of TcpOutRsts)
	greeted=$(in_client python3 - "$1" "$2" "${3:-$crowd}" <<-'PY'
		import socket, sys
		greeted = 0
		for _ in range(int(sys.argv[3])):
		    try:
		        with socket.create_connection((sys.argv[1], int(sys.argv[2])), 3) as s:
		            greeted += s.recv(100) == b"hello"
		    except OSError:
		        pass
		print(greeted)
	PY
	)
	echo "$greeted rsts=$(($(nstat_of TcpOutRsts) - before))"
}

# led NAME LISTENER_ADDRESS ADDRESS PORT: stock and taken over, all are served, and by the kernel
led() {
	is "$1: stock" "$(clients "$3" "$4")" "$crowd rsts=0"
	is "$1: takeover" "$(errno_of takeover "$2:$port")" ''
	is "$1: taken over" "$(clients "$3" "$4")" "$crowd rsts=0"
	is "$1: their SYNs are the kernel's" "$(words "$(endpoint "$port")" to_stock_steered pending)" \
		"to_stock_steered=$crowd pending=0"
}

# by_themselves NAME: who comes to the listener's own address and port is listenq's
by_themselves() {
	local before

	before=$(word to_stock_steered)
	is "$1: who comes by himself" "$(clients 10.9.0.1 "$port" 5)" '5 rsts=0'
	is "$1: is listenq's" "$(word to_stock_steered) $(word has_own)" "$before 1"
}

play_mesh() {
	port=7501
	rules "$established tcp dport 80 tproxy to :$port meta mark set 1 accept"
	greet A 0.0.0.0 $port transparent
	led mesh 0.0.0.0 10.9.0.1 80
	by_themselves mesh
	leave
}

play_socket() {
	port=7502
	rules "socket transparent 1 meta mark set 1 accept; ct state new tcp dport 80 tproxy to :$port meta mark set 1 accept"
	greet A 0.0.0.0 $port transparent
	led socket 0.0.0.0 10.9.0.1 80
	by_themselves socket
	leave
}

# An address that is nobody's here, the listener's port.
play_foreign() {
	port=7503
	rules "$established ip daddr 10.77.0.1 tcp dport $port tproxy to :$port meta mark set 1 accept"
	greet A 0.0.0.0 $port transparent
	led 'foreign address' 0.0.0.0 10.77.0.1 $port
	by_themselves 'foreign address'
	leave
}

# An address and port that both listeners would take, of which the rule prefers the worse one.
play_rival() {
	port=7504
	rules "$established tcp dport $port tproxy to 127.0.0.1:$port meta mark set 1 accept"
	greet B 10.9.0.1 $port reuseport
	greet A 0.0.0.0 $port transparent reuseport
	led 'of two listeners' '*' 10.9.0.1 $port
	is 'of two listeners: the one that the rule says' "$(grep -c greeted "$work/A") $(grep -c greeted "$work/B")" \
		"$((2 * crowd)) 0"
	order release "*:$port"
	leave
}

play_sk_lookup() {
	port=7505
	greet A 0.0.0.0 $port lookup=7605
	led sk_lookup 0.0.0.0 10.9.0.1 7605
	by_themselves sk_lookup
	leave
}

# attach DIRECTION: the program to the server's device
attach() {
	in_server tc qdisc add dev lqs clsact &&
		in_server tc filter add dev lqs "$1" bpf direct-action object-pinned "$work/bpf/program"
}

play_sk_assign() {
	port=7506
	greet A 0.0.0.0 $port "assign=7606,$work/bpf/program"
	check 'sk_assign: attached' attach ingress
	led sk_assign 0.0.0.0 10.9.0.1 7606
	by_themselves sk_assign
	leave
}

# A SYN-ACK of a client that was led, answered by an ICMP error, ends its request.
play_icmp() {
	local n

	port=7507
	in_client sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
	ip -n "$LQ_CLIENT" route replace unreachable default
	rules "$established tcp dport 80 tproxy to :$port meta mark set 1 accept"
	greet A 0.0.0.0 $port transparent
	for n in 1 2; do
		[ $n -eq 1 ] || order takeover "0.0.0.0:$port"
		in_client "$tests/tools/flood" -b "$n" lqc "$(server_mac)" 10.9.0.1 80 syn 1 >/dev/null
		check "icmp, $([ $n -eq 1 ] && echo stock || echo taken over): the request has ended" await 5 unanswered $n
	done
	ip -n "$LQ_CLIENT" route replace blackhole default
	leave
}

# unanswered COUNT: so many attempts have ended so, and none is left
# shellcheck disable=SC2317
unanswered() {
	[ "$(outcome "$(endpoint "$port")")" = "attempts:$1 unanswered:$1" ] &&
		! in_server ss -Htn state syn-recv | grep -q .
}

# came_to FILE COUNT: so many were greeted
# shellcheck disable=SC2317
came_to() { [ "$(grep -c greeted "$work/$1")" -eq "$2" ]; }

# cookies NAME: of the last who was greeted: is the SYN-ACK's the connection's, and no other's?
cookies() {
	tail -n 1 "$work/A" | awk -v name="$1" '{
		for (i = 2; i <= NF; i++) { split($i, pair, "="); said[pair[1]] = pair[2] }
		print name, said["synack"] == said["child"] && said["child"] != said["listener"] ? "same" : $0
	}'
}

# With a SYN-ACK that is repeated, too, and one whose record goes back to the kernel.
play_cookie() {
	local mode n=0

	port=7508
	greet A 0.0.0.0 $port "cookie=$work/bpf/program"
	check 'cookie: attached' attach egress
	plays=halfopen.py actor C ip netns exec "$LQ_CLIENT"
	tell C wire lqc "$(server_mac)"
	for mode in stock 'taken over'; do
		[ "$mode" = stock ] || order takeover "0.0.0.0:$port"
		clients 10.9.0.1 $port 1 >/dev/null
		n=$((n + 1))
		is "socket cookie, $mode" "$(cookies 'first:')" 'first: same'
		tell C syn $n 1 $port
		tell C came 1.5
		tell C ack $n 1
		n=$((n + 1))
		await 5 came_to A $n
		is "socket cookie of a SYN-ACK that was repeated, $mode" "$(cookies 'repeated:')" 'repeated: same'
	done
	tell C syn 9 1 $port
	order release "0.0.0.0:$port"
	tell C ack 9 1
	await 5 came_to A $((n + 1))
	is 'socket cookie of what was handed back' "$(cookies 'handed back:')" 'handed back: same'
	is 'they were listenq'"'"'s' "$(word handed_back)" 1
	dismiss C
	leave
}

# A sock_ops program that asks for the request's cookie before there is a SYN-ACK
play_ops() {
	local mode

	port=7509
	mkdir -p "$work/cgroup"
	mount -t cgroup2 cgroup2 "$work/cgroup" && mkdir -p "$work/cgroup/lq" ||
		{ skip 'sock_ops' 'no cgroup2 here'; return; }
	greet A 0.0.0.0 $port "ops=$work/cgroup/lq"
	for mode in stock 'taken over'; do
		[ "$mode" = stock ] || order takeover "0.0.0.0:$port"
		clients 10.9.0.1 $port 1 >/dev/null
		is "socket cookie that a sock_ops program was told, $mode" "$(cookies 'request:')" 'request: same'
	done
	is 'the handshake was listenq'"'"'s' "$(word has_own)" 1
	leave
	rmdir "$work/cgroup/lq"
	umount "$work/cgroup"
}

# A listener that matches better comes between a SYN and its last ACK: who took the SYN accepts.
play_better() {
	local mode

	port=7510
	for mode in stock 'taken over' 'both taken over' 'stock, each SYN comes again' \
		'taken over, each SYN comes again' 'both taken over, each SYN comes again' \
		'both taken over, the other answers by cookies, each SYN comes again'; do
		actor S ip netns exec "$LQ_SERVER"
		plays=halfopen.py actor C ip netns exec "$LQ_CLIENT"
		tell C wire lqc "$(server_mac)"
		tell S listen A 0.0.0.0 $port 200 reuseport
		[[ $mode == stock* ]] || order takeover "0.0.0.0:$port"
		tell C syn 0 $crowd $port
		tell S listen B 10.9.0.1 $port 200 reuseport
		[[ $mode != both* ]] || order takeover "10.9.0.1:$port"
		[[ $mode != *cookies* ]] || order set "10.9.0.1:$port" cookies=always
		[[ $mode != *again ]] || tell C again 0 $crowd
		tell C ack 0 $crowd
		tell C came 1
		is "a better listener, $mode" "rsts=$(of rsts "$answer") accept queue $(waiting_at 0.0.0.0)" \
			"rsts=0 accept queue $crowd"
		dismiss
		port=$((port + 1))
	done
}
waiting_at() { of acceptq "$(ledger listeners | grep " addr=$1 port=$port ")"; }

net_up || exit 1
in_server ip rule add fwmark 1 iif lqs lookup 100
in_server ip route add local default dev lo table 100
ip -n "$LQ_CLIENT" route add 10.77.0.0/16 via 10.9.0.1
mkdir "$work/bpf" && mount -t bpf bpf "$work/bpf" || exit 1
for act in ${LISTENQ_ONLY:-mesh socket foreign rival sk_lookup sk_assign icmp cookie ops better}; do
	echo "# $act"
	"play_$act"
done
rules_agree
finish
