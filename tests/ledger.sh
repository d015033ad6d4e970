#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The ledger: /proc/net/listenq/listeners and endpoints, the commands to endpoints, and
# what dmesg says of listeners that refuse clients. Its parts are in ledger/;
# LISTENQ_ONLY="PART..." plays some.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
instance=$tracing/instances/lqledger

tidy_up() {
	dismiss
	net_down
	[ ! -d "$instance" ] || rmdir "$instance"
}
trap tidy_up EXIT

server=10.9.0.1
server6=fd09::1

flood() { in_client "$tests/tools/flood" lqc "$mac" "$server" "$@" >/dev/null; }

# Each part begins with two namespaces of its own, a server and a client that can be told.
begin_part() {
	net_up || exit 1
	mac=$(server_mac)
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	actor S ip netns exec "$LQ_SERVER"
	actor C ip netns exec "$LQ_CLIENT"
}

end_part() {
	dismiss
	net_down
}

. "$tests/ledger/owners.sh"
. "$tests/ledger/queues.sh"
. "$tests/ledger/counters.sh"
. "$tests/ledger/endpoints.sh"
. "$tests/ledger/namespaces.sh"
. "$tests/ledger/many.sh"
. "$tests/ledger/commands.sh"
. "$tests/ledger/overflow.sh"
. "$tests/ledger/refused.sh"
. "$tests/ledger/attempts.sh"
. "$tests/ledger/outcomes.sh"

for part in ${LISTENQ_ONLY:-owners older queues full counters endpoints namespaces many folded commands \
	dmesg_lines refused_clients attempts outcomes}; do
	echo "# $part ($(cut -d. -f1 /proc/uptime) s)"
	begin_part
	$part
	end_part
done
finish
