#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Servers that close and open again, groups, other users, devices: who gets the handshakes
# that are pending at an endpoint that is taken over, and who doesn't. Its acts are in
# restart/; LISTENQ_ONLY="ACT..." plays some.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

server=10.9.0.1
work=$(mktemp -d /tmp/lqrestart.XXXXXX)
nginx=

# shellcheck disable=SC2317
tidy_up() {
	[ -z "$nginx" ] || kill "$nginx" 2>/dev/null
	dismiss
	wait
	rmmod lqlabel 2>/dev/null
	net_down
	rm -rf "$work"
}
trap tidy_up EXIT

# pending PORT [FAMILY]: records of all endpoints of that port
pending() {
	ledger endpoints | sed -n "s/.* port=$1 family=${2:-.*} .* pending=\([0-9]*\) .*/\1/p" |
		awk '{ n += $1 } END { print n + 0 }'
}
pending_is() { [ "$(pending "$1")" -eq "$2" ]; }
word() { of "$1" "$(endpoint "$2")"; }

# says NAME WORDS...: the answer of an actor
says() { tell "$@"; echo "$answer"; }

# clients NAME IF SERVER_IF: an actor for half-open handshakes
clients() {
	plays=halfopen.py actor "$1" ip netns exec "$LQ_CLIENT"
	tell "$1" wire "$2" "$(in_server cat "/sys/class/net/$3/address")"
}

. "$tests/restart/reopen.sh"
. "$tests/restart/owners.sh"
. "$tests/restart/groups.sh"
. "$tests/restart/devices.sh"

net_up || exit 1
actor S ip netns exec "$LQ_SERVER"
clients C lqc lqs
for act in ${LISTENQ_ONLY:-reopen stock timer cookies user label group nginx device vrf apart v6only}; do
	echo "# $act"
	"play_$act"
done
rules_agree
finish
