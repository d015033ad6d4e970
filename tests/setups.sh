#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# What stands between clients and a listener on real machines: rules, balancers, BPF programs,
# devices. Through each go curl and ab, three times: without the module, with the module
# watching, and with the listener taken over. They have the same successes and see as many
# RSTs, the kernel does what the rules say, each attempt has one outcome, and a SYN whose
# last ACK may come another way is left to the kernel, and no other one. A function for each
# set-up, in setups/.
#
#   LISTENQ_ONLY="SET-UP..."  some of them
#   LISTENQ_MODES="MODE..."   of absent, observed, taken; absent alone needs no module
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
. "$tests/web.sh"

# A set-up; the listener's namespace and port; what clients ask for; whose the handshakes are
# when it is taken over; what it needs: programs, +modules; without -COUNTER (kernels that
# compare echoed timestamps reject the last ACK that SYNPROXY makes).
setups=(
	'mesh      server 8080 10.9.0.1:80  steered nft +nft_ct +nft_tproxy'
	'foreign   server 8080 10.77.0.1:80 steered nft +nft_ct +nft_tproxy'
	'socket    server 8080 10.9.0.1:80  steered nft +nft_ct +nft_tproxy +nft_socket'
	'sk_lookup server 8080 10.9.0.1:80  steered'
	'sk_assign server 8080 10.9.0.1:80  steered tc +sch_ingress +cls_bpf'
	'synproxy  server 80   10.9.0.1:80  own     nft +nf_conntrack +nft_ct +nft_synproxy'
	'synproxy_ts server 80 10.9.0.1:80 own nft +nf_conntrack +nft_ct +nft_synproxy -TSEcrRejected'
	'redirect  server 8080 10.96.0.1:80 own     nft +nft_nat +nft_chain_nat'
	'pod       inner  8080 10.96.0.1:80 own     nft +nft_nat +nft_chain_nat +nft_masq'
	'ipvs_nat  inner  8080 10.9.0.1:80  own     ipvsadm +ip_vs +ip_vs_rr'
	'ipvs_dr   inner  80   10.9.0.80:80 own     ipvsadm +ip_vs +ip_vs_rr +bridge'
	'vrf       server 80   10.9.0.1:80  own     +vrf'
	'ipvlan    inner  80   10.9.0.3:80  own     +ipvlan'
	'macvlan   inner  80   10.9.0.3:80  own     +macvlan'
	'bridge    inner  80   10.9.0.3:80  own     +bridge'
	'bridged   server 80   10.9.0.1:80  own     +bridge'
)
pages=10 requests=100
LQ_INNER=lqi-$$
work=$(mktemp -d /tmp/lqsetups.XXXXXX)
page=''
declare -A stock

# shellcheck disable=SC2317
tidy_up() {
	set_down
	umount "$work/bpf" 2>/dev/null
	rm -rf "$work"
}
trap tidy_up EXIT

#
# What set-ups are made of
#

in_inner() { ip netns exec "$LQ_INNER" "$@"; }

# there COMMAND...: where the listener is; the ledger's $in
there() { ip netns exec "$host" "$@"; }
in=there

# rules: for the server's namespace, from stdin
rules() { in_server nft -f -; }

# way_to PREFIX: clients reach it through the server
way_to() { ip -n "$LQ_CLIENT" route add "$1" via 10.9.0.1; }

# inner_is ADDRESS: of the inner namespace's eth0
inner_is() {
	ip -n "$LQ_INNER" link set lo up && ip -n "$LQ_INNER" addr add "$1" dev eth0 &&
		ip -n "$LQ_INNER" link set eth0 up
}

# page PORT [WORDS]: the listener, in $host; its pid is in $page
page() {
	ip netns exec "$host" python3 "$tests/tools/page.py" "$@" &
	page=$!
	await 20 listens "$1"
}

listens() { there ss -Hltn "sport = :$1" | grep -q .; }

set_up() {
	net_up && ip netns add "$LQ_INNER" || exit 1
	for host in "$LQ_SERVER" "$LQ_INNER"; do
		net_sysctl "$host" ipv4/tcp_synack_retries 1
	done
	[ "$where" = inner ] || host=$LQ_SERVER
	watch_rsts || exit 1
	"$name"
}

# The inner namespace's attempts are asked for as the server's are.
set_down() {
	[ -z "$page" ] || kill "$page" 2>/dev/null
	wait
	page=''
	rm -f "$work"/bpf/{link,program}
	LQ_SERVER=$LQ_INNER net_note_outcomes
	ip netns del "$LQ_INNER" 2>/dev/null
	net_down
}

#
# What clients and the ledger say
#

