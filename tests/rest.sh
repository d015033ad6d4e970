#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# With hooks=kprobe the kernel's functions are not diverted any more a minute after the last
# release: who else wants them gets them, and the next takeover is refused while he has them.
# Before that, and while a rule waits for endpoints to come, they are held. With hooks=auto they
# are from load on, but for those that somebody else has. What the hooks file says of it.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

port=7250

# shellcheck disable=SC2317
tidy_up() {
	rmmod lqdivert 2>/dev/null
	sysctl -qw kernel.ftrace_enabled=1
	! is_loaded || rest_after 0
	unserve
	net_down
}
trap tidy_up EXIT
# What the test before has taken over may be held for a while yet.
unload && load hooks=kprobe && net_up || exit 1
functions=$(sed -n 's/^diverts=\([^ ]*\) .*/\1/p' /proc/net/listenq/hooks)
sites=$(wc -w <<<"$functions")

# modified: of these functions, how many have somebody who may change where they go (I)
modified() {
	local name n=0

	for name in $functions; do
		grep -qE "^$name \([0-9]+\)[^(]* I" "$tracing/enabled_functions" && n=$((n + 1))
	done
	echo $n
}

# Which rows' probes rest, and are their entries armed?
seen_diverted() { grep -c '^hook=.* by=diverted ' /proc/net/listenq/hooks; }
unarmed() { grep -c '^hook=.*state=attached .*armed=0' /proc/net/listenq/hooks; }

# connects COUNT: so many connections, each with its SYN and its last ACK
connects() {
	in_client python3 - "$1" $port <<-'PY'
		import socket, sys
		for _ in range(int(sys.argv[1])):
		    socket.create_connection(('10.9.0.1', int(sys.argv[2])), 5).close()
	PY
}

made() { verdict req_completed "$(endpoint $port)"; }
missed_calls() { of missed "$(head -n 1 /proc/net/listenq/hooks)"; }
# shellcheck disable=SC2317
made_up_to() { [ "$(made)" -ge "$1" ]; }

# sees WHAT COUNT: of as many connections as come now
sees() {
	local before missed

	before=$(made) missed=$(missed_calls)
	check "$1: clients connect" connects "$2"
	await 5 made_up_to $((before + $2))
	is "$1: each is counted, once; no call was missed" \
		"$(($(made) - before)) $(($(missed_calls) - missed))" "$2 0"
}

said_blind() { said | grep -q '^blind: '; }
# shellcheck disable=SC2317
said_to_rest() { [ "$(said | grep -c 'are not diverted any more$')" -eq 1 ]; }
said_over() { said | grep -q '^sees again '; }

#
# Acts
#

play_held() {
	sees 'never taken over' 5
	check 'nothing is diverted' all_are resting
	is 'nor may be' "$(modified)" 0
	is 'takeover' "$(errno_of takeover "0.0.0.0:$port")" ''
	check 'taken over: the hooks file says who has them' all_are held
	is 'so does the kernel' "$(modified)" "$sites"
	# tcp_v4_err is takeover's alone.
	is 'probes rest where who diverts sees' "$(seen_diverted)" $((sites - 1))
	sees 'taken over' 5
	sysctl -qw kernel.ftrace_enabled=0 2>/dev/null
	is 'ftrace can not be switched off' "$(sysctl -n kernel.ftrace_enabled)" 1
	mark
	order release "0.0.0.0:$port"
	sleep 50
	check 'released 50 s ago: still held' all_are held
	sees 'released' 5
	check 'a minute after the release: not any more' await 30 all_are resting
	check 'that is said, once' await 5 said_to_rest
	is 'the kernel says so, too' "$(modified)" 0
	is 'no probe rests' "$(seen_diverted) $(unarmed)" '0 0'
	sees 'at rest' 5
}

# again: taken over and released, at rest again
again() {
	order takeover "0.0.0.0:$port"
	order release "0.0.0.0:$port"
	await 20 all_are resting
}

play_rule() {
	rest_after 100
	order takeover "*:$((port + 1))"
	sleep 3
	check 'a rule without an endpoint holds them' all_are held
	order release "*:$((port + 1))"
	check 'until it is released' await 20 all_are resting
}

play_ftrace() {
	rest_after 100
	again
	mark
	if sysctl -qw kernel.ftrace_enabled=0 2>&1 | grep 'Operation not supported'; then
		skip 'at rest: ftrace can be switched off' 'this kernel lets nobody do that any more'
		return
	fi
	is 'at rest: ftrace can be switched off' "$(sysctl -n kernel.ftrace_enabled)" 0
	check 'the blindness is told' await 5 said_blind
	mark
	is 'takeover' "$(errno_of takeover "0.0.0.0:$port")" EBUSY
	is 'says why' "$(said | grep -c '^endpoints: nothing can be diverted with kernel.ftrace_enabled=0')" 1
	sysctl -qw kernel.ftrace_enabled=1
	check 'and its end' await 5 said_over
	sees 'ftrace was off' 5
}

