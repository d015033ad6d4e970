# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# limits.sh - limits that have changed since somebody was refused; a part of reports.sh

# 8080 it opens again with a longer queue; 8081 listen() once more; 8082 somaxconn is raised, and
# nobody called listen() since.
limits() {
	local port

	in_server sysctl -qw net.core.somaxconn=20
	tell S listen A 0.0.0.0 8080 2
	tell S listen B "$server6" 8081 2
	tell S listen D 0.0.0.0 8082 100
	far 50
	for port in 8080 8082; do
		tell C crowd_of 30 "$server" $port
	done
	tell C crowd_of 30 "$server6" 8081
	tell C 'done' 5
	# Their last ACKs are still on the way.
	sleep 0.3
	tell C drop
	for port in A B D; do
		tell S drain $port
	done
	in_server sysctl -qw net.core.somaxconn=4096
	tell S close A
	tell S listen A 0.0.0.0 8080 100
	tell S again B 100
	limits_said
}

limits_said() {
	local port

	for port in 8080 8081; do
		ask "*:$port"
		is "a longer queue since, port $port: the limit of the loss" \
			"${json[causes]%% *} ${json[accept_queue_full_limit]}" 'accept_queue_full 2'
		says "a longer queue since, port $port" '100'
	done
	ask '*:8082'
	is 'somaxconn is larger now: the limit of the loss' "${json[accept_queue_full_limit]}" 20
	says 'somaxconn is larger now' 'calls listen() again'
	says_not 'somaxconn is larger now' "application's configuration"
	[[ " ${json[hints]} " == *' capped_by_somaxconn '* ]]
	ok $? 'somaxconn is larger now: what it was capped by'
}
