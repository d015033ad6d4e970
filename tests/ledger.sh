#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The ledger: /proc/net/listenq/listeners and endpoints, the commands to endpoints, and
# what dmesg says of listeners that refuse clients. LISTENQ_ONLY="PART..." plays some parts.
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

# since_epoch TIME: unix seconds with milliseconds, in ms
since_epoch() { echo "${1/./}"; }

#
# Who listens, who accepts
#

owners() {
	local s=${actor_pid[S]} name='lq\x20a\x5cb' line child inner

	tell S comm 'lq a\b'
	tell S listen L 0.0.0.0 8080 16
	line=$(by_cookie "$answer")
	is 'owner: who called listen(), its name escaped; nobody has accepted' \
		"$(words "$line" addr port family v6only dev reuseport uid owner acceptor segments)" \
		"addr=0.0.0.0 port=8080 family=ipv4 v6only=0 dev=- reuseport=0 uid=0 owner=$s/$name acceptor=? segments=0"
	tell C connect 1 $server 8080
	tell S accept L 1
	is 'acceptor: who called accept()' "$(of acceptor "$(listener 8080)")" "$s/$name"
	tell C begin $server 8080
	tell S forked L
	child=$answer
	is 'acceptor: a child that inherited the listener; the owner stays' \
		"$(words "$(listener 8080)" owner acceptor accepted)" \
		"owner=$s/$name acceptor=$child/$name accepted=2"
	ok "$((child == s))" 'the child is somebody else'

	inner=$(in_server unshare -p -f --mount-proc grep ' port=8080 ' /proc/net/listenq/listeners)
	is 'from a pid namespace that does not see them: pid 0' \
		"$(words "$inner" owner acceptor)" "owner=0/$name acceptor=0/$name"
	inner=$(in_server unshare -p -f --mount-proc python3 -c '
import socket
s = socket.create_server(("0.0.0.0", 8088))
print(*(l for l in open("/proc/net/listenq/listeners") if " port=8088 " in l))')
	is 'and in a pid namespace its own numbers' "$(of owner "$inner")" 1/python3
	tell S close L
}

# Needs the module out and in again, under a listener that stays.
older() {
	local before line

	actor O ip netns exec "$LQ_SERVER" setpriv --reuid=65534 --regid=65534 --clear-groups
	tell O comm older one
	tell O listen L 0.0.0.0 8089 16
	before=$answer
	tell S listen T 0.0.0.0 8090 16
	unload
	check 'loads with listeners there' load
	line=$(by_cookie "$before")
	is 'a listener older than the module is found among the files of tasks' \
		"$(words "$line" port uid owner acceptor segments)" \
		"port=8089 uid=65534 owner=${actor_pid[O]}/older\x20one acceptor=? segments=0"
	is 'and another one' "$(of owner "$(listener 8090)")" "${actor_pid[S]}/python3"
	tell C connect 3 $server 8089
	tell O accept L 3
	is 'it is counted from then on' \
		"$(words "$(listener 8089)" owner acceptor segments accepted)" \
		"owner=${actor_pid[O]}/older\x20one acceptor=${actor_pid[O]}/older\x20one segments=6 accepted=3"
	dismiss O
	tell S close T
}

#
# Queues
#

# A SYN queue of 3 is short enough for the kernel to keep its requests for their full
# time: of a longer one that is more than half full it drops the older ones early.
queues() {
	local line t0 t1 t2 t3 first second room lost

	tell S listen L 0.0.0.0 8081 4
	is 'empty queues' "$(words "$(listener 8081)" synq young synq_limit synq_max acceptq acceptq_limit acceptq_max oldest_us last_loss last_loss_reason full_ms)" \
		'synq=0 young=0 synq_limit=4 synq_max=0 acceptq=0 acceptq_limit=4 acceptq_max=0 oldest_us=0 last_loss=0 last_loss_reason=none full_ms=0'
	tell C connect 3 $server 8081
	await 10 has acceptq=3 listener 8081
	is 'three connections wait' "$(words "$(listener 8081)" synq synq_max acceptq acceptq_max)" \
		'synq=0 synq_max=1 acceptq=3 acceptq_max=3'
	t0=$(now_us)
	first=$(of oldest_us "$(listener 8081)")
	t1=$(now_us)
	sleep 0.2
	t2=$(now_us)
	second=$(of oldest_us "$(listener 8081)")
	t3=$(now_us)
	between 'oldest_us grows with the clock' $((t2 - t1 - 2)) $((second - first)) $((t3 - t0 + 2))
	ok $((first == 0)) 'and is not 0 while connections wait'
	tell S accept L 3
	is 'none waits' "$(words "$(listener 8081)" synq acceptq acceptq_max oldest_us accepted)" \
		'synq=0 acceptq=0 acceptq_max=3 oldest_us=0 accepted=3'

	tell S again L 9
	tell C connect 1 $server 8081
	await 10 has acceptq=1 listener 8081
	is 'listen() again: the same line, another limit' \
		"$(words "$(listener 8081)" synq_limit acceptq_limit accepted acceptq_max) opened=$(of opened "$(endpoint 8081)")" \
		'synq_limit=9 acceptq_limit=9 accepted=3 acceptq_max=3 opened=1'
	tell S close L

	tell S listen L 0.0.0.0 8082 3
	t0=$(date +%s%3N)
	flood 8082 syn 20
	await 10 has segments=20 listener 8082
	t1=$(date +%s%3N)
	line=$(listener 8082)
	lost=$(nstat_of TcpExtListenDrops)
	room=$((20 - lost))
	# Some kernels take one more than the limit.
	between 'the SYN queue of 3 takes 3 or 4 of 20 SYNs' 3 $room 4
	is 'its length, its longest, and who found no place' \
		"$(words "$line" synq synq_limit synq_max acceptq acceptq_max segments lost last_loss_reason verdicts)" \
		"synq=$room synq_limit=3 synq_max=$room acceptq=0 acceptq_max=0 segments=20 lost=$lost last_loss_reason=syn_queue_full verdicts=syn_queued:$room,syn_queue_full:$lost"
	between 'last_loss is the time of day' "$t0" "$(since_epoch "$(of last_loss "$line")")" "$t1"
	between 'since is, too' $((t0 - 60000)) "$(since_epoch "$(of since "$line")")" "$t0"
	tell S close L
	is 'requests that their listener killed' "$(words "$(endpoint 8082)" listeners opened killed expired lost)" \
		"listeners=0 opened=1 killed=$room expired=0 lost=$lost"
	adds_up queues
}

# full_ms and synq_full_ms against a clock
full() {
	local t0 t1 t2 t3 t4 first second drained n

	tell S listen L 0.0.0.0 8083 1
	t0=$(now_us)
	tell C connect 2 $server 8083
	await 10 has acceptq=2 listener 8083
	t1=$(now_us)
	first=$(of full_ms "$(listener 8083)")
	t2=$(now_us)
	sleep 0.3
	t3=$(now_us)
	second=$(of full_ms "$(listener 8083)")
	between 'full_ms grows while the accept queue is full' $(((t3 - t2) / 1000 - 2)) \
		$((second - first)) $((($(now_us) - t1) / 1000 + 2))
	t3=$(now_us)
	tell S accept L 1
	t4=$(now_us)
	drained=$(of full_ms "$(listener 8083)")
	between 'as long as a clock says' $(((t3 - t1) / 1000 - 2)) "$drained" $(((t4 - t0) / 1000 + 2))
	sleep 0.3
	is 'and stops when it is drained' "$(of full_ms "$(listener 8083)")" "$drained"
	tell C connect 1 $server 8083
	await 10 has acceptq=2 listener 8083
	t1=$(now_us)
	sleep 0.2
	t2=$(now_us)
	tell S close L
	await 10 has listeners=0 endpoint 8083
	between 'a listener that closes with a full queue' $((drained + (t2 - t1) / 1000 - 2)) \
		"$(of full_ms "$(endpoint 8083)")" $((drained + ($(now_us) - t4) / 1000 + 2))

	# One SYN-ACK and no other: the requests expire after a second or two.
	in_server sysctl -qw net.ipv4.tcp_synack_retries=0
	tell S listen L 0.0.0.0 8084 3
	t0=$(now_us)
	flood 8084 syn 4
	check 'requests expire' await 20 has synq=0 listener 8084
	t2=$(now_us)
	n=$(verdict syn_queued "$(listener 8084)")
	is 'the SYN queue is empty again' "$(words "$(listener 8084)" synq synq_max expired)" \
		"synq=0 synq_max=$n expired=$n"
	first=$(of synq_full_ms "$(listener 8084)")
	between 'synq_full_ms: until they expired' 500 "$first" $(((t2 - t0) / 1000 + 2))
	sleep 0.3
	is 'and no longer' "$(of synq_full_ms "$(listener 8084)")" "$first"
	in_server sysctl -qw net.ipv4.tcp_synack_retries=1
	tell S listen M 0.0.0.0 8085 16
	flood 8085 syn 3
	check 'SYN-ACKs come again, then requests expire' await 30 has expired=3 listener 8085
	is 'each SYN-ACK came twice' "$(words "$(listener 8085)" synack_repeated expired synq)" \
		'synack_repeated=3 expired=3 synq=0'
	in_server sysctl -qw net.ipv4.tcp_synack_retries=5
}

#
# Counters
#

counters() {
	local line

	tell S listen L 0.0.0.0 8080 16
	tell C connect 5 $server 8080
	tell S accept L 5
	for kind in rst null synack badsum; do
		flood 8080 $kind 10
	done
	await 10 has segments=50 listener 8080
	line=$(listener 8080)
	is 'verdicts of a listener' "$(words "$line" segments lost accepted verdicts)" \
		'segments=50 lost=0 accepted=5 verdicts=bad_checksum:10,synack_to_listener:10,stray_rst:10,stray_no_ack:10,syn_queued:5,req_completed:5'
	is 'a handshake_us, a retrans and an accept_us for each connection' \
		"$(hist_sum handshake_us "$line") $(hist_sum retrans "$line") $(hist_sum accept_us "$line")" \
		'5 5 5'
	is 'no SYN-ACK was repeated' "$(of retrans "$line")" 0:5
	is 'the endpoint says the same' \
		"$(words "$(endpoint 8080)" segments lost accepted handshake_us accept_us retrans verdicts)" \
		"$(words "$line" segments lost accepted handshake_us accept_us retrans verdicts)"

	in_server sysctl -qw net.ipv4.tcp_syncookies=2
	tell C connect 4 $server 8080
	tell S accept L 4
	line=$(listener 8080)
	is 'connections by cookie are accepted, but no handshake is timed' \
		"$(words "$line" accepted segments) $(verdict syn_cookie_always "$line") $(verdict cookie_accepted "$line") $(hist_sum handshake_us "$line") $(hist_sum accept_us "$line")" \
		'accepted=9 segments=58 4 4 5 9'
	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	tell S listen M 0.0.0.0 8081 16
	tell C connect 2 $server 8081
	tell S accept M 2
	adds_up 'two listeners'
	tell S close L
	await 10 has listeners=0 endpoint 8080
	adds_up 'one of them closed'
	is 'accepted, over all endpoints' "$(total accepted endpoints)" 11
	rules_agree
}

#
# Endpoints
#

endpoints() {
	local first second line name sum=0 id

	# Closed and opened again
	tell S listen L 0.0.0.0 8080 16
	first=$answer
	tell C connect 3 $server 8080
	tell S accept L 3
	id=$(of endpoint "$(by_cookie "$first")")
	tell S close L
	is 'a closed listener has no line' "$(by_cookie "$first")" ''
	await 10 has listeners=0 endpoint 8080
	is 'its endpoint stays' "$(words "$(endpoint 8080)" endpoint state listeners opened segments accepted)" \
		"endpoint=$id state=observing listeners=0 opened=1 segments=6 accepted=3"
	tell S listen L 0.0.0.0 8080 16
	second=$answer
	is 'opened again: a new line, the same endpoint' \
		"$(words "$(by_cookie "$second")" endpoint segments accepted acceptq_max)" \
		"endpoint=$id segments=0 accepted=0 acceptq_max=0"
	ok $((first == second)) 'of another listener'
	tell C connect 2 $server 8080
	tell S accept L 2
	is 'the endpoint adds up both' "$(words "$(endpoint 8080)" endpoint listeners opened segments accepted handshake_us)" \
		"endpoint=$id listeners=1 opened=2 segments=10 accepted=5 handshake_us=$(of handshake_us "$(endpoint 8080)")"
	is 'histograms as well' "$(hist_sum handshake_us "$(endpoint 8080)") $(hist_sum accept_us "$(endpoint 8080)") $(of retrans "$(endpoint 8080)")" \
		'5 5 0:5'
	tell S close L

	# A group of four
	for name in 1 2 3 4; do
		tell S listen R$name 0.0.0.0 8081 64 reuseport
		eval "local cookie$name=$answer"
	done
	tell C connect 40 $server 8081
	for name in 1 2 3 4; do
		await 10 group_is_complete
		tell S drain R$name
		id=cookie$name
		line=$(by_cookie "${!id}")
		is "listener $name of the group: what it accepted is what it counts" \
			"$(words "$line" port reuseport accepted) $(verdict req_completed "$line")" \
			"port=8081 reuseport=1 accepted=$answer $answer"
		sum=$((sum + answer))
	done
	is 'the group has accepted all' "$sum" 40
	is 'four lines, one endpoint' \
		"$(ledger listeners | grep -c ' port=8081 ') $(ledger endpoints | grep -c ' port=8081 ') $(words "$(endpoint 8081)" listeners opened accepted segments)" \
		'4 1 listeners=4 opened=4 accepted=40 segments=80'
	tell S close R2
	is 'one of the group closes' "$(words "$(endpoint 8081)" listeners opened accepted segments)" \
		'listeners=3 opened=4 accepted=40 segments=80'

	# Families
	tell S listen A 0.0.0.0 8082 16
	tell S listen B :: 8082 16 v6only=1
	tell C connect 2 $server 8082
	tell C connect 3 $server6 8082
	tell S accept A 2
	tell S accept B 3
	is 'IPv4 and IPv6 on one port are two endpoints' \
		"$(ledger endpoints | grep -c ' port=8082 ') $(words "$(endpoint 8082 family=ipv4)" addr v6only accepted) $(words "$(endpoint 8082 family=ipv6)" addr v6only accepted)" \
		'2 addr=0.0.0.0 v6only=0 accepted=2 addr=:: v6only=1 accepted=3'
	tell S listen D :: 8083 16 v6only=0
	tell C connect 2 $server 8083
	tell C connect 3 $server6 8083
	tell S accept D 5
	is 'a dual-stack listener takes both' "$(words "$(listener 8083)" addr family v6only accepted segments)" \
		'addr=:: family=ipv6 v6only=0 accepted=5 segments=10'

	# Devices
	tell S listen E 0.0.0.0 8084 16 dev=lqs
	tell S listen F 0.0.0.0 8084 16 dev=lo
	tell C connect 3 $server 8084
	tell S accept E 3
	is 'bound to a device: an endpoint each' \
		"$(ledger endpoints | grep -c ' port=8084 ') $(words "$(listener 8084 dev=lqs)" dev accepted) $(words "$(listener 8084 dev=lo)" dev accepted)" \
		'2 dev=lqs accepted=3 dev=lo accepted=0'
	adds_up endpoints
	rules_agree
}

group_is_complete() { [ "$(verdict req_completed "$(endpoint 8081)")" -eq 40 ]; }

#
# Network namespaces
#

namespaces() {
	local before

	tell S listen L 0.0.0.0 8080 16
	tell C listen L 0.0.0.0 8080 16
	tell C connect 3 $server 8080
	tell S connect 5 10.9.0.2 8080
	tell S accept L 3
	tell C accept L 5
	is 'the same address in two namespaces: here' "$(words "$(endpoint 8080)" segments accepted)" \
		'segments=6 accepted=3'
	is 'and there' "$(in=in_client; words "$(endpoint 8080)" segments accepted)" \
		'segments=10 accepted=5'
	adds_up 'here'
	in=in_client adds_up 'there'

	before=$(namespaces_at_rest)
	is '50 namespaces, made and left with a refused client each' "$(fifty)" \
		'50 with lost=1 waiting=1'
	if [ -n "$before" ]; then
		check 'all are gone' await 200 alive_again "$before"
	else
		skip 'all are gone' 'no /sys/kernel/slab/net_namespace: not counted'
	fi
}

# Objects in the cache. What a processor keeps for itself is given back first; what the
# kernel keeps of the last ones that went (cleanup_net: defer_free_list), too: they go with
# the next one, which then is what it keeps.
namespaces_alive() {
	local cache=/sys/kernel/slab/net_namespace

	[ -w $cache/shrink ] || return
	unshare -n true
	sleep 0.5
	echo 1 >$cache/shrink
	sed 's/ .*//' $cache/objects
}

# The least of some looks: how many there are when nothing is on its way.
namespaces_at_rest() {
	local _

	for _ in 1 2 3 4 5; do
		namespaces_alive
	done | sort -n | head -n 1
}

alive_again() { (($(namespaces_alive) <= $1)); }

fifty() {
	python3 - <<'PY'
import ctypes, fcntl, os, socket, struct, sys, time
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1
def one():
    if ctypes.CDLL(None).unshare(CLONE_NEWNET):
        return 'unshare failed'
    s = socket.socket()
    fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack('16sH14x', b'lo', IFF_UP))
    listener = socket.create_server(('127.0.0.1', 8080), backlog=0)
    waits = socket.create_connection(('127.0.0.1', 8080))
    refused = socket.socket()
    refused.setblocking(False)
    end = time.monotonic() + 20
    said = ''
    while ' acceptq=1 ' not in said and time.monotonic() < end:
        said = open('/proc/thread-self/net/listenq/listeners').read()
    refused.connect_ex(('127.0.0.1', 8080))
    while ' waiting=1 ' not in said and time.monotonic() < end:
        said = open('/proc/thread-self/net/listenq/endpoints').read()
    words = dict(w.split('=', 1) for w in said.splitlines()[1].split())
    return 'lost=%s waiting=%s' % (words['lost'], words['waiting'])
seen = {}
for _ in range(50):
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(tell, one().encode())
        os._exit(0)
    os.close(tell)
    said = os.read(told, 1000).decode()
    os.close(told)
    os.waitpid(pid, 0)
    seen[said] = seen.get(said, 0) + 1
print(', '.join(f'{n} with {said}' for said, n in seen.items()))
PY
}

