#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Network namespaces come and go under traffic; listeners older than the module
# are seen as well as later ones.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
trap 'unserve; net_down' EXIT

unload
net_up || exit 1
mac=$(server_mac)
serve 0.0.0.0 8080 64
check 'loads with listeners and namespaces there' load
check 'an older namespace has its files' in_server test -e /proc/net/listenq/verdicts
in_client "$tests/tools/flood" lqc "$mac" 10.9.0.1 8080 syn 10 >/dev/null
is 'an older listener is seen' "$(count syn_queued)" 10
is 'other namespaces are not charged' \
	"$(in_client sed -n 's/.*segments=\([0-9]*\).*/\1/p' /proc/net/listenq/verdicts)" 0
unserve
net_down

# Half-open requests and their timers outlive the namespace's last user.
for round in $(seq 8); do
	net_up || break
	mac=$(server_mac)
	serve 0.0.0.0 8080 64
	in_client "$tests/tools/flood" lqc "$mac" 10.9.0.1 8080 syn 50 >/dev/null
	seen=$(count syn_queued)
	unserve
	net_down
	[ "$seen" -eq 50 ] || break
done
is 'eight namespaces, made, flooded and removed' "$round $seen" '8 50'
sleep 2

# A machine full of containers
crowds=200 apiece=5
for i in $(seq $crowds); do
	ip netns add "crowd$i"
done
coproc crowd { exec python3 "$tests/tools/crowd.py" $crowds $apiece; }
mapfile -t -n $crowds ready <&"${crowd[0]}"
is "$crowds namespaces, $apiece listeners in each" ${#ready[@]} $crowds
listenq=$tests/../scripts/listenq
table=$(mktemp)
# tables COUNT: leaves how long they took in us, 100 ms between two
tables() {
	local begun

	begun=$(now_us)
	$listenq top --all-netns -d 0.1 -n "$1" >"$table"
	took=$(($(now_us) - begun))
}
tables 1
is 'top: a row for each of them' "$(grep -c crowd "$table")" $((crowds * apiece))
first=$took
tables 3
took=$(((took - first) / 2 - 100000))
rm "$table"
if [ -n "${LISTENQ_ICOUNT:-}" ]; then
	ok $((took >= 1000000)) "top: a table takes $took us of a processor with 1,000 instructions a us; the first, with the start, $first"
else
	skip "top: a table takes $took us" 'not by the clock of instructions'
fi
eval "exec ${crowd[1]}>&-"
# shellcheck disable=SC2154
wait "$crowd_PID"
for i in $(seq $crowds); do
	ip netns del "crowd$i"
done
finish
