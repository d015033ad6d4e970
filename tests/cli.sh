#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# scripts/listenq as a person uses it, in a terminal: port 8080 has room for two
# connections and never accepts, port 8081 refuses nobody.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"

listenq=$(cd "$tests/../scripts" && pwd)/listenq
work=$(mktemp -d)
terminal() { tmux -L "lqcli-$$" -f /dev/null "$@"; }

# shellcheck disable=SC2317
cleanup() {
	terminal kill-server 2>/dev/null
	kill "$clients" "$quiet" 2>/dev/null
	unserve
	net_down
	rm -rf "$work"
}
trap cleanup EXIT

# start WIDTH HEIGHT ARGUMENT...: listenq in the server's namespace, in a terminal that
# says how it ended
start() {
	terminal kill-session -t main 2>/dev/null
	terminal new-session -d -s main -x "$1" -y "$2" \
		"ip netns exec $LQ_SERVER '$listenq' ${*:3}; echo ended with \$?; exec sleep 3600"
}

keys() { terminal send-keys -t main "$@"; }
screen() { terminal capture-pane -p -t main; }

on_screen() { screen | grep -Eq -- "$1"; }
gone() { ! on_screen "$1"; }

# shows DESCRIPTION PATTERN, hides DESCRIPTION PATTERN: sooner or later
shows() {
	await 20 on_screen "$2"
	result $? "$1"
}

hides() {
	await 20 gone "$2"
	result $? "$1"
}

result() {
	ok "$1" "$2"
	[ "$1" -eq 0 ] || screen | sed 's/^/# /'
}

# Events are on; on a slow machine that takes a moment after the instance is there.
following() {
	grep -qs '[1X]' "$tracing"/instances/listenq-*/events/listenq/enable &&
		grep -qs 1 "$tracing"/instances/listenq-*/tracing_on
}

not_following() { ! compgen -G "$tracing/instances/listenq-*" >/dev/null; }

# connect COUNT: clients that come one after the other and stay
connect() {
	ip netns exec "$LQ_CLIENT" python3 - "$1" <<'PY' &
import socket, sys, time
clients = []
for n in range(int(sys.argv[1])):
    clients.append(socket.socket())
    clients[-1].setblocking(False)
    clients[-1].connect_ex(('10.9.0.1', 8080))
    time.sleep(0.1)
time.sleep(3600)
PY
	clients=$!
}

leave() {
	kill "$clients"
	wait "$clients" 2>/dev/null
}

run_story() {
	start 180 50 story '\*:8080'
	await 20 following
	check 'story: follows' following
	connect 4
	shows 'story: a SYN' '10\.9\.0\.2:[0-9]+ -> 10\.9\.0\.1:8080 +SYN +request queued, SYN-ACK sent \(SYN queue'
	shows 'story: the last ACK' 'ACK +handshake complete, connection queued for accept'
	shows 'story: the loss' 'SYN +REFUSED: accept queue full, SYN thrown away \(accept queue 2/1\)'
	keys C-c
	shows 'story: Ctrl-C ends it' 'ended with 0'
	check 'story: leaves nothing in tracefs' not_following
	leave
}

# A JSON object per line, of this client only
run_story_json() {
	local story

	ip netns exec "$LQ_SERVER" "$listenq" story --json --client 10.9.0.2 >"$work/events" &
	story=$!
	await 20 following
	connect 3
	await 20 grep -q '"loss": true' "$work/events"
	kill "$story"
	wait "$story"
	leave
	is 'story: JSON, the loss in it' "$(python3 - "$work/events" <<'PY'
import json, sys
with open(sys.argv[1]) as file:
    events = [json.loads(line) for line in file]
assert all(event['client'].startswith('10.9.0.2:') for event in events)
print({event['verdict'] for event in events if event.get('loss')})
PY
	)" "{'syn_accept_full'}"
}

# Whoever kills it, nothing stays.
kill_story() {
	local signal

	for signal in TERM HUP INT; do
		start 80 5 story --netns all
		await 20 following
		kill "-$signal" "$(basename "$tracing"/instances/listenq-* | sed 's/listenq-//')"
		shows "story: SIG$signal ends it" 'ended with 0'
		check "story: nothing stays after SIG$signal" not_following
	done
	start 80 5 story --netns all
	await 20 following
	terminal kill-session -t main
	check 'story: nor when the terminal is closed' await 20 not_following
}

