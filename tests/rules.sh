#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Rules (takeover *:PORT) and who listens on many addresses: taken over when listen() returns,
# within the memory that rules may take, and gone when nobody listens. LISTENQ_ONLY="ACT..."
# plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

# shellcheck disable=SC2317
tidy_up() {
	drop_held
	dismiss
	widen 0 0
	mem_max 0
	net_down
}
trap tidy_up EXIT

net_up || exit 1
server=10.9.0.1
held=
# How many times longer commands take
slow=1
is_debug_kernel && slow=4

mem_max() { echo "$1" >/sys/module/listenq/parameters/mem_max; }
word() { of "$1" "$(endpoint "$2")"; }

# addresses [UID=N] WHAT FIRST COUNT PORT: see tools/addresses.py
addresses() {
	local as=

	[[ $1 != UID=* ]] || { as="setpriv --reuid ${1#UID=} --clear-groups"; shift; }
	# To read what is said of it takes that; and no worker is to be faster.
	[[ -z $as || $1 != state ]] || as="$as --inh-caps +net_admin --ambient-caps +net_admin"
	[[ $1 != state ]] || as="chrt -f 50 $as"
	# shellcheck disable=SC2086
	in_server $as python3 -c "$(cat "$tests/tools/addresses.py")" "$@"
}

# hold [UID=N] FIRST COUNT PORT: they listen until drop_held
hold() {
	local as=() out

	[[ $1 != UID=* ]] || { as=("$1"); shift; }
	coproc HELD { addresses "${as[@]}" hold "$@"; }
	held=$HELD_PID
	read -r out <&"${HELD[0]}"
	echo "# $out listen"
}

# shellcheck disable=SC2317
drop_held() {
	[ -n "$held" ] || return 0
	eval "exec ${HELD[1]}>&-"
	wait "$held" 2>/dev/null
	held=
}

# taken PORT: how many addresses of it are taken over; taken_are PORT COUNT
taken() { ledger endpoints | grep " port=$1 " | grep -c ' state=taken_over '; }
taken_are() { [ "$(taken "$1")" -eq "$2" ]; }
is_taken_over() { [ "$(word state "$1")" = taken_over ]; }

# fits PORT RECORDS: a queue of so many, on an address that a command names
fits() { errno_of takeover "0.0.0.0:$1" "synq=$2"; }

#
# Acts
#

# Each is taken over before its listen() returns: nothing is waited for.
play_at_once() {
	order takeover '*:7600'
	is 'at once: 50 new addresses are taken over when listen() returns' \
		"$(addresses state 10 50 7600)" 50
	is 'at once: of another user, too' "$(addresses UID=1000 state 11 50 7600)" 50
	is 'at once: no SYN was early' "$(ledger endpoints | grep -c ' port=7600 .* to_stock_early')" 0
	order release '*:7600'
}

# A user opens a thousand addresses, once each: nothing of it stays.
play_churn() {
	local room=70000

	mem_max 16
	tell S listen a "$server" 7602 64
	tell S close a
	tell S listen a 0.0.0.0 7603 64
	is 'churn: a large queue fits before' "$(fits 7603 $room)" ''
	is 'churn: not two of them' "$(errno_of takeover "$server:7602" synq=$room)" ENOSPC
	order release 0.0.0.0:7603
	order takeover '*:7601'
	mark
	is 'churn: uid 1000 listens on 1000 addresses and closes' \
		"$(addresses UID=1000 churn 20 1000 7601)" 1000
	tell S listen b "$server" 7601 64
	is 'churn: somebody else is taken over then' "$(await 20 is_taken_over 7601; echo $?)" 0
	tell S close b
	is 'churn: nothing stays taken over' "$(await 30 taken_are 7601 0; taken 7601)" 0
	is 'churn: the memory is back' "$(await 10 fits_again 7603 $room; word state 7603)" taken_over
	ok $(($(said | grep -c 'stays with the kernel') > 1)) 'churn: one line in dmesg at most'
	echo "# churn: $(head_word rules_refused) refused, for lack of room"
	order release 0.0.0.0:7603
	order release '*:7601'
	tell S close a
	mem_max 0
}
# shellcheck disable=SC2317
fits_again() { [ -z "$(fits "$1" "$2")" ]; }