#
# Ten thousand
#

many() {
	local t0 t1 known most=10000

	is_debug_kernel && most=60000
	tell S listen L 0.0.0.0 8080 16
	known=$(head_of endpoints endpoints)
	tell S many 10000 19999
	is '10,000 listeners' "$answer" 10000
	is 'the first line counts them' "$(head_of listeners listeners) $(head_of listeners untracked)" '10001 0'
	t0=$(now_us)
	ledger listeners >/tmp/listenq.many
	t1=$(now_us)
	is 'each is listed exactly once' \
		"$(sed -n 's/^listener=\([0-9]*\) .* port=1[0-9]\{4\} .*/\1/p' /tmp/listenq.many | sort -u | wc -l) $(sed -n 's/.* port=\(1[0-9]\{4\}\) .*/\1/p' /tmp/listenq.many | sort -u | wc -l) $(wc -l </tmp/listenq.many)" \
		'10000 10000 10002'
	between 'reading them all takes no longer than that (ms)' 0 $(((t1 - t0) / 1000)) $most
	echo "# $(wc -c </tmp/listenq.many) bytes of 10,001 listeners read in $(((t1 - t0) / 1000)) ms"
	t0=$(now_us)
	is 'endpoints as well' "$(ledger endpoints | sed -n 's/^endpoint=\([0-9]*\) .*/\1/p' | sort -u | wc -l)" \
		$((known + 10000))
	echo "# endpoints read in $((($(now_us) - t0) / 1000)) ms"
	rm -f /tmp/listenq.many
	tell C connect 2 $server 19999
	await 10 has acceptq=2 listener 19999
	is 'the last of them is counted as any other' "$(words "$(listener 19999)" segments acceptq)" \
		'segments=4 acceptq=2'
	tell S none
	is 'all closed' "$(head_of listeners listeners)" 1
	check '4096 idle endpoints are remembered' await 60 idle_are 4096
	is 'the others are counted as forgotten' "$(head_of endpoints forgotten)" \
		$((known + 10000 - 4097))
	is 'the newest stay' "$(words "$(endpoint 19999)" listeners opened segments)" \
		'listeners=0 opened=1 segments=4'
	is 'the oldest went first' "$(endpoint 10000)" ''
	tell C connect 1 $server 8080
	is 'who was there before still counts' "$(of segments "$(listener 8080)")" 2
}

