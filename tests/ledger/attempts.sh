# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# attempts.sh - how a client's attempt ended; a part of ledger.sh

attempts() {
	clients_that_leave
	last_acks_thrown_away
	what_a_close_kills
	adds_up attempts
}

# leave PORT HOW: a client that connects, and goes again
leave() {
	in_client python3 - "$server" "$@" <<'PY'
import socket, struct, sys
address, port, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
s = socket.create_connection((address, port))
if how == 'data':
    s.send(b'hello')
if how == 'rst':
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
s.close()
PY
}

# Who has gone when accept() takes his connection was not served, if he left nothing to read.
clients_that_leave() {
	tell S listen L 0.0.0.0 8080 16
	leave 8080 fin
	leave 8080 fin
	leave 8080 rst
	leave 8080 data
	tell C connect 2 "$server" 8080
	await 10 has acceptq=6 listener 8080
	sleep 0.2
	tell S accept L 6
	is 'gone before accept(), by FIN and by RST, and with data left' \
		"$(words "$(listener 8080)" accepted served_closed served_half)" \
		'accepted=6 served_closed=3 served_half=1'
	# One that was refused first, and has gone when its turn comes, did not come through.
	tell S listen M 0.0.0.0 8081 0
	tell C connect 1 "$server" 8081
	await 10 has acceptq=1 listener 8081
	leave 8081 fin &
	await 10 has waiting=1 listener 8081
	tell S accept M 1
	wait $!
	await 10 has acceptq=1 listener 8081
	sleep 0.2
	tell S accept M 1
	is 'refused, then gone before accept(): it never came through' \
		"$(words "$(listener 8081)" waiting never served_closed recovered_ms)" \
		'waiting=0 never=1 served_closed=1 recovered_ms=-'
}

# Two handshakes begin while there is room for one more connection, and end when there is none.
last_acks_thrown_away() {
	in_server sysctl -qw net.ipv4.tcp_synack_retries=1
	tell S listen N 0.0.0.0 8082 2
	plays=halfopen.py actor H ip netns exec "$LQ_CLIENT"
	tell H wire lqc "$mac" "$server"
	tell H syn 0 2 8082
	tell C connect 3 "$server" 8082
	await 10 has acceptq=3 listener 8082
	tell H ack 0 1
	check 'requests expire' await 20 has expired=2 listener 8082
	is 'one had its last ACK, which was thrown away; one was never answered' \
		"$(words "$(listener 8082)" expired expired_acked)" 'expired=2 expired_acked=1'
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
}

what_a_close_kills() {
	tell S listen P 0.0.0.0 8084 16
	tell C connect 2 "$server" 8084
	flood 8084 syn 3
	await 10 has acceptq=2 listener 8084
	await 10 has synq=3 listener 8084
	tell S close P
	await 10 has listeners=0 endpoint 8084
	is 'what a close kills: pending, and connections that waited' \
		"$(words "$(endpoint 8084)" killed killed_waiting)" 'killed=5 killed_waiting=2'
}
