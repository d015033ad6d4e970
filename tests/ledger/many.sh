# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# many.sh - ten thousand listeners; a part of ledger.sh

many() {
	local t0 t1 known idle most=10000

	is_debug_kernel && most=60000
	tell S listen L 0.0.0.0 8080 16
	known=$(head_of endpoints endpoints)
	tell S many 10000 19999
	is '10,000 listeners' "$answer" 10000
	is 'the first line counts them' "$(head_of listeners listeners) $(head_of listeners untracked)" '10001 0'
	t0=$(now_us)
	ledger listeners >/tmp/listenq.many
	t1=$(now_us)
	is 'each is listed exactly once' \
		"$(sed -n 's/^listener=\([0-9]*\) .* port=1[0-9]\{4\} .*/\1/p' /tmp/listenq.many | sort -u | wc -l) $(sed -n 's/.* port=\(1[0-9]\{4\}\) .*/\1/p' /tmp/listenq.many | sort -u | wc -l) $(wc -l </tmp/listenq.many)" \
		'10000 10000 10002'
	between 'reading them all takes no longer than that (ms)' 0 $(((t1 - t0) / 1000)) $most
	echo "# $(wc -c </tmp/listenq.many) bytes of 10,001 listeners read in $(((t1 - t0) / 1000)) ms"
	t0=$(now_us)
	is 'endpoints as well' "$(ledger endpoints | sed -n 's/^endpoint=\([0-9]*\) .*/\1/p' | sort -u | wc -l)" \
		$((known + 10000))
	echo "# endpoints read in $((($(now_us) - t0) / 1000)) ms"
	rm -f /tmp/listenq.many
	tell C connect 2 "$server" 19999
	await 10 has acceptq=2 listener 19999
	is 'the last of them is counted as any other' "$(words "$(listener 19999)" segments acceptq)" \
		'segments=4 acceptq=2'
	tell S none
	is 'all closed' "$(head_of listeners listeners)" 1
	idle=$(constant MOST_IDLE)
	check "$idle idle endpoints are remembered" await 60 idle_are "$idle"
	is 'the others are counted as forgotten' "$(head_of endpoints forgotten)" \
		$((known + 10000 - idle - 1))
	is 'the newest stay' "$(words "$(endpoint 19999)" listeners opened segments)" \
		'listeners=0 opened=1 segments=4'
	is 'the oldest went first' "$(endpoint 10000)" ''
	tell C connect 1 "$server" 8080
	is 'who was there before still counts' "$(of segments "$(listener 8080)")" 2
}

# A group closes while its endpoint is read.
folded() {
	local done=/tmp/listenq.folded reader

	rm -f "$done"
	tell S group 300 0.0.0.0 8080 16
	tell C connect 40 "$server" 8080
	is 'a group of 300 had 40 connections' "$(words "$(endpoint 8080)" listeners segments)" \
		'listeners=300 segments=80'
	until [ -e "$done" ]; do words "$(endpoint 8080)" segments attempts; done >/tmp/listenq.reads &
	reader=$!
	tell S none
	check 'all closed while its endpoint was read' await 10 has listeners=0 endpoint 8080
	touch "$done"
	wait "$reader"
	echo "# read $(wc -l </tmp/listenq.reads) times"
	is 'who reads counts each listener once, open, closing and closed' \
		"$(sort -u /tmp/listenq.reads)" 'segments=80 attempts=40'
	rm -f "$done" /tmp/listenq.reads
}

head_of() { of "$2" "$(ledger "$1" | head -n 1)"; }
idle_are() { [ "$(ledger endpoints | grep -c ' listeners=0 ')" -eq "$1" ] &&
	[ "$(head_of endpoints endpoints)" -eq $(($1 + 1)) ]; }
