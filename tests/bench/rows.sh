# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# rows.sh - what is done; a part of bench/run. A row is a function, row_ROW, that leaves the
# total in $ns and returns false when what it wants to measure did not happen, by counters
# that are not ours.

# read_counters NAME: the server namespace's, into an associative array
# shellcheck disable=SC2034 # "into" names another
read_counters() {
	local -n into=$1
	local names values i

	while read -r -a names && read -r -a values; do
		for ((i = 1; i < ${#names[@]}; i++)); do
			into[${names[0]%:}${names[i]}]=${values[i]}
		done
	done < <(cat "/proc/$holder/net/snmp" "/proc/$holder/net/netstat")
	into['frames']=$(awk '$1 == "lqs:" { print $3 }' "/proc/$holder/net/dev")
}

# moved COUNTER[-COUNTER] NUMBER [MORE]: by so much in the run, or by up to MORE more
#
# The SYN-ACK timers of pending requests may run out between a run and the reading: what
# they send is taken away from what is expected of the run.
moved() {
	local by=$((after[${1%-*}] - before[${1%-*}]))

	[[ $1 != *-* ]] || by=$((by - after[${1#*-}] + before[${1#*-}]))

	((by >= $2 && by <= $2 + ${3:-0})) && return
	echo "bench: $row, $column: $1 moved by $by, not by $2" >&2
	return 1
}

# met COMMAND...: run it in the server's namespace between two readings
met() {
	before=() after=()
	read_counters before
	ns=$("$@") || return
	ns=${ns##* }
	read_counters after
}

# frames KIND [OPTION...]: to the listener
frames() {
	local kind=$1

	shift
	met in_client tests/tools/flood -t "$@" lqc "$mac" "$server" "$port" "$kind" "$count" &&
		moved frames "$count" 4
}
server=10.9.0.1 listen=listen

# The listener gets a port of its own each time: no request of before is in the way.
# Its requests go when their timers find it closed.
opened() {
	port=$((port + 1))
	exec {ready}< <(exec ip netns exec "$LQ_SERVER" "$bench/ops" "$listen" "$port" "$@")
	read -r served <&"$ready"
}

closed() {
	[[ $column != *takeover ]] || count_taken "$port"
	kill "$served"
	exec {ready}<&-
	sleep 130
	# What is pending would wait for another listener.
	[[ $column != *takeover ]] || order release "0.0.0.0:$port"
}

sysctl_server() { net_sysctl "$LQ_SERVER" "ipv4/$1" "$2"; }

row_sender() {
	local mac=02:00:00:00:00:01

	frames syn && moved IpInReceives 0 && moved TcpInSegs 0
}

row_handshake() {
	met in_server "$bench/ops" handshake "$count" &&
		moved TcpActiveOpens "$count" && moved TcpPassiveOpens "$count" &&
		moved TcpEstabResets "$count" "$count" && moved TcpExtListenDrops 0 &&
		segments=$((segments + 2 * count))
}

# Another listener is taken over, this one is not.
row_beside() {
	local rc file=${OPS_TAKEOVER:-}

	unset OPS_TAKEOVER
	[[ -z $file ]] || export OPS_BESIDE=$file
	row_handshake
	rc=$?
	unset OPS_BESIDE
	[[ -z $file ]] || { export OPS_TAKEOVER=$file taken=$((taken + 2 * count)); }
	return "$rc"
}

row_handshake6() {
	met in_server "$bench/ops" handshake6 "$count" &&
		moved TcpActiveOpens "$count" && moved TcpPassiveOpens "$count" &&
		moved TcpExtListenDrops 0 && segments=$((segments + 2 * count))
}

# Of a SO_REUSEPORT group; by a rule where it is taken over.
row_listens() {
	port=$((port + 1))
	met in_server "$bench/ops" listens "$port" "$sockets" || return
	[[ $column != *takeover ]] || order release "*:$port"
}

row_ping_pong() {
	# One segment for each message, and a few pure ACKs at the beginning.
	met in_server "$bench/ops" ping-pong $((2 * count)) &&
		moved TcpInSegs $((4 * count)) 100 && moved TcpPassiveOpens 1 &&
		moved TcpExtListenDrops 0 && segments=$((segments + 2))
}

# many COMMAND...: at a listener that has room for all
many() {
	opened 20000 && "$@"
	local rc=$?

	closed
	return "$rc"
}

queued() {
	frames syn && moved TcpOutSegs-TcpRetransSegs "$count" &&
		moved TcpExtListenDrops 0 && moved TcpExtSyncookiesSent 0 && pending
}

# pending: as many requests as frames are in the SYN queue
pending() {
	local requests

	if [[ $column == *takeover ]]; then
		requests=$(in_server grep -c " server=[^ ]*:$port " /proc/net/listenq/requests)
	else
		requests=$(in_server ss -Hnt state syn-recv "sport = :$port" | wc -l)
	fi
	((requests == count)) && return
	echo "bench: $row, $column: $requests requests are pending, not $count" >&2
	return 1
}

# over6 COMMAND...: at a listener over IPv6
over6() {
	local server=fd09::1 listen=listen6

	"$@"
}

row_queued6() { over6 row_queued; }
row_cookie6() { over6 row_cookie; }

row_queued() { many queued && segments=$((segments + count)); }

cookie() {
	frames syn && moved TcpExtSyncookiesSent "$count" && moved TcpOutSegs "$count" &&
		moved TcpExtListenDrops 0
}

row_cookie() {
	local rc

	sysctl_server tcp_syncookies 2
	many cookie
	rc=$?
	sysctl_server tcp_syncookies 1
	segments=$((segments + count))
	return "$rc"
}

row_dropped() {
	local rc

	opened 1 fill && frames syn && moved TcpExtListenOverflows "$count" &&
		moved TcpExtListenDrops "$count" && moved TcpOutSegs 0
	rc=$?
	closed
	# Each of the two that fill the queue is two segments.
	segments=$((segments + count + 4))
	return "$rc"
}

# No cookies: what is beyond the backlog is dropped.
row_synq_full() {
	local rc pending=8

	sysctl_server tcp_syncookies 0
	opened 4 && in_client tests/tools/flood -b "$count" lqc "$mac" "$server" "$port" \
		syn "$pending" >/dev/null && frames syn && moved TcpExtListenDrops "$count" &&
		moved TcpExtTCPReqQFullDrop "$count" && moved TcpOutSegs-TcpRetransSegs 0
	rc=$?
	sysctl_server tcp_syncookies 1
	closed
	segments=$((segments + count + pending))
	return "$rc"
}

retransmitted() {
	in_client tests/tools/flood lqc "$mac" 10.9.0.1 "$port" syn "$flows" >/dev/null
	frames syn -f "$flows" && moved TcpExtTCPSynRetrans-TcpExtTCPTimeouts "$count" &&
		moved TcpOutSegs-TcpExtTCPTimeouts "$count" &&
		moved TcpExtTCPACKSkippedSynRecv 0
}

row_retransmitted() { many retransmitted && segments=$((segments + count + flows)); }

stray() {
	frames ack && moved TcpOutRsts "$count" && moved TcpExtListenDrops 0
}

row_stray() { many stray && segments=$((segments + count)); }

# The module has counted each of them, with the reason.
told_before() {
	! is_loaded || [ "$(in_server sed -n "s/.* port=$port .* before=netfilter:\([0-9]*\) .*/\1/p" \
		/proc/net/listenq/endpoints)" = "$count" ] && return
	echo "bench: $row, $column: not all are told as dropped before the listener" >&2
	return 1
}

row_filtered() {
	local rc

	opened 16
	in_server nft "add table ip bench; add chain ip bench in { type filter hook input priority 0; }; \
		add rule ip bench in tcp dport $port drop"
	frames syn && moved TcpInSegs 0 && moved TcpOutSegs 0 && told_before
	rc=$?
	in_server nft delete table ip bench
	closed
	return "$rc"
}
