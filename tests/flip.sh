#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# An endpoint goes to and fro between the stock kernel and listenq while nginx serves new
# connections (ab): takeover and release, LISTENQ_FLIPS (20) times, 100 ms each, then the
# module unloaded and loaded LISTENQ_CYCLES (5) times, taken over each time. No client sees
# an error, none waits for a second, no RST comes but for connections that ab leaves.
#
# Then to and fro again, and whenever the kernel has it, its functions are not diverted: probes
# see what comes then, takeover when they are diverted again. Each connection is seen, once.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
. "$tests/web.sh"

work=$(mktemp -d /tmp/lqflip.XXXXXX)
flips=${LISTENQ_FLIPS:-20}
cycles=${LISTENQ_CYCLES:-5}
url=http://10.9.0.1/
nginx='' load=''

# shellcheck disable=SC2317
tidy_up() {
	[ -z "$load" ] || kill "$load" 2>/dev/null
	[ -z "$nginx" ] || kill "$nginx" 2>/dev/null
	wait
	net_down
	rm -rf "$work"
}
trap tidy_up EXIT

for program in nginx ab; do
	command -v $program >/dev/null || {
		skip 'nginx under ab' "$program is missing"
		finish
		exit
	}
done
net_up || exit 1
in_client sysctl -qw net.ipv4.ip_local_port_range='1024 65535'
in_server sysctl -qw net.ipv4.tcp_max_tw_buckets=300000

start() {
	nginx_config "$work" >"$work/nginx.conf"
	ip netns exec "$LQ_SERVER" nginx -e "$work/nginx.log" -p "$work" -c "$work/nginx.conf" &
	nginx=$!
	await 60 listens
	watch_rsts
	# So that handshakes are pending when it happens.
	in_client tc qdisc replace dev lqc root netem delay 20ms || echo '# no netem'
}

# From now on what others count is counted from here.
begin_load() {
	opened=$(nstat_of TcpPassiveOpens) reset=$(nstat_of TcpOutRsts) on_wire=$(rsts_on_wire)
	ip netns exec "$LQ_CLIENT" ab -q -r -c 20 -t 3600 -n 1000000 -g "$work/times" $url >"$work/ab" 2>&1 &
	load=$!
	await 60 connects
}
# shellcheck disable=SC2317
listens() { in_server ss -Hltn 'sport = :80' | grep -q .; }
# shellcheck disable=SC2317
connects() { [ "$(opens)" -gt 50 ]; }
opens() { echo $(($(nstat_of TcpPassiveOpens) - opened)); }

flip() {
	failed=0
	for _ in $(seq "$flips"); do
		order takeover 0.0.0.0:80 || failed=$((failed + 1))
		sleep 0.1
		order release 0.0.0.0:80 || failed=$((failed + 1))
		sleep 0.1
	done
	is "$flips times taken over and released: failures" $failed 0
	echo "# requests handed back: $(of handed_back "$(endpoint 80)" | grep . || echo 0)"
}

# The endpoint is taken over when the module comes, and given back when it goes.
cycle() {
	failed=0
	mark
	for _ in $(seq "$cycles"); do
		rmmod listenq || failed=$((failed + 1))
		in_server insmod "$ko" testing=1 takeover=0.0.0.0:80 || failed=$((failed + 1))
		sleep 0.1
	done
	is "$cycles times unloaded and loaded: failures" $failed 0
	said | sed -n 's/^unloaded in \([0-9]*\) ms$/\1/p' | sort -n |
		awk '{ t[NR] = $1 } END { print "# rmmod: median " t[int((NR + 1) / 2)] " ms, longest " t[NR] " ms" }'
}

# What ab says when it is told to end
finish_load() {
	kill -INT "$load"
	wait "$load"
	load=
	complete=$(sed -n 's/^Complete requests: *//p' "$work/ab")
	check 'ab went on until the end' [ "$complete" -lt 1000000 ]
	is 'ab: failed requests' "$(sed -n 's/^Failed requests: *//p' "$work/ab")" 0
	grep -q '^Non-2xx' "$work/ab" && sed 's/^/# /' "$work/ab"
	left=$(($(opens) - complete))
	echo "# $complete requests, each on a connection of its own, and $left that ab left"
}

