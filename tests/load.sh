#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What is said when the module loads, does not load, and unloads. LISTENQ_ONLY="ACT..." plays some
# acts; each begins and ends without the module.
. "$(dirname "$0")/lib.sh"

# refused DESCRIPTION LINE PARAMETER...: insmod fails, says LINE, leaves nothing
refused() { refused_load "$1" "$2" testing=1 "${@:3}"; }
refused_load() {
	local what=$1 line=$2

	shift 2
	mark
	insmod "$ko" "$@" 2>/dev/null
	ok $(($? == 0)) "$what: not loaded"
	is "$what: says why in one line" "$(said | grep -cF -- "$line")" 1
	check "$what: nothing is left" test ! -e /proc/net/listenq -a ! -e /sys/module/listenq
}

is_loaded && unload

play_story() {
	local story rows attached hook

	mark
	check 'loads' load
	story=$(said)
	is 'first line: version and mode' "$(echo "$story" | head -1)" \
		"version $(modinfo -F version "$ko"), mode observe"
	is 'names what stands in for tcp_v4_hnd_req' \
		"$(echo "$story" | grep -c '^tcp_v4_hnd_req: absent, cookie_v4_check .* stand in for it')" 1
	rows=$(grep -c '^hook=' /proc/net/listenq/hooks)
	is 'one line for each hook' \
		"$(echo "$story" | grep -cE '^[a-z0-9_]+: (attached by (ftrace|breakpoint|tracepoint)|absent|not needed)')" "$rows"
	is 'one line for each that is diverted' "$(echo "$story" | grep -cE '^[a-z0-9_]+: diverted$')" \
		"$(grep -c '^hook=.* by=diverted ' /proc/net/listenq/hooks)"
	attached=$(grep -c 'state=attached' /proc/net/listenq/hooks)
	is 'last line: n of m hooks' "$(echo "$story" | tail -1)" "$attached of $rows hooks attached"
	is 'every attached hook is armed' "$(grep -c 'state=attached .* armed=1' /proc/net/listenq/hooks)" "$attached"
	for hook in tcp_v4_do_rcv tcp_check_req tcp_conn_request cookie_v4_check; do
		is "$hook is attached" "$(grep -c "^hook=$hook .*state=attached" /proc/net/listenq/hooks)" 1
	done
	is 'verdicts file lists them all' "$(grep -c '^number=' /proc/net/listenq/verdicts)" \
		"$(grep -cE '^	LQ_VERDICT\([0-9]' "$tests/../include/listenq_verdict.h")"
	mark
	check 'unloads' unload
	is 'says how long it took' "$(said | grep -cE '^unloaded in [0-9]+ ms$')" 1
	check 'leaves no file' test ! -e /proc/net/listenq
	check 'leaves no event' test ! -e "$tracing/events/listenq"
}

play_without() {
	mark
	check 'loads without a hook' load without=tcp_v4_do_rcv,tcp_v6_do_rcv
	is 'says what is not seen then' "$(said | grep -c '^tcp_v[46]_do_rcv: left out, not seen: ')" 2
	is 'shows it in the hooks file' "$(grep -c 'state=left_out' /proc/net/listenq/hooks)" 2
	unload
}

play_refused() {
	local unknown

	refused 'unknown hook' "no hook is called 'tcp_foo'" without=tcp_v4_do_rcv,tcp_foo
	refused 'required hook' "'tcp_check_req' is required" without=tcp_check_req
	refused 'entry not armed' 'its entry is not armed: not loaded' "fault=$(constant LQ_FAULT_UNARMED)"
	refused 'required function missing' 'this kernel has no such function: not loaded' "fault=$(constant LQ_FAULT_MISSING)"
	refused 'hooked call not seen' 'self-check: a hooked call was not seen' "fault=$(constant LQ_FAULT_BLIND)"
	refused 'no /proc file' "/proc/net/listenq can't be made" "fault=$(constant LQ_FAULT_PROC)"
	unknown=$(printf '%#x' $(($(constant LQ_FAULT_ALL) + 1)))
	refused 'unknown fault bit' "fault=$unknown: only bits of" "fault=$unknown"
	refused 'bad delay' 'delay_us=x: give microseconds' delay_us=x
}

# What only tests may do: not in a load that was not made for them.
shipped() {
	local parameter

	for parameter in fault=1 delay_us=1 delay_at=1 rest_ms=1; do
		refused_load "$parameter without testing=1" 'are for tests, with testing=1: not loaded' $parameter
	done
	check 'loads as it is shipped' insmod "$ko"
	is 'that is no load for tests' "$(cat /sys/module/listenq/parameters/testing)" N
	for parameter in delay_us delay_at rest_ms; do
		mark
		is "$parameter can't be written" "$(python3 - $parameter <<-'PY'
			import errno, os, sys
			try:
			    os.write(os.open('/sys/module/listenq/parameters/' + sys.argv[1], os.O_WRONLY), b'1')
			except OSError as error:
			    print(errno.errorcode[error.errno])
		PY
		)" EPERM
		is "$parameter: one line says why" "$(said | grep -c "^$parameter is for tests: ")" 1
		is "$parameter stays" "$(cat /sys/module/listenq/parameters/$parameter)" 0
	done
	for parameter in fault testing; do
		check "nobody can write $parameter" test "$(stat -c %a /sys/module/listenq/parameters/$parameter)" = 444
	done
	rmmod listenq
}

for_tests() {
	mark
	check 'loads for tests' load
	is 'says so' "$(said | grep -c '^testing: ')" 1
	check 'delays can be written then' widen 1 1
	widen 0 0
	unload
}

play_testing() {
	shipped
	for_tests
}

# Probes switched off as a whole: said, not shown as "attached".
play_probes() {
	if echo 0 2>/dev/null >/sys/kernel/debug/kprobes/enabled; then
		refused 'kprobes switched off' 'self-check: a hooked call was not seen'
		echo 1 >/sys/kernel/debug/kprobes/enabled
	else
		skip 'kprobes switched off' 'no debugfs kprobes/enabled'
	fi
}

for act in ${LISTENQ_ONLY:-story without refused testing probes}; do
	echo "# $act ($(cut -d. -f1 /proc/uptime) s)"
	"play_$act"
done
load
finish