head_of() { of "$2" "$(ledger "$1" | head -n 1)"; }
idle_are() { [ "$(ledger endpoints | grep -c ' listeners=0 ')" -eq "$1" ] &&
	[ "$(head_of endpoints endpoints)" -eq $(($1 + 1)) ]; }

#
# Commands
#

# events PORT: verdicts, requests and accepts of it
events() {
	local name

	for name in verdict request accept; do
		echo "$name $(grep -c "lq_$name: .* sport=$1 " "$instance/trace")"
	done | tr '\n' ,
}

states() { ledger endpoints | sed -n 's/.* addr=\([^ ]*\) port=\([^ ]*\) .* state=\([^ ]*\) .*/\1 \2 \3/p'; }

write_command() { tell S write /proc/net/listenq/endpoints "$@" || true; }

commands() {
	local before file=/proc/net/listenq/endpoints

	mkdir -p "$instance"
	echo "netns == $(in_server stat -Lc %i /proc/self/ns/net)" >"$instance/events/listenq/filter"
	echo 1 >"$instance/events/listenq/enable"
	tell S listen L 0.0.0.0 8080 16
	tell S listen M :: 8080 16 v6only=1
	tell S listen N 0.0.0.0 8081 16
	tell C connect 2 $server 8080
	tell S accept L 2
	is 'observed: 4 verdicts and 2 accepts' "$(events 8080)" 'verdict 4,request 0,accept 2,'
	write_command 'ignore 0.0.0.0:8080'
	is 'ignore is taken' "$answer" written
	is 'and shown' "$(states)" "0.0.0.0 8080 ignored
:: 8080 observing
0.0.0.0 8081 observing"
	before=$(count segments)
	tell C connect 3 $server 8080
	tell S accept L 3
	is 'an ignored endpoint gets no verdicts, but says how much it ignored' \
		"$(words "$(listener 8080 family=ipv4)" segments accepted ignored) $(words "$(endpoint 8080 family=ipv4)" segments ignored)" \
		'segments=4 accepted=2 ignored=6 segments=4 ignored=6'
	is 'nor does the namespace' "$(count segments)" "$before"
	is 'and no events' "$(events 8080)" 'verdict 4,request 0,accept 2,'
	flood 8080 badsum 2
	flood 8080 syn 2
	await 10 has ignored=10 listener 8080 family=ipv4
	is 'SYNs and odd segments are ignored, too' "$(words "$(listener 8080 family=ipv4)" segments ignored)" \
		'segments=4 ignored=10'
	tell S close L
	tell S listen L 0.0.0.0 8080 16
	tell C connect 1 $server 8080
	tell S accept L 1
	is 'its next listener is ignored, too' \
		"$(words "$(listener 8080 family=ipv4)" segments ignored) $(of ignored "$(endpoint 8080 family=ipv4)")" \
		'segments=0 ignored=2 12'
	tell C connect 1 $server6 8080
	tell S accept M 1
	is 'others go on' "$(words "$(listener 8080 family=ipv6)" segments ignored accepted)" \
		'segments=2 ignored=0 accepted=1'
	write_command 'watch 0.0.0.0:8080'
	tell C connect 1 $server 8080
	tell S accept L 1
	is 'watch: it counts again' "$(words "$(listener 8080 family=ipv4)" segments ignored accepted) $(states | grep -c observing)" \
		'segments=2 ignored=2 accepted=1 3'
	write_command 'ignore *:8080'
	is '*:PORT takes every address' "$answer $(states | sort | tr '\n' ,)" \
		'written 0.0.0.0 8080 ignored,0.0.0.0 8081 observing,:: 8080 ignored,'
	write_command 'watch *:8080'
	write_command 'ignore [::]:8080'
	is '[::]:PORT takes one' "$answer $(states | sort | tr '\n' ,)" \
		'written 0.0.0.0 8080 observing,0.0.0.0 8081 observing,:: 8080 ignored,'
	echo 0 >"$instance/events/listenq/enable"
	rmdir "$instance"

	before=$(states)
	for bad in 'forget 0.0.0.0:8080' 'ignore' 'ignore 8080' 'ignore 0.0.0.0' 'ignore 0.0.0.0:0' \
		'ignore 0.0.0.0:65536' 'ignore :::8080' 'ignore [::]8080' 'ignore 0.0.0:8080' 'ignore [:8080' \
		'ignore 0.0.0.0:8080 0.0.0.0:8081' 'ignore 0.0.0.0:8080\nwatch 0.0.0.0:8081' 'ignore localhost:80' '\n'; do
		mark
		write_command "$bad"
		is "'$bad' is refused and said in one line" "$answer $(said | grep -c '^endpoints: ')" 'error EINVAL 1'
	done
	mark
	write_command 'ignore 10.9.0.1:8080'
	is 'an address where nobody has listened' "$answer $(said)" \
		"error ENOENT endpoints: nobody has listened on 10.9.0.1:8080: see the endpoints file"
	write_command 'ignore *:9999'
	is 'a port where nobody has listened' "$answer" 'error ENOENT'
	is 'nothing of that changed anything' "$(states)" "$before"

	check 'root writes' in_server sh -c "echo 'watch *:8081' >$file"
	in_server setpriv --bounding-set=-net_admin sh -c "echo 'ignore *:8081' >$file" 2>/dev/null
	ok $(($? == 0)) 'root without CAP_NET_ADMIN does not'
	as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	is 'root of his own namespaces reads them' \
		"$(as_nobody unshare -Urn cat /proc/net/listenq/listeners $file)" \
		"version=1 listeners=0 untracked=0
version=1 endpoints=0 forgotten=0 rules=-"
	as_nobody unshare -Urn sh -c "echo 'ignore *:8080' >$file" 2>/dev/null
	ok $(($? == 0)) 'but does not write'
	for name in listeners endpoints; do
		as_nobody cat /proc/net/listenq/$name >/dev/null 2>&1
		ok $(($? == 0)) "nobody does not read $name"
	done
	is 'and nothing was changed' "$(states)" "$before"
}

