# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# scans.sh - who looks at a port, and does not want in; a part of reports.sh

# A healthy server: nmap's scans, half-open checks, connect and RST, connect and FIN
scans() {
	local name

	tell S comm theapp
	tell S listen A 0.0.0.0 8080 20
	tell S loop A 0
	tell S listen B :: 8081 20
	tell S loop B 0
	tell S listen D 0.0.0.0 8082 20
	tell S loop D 0
	order takeover 0.0.0.0:8082
	for name in S T F A N; do
		in_client nmap -n -Pn "-s$name" -p 8080,8082 "$server" >/dev/null
	done
	in_client nmap -n -Pn -6 -sS -p 8081 "$server6" >/dev/null
	tell C connect 5 "$server" 8080
	tell C abort
	tell C connect 5 "$server6" 8081
	tell C drop
	tell C connect 5 "$server" 8082
	tell C abort
	for name in 8080 8081 8082; do
		tells "scans, port $name" "*:$name" 0 -
		hints "scans, port $name" -
	done
}
