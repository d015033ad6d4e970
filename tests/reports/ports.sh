# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# ports.sh - listeners whose clients go to another port or address; a part of reports.sh

# TPROXY over both families, two ports to one listener, one that is on a single address
ports() {
	ports_rules
	ports_clients
	ports_judged
}

ports_rules() {
	local family

	in_server nft -f - <<-'NFT'
		table inet proxy {
			chain in {
				type filter hook prerouting priority -150;
				ip daddr 192.0.2.0/24 tcp dport { 80, 443 } tproxy ip to :12345 meta mark set 1 accept
				ip daddr 198.51.100.0/24 tcp dport 80 tproxy ip to 127.0.0.1:12347 meta mark set 1 accept
				ip6 daddr 2001:db8::/32 tcp dport 80 tproxy ip6 to :12346 meta mark set 1 accept
			}
		}
		table ip nat {
			chain in {
				type nat hook prerouting priority -100;
				tcp dport 8000 redirect to :12348
			}
		}
	NFT
	ok $? 'TPROXY and REDIRECT'
	for family in -4 -6; do
		in_server ip $family rule add fwmark 1 lookup 100
	done
	in_server ip route add local 0.0.0.0/0 dev lo table 100
	in_server ip -6 route add local ::/0 dev lo table 100
	in_client ip route add 192.0.2.0/24 via 10.9.0.1
	in_client ip route add 198.51.100.0/24 via 10.9.0.1
	in_client ip -6 route add 2001:db8::/32 via fd09::1
}

ports_clients() {
	tell S comm proxy
	tell S listen A 0.0.0.0 12345 1 transparent
	tell S listen B :: 12346 1 transparent
	tell S listen D 127.0.0.1 12347 1 transparent
	tell S listen E 0.0.0.0 12348 1
	follow story0 story 0.0.0.0:12345
	follow story6 story '[::]:12346'
	follow why0 why --for 20 0.0.0.0:12345
	await 60 following 3
	tell C crowd_of 3 192.0.2.7 80
	tell C crowd_of 1 192.0.2.7 443
	tell C crowd_of 4 2001:db8::7 80
	tell C crowd_of 4 198.51.100.9 80
	tell C crowd_of 4 "$server" 8000
	tell C 'done' 2
	clients C 'TPROXY' 'connected:8 pending:8'
	wait "${follower[why0]}"
	kill "${follower[story0]}" "${follower[story6]}"
	wait "${follower[story0]}" "${follower[story6]}"
}

ports_judged() {
	local one

	check 'TPROXY: the story of the listener has clients of one port' \
		grep -q -- '-> 192.0.2.7:80 .*REFUSED' "$work/story0"
	check 'TPROXY: and of the other' grep -q -- '-> 192.0.2.7:443 ' "$work/story0"
	check 'TPROXY: IPv6, too' grep -q -- '-> \[2001:db8::7\]:80 .*REFUSED' "$work/story6"
	check 'TPROXY: why --for counts them' grep -q '^  In these 20 s 2 clients refused' "$work/why0"
	for one in 12345 12346 12347 12348; do
		tells "TPROXY, listener $one" "*:$one" 1 accept_queue_full
		segments "TPROXY, listener $one" syn_queued:2 req_completed:2 syn_accept_full
		says "TPROXY, listener $one" 'proxy (pid' 'These were 2 clients'
	done
	ask '*:80'
	is 'TPROXY: nobody listens at the port that clients go to' "$code" 3
}

# follow NAME WORD...: listenq in the background, into $work/NAME
declare -A follower
follow() {
	# Not by in_server: $! would be a shell above it.
	ip netns exec "$LQ_SERVER" "$listenq" "${@:2}" >"$work/$1" 2>&1 &
	follower[$1]=$!
}

# following COUNT: so many of them see events
following() {
	[ "$(cat "$tracing"/instances/listenq-*/tracing_on 2>/dev/null | grep -c 1)" -ge "$1" ]
}
