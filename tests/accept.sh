#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# accept() is seen exactly, however many threads sleep in it.
. "$(dirname "$0")/lib.sh"

instance=$tracing/instances/lqaccept
mkdir -p "$instance"
trap 'rmdir "$instance" 2>/dev/null' EXIT
events=$instance/events/listenq/lq_accept

accepts() { sed -n 's/^    Hits: *//p' "$events/hist"; }
field() { sed -n "s/^{ $1: *$2 } hitcount: *//p" "$events/hist"; }

echo 'hist:keys=tracked' >"$events/trigger"
before=$(missed tcp_check_req)
read -r _ accepted < <("$tests/tools/accepters" 64 10000)
after=$(missed tcp_check_req)
graft=$(grep -E '^hook=(__inet_accept|security_sock_graft) .*state=attached' /proc/net/listenq/hooks |
	sed 's/hook=\([^ ]*\).*/\1/')
not_told=$(missed "$graft")
is '10000 connections accepted by 64 threads' "$accepted" 10000
is 'as many lq_accept, and none missed' "$(accepts) missed $not_told" '10000 missed 0'
is 'the wait of each is known' "$(field tracked 1)" "$((10000 - after + before))"
is 'every stamp is free again' \
	"$(sed -n 's/^accept_stamps .* used=\([0-9]*\) .*/\1/p' /proc/net/listenq/hooks)" 0
rules_agree
finish
