#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A security module refuses requests: syn_security, and cookie_security for a
# cookie's last ACK.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
instance=$tracing/instances/lqlsm
trap 'net_down; rmdir "$instance" 2>/dev/null' EXIT
mkdir -p "$instance"
echo 1 >"$instance/events/listenq/enable"
net_up || exit 1

if ! "$tests/tools/lsm_deny" true 2>/tmp/lsm.err; then
	skip 'a security module refuses' "$(cat /tmp/lsm.err)"
	finish
	exit
fi
for family in -4 -6 -m; do
	"$tests/drive/drive" "$family" -c "$LQ_CLIENT" -s "$LQ_SERVER" -e "$instance" \
		"$tests"/stories/lsm/*.story
done | awk '/^(not )?ok / { n++; sub(/ok [0-9]+/, "ok " n) } !/^TAP|^1\.\./ { print }
	END { print "1.." n }'
