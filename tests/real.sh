#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Real clients and servers: the ledger is what they, nstat and nft have counted, to the
# last one. LISTENQ_ONLY="ACT..." plays some acts.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
work=$(mktemp -d /tmp/lqreal.XXXXXX)
server=10.9.0.1
segments_of_all=0

tidy_up() {
	[ -z "${nginx:-}" ] || kill "$nginx" 2>/dev/null
	dismiss
	net_down
	[ -z "${watcher:-}" ] || kill "$watcher" 2>/dev/null
	rm -rf "$work"
}
trap tidy_up EXIT

for tool in curl ab nmap hping3 nginx nft bpftrace; do
	command -v "$tool" >/dev/null || {
		skip 'real clients and servers' "$tool is missing"
		finish
		exit
	}
done

#
# What others count
#

# bpftrace: whatever is filtered (tcp_filter, which some compilers inline, calls this) for
# a listener, which is each segment of one
watch() {
	: >"$work/bpftrace"
	bpftrace -q -e '
		kprobe:sk_filter_trim_cap
		/ ((struct sock *)arg0)->__sk_common.skc_state == 10 &&
		  ((struct sock *)arg0)->__sk_common.skc_family != 1 / { @path = count(); }
		BEGIN { printf("ready\n"); }' >"$work/bpftrace" 2>"$work/bpftrace.err" &
	watcher=$!
	await 60 grep -q ready "$work/bpftrace"
}

# nft: SYNs and RSTs that come to a port where somebody listens, and what comes there from
# addresses that no routing lets in (hping3 makes up any)
nft_rules() {
	in_server nft -f - <<-'NFT'
		table inet lq {
			set ports { type inet_service; }
			chain first {
				type filter hook prerouting priority 0;
				tcp dport @ports counter comment "came"
				tcp dport @ports ip saddr { 0.0.0.0, 127.0.0.0/8, 224.0.0.0/4 } counter comment "martian"
			}
			chain in {
				type filter hook input priority 0;
				tcp dport @ports tcp flags & (fin | syn | rst | ack) == syn counter comment "syn"
				tcp dport @ports tcp flags & rst == rst counter comment "rst"
			}
		}
	NFT
}

nft_ports() { in_server nft add element inet lq ports "{ $1 }"; }

nft_count() {
	in_server nft list table inet lq |
		sed -n "s/.*counter packets \([0-9]*\) .*comment \"$1\".*/\1/p"
}

#
# What we count
#

# sum PATTERN: of the verdicts that it matches as a whole
sum() {
	in_server sed -n 's/.* verdict=\([^ ]*\) .* count=\([0-9]*\) .*/\1 \2/p' /proc/net/listenq/verdicts |
		awk -v p="^($1)$" '$1 ~ p { n += $2 } END { print n + 0 }'
}

losses() { in_server sed -n 's/.* loss=1 count=\([0-9]*\) .*/\1/p' /proc/net/listenq/verdicts |
	awk '{ n += $1 } END { print n + 0 }'; }

# agree WHAT: ledger, verdicts file, nft and the kernel's counters in one voice
agree() {
	local what=$1 segments

	segments=$(count segments)
	segments_of_all=$((segments_of_all + segments))
	echo "# $what: $(in_server sed -n 's/.* verdict=\([^ ]*\) .* count=\([1-9][0-9]*\) .*/\1 \2/p' \
		/proc/net/listenq/verdicts | tr '\n' ' ')"
	adds_up "$what"
	is "$what: SYNs, as nft counts them" "$(sum 'syn_.*|req_syn_again.*|req_new_syn')" "$(nft_count syn)"
	# Of two processors that make the same one, the kernel counts both.
	is "$what: connections made, as the kernel counts" \
		"$(sum 'req_completed|cookie_accepted|req_lost_race|cookie_lost_race')" \
		"$(nstat_of TcpPassiveOpens)"
	is "$what: cookies sent, good, bad" \
		"$(sum 'syn_cookie(_always)?') $(sum 'cookie_accept.*') $(count cookie_invalid)" \
		"$(nstat_of TcpExtSyncookiesSent) $(nstat_of TcpExtSyncookiesRecv) $(nstat_of TcpExtSyncookiesFailed)"
	is "$what: ListenOverflows, ListenDrops" "$(sum '.*_accept_full(_reset)?') $(losses)" \
		"$(nstat_of TcpExtListenOverflows) $(nstat_of TcpExtListenDrops)"
	is "$what: SYN queue full, without and with cookies" \
		"$(count syn_queue_full) $(sum 'syn_cookie.*')" \
		"$(nstat_of TcpExtTCPReqQFullDrop) $(nstat_of TcpExtTCPReqQFullDoCookies)"
	is "$what: lost, over all endpoints" "$(total lost endpoints)" "$(losses)"
	rules_agree
}

