#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Endpoints that are taken over: commands, what is pending to be read, hand-back.
# The stories are played once more in takeover mode, over IPv4.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

# shellcheck disable=SC2317
tidy_up() {
	[ -z "${served:-}" ] || unserve
	net_down
}
trap tidy_up EXIT

net_up || exit 1

# Of all addresses of a port, a line each
state() { word "$1" state; }
word() { ledger endpoints | grep " port=$1 " | tr ' ' '\n' | sed -n "s/^$2=//p"; }
pending() { in_server grep -c "^endpoint=.* server=10.9.0.1:$1 " /proc/net/listenq/requests; }

# all_are PORT COUNT STATE
all_are() { [ "$(state "$1" | grep -cx "$3")" -eq "$2" ]; }

# half_open PORT COUNT: SYNs of as many clients that never answer
half_open() {
	in_client hping3 -q -i u1000 -c "$2" -S -p "$1" -s 20000 --destport "$1" \
		-a 10.99.7.7 10.9.0.1 >/dev/null 2>&1
}

#
# Acts
#

play_commands() {
	serve 0.0.0.0 7001 64
	refused ENOENT takeover 0.0.0.0:7999
	refused EINVAL takeover 0.0.0.0
	refused EINVAL takeover 0.0.0.0:7001 synq=0
	refused EINVAL takeover 0.0.0.0:7001 synq=many
	refused EINVAL takeover 0.0.0.0:7001 cookies=some
	refused EINVAL takeover 0.0.0.0:7001 colour=red
	refused EINVAL takeover 0.0.0.0:7001 lease_ms=86400001
	refused EINVAL takeover 0.0.0.0:7001 retries
	refused EINVAL takeover 0.0.0.0:7001 retries=256
	refused EINVAL grab 0.0.0.0:7001
	refused ENOENT set 0.0.0.0:7001 retries=1
	refused ENOENT set '*:7001' retries=1
	refused EINVAL release 0.0.0.0:7001 now
	is 'refused commands change nothing' "$(state 7001)" observing
	is 'takeover' "$(errno_of takeover 0.0.0.0:7001 synq=100 retries=2)" ''
	is 'its state' "$(state 7001)" taken_over
	is 'its keys' "$(word 7001 synq) $(word 7001 retries)" '100 2'
	refused EEXIST takeover 0.0.0.0:7001
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	refused EINVAL set 0.0.0.0:7001 cookies=always
	in_server sysctl -qw net.ipv4.tcp_syncookies=1
	is 'set' "$(errno_of set '*:7001' timeout_ms=500 synq=200)" ''
	is 'set changes what it names' "$(word 7001 synq) $(word 7001 retries) $(word 7001 timeout_ms)" '200 2 500'
	is 'release' "$(errno_of release 0.0.0.0:7001)" ''
	is 'it is observed again' "$(state 7001)" observing
	refused ENOENT release 0.0.0.0:7001
	unserve
}

# listening ADDRESS PORT: one more listener; "others" has their pids
listening() {
	serve "$1" "$2" 16
	others="$others $served"
}

play_rule() {
	local others=

	listening 10.9.0.1 7005
	is 'takeover *:7005' "$(errno_of takeover '*:7005' retries=4)" ''
	is 'who listens there is taken over' "$(state 7005)" taken_over
	is 'the rule is shown' "$(head_word rules)" '*:7005'
	refused EEXIST takeover '*:7005'
	listening 127.0.0.1 7005
	is 'so is who comes later' "$(await 5 all_are 7005 2 taken_over; echo $?)" 0
	is 'with its keys' "$(word 7005 retries | xargs)" '4 4'
	order set '*:7005' retries=3
	is 'set goes to all of them' "$(word 7005 retries | xargs)" '3 3'
	is 'release of one' "$(errno_of release 127.0.0.1:7005)" ''
	listening ::1 7005
	is 'the rule leaves it alone, and takes the third over' \
		"$(await 5 all_are 7005 2 taken_over; state 7005 | sort | xargs)" \
		'observing taken_over taken_over'
	is 'its keys are the new ones' "$(word 7005 retries | xargs)" '3 3'
	order release '*:7005'
	is 'release of the rule' "$(head_word rules) $(state 7005 | sort -u)" '- observing'
	is 'a rule before anybody listens' "$(errno_of takeover '*:7006')" ''
	listening 0.0.0.0 7006
	is 'takes over who comes' "$(await 5 all_are 7006 1 taken_over; echo $?)" 0
	order release '*:7006'
	# shellcheck disable=SC2086
	kill $others
}