# clients ADDRESS:PORT: how curl and ab fared
clients() {
	local good

	good=$(in_client curl -s -m 5 -o /dev/null -w '%{http_code}\n' "http://$1/[1-$pages]" |
		grep -c '^200$')
	in_client timeout 60 ab -q -r -s 5 -n $requests -c 10 "http://$1/" >"$work/ab" 2>&1
	echo "curl $good, ab$(sed -n 's/^\(Complete\|Failed\) requests: */ \1 /p' "$work/ab" | tr -d '\n')"
}

# settled: nothing goes on between clients and the listener any more
settled() {
	local pending

	! there ss -Htan | grep -qvE '^(LISTEN|TIME-WAIT)' || return
	[ "$mode" != absent ] || return 0
	# Only what is taken over says so.
	pending=$(of pending "$(endpoint "$port")")
	[ "${pending:-0}" = 0 ] && adds_up_there
}

# The awk says a line for each endpoint of which it is not so, and one at the end.
adds_up_there() {
	[ "$(ledger endpoints | grep ^endpoint= | awk -f "$tests/tools/adds_up.awk" | wc -l)" -eq 1 ]
}

# What was given to whom, of an endpoint that is taken over
given() {
	local line

	line=$(endpoint "$port")
	echo "$(words "$line" state has_own) $(grep -o 'to_stock_[a-z_]*=[1-9][0-9]*' <<<"$line" | xargs)"
}

# The kernel's are all of them, or none.
given_as_due() {
	if [ "$whose" = own ]; then
		is "$what: all handshakes were listenq's" "$(given)" 'state=taken_over has_own=1 '
	else
		is "$what: all handshakes were left to the kernel" "$(given)" \
			"state=taken_over has_own=0 to_stock_steered=$(of attempts "$(endpoint "$port")")"
	fi
}

ledger_agrees() {
	between "$what: the ledger has all clients" $((pages + requests)) \
		"$(of attempts "$(endpoint "$port")")" $((2 * (pages + requests)))
	check "$what: attempts are outcomes" adds_up_there
	LQ_SERVER=$host rules_agree
	[ "$mode" != taken ] || given_as_due
}

# rsts: those that the client got, and those that the listener's host sent, wherever they went
rsts() { echo "$(rsts_on_wire), $(there nstat -asz TcpOutRsts | awk '/TcpOutRsts/ { print $2 }') sent"; }

# compare SAID RSTS: everybody is served, also by stock; RSTs are as many as without the module
compare() {
	local served="curl $pages, ab Complete $requests Failed 0"

	echo "# $what: $1; RSTs: $2"
	is "$what: everybody was served" "$1" "$served"
	if [ "$mode" = absent ]; then
		stock[$name]=$2
	else
		is "$what: RSTs as without the module" "$2" "${stock[$name]:-0, 0 sent}"
	fi
}

#
# One set-up in one mode
#

# lacks NEED...: what of it is not there
lacks() {
	local need

	for need; do
		case $need in
		+*) modprobe -q "${need#+}" || echo "no module ${need#+}" ;;
		-*) ! nstat -asz | grep -q "${need#-}" || echo "the kernel has ${need#-}" ;;
		*) command -v "$need" >/dev/null || echo "$need is missing" ;;
		esac
	done | paste -sd,
}

# play ROW
play() {
	local name where port asked whose needs what host said

	read -r name where port asked whose needs <<<"$1"
	[[ " ${LISTENQ_ONLY:-$name} " == *" $name "* ]] || return
	what="$name, $mode"
	# shellcheck disable=SC2086
	said=$(lacks curl ab $needs)
	[ -z "$said" ] || { skip "$what" "$said"; return; }
	check "$what: it can be set up" set_up
	[ "$mode" != taken ] ||
		LQ_SERVER=$host check "$what: it can be taken over" order takeover "0.0.0.0:$port"
	said=$(clients "$asked")
	check "$what: comes to rest" await 20 settled
	compare "$said" "$(rsts)"
	[ "$mode" = absent ] || ledger_agrees
	set_down
}

# begin MODE: the module is there or not
begin() {
	mode=$1
	echo "# $mode ($(cut -d. -f1 /proc/uptime) s)"
	if [ "$mode" = absent ]; then
		! is_loaded || check 'the module goes' unload
	else
		is_loaded || check 'the module comes' load
	fi
}

for part in proxies balancers programs devices; do
	# shellcheck source=/dev/null
	. "$tests/setups/$part.sh"
done
mkdir "$work/bpf"
mount -t bpf bpf "$work/bpf" || echo '# no BPF file system'
for mode in ${LISTENQ_MODES:-absent observed taken}; do
	begin "$mode"
	for setup in "${setups[@]}"; do
		play "$setup"
	done
done
finish