begin_act() {
	net_up || exit 1
	nft_rules || exit 1
	echo "# $1 ($(cut -d. -f1 /proc/uptime) s)"
}

end_act() {
	dismiss
	net_down
}

#
# The acts
#

# nginx on port 80, and on 8080 what it has counted
start_nginx() {
	cat >"$work/nginx.conf" <<-CONF
		daemon off; master_process off; worker_processes 1;
		pid $work/nginx.pid; error_log $work/nginx.log;
		events { worker_connections 512; }
		http {
			access_log off;
			server { listen $server:80; listen [fd09::1]:80; return 200 "hello"; }
			server { listen $server:8080; location / { stub_status; } }
		}
	CONF
	ip netns exec "$LQ_SERVER" nginx -e "$work/nginx.log" -p "$work" -c "$work/nginx.conf" &
	nginx=$!
	await 30 endpoint_is_open 8080
	nft_ports '80, 8080'
}

stop_nginx() {
	kill "$nginx"
	wait "$nginx" 2>/dev/null
	nginx=''
}

endpoint_is_open() { [ -n "$(endpoint "$1")" ]; }

# What nginx says that it has accepted; the question is a connection, too
nginx_accepts() {
	in_client curl -s "http://$server:8080/" >"$work/status"
	awk '/server accepts/ { getline; print $1 }' "$work/status"
}

# outcome_sum NAME...: over all endpoints
outcome_sum() {
	ledger endpoints | sed -n 's/.* outcomes=\([^ ]*\) .*/\1/p' | tr ',' '\n' |
		awk -F: -v names=" $* " 'index(names, " " $1 " ") { n += $2 } END { print n + 0 }'
}

# served_as_they_say REQUESTS: that clients had answered. Whoever was answered was served. ab
# has some connections open at its end that ask for nothing.
served_as_they_say() {
	between 'who says that he was answered was served' "$1" "$(outcome_sum served recovered)" \
		"$(total accepted endpoints)"
	is 'nobody has another outcome' \
		"$(outcome_sum served served_closed recovered) $(outcome_sum refused killed unanswered unsent reset cookie_unanswered)" \
		"$(total accepted endpoints) 0"
}

web() {
	local good=0 done_ failed accepts

	start_nginx
	for url in "http://$server/" 'http://[fd09::1]/'; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(in_client curl -s "$url")" = hello ] && good=$((good + 1))
		done
	done
	is 'curl: 20 pages' $good 20
	is 'curl: 20 accepted' "$(total accepted endpoints)" 20
	in_client ab -q -n 10000 -c 20 "http://$server/" >"$work/ab" 2>&1
	done_=$(sed -n 's/^Complete requests: *//p' "$work/ab")
	failed=$(sed -n 's/^Failed requests: *//p' "$work/ab")
	is 'ab: 10000 requests' "$done_ complete, $failed failed" '10000 complete, 0 failed'
	accepts=$(nginx_accepts)
	is 'accepted: as many as nginx says' "$(total accepted endpoints)" "$accepts"
	between 'at least one for each answered request' 10021 "$accepts" 10061
	echo "# nginx has accepted $accepts: 20 curl, $done_ ab"
	is 'all came to the web port but one' "$(($(total accepted endpoints) - $(of accepted "$(endpoint 8080)")))" \
		$((accepts - 1))
	served_as_they_say $((20 + done_))
	agree web
	is 'no client was refused' "$(losses)" 0
	stop_nginx
}

scans() {
	local said

	start_nginx
	said=$(in_client nmap -n -Pn -sS -p 22,80,443,8080 $server | sed -n 's/^\([0-9]*\)\/tcp *\([a-z]*\).*/\1 \2/p' | tr '\n' ,)
	is 'nmap -sS: what is open' "$said" '22 closed,80 open,443 closed,8080 open,'
	is 'nmap -sS: its RSTs, as nft counts them' "$(sum 'req_rst|stray_rst')" "$(nft_count rst)"
	is 'nmap -sS: nothing was accepted' "$(total accepted endpoints)" 0
	agree 'nmap -sS'
	segments_of_all=$((segments_of_all - $(count segments)))
	said=$(in_client nmap -n -Pn -sT -p 22,80,443,8080 $server | sed -n 's/^\([0-9]*\)\/tcp *\([a-z]*\).*/\1 \2/p' | tr '\n' ,)
	is 'nmap -sT: what is open' "$said" '22 closed,80 open,443 closed,8080 open,'
	is 'nmap -sT: each open port accepted' "$(nginx_accepts)" "$(total accepted endpoints)"
	agree 'nmap -sT'
	is 'closed ports are no endpoints' \
		"$(ledger endpoints | sed -n 's/.* port=\([0-9]*\) .*/\1/p' | sort -u | tr '\n' ' ')" '80 8080 '
	stop_nginx
}

