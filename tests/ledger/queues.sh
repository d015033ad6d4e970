# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# queues.sh - how long the queues are, and how long they were full; a part of ledger.sh

# since_epoch TIME: unix seconds with milliseconds, in ms
since_epoch() { echo "${1/./}"; }

queues() {
	connections_wait
	listen_again
	syns_find_no_place
	adds_up queues
}

connections_wait() {
	local t0 t1 t2 t3 first second

	tell S listen L 0.0.0.0 8081 4
	is 'empty queues' "$(words "$(listener 8081)" synq young synq_limit synq_max acceptq acceptq_limit acceptq_max oldest_us last_loss last_loss_reason full_ms)" \
		'synq=0 young=0 synq_limit=4 synq_max=0 acceptq=0 acceptq_limit=4 acceptq_max=0 oldest_us=0 last_loss=0 last_loss_reason=none full_ms=0'
	tell C connect 3 "$server" 8081
	await 10 has acceptq=3 listener 8081
	is 'three connections wait' "$(words "$(listener 8081)" synq synq_max acceptq acceptq_max)" \
		'synq=0 synq_max=1 acceptq=3 acceptq_max=3'
	t0=$(now_us)
	first=$(of oldest_us "$(listener 8081)")
	t1=$(now_us)
	sleep 0.2
	t2=$(now_us)
	second=$(of oldest_us "$(listener 8081)")
	t3=$(now_us)
	between 'oldest_us grows with the clock' $((t2 - t1 - 2)) $((second - first)) $((t3 - t0 + 2))
	ok $((first == 0)) 'and is not 0 while connections wait'
	tell S accept L 3
	is 'none waits' "$(words "$(listener 8081)" synq acceptq acceptq_max oldest_us accepted)" \
		'synq=0 acceptq=0 acceptq_max=3 oldest_us=0 accepted=3'
}

# After connections_wait, at its listener
listen_again() {
	tell S again L 9
	tell C connect 1 "$server" 8081
	await 10 has acceptq=1 listener 8081
	is 'listen() again: the same line, another limit' \
		"$(words "$(listener 8081)" synq_limit acceptq_limit accepted acceptq_max) opened=$(of opened "$(endpoint 8081)")" \
		'synq_limit=9 acceptq_limit=9 accepted=3 acceptq_max=3 opened=1'
	tell S close L
}

# A SYN queue of 3 is short enough for the kernel to keep its requests for their full
# time: of a longer one that is more than half full it drops the older ones early.
syns_find_no_place() {
	local line t0 t1 room lost

	tell S listen L 0.0.0.0 8082 3
	t0=$(date +%s%3N)
	flood 8082 syn 20
	await 10 has segments=20 listener 8082
	t1=$(date +%s%3N)
	line=$(listener 8082)
	lost=$(nstat_of TcpExtListenDrops)
	room=$((20 - lost))
	# Some kernels take one more than the limit.
	between 'the SYN queue of 3 takes 3 or 4 of 20 SYNs' 3 $room 4
	is 'its length, its longest, and who found no place' \
		"$(words "$line" synq synq_limit synq_max acceptq acceptq_max segments lost last_loss_reason verdicts)" \
		"synq=$room synq_limit=3 synq_max=$room acceptq=0 acceptq_max=0 segments=20 lost=$lost last_loss_reason=syn_queue_full verdicts=syn_queued:$room,syn_queue_full:$lost"
	between 'last_loss is the time of day' "$t0" "$(since_epoch "$(of last_loss "$line")")" "$t1"
	between 'since is, too' $((t0 - 60000)) "$(since_epoch "$(of since "$line")")" "$t0"
	tell S close L
	is 'requests that their listener killed' "$(words "$(endpoint 8082)" listeners opened killed expired lost)" \
		"listeners=0 opened=1 killed=$room expired=0 lost=$lost"
}

# full_ms and synq_full_ms against a clock
full() {
	acceptq_is_full
	synq_is_full
	synacks_come_again
}

acceptq_is_full() {
	local t0 t1 t2 t3 t4 first second drained

	tell S listen L 0.0.0.0 8083 1
	t0=$(now_us)
	tell C connect 2 "$server" 8083
	await 10 has acceptq=2 listener 8083
	t1=$(now_us)
	first=$(of full_ms "$(listener 8083)")
	t2=$(now_us)
	sleep 0.3
	t3=$(now_us)
	second=$(of full_ms "$(listener 8083)")
	between 'full_ms grows while the accept queue is full' $(((t3 - t2) / 1000 - 2)) \
		$((second - first)) $((($(now_us) - t1) / 1000 + 2))
	t3=$(now_us)
	tell S accept L 1
	t4=$(now_us)
	drained=$(of full_ms "$(listener 8083)")
	between 'as long as a clock says' $(((t3 - t1) / 1000 - 2)) "$drained" $(((t4 - t0) / 1000 + 2))
	sleep 0.3
	is 'and stops when it is drained' "$(of full_ms "$(listener 8083)")" "$drained"
	tell C connect 1 "$server" 8083
	await 10 has acceptq=2 listener 8083
	t1=$(now_us)
	sleep 0.2
	t2=$(now_us)
	tell S close L
	await 10 has listeners=0 endpoint 8083
	between 'a listener that closes with a full queue' $((drained + (t2 - t1) / 1000 - 2)) \
		"$(of full_ms "$(endpoint 8083)")" $((drained + ($(now_us) - t4) / 1000 + 2))
}

synq_is_full() {
	local t0 t2 first n

	# One SYN-ACK and no other: the requests expire after a second or two.
	in_server sysctl -qw net.ipv4.tcp_synack_retries=0
	tell S listen L 0.0.0.0 8084 3
	t0=$(now_us)
	flood 8084 syn 4
	check 'requests expire' await 20 has synq=0 listener 8084
	t2=$(now_us)
	n=$(verdict syn_queued "$(listener 8084)")
	is 'the SYN queue is empty again' "$(words "$(listener 8084)" synq synq_max expired)" \
		"synq=0 synq_max=$n expired=$n"
	first=$(of synq_full_ms "$(listener 8084)")
	between 'synq_full_ms: until they expired' 500 "$first" $(((t2 - t0) / 1000 + 2))
	sleep 0.3
	is 'and no longer' "$(of synq_full_ms "$(listener 8084)")" "$first"
}

synacks_come_again() {
	in_server sysctl -qw net.ipv4.tcp_synack_retries=1
	tell S listen M 0.0.0.0 8085 16
	flood 8085 syn 3
	check 'SYN-ACKs come again, then requests expire' await 30 has expired=3 listener 8085
	is 'each SYN-ACK came twice' "$(words "$(listener 8085)" synack_repeated expired synq)" \
		'synack_repeated=3 expired=3 synq=0'
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
}
