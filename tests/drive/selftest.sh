#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# selftest.sh - does the driver fail when it must? One small lie in each story.
#
# No module is needed: the trace file is an ordinary file that the stories write
# themselves. Needs root for the namespaces. TAP.

dir=$(cd "$(dirname "$0")" && pwd)
. "$dir/../net.sh"
tmp=$(mktemp -d) || exit 1
trap 'net_down; rm -rf "$tmp"' EXIT
net_up || exit 1

# check is the end of a pipe and has to count in this shell.
shopt -s lastpipe
n=0 bad=0

# The event that a module would raise for the last segment of flow A; $1: sed
# commands that make it lie.
event() {
	local line="x-1 [000] ..s1. 1.0: lq_verdict: stage=conn_request verdict=syn_queued\
 reason=none loss=0 acted=stock via=none flags=SYN seq={A.seq} ack=0 len=0 family=AF_INET\
 sport={L.port} dport={A.port} saddr=10.9.0.1 daddr={A} saddrv6=::ffff:10.9.0.1\
 daddrv6=::ffff:{A} netns={netns} listener={L.cookie} synq=0 young=0"
	echo "run echo '$(echo "$line" | sed "$1")' >> $tmp/trace"
}

listener_event() {
	echo "run echo 'x-1 [000] ..s1. 1.0: lq_listener: what=listen family=AF_INET\
 sport={L.port} saddr=0.0.0.0 saddrv6=:: netns={netns} listener={L.cookie} backlog=5\
 old_backlog=0' >> $tmp/trace"
}

# check pass|fail NAME -n|-e "TEXT": the story in stdin must pass, or fail saying TEXT
check() {
	local want=$1 name=$2 args=(-n) got=pass
	[ "$3" = -e ] && args=(-e "$tmp")
	cat > "$tmp/$name.story"
	: > "$tmp/trace"
	"$dir/drive" -4 -c "$LQ_CLIENT" -s "$LQ_SERVER" "${args[@]}" "$tmp/$name.story" > "$tmp/out" 2>&1 ||
		got=fail
	n=$((n + 1))
	if [ $got = "$want" ] && grep -q -- "$4" "$tmp/out"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: expected $want with '$4'"
		sed 's/^/# /' "$tmp/out"
		bad=1
	fi
}

story() {
	printf '%s\n' "title a lie" "$@"
}

echo "TAP version 13"
story "listen 5" "A handshake" | check pass truth -n "^ok 1"
story "listen 5" "A > S" "A < SA ack 2" | check fail wrong_ack -n "expected ack"
story "listen 5" "A > S" "A < RA" | check fail wrong_flags -n "expected a reply RA, got SA"
story "listen 5" "A > S" "A < SA ts" | check fail missing_option -n "expected the option ts"
story "listen 5" "A > S ts 1 0" "A < SA nots" | check fail extra_option -n "expected no option ts"
story "listen 5" "A > R" "A < SA in 50ms" | check fail missing_reply -n "no reply SA"
story "listen 5" "A > S" | check fail unexpected_reply -n "unexpected reply: A < SA"
story "listen 5" "A > S" "A < none 50ms" | check fail reply_for_none -n "expected no reply"
story "listen 5" "A handshake" "+ PassiveOpens 1" | check fail counter_too_high -n \
	"counter PassiveOpens: expected +2, got +1"
story "listen 5" "A > A" "A < R seq 1" | check fail counter_undeclared -n \
	"counter OutRsts: expected +0, got +1"
story "listen 5" "+ Nonsense 1" | check fail counter_unknown -n "no counter Nonsense"
story "listen 5" "A > R" | check fail drops_undeclared -n "drops of listener L: expected 0, got 1"
story "listen 5" "drops 1" | check fail drops_too_high -n "drops of listener L: expected 1, got 0"
story "listen 5" "A syn" "= syn_dropped" | check fail verdict_unknown -n "no verdict syn_dropped"
story "listen 5" "accept none" "accept" | check fail accept_nothing -n "nothing to accept"
story "listen 5" "A handshake" "accept none" | check fail accept_unexpected -n "expected nothing"
story "listen 5" "A > S colour 3" | check fail word_unknown -n "no such word: colour"
story "listen 5" "A > S cpu 99" | check fail no_such_cpu -n "nothing can run on CPU 99"
story "listn 5" | check fail statement_unknown -n "no such statement: listn"
story "listen 5" "if ipv4" | check fail if_open -n "not closed"
story "needs flying" | check fail feature_unknown -n "no such feature: flying"
story "needs ipv6" "listen 5" | check pass skipped -n "# SKIP needs ipv6"
story "if ipv6" "listn" "else" "listen 5" "end" | check pass other_branch -n "^ok 1"