# Who holds a thousand shuts nobody out.
play_share() {
	local refused taken lines

	mem_max 8
	order takeover '*:7605'
	refused=$(head_word rules_refused)
	mark
	hold UID=1000 30 1000 7605
	taken=$(taken 7605)
	refused=$(($(head_word rules_refused) - refused))
	echo "# share: of 1000 addresses of uid 1000 $taken are taken over, $refused times there was no room"
	ok $((taken < 1 || taken > 950)) 'share: some are taken over, and not all'
	ok $((refused < 1000 - taken)) 'share: the others are counted'
	lines=$(said | grep -c 'uid 1000 stays with the kernel: rules may take half of mem_max')
	is 'share: and said once' "$lines" 1
	tell S listen a "$server" 7605 16
	is 'share: another user is taken over at once' "$(word state 7605) $(word by_rule 7605)" 'taken_over 1'
	tell S listen b 0.0.0.0 7606 16
	is 'share: and a command that names an address' "$(fits 7606 12000)" ''
	order release 0.0.0.0:7606
	drop_held
	is 'share: they go with him' "$(await 30 taken_are 7605 1; taken 7605)" 1
	tell S close a
	tell S close b
	is 'share: and the last one' "$(await 30 taken_are 7605 0; taken 7605)" 0
	order release '*:7605'
	mem_max 0
}

# The same thousand are there before the rule: it takes over who fits, and fails for nobody.
play_before() {
	local refused

	mem_max 8
	refused=$(head_word rules_refused)
	hold UID=1000 40 1000 7620
	tell S listen a "$server" 7620 16
	is 'before: the rule is made' "$(errno_of takeover '*:7620')" ''
	is 'before: who came last is taken over' "$(of state "$(endpoint 7620 "addr=$server")")" taken_over
	ok $(($(taken 7620) < 2 || $(taken 7620) > 950)) 'before: some of the others are'
	ok $(($(head_word rules_refused) - refused < 1001 - $(taken 7620))) 'before: the rest is counted'
	is 'before: set for all' "$(errno_of set '*:7620' synq=400)" ''
	is 'before: who may have more has it' "$(of synq "$(endpoint 7620 "addr=$server")")" 400
	ok $(($(ledger endpoints | grep ' port=7620 ' | grep -c ' synq=400 ') == $(taken 7620))) \
		'before: some may not, and keep what they have'
	drop_held
	order release '*:7620'
	tell S close a
	mem_max 0
}

# What found no room is tried again, and not all the time.
play_retry() {
	local refused

	mem_max 1
	order takeover '*:7607' synq=100000
	refused=$(head_word rules_refused)
	tell S listen b "$server" 7607 16
	is 'retry: no room' "$(word state 7607) $(($(head_word rules_refused) - refused))" 'observing 1'
	sleep 25
	refused=$(($(head_word rules_refused) - refused))
	ok $((refused < 2 || refused > 4)) "retry: tried again in 25 s, $refused times in all"
	mem_max 0
	is 'retry: it is taken over when there is' "$(await 30 is_taken_over 7607; echo $?)" 0
	order release '*:7607'
	tell S close b
}

# A server that opens again finds its handshakes; when there are none, its queue goes.
play_reopen() {
	order takeover '*:7610' retries=8
	tell S listen a "$server" 7610 64
	is 'reopen: 20 half-open' "$(says C syn 0 20 7610) $(word pending 7610)" '20 20'
	tell C came
	tell S close a
	sleep 4
	is 'reopen: they wait for their server' "$(word state 7610) $(word pending 7610)" 'taken_over 20'
	tell S listen a "$server" 7610 64
	tell C ack 0 20
	is 'reopen: all complete' "$(says S accept a 20 10) $(words "$(says C came)" rsts)" '20 rsts=0'
	tell S drop
	tell S close a
	tell C drop
	is 'reopen: nothing pending, nobody listens: it goes' "$(await 20 taken_are 7610 0; taken 7610)" 0
	tell S listen a "$server" 7610 64
	is 'reopen: and is there again' "$(word state 7610)" taken_over
	order set "$server:7610" retries=3
	is 'reopen: a command names it' "$(word by_rule 7610)" 0
	tell S close a
	sleep 4
	is 'reopen: that stays' "$(word state 7610)" taken_over
	order release '*:7610'
}

# Cookies are worth something when nobody listens, too.
play_cookies() {
	order takeover '*:7612' cookies=always
	tell S listen a "$server" 7612 64
	is 'cookies: 10 are sent' "$(says C syn 0 10 7612) $(word pending 7612)" '10 0'
	tell C came
	tell S close a
	sleep 4
	is 'cookies: its queue stays' "$(word state 7612)" taken_over
	tell S listen a "$server" 7612 64
	tell C ack 0 10
	is 'cookies: who listens then accepts them' "$(says S accept a 10 10)" 10
	tell S drop
	tell S close a
	tell C drop
	is 'cookies: after two minutes it goes' "$(await 200 taken_are 7612 0; taken 7612)" 0
	order release '*:7612'
}

