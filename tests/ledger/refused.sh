# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# refused.sh - what became of refused clients; a part of ledger.sh

refused_clients() {
	refused_one_comes_through
	refused_one_of_a_closed_listener
	more_than_the_table_holds
	adds_up 'refused clients'
}

refused_one_comes_through() {
	local t0 t1 t2 t3 line bucket tick_us=10000	# HZ=100: the longest

	tell S listen L 0.0.0.0 8080 0
	tell C connect 1 "$server" 8080
	await 10 has acceptq=1 listener 8080
	t0=$(now_us)
	tell C begin "$server" 8080
	check 'a refused client is waited for' await 10 has waiting=1 listener 8080
	t1=$(now_us)
	# It may have tried more than once by now.
	is 'nobody has come through yet' "$(words "$(listener 8080)" waiting never forgotten recovered_ms last_loss_reason)" \
		'waiting=1 never=0 forgotten=0 recovered_ms=- last_loss_reason=accept_queue_full'
	tell S accept L 1
	t2=$(now_us)
	tell C 'done'
	is 'its connect() tries again, and gets through' "$answer" 1
	tell S accept L 1
	t3=$(now_us)
	is 'accepted' "$answer" 1
	line=$(listener 8080)
	is 'it came through' "$(words "$line" waiting never forgotten accepted)" \
		'waiting=0 never=0 forgotten=0 accepted=2'
	is 'once' "$(hist_sum recovered_ms "$line")" 1
	bucket=$(of recovered_ms "$line")
	bucket=${bucket%:*}
	# It was accepted after t2, and refused between t0 and t1; by the kernel's coarse clock,
	# which is a tick behind at most.
	ok $((!((1 << bucket) * 1000 <= t3 - t0 + tick_us && (2 << bucket) * 1000 > t2 - t1 - tick_us))) \
		"after so many ms as a clock says: $(((t2 - t1) / 1000)) to $(((t3 - t0) / 1000)), bucket $bucket"
}

# A listener that closes while a client that it refused still tries: after
# refused_one_comes_through, at its listener
refused_one_of_a_closed_listener() {
	tell C connect 1 "$server" 8080
	await 10 has acceptq=1 listener 8080
	tell C begin "$server" 8080
	await 10 has waiting=1 listener 8080
	tell S close L
	await 10 has listeners=0 endpoint 8080
	is 'a closed listener: the endpoint goes on waiting' "$(words "$(endpoint 8080)" waiting never)" \
		'waiting=1 never=0'
	tell C drop
	skip 'never=1 for a client that gave up' "only $(constant GIVE_UP_S) s after its first refusal"
}

more_than_the_table_holds() {
	local line n most

	tell S listen M 0.0.0.0 8081 0
	tell C connect 1 "$server" 8081
	await 10 has acceptq=1 listener 8081
	flood 8081 syn 20000
	check '20,000 clients are refused' await 120 has lost=20000 listener 8081
	line=$(listener 8081)
	n=$(($(of waiting "$line") + $(of waiting "$(endpoint 8080)")))
	most=$(($(constant LQ_CLIENTS_EACH clients.h) << $(constant LQ_CLIENT_SHARD_BITS clients.h)))
	between "$((most / 1000)),$((most % 1000)) of all refused clients are followed" 15000 $n $most
	is 'the others are counted as forgotten' \
		"$(($(of waiting "$line") + $(of forgotten "$line")))" $((20000 - $(of never "$line")))
}