# ms of each request, by ab; the last line is the longest
histogram() {
	awk -F'\t' '
	BEGIN { most = split("10 20 50 100 200 500 1000 3600000", bound, " ") }
	NR > 1 {
		for (i = 1; $5 + 0 >= bound[i] + 0 && i < most; i++)
			;
		n[i]++
		if ($5 + 0 > longest)
			longest = $5
	}
	END {
		for (i = 1; i <= most; i++)
			printf "# below %7d ms: %d\n", bound[i], n[i]
		print longest + 0
	}' "$work/times"
}

# judge: what the clients of a load have come to
judge() {
	local rsts

	finish_load
	histogram >"$work/histogram"
	sed '$d' "$work/histogram"
	if is_debug_kernel; then
		skip 'no client waits for a second' 'on the debug kernel a request takes half of that'
	else
		between 'no client waits for a second: longest, ms' 0 "$(tail -n 1 "$work/histogram")" 999
	fi
	rsts=$(($(nstat_of TcpOutRsts) - reset))
	echo "# RSTs of the server: $rsts"
	between 'RSTs of the server, beyond connections that ab left' 0 $rsts "$left"
	between 'and on the wire' 0 $(($(rsts_on_wire) - on_wire)) "$left"
}

# counted VERDICT...: how many segments of the endpoint ended so
counted() {
	local line verdict n=0

	line=$(endpoint 80)
	for verdict; do
		n=$((n + $(verdict "$verdict" "$line")))
	done
	echo $n
}
completed() { counted req_completed cookie_accepted; }
# Who loses a race has made a connection, too, and throws it away, or has found the other one.
made() {
	local found

	found=$(of found_child "$(endpoint 80)" | grep .)
	echo $(($(completed) + $(counted req_lost_race cookie_lost_race) - ${found:-0}))
}
taken() { of accepted "$(endpoint 80)"; }
missed_calls() { of missed "$(head -n 1 /proc/net/listenq/hooks)"; }
diverged() { in_server sed -n '1s/.* diverge=\([0-9]*\) .*/\1/p' /proc/net/listenq/verdicts; }
# shellcheck disable=SC2317
all_taken() { [ "$(taken)" -eq "$(completed)" ]; }

turn() {
	order takeover 0.0.0.0:80 || failed=$((failed + 1))
	sleep 0.1
	all_are held || failed=$((failed + 1))
	order release 0.0.0.0:80 || failed=$((failed + 1))
	await 20 all_are resting || failed=$((failed + 1))
	sleep 0.1
}

# As flip, but nothing is diverted between two turns; nothing is under way when it is counted.
# A call that a probe is skipped for, since an interrupt has come in another one's handler, is
# counted as missed whoever stands there: so many may be unseen.
flip_rest() {
	local seen_before taken_before missed

	order release 0.0.0.0:80
	rest_after 1
	hooks kprobe
	failed=0
	turn
	seen_before=$(made) taken_before=$(($(taken) - $(completed))) missed=$(missed_calls)
	begin_load
	for _ in $(seq "$flips"); do
		turn
	done
	is "$flips times taken over, released and at rest: failures" $failed 0
	judge
	await 10 all_taken || true
	missed=$(($(missed_calls) - missed))
	echo "# $(opens) connections, $(($(made) - seen_before)) seen, calls missed: $missed"
	between 'rest: each connection was seen, once, or is counted as missed' $(($(opens) - missed)) \
		$(($(made) - seen_before)) "$(opens)"
	between 'rest: so was each accept()' -$missed $(($(taken) - $(completed) - taken_before)) 0
	is 'rest: the kernel did what the rules say' "$(diverged)" 0
	rest_after 0
	hooks "${LISTENQ_HOOKS:-auto}"
}

seen_save
start
begin_load
flip
cycle
judge
flip_rest
seen_start
finish
