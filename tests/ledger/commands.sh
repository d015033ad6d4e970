# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# commands.sh - ignore and watch, mistakes, who may; a part of ledger.sh

# events PORT: verdicts, requests and accepts of it
events() {
	local name

	for name in verdict request accept; do
		echo "$name $(grep -c "lq_$name: .* sport=$1 " "$instance/trace")"
	done | tr '\n' ,
}

states() { ledger endpoints | sed -n 's/.* addr=\([^ ]*\) port=\([^ ]*\) .* state=\([^ ]*\) .*/\1 \2 \3/p'; }

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

write_command() { tell S write /proc/net/listenq/endpoints "$@" || true; }

commands() {
	follow_events
	ignored_endpoint
	ignored_again
	addresses
	unfollow_events
	names_with_devices
	mistakes
	permissions
}

follow_events() {
	mkdir -p "$instance"
	echo "netns == $(server_netns)" >"$instance/events/listenq/filter"
	echo 1 >"$instance/events/listenq/enable"
}

unfollow_events() {
	echo 0 >"$instance/events/listenq/enable"
	rmdir "$instance"
}

ignored_endpoint() {
	local before

	tell S listen L 0.0.0.0 8080 16
	tell S listen M :: 8080 16 v6only=1
	tell S listen N 0.0.0.0 8081 16
	tell C connect 2 "$server" 8080
	tell S accept L 2
	is 'observed: 4 verdicts and 2 accepts' "$(events 8080)" 'verdict 4,request 0,accept 2,'
	write_command 'ignore 0.0.0.0:8080'
	is 'ignore is taken' "$answer" written
	is 'and shown' "$(states)" "0.0.0.0 8080 ignored
:: 8080 observing
0.0.0.0 8081 observing"
	before=$(count segments)
	tell C connect 3 "$server" 8080
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
}

# After ignored_endpoint: its next listener
ignored_again() {
	tell S close L
	tell S listen L 0.0.0.0 8080 16
	tell C connect 1 "$server" 8080
	tell S accept L 1
	is 'its next listener is ignored, too' \
		"$(words "$(listener 8080 family=ipv4)" segments ignored) $(of ignored "$(endpoint 8080 family=ipv4)")" \
		'segments=0 ignored=2 12'
	tell C connect 1 "$server6" 8080
	tell S accept M 1
	is 'others go on' "$(words "$(listener 8080 family=ipv6)" segments ignored accepted)" \
		'segments=2 ignored=0 accepted=1'
	write_command 'watch 0.0.0.0:8080'
	tell C connect 1 "$server" 8080
	tell S accept L 1
	is 'watch: it counts again' "$(words "$(listener 8080 family=ipv4)" segments ignored accepted) $(states | grep -c observing)" \
		'segments=2 ignored=2 accepted=1 3'
}

addresses() {
	write_command 'ignore *:8080'
	is '*:PORT takes every address' "$answer $(states | sort | tr '\n' ,)" \
		'written 0.0.0.0 8080 ignored,0.0.0.0 8081 observing,:: 8080 ignored,'
	write_command 'watch *:8080'
	write_command 'ignore [::]:8080'
	is '[::]:PORT takes one' "$answer $(states | sort | tr '\n' ,)" \
		'written 0.0.0.0 8080 observing,0.0.0.0 8081 observing,:: 8080 ignored,'
}

# on_devices PORT: DEV:STATE of each endpoint of IPv4, then of IPv6
on_devices() {
	ledger endpoints | sed -n "s/.* port=$1 family=\([^ ]*\) .* dev=\([^ ]*\) state=\([^ ]*\) .*/\1 \2:\3/p" |
		sort | cut -d' ' -f2 | paste -sd' '
}

