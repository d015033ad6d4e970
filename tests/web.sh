# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# web.sh - nginx, and RSTs that its clients get; to be sourced after lib.sh and net.sh
#
#   nginx_config DIR   prints one: port 80, and 81 on a dual-stack listener; files in DIR
#   watch_rsts         counts RSTs that come out of the wire
#   rsts_on_wire       how many have, beside what the server's own counter says

nginx_config() {
	cat <<-CONF
		daemon off; worker_processes 2; pid $1/nginx.pid; error_log $1/nginx.log;
		events { worker_connections 4096; }
		http {
			access_log off;
			server { listen 0.0.0.0:80 backlog=4096; return 200 "hello\n"; }
			server { listen [::]:81 ipv6only=off backlog=4096; return 200 "hello\n"; }
		}
	CONF
}

watch_rsts() {
	in_client nft -f - <<-'NFT'
		table inet lq {
			chain came {
				type filter hook prerouting priority -300;
				iifname lqc tcp flags & rst == rst counter comment "rst"
			}
		}
	NFT
}

rsts_on_wire() { in_client nft list table inet lq | sed -n 's/.*counter packets \([0-9]*\) .*/\1/p'; }
