# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# holders.sh - who called listen() is not who holds the socket; a part of reports.sh

# crowd PORT: more clients than its queue of 2 takes
crowd() { tell C crowd_of 6 "$server" "$1"; }

# stranger ACTOR WORDS...: a process that outlives it
stranger() {
	tell "$@"
	strangers="$strangers $answer"
	pid=$answer
}

# A child inherited it, was handed it by SCM_RIGHTS, got it by fork and exec as services of
# systemd do; the first is gone or not; who accepted last is gone; two hold it.
holders() {
	local pid first second name heir hand service worker

	for name in A B D; do
		actor $name ip netns exec "$LQ_SERVER"
	done
	tell A comm theapp
	tell B comm oldproxy
	tell D comm preforked
	tell A listen A 0.0.0.0 8080 2
	tell B listen B 0.0.0.0 8081 2
	tell S comm supervisor
	tell S listen S 0.0.0.0 8082 2
	tell D listen D 0.0.0.0 8083 2
	stranger A heir sleeper A
	heir=$pid
	stranger B hand newproxy B
	hand=$pid
	stranger S heir theservice S
	service=$pid
	stranger D heir worker D 1
	worker=$pid
	await 60 named sleeper "$heir"
	await 60 named newproxy "$hand"
	await 60 named theservice "$service"
	await 60 named worker "$worker"
	tell C connect 2 "$server" 8083
	check 'one accepts in a worker' await 60 has accepted=2 endpoint 8083
	stranger D heir idler D
	await 60 named idler "$pid"
	kill "$worker"
	first=${actor_pid[A]} second=${actor_pid[B]}
	dismiss A B
	for name in 8080 8081 8082 8083; do
		crowd $name
	done
	held_by 8080 theapp "$first" sleeper "$heir"
	says 'held by sleeper' 'holder_changed' "theapp (pid $first, gone)"
	held_by 8081 oldproxy "$second" newproxy "$hand"
	says 'held by newproxy' 'holder_changed' "oldproxy (pid $second, gone)"
	held_by 8082 supervisor "${actor_pid[S]}" theservice "$service"
	held_by 8083 worker "$worker" idler "$pid"
	says 'held by idler' "accepts: worker (pid $worker, gone)"
}

# held_by PORT FIRST PID HOLDER PID: the first is not to blame alone, nor at all when it is gone
held_by() {
	local name="held by $4"

	tells "$name" "0.0.0.0:$1" 1 accept_queue_full
	says "$name" "held now by" "$4 (pid $5)" 'full_now'
	says_not "$name" "why $2 (pid $3) accepts" "why $2 (pid $3) does not" "why $2 (pid $3, gone)"
	is "$name: as JSON" "$(holds "$4" "$5")" 1
	segments "$name" syn_queued req_completed syn_accept_full
}

# holds COMM PID: 1 if the JSON says so
holds() { grep -c "{\"pid\": $2, \"comm\": \"$1\"" "$work/json"; }

named() { [ "$(cat "/proc/$2/comm")" = "$1" ]; }
