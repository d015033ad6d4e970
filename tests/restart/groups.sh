# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# groups.sh - members of a group come and go, nginx reloads; a part of restart.sh

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
	tell S listen m0 "$server" 7303 1024 reuseport
	order takeover "$server:7303"
	for round in $(seq 10); do
		tell S listen "m$round" "$server" 7303 1024 reuseport
		tell C syn $first 60 7303
		begun=$((begun + answer))
		[ $first -eq 0 ] || tell C ack $((first - 20)) 20
		tell C ack $first 20
		# A machine that is busy has not seen them all yet.
		await 5 pending_is 7303 40
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
			server { listen "$server:7304" reuseport backlog=1024; return 200 "hello\n"; }
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
	order takeover "$server:7304"
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
