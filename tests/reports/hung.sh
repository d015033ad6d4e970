# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# hung.sh - why nobody accepts: who should is stopped, or may open no more files; and a listener
# here that no client means; a part of reports.sh

hung() {
	local name open in=in_server

	for name in A B D; do
		actor $name ip netns exec "$LQ_SERVER"
	done
	actor H
	tell A comm stoppedapp
	tell A listen A 0.0.0.0 8090 2
	kill -STOP "${actor_pid[A]}"
	tell C crowd_of 6 "$server" 8090
	tells 'a stopped server' 0.0.0.0:8090 1 accept_queue_full
	hinted 'a stopped server' stopped no_accept full_now
	says 'a stopped server' "stoppedapp (pid ${actor_pid[A]})"
	kill -CONT "${actor_pid[A]}"
	ask 0.0.0.0:8090
	not_hinted 'one that goes on' stopped

	tell B comm fullapp
	tell B listen B 0.0.0.0 8091 2
	open=$(find "/proc/${actor_pid[B]}/fd" -type l | wc -l)
	prlimit --nofile=$((2 * open)) --pid "${actor_pid[B]}"
	tell C crowd_of 6 "$server" 8091
	tells 'a server with room for files' 0.0.0.0:8091 1 accept_queue_full
	not_hinted 'a server with room for files' fd_limit
	prlimit --nofile="$open" --pid "${actor_pid[B]}"
	tells 'a server without' 0.0.0.0:8091 1 accept_queue_full
	hinted 'a server without' fd_limit
	says 'a server without' "fullapp (pid ${actor_pid[B]}) has $open files open, and may have $open"

	tell H listen H 0.0.0.0 8092 2
	tell D listen D 0.0.0.0 8092 2
	tell C crowd_of 6 "$server" 8092
	tell C 'done' 2
	# shellcheck disable=SC2034
	in=''
	tells 'a listener here that nobody asks' 0.0.0.0:8092 0 -
	hinted 'a listener here that nobody asks' other_netns
	says 'a listener here that nobody asks' "ip netns exec $LQ_SERVER listenq why 0.0.0.0:8092"
}
