#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Every story of tests/stories over IPv4, IPv6 and IPv4 on a dual-stack listener:
# the wire, the events, and counters that are not ours. One TAP point each.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"

instance=$tracing/instances/lqstories
mkdir -p "$instance"
echo 8192 >"$instance/buffer_size_kb"
echo 1 >"$instance/events/listenq/enable"
trap 'net_down; rmdir "$instance" 2>/dev/null' EXIT
net_up || exit 1

# LISTENQ_STORIES: files to play instead of all; LISTENQ_ACTED=listenq: listeners are
# taken over
if [ -n "${LISTENQ_STORIES:-}" ]; then
	read -ra stories <<<"$LISTENQ_STORIES"
else
	stories=("$tests"/stories/*.story)
fi

read -ra families <<<"${LISTENQ_FAMILIES:--4 -6 -m}"

# A SYN that a listener saw is never counted as one that none did, but for its wrong sum; some
# stories have such a SYN each, and say so in their title. Two stories may have got the same port,
# and endpoint.
before_agrees() {
	local told most

	told=$(in_server sed -n 's/.* before=\([a-z][^ ]*\) .*/\1/p' /proc/net/listenq/endpoints |
		tr , '\n')
	most=$((($(grep -lE '^title .*dropped before us' "${stories[@]}" | wc -l) +
		$(cat "${stories[@]}" | grep -cE '^[A-Z] > S .*badsum')) * ${#families[@]}))
	echo "# dropped before a listener: ${told//$'\n'/ }"
	awk -F: -v most="$most" '
		NF && $1 !~ /^(checksum|key|filter|other)$/ { bad = 1 }
		{ syns += $2 }
		END { exit bad || syns > most }' <<<"$told"
	ok $? 'only SYNs that no listener saw are told as such'
}

{
for family in "${families[@]}"; do
	"$tests/drive/drive" "$family" -a "${LISTENQ_ACTED:-stock}" -c "$LQ_CLIENT" -s "$LQ_SERVER" -e "$instance" \
		"${stories[@]}"
	rc=$?
	# 1: a story failed, and says so itself
	[ $rc -le 1 ] || echo "not ok 0 - the driver ended with $rc"
done
if is_loaded; then
	rules_agree
	before_agrees
fi
} | grep -v '^TAP\|^1\.\.' | awk '
	# Three plans become one: number the points through.
	/^(not )?ok / { n++; sub(/ok [0-9]+/, "ok " n) }
	{ print; fflush() }
	END { print "1.." n }'
