# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# closed.sh - a server closes with clients in its queues; a part of reports.sh

# 8080 close(), 8081 shutdown(), 8082 the process ends, 8083 only requests are pending, of IPv6,
# 8084 somebody else opens it again, 8085 nobody is in it, 8086 one of a group, 8087 taken over
closed() {
	local port mac dead

	tell S comm webapp
	for port in 8080 8081 8084 8085 8087; do
		tell S listen $port 0.0.0.0 $port 5
	done
	tell S listen 8083 "$server6" 8083 5
	tell S listen 8086 0.0.0.0 8086 32 reuseport
	tell S listen other 0.0.0.0 8086 32 reuseport
	order takeover 0.0.0.0:8087
	actor X ip netns exec "$LQ_SERVER"
	actor Y ip netns exec "$LQ_SERVER"
	tell X comm shortlived
	tell Y comm successor
	tell X listen X 0.0.0.0 8082 5
	for port in 8080 8081 8082 8084 8087; do
		tell C crowd_of 3 "$server" $port
	done
	check 'before the close: all are connected' await 10 tell C 'done'
	is 'before the close: so they believe' "$answer" 15
	tell C say GET /
	tells 'before the close' 0.0.0.0:8080 0 -
	mac=$(server_mac)
	in_client "$tests/tools/flood" lqc "$mac" "$server6" 8083 syn 3 >/dev/null
	check 'before the close: requests are pending' await 10 has synq=3 listener 8083
	tell S shutdown 8081
	for port in 8080 8081 8083 8084 8085 8087; do
		tell S close $port
	done
	dead=${actor_pid[X]}
	dismiss X
	tell Y listen Y 0.0.0.0 8084 5
	clients C 'after the close' reset:15
	closed_by "$dead"
	closed_group
	closed_in_between
}

# closed_by PID: of the process that ended
closed_by() {
	local port name

	for port in 8080 8081 8082 8084 8087; do
		name="closed, port $port"
		tells "$name" "0.0.0.0:$port" 1 listener_closed
		says "$name" 'REFUSED 3 times: listener_closed' 'These were 3 clients' ' closed it'
		segments "$name" syn_queued:3 req_completed:3
	done
	says 'closed, taken over' "webapp (pid ${actor_pid[S]}) closed it; no listener is open now"
	ask 0.0.0.0:8082
	says 'a process ended' "shortlived (pid $1) closed it, and has gone since; no listener is open now"
	ask 0.0.0.0:8084
	says 'opened again' "webapp (pid ${actor_pid[S]}) closed it" \
		"1 listener of successor (pid ${actor_pid[Y]}) is open now"
	check 'requests were pending: they expire' await 60 ended 8083 3
	tells 'requests were pending' "[$server6]:8083" 1 unanswered
	is 'requests were pending: how many, as JSON' "${json[unanswered_clients]}" 3
	segments 'requests were pending' syn_queued:3
	tells 'nobody was there' 0.0.0.0:8085 0 -
}

# Whom it may hit, a hash decides.
closed_group() {
	tell C drop
	tell C crowd_of 20 "$server" 8086
	tell C 'done' 10
	tell S close 8086
	tells 'one of a group' 0.0.0.0:8086 1 listener_closed
	says 'one of a group' "1 listener of webapp (pid ${actor_pid[S]}) is open now"
	tell C fates
	is 'one of a group: as many as its clients say' "reset:${json[listener_closed_clients]}" "${answer##* }"
}

# Taken over, and the server is away when the last ACKs come from afar: the kernel answers them by
# RST, as for any closed port. Their requests are there when it is back; their clients are not.
closed_in_between() {
	if is_debug_kernel; then
		skip 'in between' 'half a second is too short on the debug kernel'
		return
	fi
	tell C drop
	far 500
	tell S listen 8088 0.0.0.0 8088 5
	order takeover 0.0.0.0:8088
	tell C crowd_of 3 "$server" 8088
	check 'in between: requests are pending' await 10 has synq=3 listener 8088
	tell S close 8088
	sleep 0.5
	tell S listen 8088 0.0.0.0 8088 5
	check 'in between: they end' await 20 outcomes_have 8088 killed:3
	clients C 'in between' reset:3
	tells 'in between' 0.0.0.0:8088 1 listener_closed
	says 'in between' 'These were 3 clients' '3 clients had been sent a SYN-ACK a moment before' ' closed it'
}

# outcomes_have PORT NAME:COUNT
outcomes_have() { [[ $(of outcomes "$(endpoint "$1")"), == *[,:]"$2",* ]]; }
