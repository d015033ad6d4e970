# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# families.sh - who gets clients of which family; a part of reports.sh

families() {
	tell S comm four
	tell S listen A 0.0.0.0 8080 1
	tell S listen B :: 8080 1 v6only=1
	tell S listen D :: 8081 1
	tell S listen E "$server" 8082 1 reuseport
	tell S listen F 0.0.0.0 8082 1 reuseport
	tell S listen G :: 8083 5 v6only=1
	tell C crowd_of 3 "$server" 8080
	tell C crowd_of 2 "$server6" 8080
	tell C crowd_of 3 "$server" 8081
	tell C crowd_of 3 "$server" 8082
	tell C crowd_of 1 "$server" 8083
	tell C 'done' 2
	tells 'IPv4 beside IPv6' "$server":8080 1 accept_queue_full
	says 'IPv4 beside IPv6' '0.0.0.0:8080, since'
	tells 'IPv6 beside IPv4' "[$server6]:8080" 1 -
	says 'IPv6 beside IPv4' full_now
	segments 'IPv6 beside IPv4: full, and nobody refused yet' syn_queued:2 req_completed:2
	says 'IPv6 beside IPv4' '[::]:8080, since'
	tells 'both in one' "$server":8081 1 accept_queue_full
	says 'both in one' '[::]:8081, since'
	tells 'one address' "$server":8082 1 accept_queue_full
	tells 'all the others' 0.0.0.0:8082 0 -
	ask "$server":8083
	is 'IPv4 clients have no listener there: it is said' "$code" 3
	says 'IPv4 clients have no listener there' 'no such listener' '[::]:8083'
}
