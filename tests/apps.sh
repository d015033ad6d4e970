#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Programs that people run, behind ports that are taken over: nginx under
# LISTENQ_CONNECTIONS (5000) new connections, ssh, redis, python. Everything works, no
# RST comes from the server, and the ledger says that listenq made the connections.
# LISTENQ_ONLY="ACT..." plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
. "$tests/web.sh"

work=$(mktemp -d /tmp/lqapps.XXXXXX)
server=10.9.0.1
connections=${LISTENQ_CONNECTIONS:-5000}
instance=$tracing/instances/lqapps
daemons=()

# shellcheck disable=SC2317
tidy_up() {
	((${#daemons[@]} == 0)) || kill "${daemons[@]}" 2>/dev/null
	wait
	net_down
	rmdir "$instance" 2>/dev/null
	rm -rf "$work"
}
trap tidy_up EXIT

#
# What all acts need
#

# lacks WHAT PROGRAM...: skips WHAT and says which of them is not there
lacks() {
	local what=$1 program

	shift
	for program; do
		command -v "$program" >/dev/null && continue
		skip "$what" "$program is missing"
		return 0
	done
	return 1
}

listens() { in_server ss -Hltn "sport = :$1" | grep -q .; }

# daemon PORT COMMAND...: started in the server's namespace, its port taken over
daemon() {
	local port=$1

	shift
	ip netns exec "$LQ_SERVER" "$@" </dev/null >"$work/log.$port" 2>&1 &
	daemons+=($!)
	await 60 listens "$port" || sed 's/^/# /' "$work/log.$port"
	order takeover "*:$port"
}

# Who made connections, by what the events say: independent of the ledger
watch_makers() {
	local number

	number=$(sed -n 's/.*number=\([0-9]*\) verdict=req_completed .*/\1/p' /proc/net/listenq/verdicts)
	mkdir -p "$instance"
	echo "hist:keys=acted if verdict == $number" \
		>"$instance/events/listenq/lq_verdict/trigger"
}

# made_by ACTED: 0 stock, 1 listenq
made_by() {
	sed -n "s/^{ acted: *$1 } hitcount: *\([0-9]*\).*/\1/p" "$instance/events/listenq/lq_verdict/hist"
}

# beyond RSTS: without those of a slow machine. A FIN that a loss probe repeats while its ACK
# is on the way is acknowledged twice, and the second ACK finds the connection gone. So does
# the ACK of a handshake that is overtaken by a FIN from another CPU: ab opens some
# connections more than it needs, and leaves them when it ends.
abandoned=0
beyond() {
	local excused

	excused=$(($(nstat_of TcpExtTCPLossProbes) + abandoned))
	echo $(($1 > excused ? $1 - excused : 0))
}

# made WHAT PORT LEAST: by us, as the endpoint of that port says, and none by stock
made() {
	local line

	line=$(endpoint "$2")
	between "$1: listenq made the connections ($(verdict req_completed "$line"))" "$3" \
		"$(verdict req_completed "$line")" 1000000000
	is "$1: nothing was left to stock, nobody was refused, nobody waits" \
		"$(words "$line" state lost pending) $(grep -o 'to_stock_[a-z_]*=[1-9][0-9]*' <<<"$line")" \
		'state=taken_over lost=0 pending=0 '
}

#
# The acts
#

start_nginx() {
	[ ! -e "$work/nginx.conf" ] || return 0
	nginx_config "$work" >"$work/nginx.conf"
	daemon 80 nginx -e "$work/nginx.log" -p "$work" -c "$work/nginx.conf"
	order takeover '*:81'
}

# ab_says WHAT PORT COUNT: so many new connections, none fails
ab_says() {
	in_client ab -q -r -n "$3" -c 50 "http://$server:$2/" >"$work/ab" 2>&1
	is "$1: ab" "$(sed -n 's/^\(Complete\|Failed\) requests: */\1 /p' "$work/ab" | tr '\n' ' ')" \
		"Complete $3 Failed 0 "
	grep -q '^Failed requests: *0$' "$work/ab" || sed 's/^/# /' "$work/ab"
	sed -n 's/^\(Requests per second\|Time taken\)/# &/p' "$work/ab"
	made "$1" "$2" "$3"
	abandoned=$((abandoned + $(verdict req_completed "$(endpoint "$2")") - $3))
	echo "# RSTs of the server: $(nstat_of TcpOutRsts), connections that ab left: $abandoned"
}

web() {
	lacks 'nginx under ab' nginx ab && return
	start_nginx
	ab_says "nginx, $connections connections" 80 "$connections"
}

dual() {
	lacks 'nginx on a dual-stack listener' nginx ab && return
	start_nginx
	ab_says 'nginx on [::], over IPv4' 81 1000
}

pages() {
	local good=0

	lacks curl nginx curl && return
	start_nginx
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(in_client curl -s "http://$server/")" = hello ] && good=$((good + 1))
		[ "$(in_client curl -s "http://$server:81/")" = hello ] && good=$((good + 1))
	done
	is 'curl: 20 pages' $good 20
	made curl 80 10
	made 'curl, [::]' 81 10
}

sshd_config() {
	cat <<-CONF
		Port 22
		ListenAddress 0.0.0.0
		HostKey $work/host
		AuthorizedKeysFile $work/user.pub
		PidFile $work/sshd.pid
		PermitRootLogin yes
		StrictModes no
		UsePAM no
	CONF
}

ssh_to() {
	in_client ssh -n -i "$work/user" -o BatchMode=yes -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile="$work/known" -o LogLevel=ERROR -F none "root@$server" "$@"
}

shells() {
	local sshd sum

	PATH=$PATH:/usr/sbin lacks ssh sshd ssh ssh-keygen && return
	sshd=$(PATH=$PATH:/usr/sbin command -v sshd)
	for key in host user; do
		ssh-keygen -q -t ed25519 -N '' -f "$work/$key"
	done
	sshd_config >"$work/sshd_config"
	[ -d /run/sshd ] || mkdir -m 755 /run/sshd
	daemon 22 "$sshd" -D -e -f "$work/sshd_config"
	is 'ssh: a command' "$(ssh_to echo 'it works' 2>&1)" 'it works'
	head -c 1000000 /dev/urandom >"$work/much"
	sum=$(md5sum <"$work/much")
	is 'ssh: a megabyte' "$(ssh_to cat "$work/much" | md5sum)" "$sum"
	made ssh 22 2
}

redis_says() { in_client redis-cli -h $server "$@"; }

database() {
	lacks redis redis-server redis-cli redis-benchmark && return
	daemon 6379 redis-server --port 6379 --bind 0.0.0.0 --protected-mode no --save '' \
		--dir "$work" --tcp-backlog 511
	is 'redis: PING, SET, GET' "$(redis_says PING) $(redis_says SET key value) $(redis_says GET key)" \
		'PONG OK value'
	in_client redis-benchmark -h $server -q -k 0 -c 20 -n 3000 -t ping_mbulk,set >"$work/redis" 2>&1
	is 'redis-benchmark: both tests ended, without an error' \
		"$(tr '\r' '\n' <"$work/redis" | grep -c 'requests per second') $(grep -ci error "$work/redis")" '2 0'
	made redis 6379 6000
}

files() {
	local good=0

	lacks http.server curl && return
	mkdir "$work/www"
	for n in 1 2 3 4 5 6 7 8 9 10; do
		echo "file $n" >"$work/www/$n"
	done
	daemon 8000 python3 -m http.server 8000 --bind 0.0.0.0 --directory "$work/www"
	for n in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(in_client curl -s "http://$server:8000/$n")" = "file $n" ] && good=$((good + 1))
	done
	is 'http.server: 10 files' $good 10
	made http.server 8000 10
}

echo_server='
import asyncio

async def serve(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(serve, "0.0.0.0", 7000, backlog=1024)
    await server.serve_forever()

asyncio.run(main())'

# 300 clients at once, each says three lines and hears them
echo_clients='
import asyncio

async def client(n):
    reader, writer = await asyncio.open_connection("10.9.0.1", 7000)
    good = True
    for turn in range(3):
        line = b"client %d turn %d\n" % (n, turn)
        writer.write(line)
        good &= await reader.readline() == line
    writer.close()
    await writer.wait_closed()
    return good

async def main():
    print(sum(await asyncio.gather(*(client(n) for n in range(300)))))

asyncio.run(main())'

tasks() {
	daemon 7000 python3 -c "$echo_server"
	is 'asyncio: 300 clients at once' "$(in_client python3 -c "$echo_clients" 2>&1 | tail -n 1)" 300
	made asyncio 7000 300
}

net_up || exit 1
in_client sysctl -qw net.ipv4.ip_local_port_range='1024 65535'
# Who closes first, the server, remembers each connection for a minute. What it has no
# place for is forgotten, and the client's FIN is answered by an RST.
in_server sysctl -qw net.ipv4.tcp_max_tw_buckets=300000
watch_rsts || exit 1
watch_makers
for act in ${LISTENQ_ONLY:-web dual pages shells database files tasks}; do
	echo "# $act ($(cut -d. -f1 /proc/uptime) s)"
	$act
	is "$act: RSTs that the server sent, that came" \
		"$(beyond "$(nstat_of TcpOutRsts)") $(beyond "$(rsts_on_wire)")" '0 0'
done
made=$(count req_completed)
is 'all connections: the verdicts file, the events of listenq, those of stock, the kernel' \
	"$made $(made_by 1) $(made_by 0) $(nstat_of TcpPassiveOpens)" "$made $made  $made"
rules_agree
finish
