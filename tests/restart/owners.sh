# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# owners.sh - another user, a security module: who may have what is pending; a part of
# restart.sh

play_user() {
	actor U1 ip netns exec "$LQ_SERVER" setpriv --reuid 1001 --clear-groups
	actor U2 ip netns exec "$LQ_SERVER" setpriv --reuid 1002 --clear-groups
	tell U1 listen a "$server" 7301 1024
	order takeover "$server:7301"
	is 'user: 200 half-open handshakes' "$(says C syn 0 200 7301)" 200
	tell U1 close a
	tell U1 listen a "$server" 7301 1024
	is 'user: the same one keeps them' "$(pending 7301)" 200
	tell C ack 0 100
	is 'user: and completes them' "$(says U1 accept a 100 10)" 100
	tell U1 drop
	tell U1 close a
	tell C came
	tell U2 listen a "$server" 7301 1024
	is 'user: another one has none' "$(await 5 pending_is 7301 0; word disowned 7301)" 100
	tell C ack 100 100
	is 'user: nobody completes there' "$(says U2 accept a 1 1) $(words "$(says C came)" rsts another_isn)" '0 rsts=100 another_isn=0'
	is "user: the other one's own do" "$(says C syn 200 50 7301; tell C ack 200 50; says U2 accept a 50 10)" $'50\n50'
	dismiss U1 U2
	tell C drop
}

# Security modules let the first listener's handshakes begin, and are asked for the second.
play_label() {
	local parameters=/sys/module/lqlabel/parameters

	insmod "$kmod/lqlabel.ko" secid=11 || { skip label 'no lqlabel.ko'; return; }
	tell S listen a "$server" 7302 256
	order takeover "$server:7302"
	tell C syn 0 60 7302
	echo 12 >$parameters/secid
	tell C ack 0 1
	is 'label: the listener that took the SYN is not asked again' "$(says S accept a 1 10) $(cat $parameters/child_secid)" '1 11'
	tell S drop
	tell S close a
	tell S listen a "$server" 7302 256
	tell C ack 1 1
	is 'label: another one is asked, and its label counts' "$(says S accept a 1 10) $(cat $parameters/child_secid)" '1 12'
	tell C came
	echo 1 >$parameters/deny
	tell C ack 2 20
	is 'label: a denied one does not complete' "$(says S accept a 1 1) $(words "$(says C came)" rsts)" '0 rsts=20'
	tell C again 22 20
	is 'label: nor does its SYN begin anew' "$(words "$(says C came 2)" another_isn rsts)" 'another_isn=0 rsts=0'
	is 'label: each is counted' "$(word denied 7302) $(pending 7302)" '40 18'
	echo 0 >$parameters/deny
	tell C ack 42 18
	is 'label: the others complete' "$(says S accept a 18 10)" 18
	rmmod lqlabel
	tell S drop
	tell S close a
	tell C drop
}
