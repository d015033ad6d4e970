# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# errors.sh - SYN-ACKs that are answered by errors, or not even sent; a part of reports.sh

# 8080 a router says that there is no way to the client; 8081 the server's own firewall drops
# SYN-ACKs; 8082 cookies for all, of whom one comes back.
errors() {
	in_client nft -f - <<-NFT
		table ip errors {
			chain in {
				type filter hook input priority 0;
				tcp sport 8080 reject with icmp type host-unreachable
			}
		}
	NFT
	in_server nft -f - <<-NFT
		table ip errors {
			chain out {
				type filter hook output priority 0;
				tcp sport 8081 drop
			}
		}
	NFT
	tell S listen A 0.0.0.0 8080 10
	tell S listen B 0.0.0.0 8081 10
	tell C crowd_of 4 "$server" 8080
	tell C crowd_of 6 "$server" 8081
	check 'SYN-ACKs are not sent: they are over' await 60 ended 8081 6
	check 'errors: they are over' await 60 ended 8080 4
	tell C drop
	await 60 quiet
	tells 'errors that answer SYN-ACKs' '*:8080' 1 unanswered
	says_not 'errors that answer SYN-ACKs' 'listener_closed'
	tells 'SYN-ACKs that are not sent' '*:8081' 1 send_failed
	says_not 'SYN-ACKs that are not sent' 'spoofed'
	errors_cookies
}

errors_cookies() {
	local mac

	in_server sysctl -qw net.ipv4.tcp_syncookies=2
	mac=$(server_mac)
	tell S listen D 0.0.0.0 8082 16
	tell C connect 1 "$server" 8082
	tell S accept D 1
	in_client "$tests/tools/flood" lqc "$mac" "$server" 8082 syn 100 >/dev/null
	tells 'cookies for all, one came back' '*:8082' 1 unanswered
	says 'cookies for all, one came back' 'at most'
}
