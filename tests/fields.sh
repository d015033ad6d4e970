#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every member of struct lq_record survives until the child or the wire: the same
# handshakes with a listener that is stock's, and with one that is taken over
# (tools/fields.py), must tell the same. A member that neither a handshake nor the list
# below speaks of is a failure.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"

work=$(mktemp -d /tmp/lqfields.XXXXXX)
instance=$tracing/instances/lqfields
declare -A untold=(
	[next]='a link of the bucket'
	[due_link]='a link of the timers'
	[parked]='for a full accept queue, not for the child'
	[cookie]='of a parked cookie: park/cookies.sh, stories/99'
	[sock_cookie]='programs ask for it: steered.sh'
	[sock_cookie_high]='programs ask for it: steered.sh'
	[tsval_last]='only kernels that compare echoes: stories/29'
	[taker]='not of the child: restart.sh'
	[usec_ts]='routes of this kernel know no such timestamps'
	[secid]='lqlabel.ko is not there'
	[peer_secid]='lqlabel.ko is not there'
)

# shellcheck disable=SC2317
tidy_up() {
	rmmod lqlabel 2>/dev/null
	net_down
	rmdir "$instance" 2>/dev/null
	rm -rf "$work"
}
trap tidy_up EXIT

# A mark that SYNs have and last ACKs have not; a server at an address of somebody else.
rules() {
	in_server nft -f - <<-'NFT'
		table ip lq {
			chain first {
				type filter hook prerouting priority mangle;
				ip saddr 10.99.1.1 tcp flags & (syn | ack) == syn meta mark set 42
				ip daddr 10.77.0.1 tcp dport 7206 meta mark set 1 accept
			}
			chain out {
				type filter hook output priority 0;
				tcp sport 7201 tcp flags & (syn | ack) == syn | ack meta mark 42 counter
			}
		}
	NFT
	in_server ip rule add fwmark 1 iif lqs lookup 100
	in_server ip route add local default dev lo table 100
}

marked() { in_server nft list chain ip lq out | sed -n 's/.*packets \([0-9]*\) .*/\1/p'; }

prepare() {
	net_up && rules || exit 1
	in_server sysctl -qw net.ipv4.tcp_fwmark_accept=1 net.ipv4.tcp_reflect_tos=1 net.ipv4.tcp_ecn=1
	# With NAPI, for napi_id
	in_server ethtool -K lqs gro on
	mkdir -p "$instance"
	echo 'name == "lqc"' >"$instance/events/net/netif_rx_entry/filter"
	insmod "$kmod/lqlabel.ko"
}

# handshakes MODE: what they tell is in $work/MODE. Not by ip netns exec, which hides tracefs.
handshakes() {
	local marks

	marks=$(marked)
	nsenter "--net=/run/netns/$LQ_CLIENT" python3 "$tests/tools/fields.py" "$LQ_SERVER" "$(server_mac)" "$instance" "$1" \
		>"$work/$1" 2>"$work/errors"
	echo "mark on the wire $(($(marked) - marks))" >>"$work/$1"
	sed 's/^/# /' "$work/errors"
}

members() { sed -n '/^struct lq_record {/,/^};/s/^.*[ *]\([a-z_]*\)\( : [0-9]*\)*;$/\1/p' "$tests/../src/core/synq.h"; }

# told MEMBER MODE
told() { sed -n "s/^$1 //p" "$work/$2"; }

compare() {
	local stock

	stock=$(told "$1" stock)
	if [ -n "$stock" ]; then
		is "$1: $(echo "$stock" | paste -sd';')" "$(told "$1" listenq)" "$stock"
	elif [ -n "${untold[$1]:-}" ]; then
		skip "$1" "${untold[$1]}"
	else
		ok 1 "$1: no handshake speaks of it"
	fi
}

prepare
for mode in stock listenq; do
	handshakes $mode
	is "$mode: all handshakes were played" "$(told failed $mode)" ''
done
check 'the members of struct lq_record are known' [ "$(members | wc -l)" -ge 30 ]
for member in $(members); do
	compare "$member"
done
is "where segments come in is the child's own, as under stock: $(told napi_id stock)" \
	"$(told napi_id listenq)" "$(told napi_id stock)"
is 'a listener that saves SYNs is left to stock, and saves them' \
	"$(told saved_syn listenq) $(in_server grep -c 'port=7212 .* to_stock_save_syn=1 ' /proc/net/listenq/endpoints)" \
	"$(told saved_syn stock) 1"
finish