run_top() {
	start 150 10 top -d 0.5
	connect 4
	shows 'top: the loss and its reason' '^10\.9\.0\.1:8080 .*\[#{10}\] 2/1 .* accept_queue_full'
	shows 'top: whose listener' '^10\.9\.0\.1:8080 +[0-9]+/python3'
	shows 'top: the one that lost is on top' '^LISTENER'
	is 'top: then the other one' "$(screen | sed '1,/^LISTENER/d' | sed -n '1,2s/ .*//p' | xargs)" \
		'10.9.0.1:8080 10.9.0.1:8081'
	terminal resize-window -t main -x 78 -y 10
	hides 'top: narrow, without owners' 'OWNER'
	shows 'top: but with losses' '^10\.9\.0\.1:8080 .* accept_queue_full'
	# One line more where calls went unseen.
	terminal resize-window -t main -x 78 -y $((4 + $(screen | grep -c '^NOT COMPLETE')))
	shows 'top: low, what does not fit is counted' '^\.\.\. and [12] more'
	terminal resize-window -t main -x 150 -y 10
	shows 'top: wide again' 'OWNER'
	keys q
	shows 'top: q ends it' 'ended with 0'
	start 150 10 top
	shows 'top: runs again' '^LISTENER'
	keys C-c
	shows 'top: Ctrl-C ends it' 'ended with 0'
	is 'top: plain without a terminal' \
		"$(in_server "$listenq" top -n 2 -d 0.3 | grep -c '^10\.9\.0\.1:8080 .*accept_queue_full')" 2
	leave
}

run_why() {
	start 120 50 why 10.9.0.1:8080
	shows 'why: the reason' 'REFUSED [0-9]+ times?: accept_queue_full'
	shows 'why: what to do' 'What to do: .*python3 \(pid [0-9]+\)'
	shows 'why: somebody was refused' 'ended with 1'
	start 120 50 why '\*:8080' --for 4
	await 20 following
	connect 3
	shows 'why: which clients, live' '10\.9\.0\.2:[0-9]+ +[0-9]+ times? +accept queue full, SYN thrown away; not in yet'
	check 'why: leaves nothing in tracefs' not_following
	leave
	start 120 50 why 10.9.0.1:8081
	shows 'why: nobody was refused' 'Nobody was refused'
	shows 'why: and its exit code' 'ended with 0'
	start 120 50 why 10.9.0.1:8082
	shows 'why: unknown, names those there are' 'there are: 10\.9\.0\.1:8080 10\.9\.0\.1:8081'
	shows 'why: that is a mistake' 'ended with 3'
}

# figure EXPRESSION: of everything, as JSON
figure() {
	in_server "$listenq" --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
e = {row["port"]: row for row in d["endpoints"]}
print(eval(sys.argv[1]))' "$1"
}

run_snapshot() {
	local lost said

	lost=$(($(count syn_accept_full) + $(count req_accept_full)))
	is 'JSON: what was lost' "$(figure 'e[8080]["lost"]')" "$lost"
	is 'JSON: of top' "$(in_server "$listenq" top --json -d 0.3 |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["listeners"][0]["lost"])')" "$lost"
	is 'JSON: of why' "$(in_server "$listenq" why '*:8080' --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["endpoints"][0]["lost"])')" "$lost"
	in_server "$listenq" --prom >"$work/metrics"
	said=$(python3 "$tests/cli/prom.py" <"$work/metrics" 2>&1)
	ok $? "Prometheus: well-formed ($said)"
	is 'Prometheus: what was lost' "$(sed -n \
		's/^listenq_endpoint_lost_total{endpoint="10.9.0.1:8080".*reason="accept_queue_full"} //p' \
		"$work/metrics")" "$lost"
}

run_mistakes() {
	cp "$listenq" "$work/listenq"
	chmod -R a+rX "$work"
	# shellcheck disable=SC2016
	is 'nobody may not' "$(in_server setpriv --reuid=65534 --regid=65534 --clear-groups \
		/usr/bin/python3 "$work/listenq" top 2>&1 | grep -c 'CAP_NET_ADMIN')" 1
	start 80 10 story
	await 20 following
	unload
	shows 'story: the module goes' 'the module was unloaded'
	check 'story: leaves nothing then' not_following
	is 'without the module: how to load it' \
		"$(in_server "$listenq" top 2>&1 | grep -c 'insmod listenq.ko')" 1
	check 'the module is back' load
}

net_up || exit 1
serve 10.9.0.1 8081 16
quiet=$served
serve 10.9.0.1 8080 1
run_story
run_story_json
kill_story
run_top
run_why
run_snapshot
run_mistakes
finish