#
# Queues that refuse clients
#

# lines PORT: what dmesg said of it since mark, and how many of those begin, end
lines() { said | grep "^0\.0\.0\.0:$1 "; }
line_count() { [ "$(lines "$1" | wc -l)" -ge "$2" ]; }

# overflow PORT WHAT SEGMENTS DEPTH: a flood of 1000 SYNs, after which the listener has seen
# SEGMENTS and its queue has DEPTH places taken
overflow() {
	local port=$1 what=$2 segments=$3 depth=$4 who t0 t1 first ms refused drops

	who="0.0.0.0:$port python3[${actor_pid[S]}]"
	drops=$(nstat_of TcpExtListenDrops)
	t0=$(now_us)
	flood "$port" syn 1000
	check "$what: all have come" await 20 has "segments=$segments" listener "$port"
	t1=$(now_us)
	refused=$(($(nstat_of TcpExtListenDrops) - drops))
	is "$what: as many are lost as the kernel counts" "$(of lost "$(listener "$port")")" $refused
	is "$what: the queue holds the others" "$(of "$depth" "$(listener "$port")")" \
		$(($(verdict syn_queued "$(listener "$port")")))
	await 60 line_count "$port" 2
	first=$(lines "$port" | head -n 1)
	is "$what: the first line says who, which queue, how long it is" "${first%, clients refused: *}" \
		"$who: $what, $(words "$(listener "$port")" "$depth" "${depth}_limit" | sed 's/[a-z_]*=//g; s/ / of /')"
	between "$what: and how many so far" 1 "${first##*: }" "$refused"
	ms=$(lines "$port" | sed -n '2s/.* for \([0-9]*\) ms, .*/\1/p')
	is "$what: the second line says how many in the end" "$(lines "$port" | tail -n +2)" \
		"$who: over: $what for $ms ms, clients refused: $refused"
	between "$what: and for how long" 0 "$ms" $(((t1 - t0) / 1000 + 20))
	is "$what: refused clients are waited for" "$(of waiting "$(listener "$port")")" "$refused"
}

