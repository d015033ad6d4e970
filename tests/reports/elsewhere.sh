# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# elsewhere.sh - the reader is in one network namespace, the listener in another; a part
# of reports.sh

elsewhere() {
	local name in

	actor N ip netns exec "$LQ_SERVER" unshare -pf --mount-proc
	actor M unshare -n
	tell N comm contapp
	tell N listen A 0.0.0.0 8080 1
	tell M comm nameless
	tell M listen B 127.0.0.1 8081 1
	tell C crowd_of 4 "$server" 8080
	tell C 'done' 2
	in=''
	for name in 8080 8081; do
		ask "*:$name"
		is "a listener elsewhere, port $name: exit code" "$code" 3
	done
	ask "$server":8080
	says 'a listener in a container' "$LQ_SERVER: ip netns exec $LQ_SERVER listenq why 0.0.0.0:8080"
	ask 127.0.0.1:8081
	says 'a listener in a namespace without a name' 'nsenter -t' '-n listenq why 127.0.0.1:8081'
	# shellcheck disable=SC2034
	in=in_server
	tells 'asked where it is' 0.0.0.0:8080 1 accept_queue_full
	says 'asked where it is' 'contapp (pid'
	# It is process 1 of its namespace, and unshare waits for it whatever comes.
	kill -KILL "$(pgrep -P "${actor_pid[N]}")"
}