# Probes that are switched off can't have their work back: takeover keeps it.
play_probes_off() {
	local probes=/sys/kernel/debug/kprobes/enabled

	[ -w $probes ] || { skip 'probes off' 'no debugfs kprobes/enabled'; return; }
	rest_after 100
	order takeover "0.0.0.0:$port"
	mark
	echo 0 >$probes
	order release "0.0.0.0:$port"
	sleep 3
	check 'probes are switched off: still held' all_are held
	is 'that is said once' "$(said | grep -c "^probes can't be armed .* stay diverted")" 1
	echo 1 >$probes
	check 'switched on: not any more' await 30 all_are resting
	is 'no probe was left out' "$(unarmed)" 0
	mark
	sees 'probes were off' 5
}

play_other() {
	local name

	rest_after 100
	for name in tcp_conn_request tcp_v4_do_rcv; do
		again
		check "at rest: somebody else diverts $name" insmod "$kmod/lqdivert.ko" "function=$name"
		sees "$name is somebody else's" 5
		refused EBUSY takeover "0.0.0.0:$port"
		is "names $name" "$(said | grep -c "^endpoints: $name can't be diverted: somebody else does")" 1
		is 'so does the hooks file' "$(diverts $name)" busy
		is 'and that it has none of the others' \
			"$(sed -n 's/^diverts=.* state=//p' /proc/net/listenq/hooks | sort | uniq -c | grep -c ' resting')" 1
		is 'it has left the others' "$(modified)" 1
		refused EBUSY takeover "*:$port"
		is 'and no rule' "$(head_word rules)" -
		sees 'refused' 5
		rmmod lqdivert
		is 'he goes: takeover' "$(errno_of takeover "0.0.0.0:$port")" ''
		check 'all are held again' all_are held
		sees 'taken over again' 5
		if insmod "$kmod/lqdivert.ko" "function=$name" 2>/dev/null; then
			rmmod lqdivert
			ok 1 'nobody else gets it meanwhile'
		else
			ok 0 'nobody else gets it meanwhile'
		fi
		order release "0.0.0.0:$port"
		await 20 all_are resting
	done
}

# At rest, and rmmod while something is held
play_unload() {
	rest_after 100
	again
	check 'at rest: unloads' unload
	is 'nothing is left' "$(modified)" 0
	load hooks=kprobe
	order takeover "0.0.0.0:$port"
	order release "0.0.0.0:$port"
	check 'a minute to wait for: unloads' unload
	is 'nothing is left' "$(modified)" 0
	load hooks=auto
}

# From load on, and from one to the other while connections come
play_auto() {
	unload
	mark
	load hooks=auto
	check 'auto: diverted from load on' all_are held
	is 'auto: said of each' "$(said | grep -c ': diverted$')" $((sites - 1))
	is 'auto: and in the hooks file' "$(seen_diverted) $(unarmed)" "$((sites - 1)) 0"
	sees 'auto' 5
	is 'auto: takeover' "$(errno_of takeover "0.0.0.0:$port")" ''
	sees 'auto, taken over' 5
	rest_after 100
	order release "0.0.0.0:$port"
	sleep 3
	check 'auto: still diverted after the last release' all_are held
	sees 'auto, released' 5
	check 'hooks=kprobe is written' hooks kprobe
	check 'hooks=kprobe: nothing is diverted' all_are resting
	is 'hooks=kprobe: nor may be' "$(modified)" 0
	sees 'hooks=kprobe' 5
	order takeover "0.0.0.0:$port"
	check 'taken over: hooks=auto is written' hooks auto
	order release "0.0.0.0:$port"
	sleep 3
	check 'hooks=auto: diverted' all_are held
	sees 'hooks=auto' 5
	mark
	check 'hooks=both is refused' fails hooks both
	is 'hooks=both: one line says why' "$(said)" 'hooks=both: it is auto, kprobe or ftrace'
	is 'hooks=both: it stays' "$(cat /sys/module/listenq/parameters/hooks)" auto
}
# shellcheck disable=SC2317
fails() { ! "$@"; }

# What somebody else diverts a probe sees; takeover needs only some of them.
play_shared() {
	local name

	for name in tcp_v4_send_synack tcp_check_req tcp_conn_request; do
		hooks kprobe
		check "somebody else diverts $name" insmod "$kmod/lqdivert.ko" "function=$name"
		check "$name: hooks=ftrace is refused" fails hooks ftrace
		check "$name: hooks=auto is not" hooks auto
		is "$name: the hooks file says whose it is" "$(diverts $name)" busy
		is "$name: all others are diverted" "$(seen_diverted) $(modified)" "$((sites - 2)) $sites"
		sees "$name is somebody else's" 5
		if [ $name = tcp_conn_request ]; then
			refused EBUSY takeover "0.0.0.0:$port"
			rmmod lqdivert
		fi
		is "$name: takeover" "$(errno_of takeover "0.0.0.0:$port")" ''
		sees "$name is somebody else's, taken over" 5
		rest_after 100
		order release "0.0.0.0:$port"
		rmmod lqdivert 2>/dev/null
	done
	check 'hooks=ftrace where nobody is in the way' hooks ftrace
	check 'hooks=ftrace: all are held' all_are held
	hooks auto
}

serve 0.0.0.0 $port 4096
for act in ${LISTENQ_ONLY:-held rule ftrace probes_off other unload auto shared}; do
	echo "# $act"
	"play_$act"
done
finish
