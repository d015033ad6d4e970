# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# namespaces.sh - network namespaces, and those that go; a part of ledger.sh

namespaces() {
	local before

	tell S listen L 0.0.0.0 8080 16
	tell C listen L 0.0.0.0 8080 16
	tell C connect 3 "$server" 8080
	tell S connect 5 10.9.0.2 8080
	tell S accept L 3
	tell C accept L 5
	is 'the same address in two namespaces: here' "$(words "$(endpoint 8080)" segments accepted)" \
		'segments=6 accepted=3'
	# shellcheck disable=SC2034
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