base() { echo "title events"; echo "listen 5"; listener_event; echo "A > S"; }
{ base; event; echo "= syn_queued"; echo "A < SA"; } | check pass event_true -e "^ok 1"
{ base; echo "= syn_queued"; echo "A < SA"; } | check fail event_missing -e "no event: lq_verdict"
{ base; event; echo "A < SA"; } | check fail event_unexpected -e "unexpected event: lq_verdict"
{ base; event; event; echo "= syn_queued"; echo "A < SA"; } |
	check fail event_twice -e "unexpected event: lq_verdict"
lie() {
	{ base; event "$2"; echo "= syn_queued $4"; echo "A < SA"; } | check fail "$1" -e "$3"
}
lie event_verdict 's/=syn_queued/=syn_cookie/' "expected verdict=syn_queued, got syn_cookie"
lie event_reason 's/reason=none/reason=cookie/' "expected reason=none, got cookie"
lie event_loss 's/loss=0/loss=1/' "expected loss=0, got 1"
lie event_stage 's/stage=conn_request/stage=rcv/' "expected stage=conn_request, got rcv"
lie event_acted 's/acted=stock/acted=listenq/' "expected acted=stock"
lie event_via 's/via=none/via=check_req/' "expected via=none"
lie event_flags 's/flags=SYN/flags=SYN|ACK/' "expected flags=SYN, got SYN|ACK"
lie event_seq 's/seq={A.seq}/seq=7/' "expected seq="
lie event_len 's/len=0/len=1/' "expected len=0"
lie event_listener 's/listener={L.cookie}/listener=7/' "expected listener="
lie event_address 's/saddrv6=::ffff:10.9.0.1/saddrv6=::ffff:10.9.0.9/' "expected saddrv6="
lie event_client 's/daddrv6=::ffff:{A}/daddrv6=::ffff:10.98.0.1/' "no event: lq_verdict of A"
lie event_no_field 's/ loss=0//' "no field loss"
lie event_check "" "expected synq=1, got 0" "synq 1"
lie event_at_least "" "expected young>=1, got 0" "young>=1"
lost='s/=syn_queued/=syn_lost_race/; s/=none loss/=race loss/'
{ base; event "$lost"; event; echo "=any syn_queued syn_lost_race"; echo "A < SA"; } |
	check pass event_any_order -e "^ok 1"
{ base; event; event "$lost"; echo "=any syn_lost_race syn_queued"; echo "A < SA"; } |
	check pass event_any_other_order -e "^ok 1"
{ base; event; event; echo "=any syn_queued syn_lost_race"; echo "A < SA"; } |
	check fail event_any_wrong -e "expected verdict=syn_lost_race, got syn_queued"
{ base; event "$lost"; event; echo "= syn_queued"; echo "= syn_lost_race"; echo "A < SA"; } |
	check fail event_order -e "expected verdict=syn_queued, got syn_lost_race"
{ echo "race syn_lost_race"; base; event; echo "= syn_queued"; echo "A < SA"; } |
	check fail race_lost -e "the race did not happen in 40 tries"
{ echo "race syn_queued"; base; event; echo "= syn_queued"; echo "A < SA"; } |
	check pass race_happened -e "^ok 1"
{ base; event "s/netns={netns}/netns=7/"; echo "A < SA"; } |
	check pass event_of_another_netns -e "^ok 1"
story "listen 5" | check fail listener_event_missing -e "no event: lq_listener"
{ base; event; echo "= syn_queued"; echo "A < SA"
	# A '#' would begin a comment of the story.
	printf '%s\n' "run printf '\043 entries-in-buffer/entries-written: 2/9 \043P:2' >> $tmp/trace"; } |
	check fail trace_overrun -e "kept 2 of 9"
echo "1..$n"
exit $bad
