#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Was every verdict really seen in this run that can be seen on this kernel? What
# verdicts.list says against include/listenq_verdict.h, the tests that it names, and
# the histogram of all that the module told since the harness began.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
header=$tests/../include/listenq_verdict.h
list=$tests/verdicts.list
hist=$tracing/instances/lqseen/events/listenq/lq_verdict/hist

# Read first, for the driver plays short stories to find out about features.
declare -A count
while read -r number n; do
	count[$number]=$((${count[$number]:-0} + n))
done < <(cat "$seen" 2>/dev/null
	sed -n 's/^{ verdict: *\([0-9]*\) } hitcount: *\([0-9]*\).*/\1 \2/p' "$hist" 2>/dev/null)

declare -A have
trap net_down EXIT
net_up || exit 1
for feature in $("$tests/drive/drive" -4 -c "$LQ_CLIENT" -s "$LQ_SERVER" -f); do
	have[$feature]=y
done
is_debug_kernel && have[debug]=y
have[live]=y

in_header() { sed -n 's/^\tLQ_VERDICT(\([0-9]*\), *\([a-z_]*\),.*/\1 \2/p' "$header"; }
in_list() { grep -v '^#' "$list"; }

is 'verdicts.list has every verdict of the header once, and no other' \
	"$(in_list | cut -d ' ' -f 1 | sort | tr '\n' ' ')" \
	"$(in_header | cut -d ' ' -f 2 | sort | tr '\n' ' ')"

# A test that doesn't say the verdict's name can't have checked it.
strangers=$(cd "$tests" && in_list | while read -r name _ where; do
	read -ra files <<<"$where"
	[ ${#files[@]} -gt 0 ] || echo "$name has no test"
	grep -Lw "$name" "${files[@]}" </dev/null 2>&1 | sed "s/^/$name is not in /"
done)
is 'every test that verdicts.list names says the verdict' "$strangers" ''

declare -A where
while read -r name what _; do
	where[$name]=$what
done < <(in_list)

while read -r number name; do
	what=${where[$name]:-live}
	if [ "${count[$number]:-0}" -gt 0 ]; then
		ok 0 "$name: seen ${count[$number]} times"
	elif [ -z "${have[$what]:-}" ]; then
		skip "$name" "needs $what"
	else
		ok 1 "$name: never seen"
	fi
done < <(in_header)
finish