play_memory() {
	local before

	serve 0.0.0.0 7007 512
	echo 4 >/sys/module/listenq/parameters/mem_max
	refused ENOSPC takeover 0.0.0.0:7007 synq=1000000
	is 'nothing changed' "$(state 7007)" observing
	is 'a smaller one fits' "$(errno_of takeover 0.0.0.0:7007 synq=1000)" ''
	refused ENOSPC set 0.0.0.0:7007 synq=1000000
	is 'nothing changed by set' "$(word 7007 synq)" 1000
	echo 0 >/sys/module/listenq/parameters/mem_max
	is 'it fits now' "$(errno_of set 0.0.0.0:7007 synq=100000)" ''
	order set 0.0.0.0:7007 synq=1000 timeout_ms=1 retries=0
	before=$(word 7007 records)
	half_open 7007 2000
	is 'memory of those that are over is used again' "$(word 7007 records)" "$before"
	order release 0.0.0.0:7007
	unserve

	# Both of an address each: there is memory for one more, not for two.
	serve 10.9.0.1 7012 512
	before=$served
	serve 127.0.0.1 7012 512
	echo 4 >/sys/module/listenq/parameters/mem_max
	is 'two of a port' "$(errno_of takeover '*:7012' synq=1000)" ''
	refused ENOSPC set '*:7012' synq=12000
	is 'neither has more' "$(word 7012 synq | paste -sd' ')" '1000 1000'
	is 'nor the memory for it' "$(errno_of set 10.9.0.1:7012 synq=12000)" ''
	is 'and no third one would have it' "$(errno_of set 127.0.0.1:7012 synq=12000)" ENOSPC
	is 'less is given back' \
		"$(errno_of set 10.9.0.1:7012 synq=1000)$(errno_of set 127.0.0.1:7012 synq=12000)" ''
	echo 0 >/sys/module/listenq/parameters/mem_max
	order release '*:7012'
	unserve
	served=$before unserve
}

play_namespace() {
	local i

	serve 0.0.0.0 7011 64
	unserve
	for i in 1 2 3; do
		is "nobody listens there any more: taken over and released, $i" \
			"$(errno_of takeover 0.0.0.0:7011) $(state 7011) $(errno_of release 0.0.0.0:7011) $(state 7011)" \
			' taken_over  observing'
	done
	serve 0.0.0.0 7010 64
	order takeover '*:7010'
	half_open 7010 50
	is 'pending when its namespace goes' "$(pending 7010)" 50
	unserve
	net_down
	check 'the module goes after it' unload
	load
	net_up
}

# refused_load WHY LINE PARAMETER...: insmod fails, says LINE, and leaves nothing
refused_load() {
	local what=$1 line=$2

	shift 2
	mark
	in_server insmod "$ko" "$@" 2>/dev/null
	ok $(($? == 0)) "$what: not loaded"
	is "$what: says why in one line" "$(said | grep -cF -- "$line")" 1
	check "$what: nothing is left" test ! -e /proc/net/listenq
}

play_parameter() {
	unload
	serve 0.0.0.0 7008 64
	refused_load 'takeover= of no address' 'is no ADDR:PORT' takeover='0.0.0.0:7008;7009'
	refused_load 'takeover= with a bad key' 'see the keys' takeover='"0.0.0.0:7008 synq=0"'
	refused_load 'takeover= of nobody' 'nobody has listened' takeover='0.0.0.0:7008;0.0.0.0:7009'
	refused_load 'takeover= of a device that is not there' 'no such device' takeover='0.0.0.0%blue:7008'
	refused_load 'bad mem_max' 'mem_max=x: give MiB' mem_max=x
	insmod "$kmod/lqdivert.ko"
	refused_load 'somebody else diverts' "can't be diverted: somebody else does" takeover='0.0.0.0:7008'
	load
	refused EBUSY takeover 0.0.0.0:7008
	is 'it stays with the kernel' "$(state 7008)" observing
	rmmod lqdivert
	is 'it can be taken over now' "$(errno_of takeover 0.0.0.0:7008)" ''
	unload
	in_server insmod "$ko" testing=1 takeover='"0.0.0.0:7008 retries=1; *:7009"'
	seen_start
	is 'takeover= takes over' "$(state 7008) $(word 7008 retries) $(head_word rules)" \
		'taken_over 1 *:7009'
	unserve
}

