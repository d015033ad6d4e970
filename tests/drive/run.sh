#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run.sh - plays the stories in namespaces of its own, for each family. TAP.
#
#   usage: run.sh [-f FAMILIES] [-e | -n] [-a ACTED] [-k FEATURE]... [STORY...]
#
#   -f  of 4, 6, m (IPv4 to a dual-stack listener); default "46m"
#   -e  the module must be there; -n: look at wire and counters only
#       default: -e if its events are there, else -n
#   -a, -k  as for drive; without STORY, all of tests/stories
#
# Each family is a TAP plan of its own; the exit status is 0 if no story failed.

here=$(cd "$(dirname "$0")" && pwd)
. "$here/../net.sh"
tracing=/sys/kernel/tracing families=46m events='' instance=''
pass=()

while getopts f:ena:k: o; do
	case $o in
	f) families=$OPTARG ;;
	e | n) events=$o ;;
	a | k) pass+=("-$o" "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- "$here"/../stories/*.story

# shellcheck disable=SC2317
cleanup() {
	net_down
	[ -z "$instance" ] || rmdir "$instance"
}
trap cleanup EXIT

make -s -C "$here" || exit 2
[ -d $tracing/events ] || mount -t tracefs nodev $tracing 2>/dev/null
[ -n "$events" ] || { [ -d $tracing/events/listenq ] && events=e || events=n; }
if [ "$events" = e ]; then
	instance=$tracing/instances/lq-stories-$$
	mkdir "$instance" && echo 1 > "$instance/events/listenq/enable" || exit 2
	echo 8192 > "$instance/buffer_size_kb"
	pass+=(-e "$instance")
else
	pass+=(-n)
fi
net_up || exit 2

status=0
for ((i = 0; i < ${#families}; i++)); do
	"$here/drive" "-${families:i:1}" -c "$LQ_CLIENT" -s "$LQ_SERVER" "${pass[@]}" "$@" ||
		status=1
done
exit $status