# listen() does not wait while a release takes long; what comes before the worker is counted.
play_early() {
	local n

	order takeover '*:7615'
	tell S listen a 0.0.0.0 7614 4096
	order takeover 0.0.0.0:7614
	# Each takes 20 ms to go back.
	n=$((200 * slow))
	is "early: $n half-open elsewhere" "$(says C syn 0 $n 7614)" $n
	tell C came
	widen "$at_hand_back" 20000
	order release 0.0.0.0:7614 &
	await 5 is_draining 7614
	tell S listen b "$server" 7615 64
	is 'early: listen() has returned, the release has not' "$(word state 7614) $(word state 7615)" \
		'draining observing'
	says C syn 1000 15 7615 >/dev/null
	wait $!
	widen 0 0
	is 'early: a worker takes it over then' "$(await 20 is_taken_over 7615; echo $?)" 0
	is 'early: SYNs before that are counted' \
		"$(word to_stock_early 7615) $(in_server ss -Htn state syn-recv 'sport = :7615' | wc -l)" '15 15'
	says C syn 1100 15 7615 >/dev/null
	is 'early: and those after it are ours' "$(word to_stock_early 7615) $(word pending 7615)" '15 15'
	order release '*:7615'
	tell S close a
	tell S close b
	tell C drop
}
# shellcheck disable=SC2317
is_draining() { [ "$(word state "$1")" = draining ]; }

# opens_under_load ADDRESS PORT: SYNs of 400 clients; somewhere among them it begins to listen
opens_under_load() {
	local sending

	ip -n "$LQ_SERVER" addr add "$1/32" dev lqs
	ip -n "$LQ_CLIENT" neigh replace "$1" lladdr "$(server_mac)" dev lqc nud permanent
	in_client hping3 -q -i u300 -c 400 -S -s 20000 -p "$2" -a 10.99.7.7 "$1" >/dev/null 2>&1 &
	sending=$!
	sleep 0.05
	tell S listen "$1" "$1" "$2" 1024
	wait "$sending"
}

# A server that opens on new addresses under load: each SYN is ours, or counted.
play_load() {
	local i n line ours=0 early=0 queued=0

	order takeover '*:7618' retries=8
	for i in $(seq 20); do
		opens_under_load "10.9.1.$i" 7618
	done
	sleep 0.2
	while read -r line; do
		n=$(of pending "$line") ours=$((ours + ${n:-0}))
		n=$(of to_stock_early "$line") early=$((early + ${n:-0}))
		n=$(grep -o 'syn_queued:[0-9]*' <<<"$line") queued=$((queued + ${n#*:} + 0))
	done < <(ledger endpoints | grep ' port=7618 ')
	echo "# load: $queued SYNs queued, $ours of them ours, $early early"
	ok $((queued < 1000)) 'load: SYNs came'
	is 'load: each is ours, or counted as early' "$((ours + early))" "$queued"
	is 'load: the kernel has the early ones' \
		"$(in_server ss -Htn state syn-recv 'sport = :7618' | wc -l)" "$early"
	for i in $(seq 20); do
		tell S close "10.9.1.$i"
		ip -n "$LQ_SERVER" addr del "10.9.1.$i/32" dev lqs
	done
	order release '*:7618'
}

# The end of a rule is no other's.
play_lease() {
	order takeover '*:7620' lease_ms=$((700 * slow))
	order takeover '*:7621'
	tell S listen a "$server" 7621 16
	is 'lease: two rules' "$(head_word rules)" '*:7620,*:7621'
	is 'lease: one ends' "$(await 10 rules_are '*:7621'; head_word rules)" '*:7621'
	is 'lease: what the other has made stays' "$(word state 7621)" taken_over
	order release '*:7621'
	tell S close a
}
# shellcheck disable=SC2317
rules_are() { [ "$(head_word rules)" = "$1" ]; }

# A thousand at once go within a second, beside who listens and closes all the time.
play_unload() {
	local ms churning

	mem_max 2048
	order takeover '*:7630'
	hold 40 1000 7630
	is 'unload: 1000 addresses are taken over' "$(taken 7630)" 1000
	(while addresses churn 41 200 7630; do :; done) >/dev/null 2>&1 &
	churning=$!
	sleep 1
	mark
	unload
	ms=$(said | sed -n 's/^unloaded in \([0-9]*\) ms$/\1/p')
	echo "# unload: 1000 addresses of a rule, under churn: $ms ms"
	if is_debug_kernel; then
		skip 'unload: within a second' 'the debug kernel takes longer for each'
	else
		ok $((${ms:-9999} > 1000)) 'unload: within a second'
	fi
	is 'unload: said in one line' "$(said | grep -c 'addresses of rules are with the kernel again')" 1
	kill "$churning"
	wait "$churning" 2>/dev/null
	drop_held
	load
}

actor S ip netns exec "$LQ_SERVER"
plays=halfopen.py actor C ip netns exec "$LQ_CLIENT"
tell C wire lqc "$(server_mac)"
# says NAME WORDS...: the answer of an actor
says() { tell "$@"; echo "$answer"; }

for act in ${LISTENQ_ONLY:-at_once churn share before retry reopen cookies early load lease unload}; do
	echo "# $act"
	"play_$act"
done
finish