dmesg_lines() {
	mark
	tell S listen L 0.0.0.0 8080 1
	tell C connect 2 $server 8080
	await 10 has acceptq=2 listener 8080
	overflow 8080 'accept queue full' 1004 acceptq
	tell S listen M 0.0.0.0 8081 3
	overflow 8081 'SYN queue full' 1000 synq
	is 'no other line' "$(said | wc -l)" 4

	# The same listener again: told again, once
	mark
	tell C begin $server 8080
	check 'a second overflow: told again' await 30 line_count 8080 1
	is 'and counted from one' "$(lines 8080 | head -n 1)" \
		"0.0.0.0:8080 python3[${actor_pid[S]}]: accept queue full, 2 of 1, clients refused: 1"
	tell S drain L
}

#
# What became of refused clients
#

pain() {
	local t0 t1 t2 t3 line bucket n

	tell S listen L 0.0.0.0 8080 0
	tell C connect 1 $server 8080
	await 10 has acceptq=1 listener 8080
	t0=$(now_us)
	tell C begin $server 8080
	check 'a refused client is waited for' await 10 has waiting=1 listener 8080
	t1=$(now_us)
	# It may have tried more than once by now.
	is 'nobody has come through yet' "$(words "$(listener 8080)" waiting never forgotten recovered_ms last_loss_reason)" \
		'waiting=1 never=0 forgotten=0 recovered_ms=- last_loss_reason=accept_queue_full'
	tell S accept L 1
	t2=$(now_us)
	tell C 'done'
	is 'its connect() tries again, and gets through' "$answer" 1
	tell S accept L 1
	t3=$(now_us)
	is 'accepted' "$answer" 1
	line=$(listener 8080)
	is 'it came through' "$(words "$line" waiting never forgotten accepted)" \
		'waiting=0 never=0 forgotten=0 accepted=2'
	is 'once' "$(hist_sum recovered_ms "$line")" 1
	bucket=$(of recovered_ms "$line")
	bucket=${bucket%:*}
	# It was accepted after t2, and refused between t0 and t1.
	ok $((!((1 << bucket) * 1000 <= t3 - t0 && (2 << bucket) * 1000 > t2 - t1))) \
		"after so many ms as a clock says: $(((t2 - t1) / 1000)) to $(((t3 - t0) / 1000)), bucket $bucket"

	# A listener that closes while a client that it refused still tries
	tell C connect 1 $server 8080
	await 10 has acceptq=1 listener 8080
	tell C begin $server 8080
	await 10 has waiting=1 listener 8080
	tell S close L
	await 10 has listeners=0 endpoint 8080
	is 'a closed listener: the endpoint goes on waiting' "$(words "$(endpoint 8080)" waiting never)" \
		'waiting=1 never=0'
	tell C drop
	skip 'never=1 for a client that gave up' 'only 180 s after its first refusal'

	# More than the table holds
	tell S listen M 0.0.0.0 8081 0
	tell C connect 1 $server 8081
	await 10 has acceptq=1 listener 8081
	flood 8081 syn 20000
	check '20,000 clients are refused' await 120 has lost=20000 listener 8081
	line=$(listener 8081)
	n=$(($(of waiting "$line") + $(of waiting "$(endpoint 8080)")))
	between '16,384 of all refused clients are followed' 15000 $n 16384
	is 'the others are counted as forgotten' \
		"$(($(of waiting "$line") + $(of forgotten "$line")))" $((20000 - $(of never "$line")))
	adds_up pain
}

for part in ${LISTENQ_ONLY:-owners older queues full counters endpoints namespaces many commands \
	dmesg_lines pain}; do
	echo "# $part ($(cut -d. -f1 /proc/uptime) s)"
	begin_part
	$part
	end_part
done
finish