# hping_flood COOKIES: SYNs from everywhere, and good clients when they can get in
hping_flood() {
	local cookies=$1 sent

	in_server sysctl -qw "net.ipv4.tcp_syncookies=$cookies"
	actor S ip netns exec "$LQ_SERVER"
	actor C ip netns exec "$LQ_CLIENT"
	tell S listen L 0.0.0.0 80 64
	nft_ports 80
	# 2000 in some 2 s
	sent=$(in_client hping3 -q -S -p 80 --rand-source -i u1000 -c 2000 $server 2>&1 |
		sed -n 's/^\([0-9]*\) packets transmitted.*/\1/p')
	is "hping3, tcp_syncookies=$cookies: sent" "$sent" 2000
	is "hping3, tcp_syncookies=$cookies: all have come" "$(nft_count came)" "$sent"
	echo "# $(nft_count martian) of them from impossible addresses"
	is "hping3, tcp_syncookies=$cookies: each has its verdict, if its address can be" \
		"$(count segments)" $((sent - $(nft_count martian)))
	if [ "$cookies" -gt 0 ]; then
		in_client hping3 -q -S -p 80 --rand-source -i u1000 -c 200 $server >/dev/null 2>&1 &
		sent=$!
		tell C connect 10 $server 80
		is "good clients, tcp_syncookies=$cookies" "$answer" 10
		tell S accept L 10
		is "accepted, tcp_syncookies=$cookies" "$answer $(of accepted "$(endpoint 80)")" '10 10'
		wait $sent
	fi
	agree "hping3, tcp_syncookies=$cookies"
}

flood0() {
	hping_flood 0
	ok $(($(count syn_queue_full) == 0)) 'without cookies SYNs are thrown away'
}

flood1() {
	hping_flood 1
	is 'with cookies nobody is refused' "$(losses)" 0
	ok $(($(count syn_cookie) == 0)) 'but answered by a cookie'
}

flood2() {
	hping_flood 2
	is 'always a cookie' "$(count syn_cookie_always) $(count cookie_accepted) $(count syn_queued)" \
		"$(nft_count syn) 10 0"
}

# 100 clients at once, an accept() every 50 ms
slow() {
	local refused

	in_server sysctl -qw net.ipv4.tcp_syncookies=0
	actor S ip netns exec "$LQ_SERVER"
	actor C ip netns exec "$LQ_CLIENT"
	tell S listen L 0.0.0.0 80 32
	tell S loop L 50
	nft_ports 80
	tell C crowd_of 100 $server 80
	tell C 'done' 120
	is 'slow server: all clients get in' "$answer" 100
	check 'slow server: and are accepted' await 120 has accepted=100 listener 80
	tell S looped L
	is 'slow server: it says so itself' "$answer" 100
	is 'slow server: nobody is waited for any more' "$(words "$(listener 80)" waiting never forgotten acceptq)" \
		'waiting=0 never=0 forgotten=0 acceptq=0'
	refused=$(hist_sum recovered_ms "$(listener 80)")
	ok $((refused == 0 || refused > $(losses))) 'slow server: refused clients came through later'
	is 'slow server: each of them was served, at once or later' \
		"$(outcome_sum served) $(outcome_sum recovered)" "$((100 - refused)) $refused"
	echo "# $refused of 100 clients were refused first, $(losses) times; recovered_ms=$(of recovered_ms "$(listener 80)"), full_ms=$(of full_ms "$(listener 80)")"
	agree 'slow server'
}

bpf=0
watch || bpf=1
for act in ${LISTENQ_ONLY:-web scans flood0 flood1 flood2 slow}; do
	begin_act "$act"
	$act
	end_act
done
if [ $bpf -eq 0 ]; then
	interrupt "$watcher"
	watcher=''
	is 'bpftrace has counted as many segments on a function we do not hook' \
		"$(sed -n 's/^@path: //p' "$work/bpftrace")" "$segments_of_all"
else
	ok 1 'bpftrace runs'
	sed 's/^/# /' "$work/bpftrace.err"
fi
finish