play_pending() {
	serve 0.0.0.0 7002 512
	order takeover 0.0.0.0:7002 retries=5
	half_open 7002 200
	is 'requests: one line each' "$(pending 7002)" 200
	is 'endpoints: how many are pending' "$(word 7002 pending)" 200
	is 'the stock queue is empty' "$(in_server ss -Htn state syn-recv | wc -l)" 0
	is 'release' "$(errno_of release 0.0.0.0:7002)" ''
	is 'all are handed back' "$(in_server ss -Htn state syn-recv | wc -l)" 200
	is 'none is left' "$(pending 7002)" 0
	unserve
}

# A security module answers with IP options: that is left to the kernel.
play_options() {
	serve 0.0.0.0 7012 64
	order takeover 0.0.0.0:7012
	insmod "$kmod/lqlabel.ko" options=1 || { skip 'IP options' 'no lqlabel.ko'; return; }
	in_client nft -f - <<-'NFT'
		table inet lq {
			chain came {
				type filter hook prerouting priority -300;
				tcp sport 7012 tcp flags == syn | ack ip hdrlength 6 counter
			}
		}
	NFT
	check 'a client of a security module connects' \
		in_client timeout 5 bash -c ': </dev/tcp/10.9.0.1/7012'
	rmmod lqlabel
	is 'its SYN-ACK had the options' \
		"$(in_client nft list table inet lq | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p')" 1
	is 'its SYN was left to the kernel, for that' "$(word 7012 to_stock_ip_options)" 1
	in_client nft delete table inet lq
	check 'the next one, without, connects' in_client timeout 5 bash -c ': </dev/tcp/10.9.0.1/7012'
	is 'by us' "$(word 7012 to_stock_ip_options) $(verdict req_completed "$(endpoint 7012)")" '1 2'
	unserve
}

# A listener whose SYNs are all the kernel's: that is said once, and not of one who had some.
play_all_to_stock() {
	local fast enough line='^0\.0\.0\.0:7013 .*is taken over, but all SYNs so far, \([0-9]*\), went to the kernel: fastopen \1;'

	ip netns exec "$LQ_SERVER" python3 - <<-'PY' &
		import socket, time
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind(("0.0.0.0", 7013))
		s.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
		s.listen(64)
		time.sleep(600)
	PY
	fast=$!
	enough=$(constant ENOUGH to_stock.c)
	await 5 all_are 7013 1 observing
	serve 0.0.0.0 7014 64
	order takeover 0.0.0.0:7013
	order takeover 0.0.0.0:7014
	mark
	half_open 7013 $((enough - 1))
	sleep 0.5
	is "$((enough - 1)) SYNs: nothing is said" "$(said | grep -c 'went to the kernel')" 0
	half_open 7014 1
	half_open 7013 40	# the first of them have requests of the kernel's by now
	half_open 7014 40
	sleep 0.5
	is 'all SYNs go to the kernel: one line, with the reason' "$(said | grep -c "$line")" 1
	is 'no other line' "$(said | grep -c 'went to the kernel')" 1
	is 'why: the hint, with the counts' \
		"$(in_server "$tests/../scripts/listenq" why --json 0.0.0.0:7013 | grep -c '"all_to_stock": ".* all 40 SYNs .* 40 fastopen')" 1
	is 'not of the other one' \
		"$(in_server "$tests/../scripts/listenq" why --json 0.0.0.0:7014 | grep -c all_to_stock)" 0
	kill "$fast"
	wait "$fast" 2>/dev/null
	unserve
}

play_limit() {
	serve 0.0.0.0 7003 512
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	order takeover 0.0.0.0:7003 synq=50 timeout_ms=60000
	half_open 7003 200
	is 'synq=50: 51 are pending' "$(pending 7003)" 51
	in_server sysctl -qw net.ipv4.tcp_syncookies=1
	order set 0.0.0.0:7003 cookies=overflow
	half_open 7003 100
	is 'the others get cookies' "$(pending 7003)" 51
	unserve
	is 'who waits outlives the listener' "$(pending 7003)" 51
}

play_unload() {
	serve 0.0.0.0 7004 512
	order takeover 0.0.0.0:7004 retries=5
	half_open 7004 100
	unload
	is 'rmmod hands all back' "$(in_server ss -Htn state syn-recv 'sport = :7004' | wc -l)" 100
	load
	unserve
}

for act in ${LISTENQ_ONLY:-commands rule memory pending options all_to_stock limit unload namespace parameter}; do
	echo "# $act"
	"play_$act"
done
finish