# What is printed is taken as it is: 0.0.0.0%red:8090 is one, 0.0.0.0:8090 that of any device.
names_with_devices() {
	local odd='o\x01=\x5c' name

	ip -n "$LQ_SERVER" link add red type vrf table 10 ||
		{ skip 'endpoints of a device' 'this kernel has no VRFs'; return; }
	tell S listen P 0.0.0.0 8090 16 reuseport
	tell S listen Q 0.0.0.0 8090 16 reuseport dev=red
	tell S listen R :: 8090 16 reuseport v6only=1 dev=red
	write_command 'ignore 0.0.0.0%red:8090'
	is 'ADDR%DEV:PORT takes that of the device' "$answer $(on_devices 8090)" \
		'written -:observing red:ignored red:observing'
	write_command 'watch 0.0.0.0:8090'
	write_command 'ignore [::]%red:8090'
	is 'the same of IPv6' "$answer $(on_devices 8090)" \
		'written -:observing red:observing red:ignored'
	write_command 'watch [::%red]:8090'
	is 'and as ss prints it' "$answer $(on_devices 8090)" \
		'written -:observing red:observing red:observing'
	write_command 'ignore 0.0.0.0:8090'
	is 'without DEV: whatever the device' "$answer $(on_devices 8090)" \
		'written -:ignored red:ignored red:observing'
	write_command 'watch *:8090'
	one_of_a_device
	bad_devices
	ip -n "$LQ_SERVER" link add $'o\x01=\\' type dummy
	tell S listen T 0.0.0.0 8091 16 "dev="$'o\x01=\\'
	is 'odd bytes of a name are shown as such' "$(on_devices 8091)" "$odd:observing"
	write_command "ignore 0.0.0.0%$odd:8091"
	is 'and taken as shown' "$answer $(on_devices 8091)" "written $odd:ignored"
	for name in P Q R T; do tell S close $name; done
	ip -n "$LQ_SERVER" link del $'o\x01=\\'
	ip -n "$LQ_SERVER" link del red
}

one_of_a_device() {
	write_command 'takeover 0.0.0.0%red:8090'
	is 'takeover: that of the device' "$answer $(on_devices 8090)" \
		'written -:observing red:taken_over red:observing'
	is 'set: not the other one' "$(write_command 'set 0.0.0.0%red:8090 retries=2'; echo "$answer"
		write_command 'set [::]%red:8090 retries=2'; echo "$answer")" $'written\nerror ENOENT'
	mark
	write_command 'release 0.0.0.0%red:8090'
	is 'release: it says of which' "$answer $(said | sed 's/,.*//')" \
		"written 0.0.0.0%red:8090 netns $(server_netns) is with the kernel again"
}

bad_devices() {
	local before bad

	before=$(on_devices 8090)
	for bad in 'EINVAL *%red:8090' 'EINVAL 0.0.0.0%:8090' 'EINVAL [::]%:8090' 'EINVAL [::%]:8090' \
		'EINVAL [::%red:8090' 'EINVAL [::]red:8090' 'EINVAL %red:8090' 'EINVAL 0.0.0.0%red' \
		'ENODEV 0.0.0.0%blue:8090' 'ENODEV [::]%blue:8090' 'ENODEV 0.0.0.0%red]:8090' \
		'ENOENT 10.9.0.1%red:8090'; do
		mark
		write_command "ignore ${bad#* }"
		is "'ignore ${bad#* }' is refused and said in one line" \
			"$answer $(said | grep -c '^endpoints: ')" "error ${bad% *} 1"
		said | sed 's/^/# /'
	done
	is 'nothing of that changed anything' "$(on_devices 8090)" "$before"
}

mistakes() {
	local before bad

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
}

permissions() {
	local before file=/proc/net/listenq/endpoints name

	before=$(states)
	check 'root writes' in_server sh -c "echo 'watch *:8081' >$file"
	in_server setpriv --bounding-set=-net_admin sh -c "echo 'ignore *:8081' >$file" 2>/dev/null
	ok $(($? == 0)) 'root without CAP_NET_ADMIN does not'
	is 'root of his own namespaces reads them' \
		"$(as_nobody unshare -Urn cat /proc/net/listenq/listeners $file |
			sed 's/ missed=[0-9]* / /')" \
		"version=1 blind_since=0 blind_ms=0 listeners=0 untracked=0
version=1 blind_since=0 blind_ms=0 endpoints=0 forgotten=0 rules_refused=0 rules=-"
	as_nobody unshare -Urn sh -c "echo 'ignore *:8080' >$file" 2>/dev/null
	ok $(($? == 0)) 'but does not write'
	for name in listeners endpoints; do
		as_nobody cat /proc/net/listenq/$name >/dev/null 2>&1
		ok $(($? == 0)) "nobody does not read $name"
	done
	is 'and nothing was changed' "$(states)" "$before"
}
