# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# burst.sh - more honest clients at once than queues take; a part of reports.sh

# Clients from afar, all at once: their SYNs are here before the first last ACK is.
burst() {
	local name

	for name in A B D E; do
		actor $name ip netns exec "$LQ_SERVER"
	done
	far 100
	tell A comm mediaapp
	tell A listen A 0.0.0.0 8080 10
	tell A loop A 0
	tell B listen B "$server6" 8081 10
	tell B loop B 0
	tell D comm slowapp
	tell D listen D 0.0.0.0 8082 10
	tell D loop D 100
	tell E comm hungapp
	tell E listen E 0.0.0.0 8083 10
	tell C crowd_of 30 "$server" 8080
	tell C crowd_of 30 "$server6" 8081
	tell C crowd_of 30 "$server" 8082
	tell C crowd_of 30 "$server" 8083
	tell C 'done' 5
	tell C fates
	echo "# $answer"
	for name in 8080 8081; do
		tells "a burst, port $name" "*:$name" 1 accept_queue_full
		says "a burst, port $name" 'backlog argument' 'SYN cookie'
		hinted "a burst, port $name" backlog_argument cookies_lost syn_flooding
		if is_debug_kernel; then
			skip "a burst, port $name" 'accept() is slow on the debug kernel'
			continue
		fi
		says "a burst, port $name" 'burst:' 'accept() is fast'
		says_not "a burst, port $name" 'accepts too slowly'
	done
	tells 'a slow server' '*:8082' 1 accept_queue_full
	says 'a slow server' 'why slowapp (pid' 'accepts too slowly'
	says_not 'a slow server' 'burst:'
	tells 'a hung one' '*:8083' 1 accept_queue_full
	says 'a hung one' 'no_accept' 'why hungapp (pid' 'does not accept' 'full_now'
	says_not 'a hung one' 'burst:'
	burst_again
	hung_once
}

# One burst after the other, none before the accept queue is empty again: how many wanted in at
# once is how many came in one of them, not in all.
burst_again() {
	local i

	actor F ip netns exec "$LQ_SERVER"
	tell F listen F 0.0.0.0 8084 10
	tell F loop F 0
	for i in 1 2 3; do
		tell C crowd_of 30 "$server" 8084
		tell C 'done' 5
		echo "# burst $i: $answer"
	done
	tells 'three bursts' '*:8084' 1 accept_queue_full
	if is_debug_kernel; then
		skip 'three bursts: as many wanted in as in one' 'accept() is slow on the debug kernel'
		return
	fi
	[[ $text =~ 'Up to '([0-9]+)' wanted in at once' ]]
	between 'three bursts: as many wanted in as in one' 12 "${BASH_REMATCH[1]:-0}" 40
}

# A server that was fast hangs, with a full queue, and is started anew with a larger backlog: what
# its clients waited is in no histogram, and no backlog would have let them in.
hung_once() {
	actor G ip netns exec "$LQ_SERVER"
	actor R ip netns exec "$LQ_SERVER"
	actor K ip netns exec "$LQ_CLIENT"
	tell G comm hangingapp
	tell G listen G 0.0.0.0 8085 10
	tell K connect 5 "$server" 8085
	tell G accept G 5
	is 'it hung once: before that it was fast' "$answer" 5
	tell K crowd_of 30 "$server" 8085
	tell K 'done' 8
	tell K say GET /
	sleep 5
	dismiss G
	tell R comm hangingapp
	tell R listen R 0.0.0.0 8085 400
	tell K drop
	tell K connect 5 "$server" 8085
	tell R accept R 5
	is 'it hung once: it does no more' "$answer" 5
	tells 'it hung once' '*:8085' 1 'accept_queue_full listener_closed'
	says 'it hung once' 'has closed since' 'it was 10 then, and is 400 since.'
	says_not 'it hung once' 'burst:' 'that is mended' 'would have been enough'
}
