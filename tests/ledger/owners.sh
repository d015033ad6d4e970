# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# owners.sh - who listens and who accepts; a part of ledger.sh

owners() {
	local s=${actor_pid[S]} name='lq\x20a\x5cb' line child inner

	tell S comm 'lq a\b'
	tell S listen L 0.0.0.0 8080 16
	line=$(by_cookie "$answer")
	is 'owner: who called listen(), its name escaped; nobody has accepted' \
		"$(words "$line" addr port family v6only dev reuseport uid owner acceptor segments)" \
		"addr=0.0.0.0 port=8080 family=ipv4 v6only=0 dev=- reuseport=0 uid=0 owner=$s/$name acceptor=? segments=0"
	tell C connect 1 "$server" 8080
	tell S accept L 1
	is 'acceptor: who called accept()' "$(of acceptor "$(listener 8080)")" "$s/$name"
	tell C begin "$server" 8080
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
	tell C connect 3 "$server" 8089
	tell O accept L 3
	is 'it is counted from then on' \
		"$(words "$(listener 8089)" owner acceptor segments accepted)" \
		"owner=${actor_pid[O]}/older\x20one acceptor=${actor_pid[O]}/older\x20one segments=6 accepted=3"
	dismiss O
	tell S close T
}
