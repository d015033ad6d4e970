# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# actors.sh - servers and clients that do what they are told (tools/actor.py), and what
# the ledger says of them; to be sourced after lib.sh and net.sh
#
#   actor NAME COMMAND...   starts one: COMMAND... python3 actor.py; its pid is in
#                           ${actor_pid[NAME]}; with plays=halfopen.py another one
#   tell NAME WORDS...      one step of it; its answer is in $answer
#   dismiss [NAME...]       ends them, without names all

declare -A actor_pid actor_in actor_out
answer=

actor() {
	local name=$1 dir fd

	shift
	dir=$(mktemp -d /tmp/lqactor.XXXXXX)
	mkfifo "$dir/in" "$dir/out"
	exec {fd}<>"$dir/in"
	actor_in[$name]=$fd
	exec {fd}<>"$dir/out"
	actor_out[$name]=$fd
	# Not by its path: not every user may go there.
	"$@" python3 -c "$(cat "${BASH_SOURCE[0]%/*}/tools/${plays:-actor.py}")" <"$dir/in" >"$dir/out" &
	actor_pid[$name]=$!
	tell "$name" drop
	rm -rf "$dir"
}

# Waits for as long as the step takes, or the actor lives.
tell() {
	local name=$1

	shift
	printf '%s\n' "$*" >&"${actor_in[$name]}"
	answer=''
	until read -r -t 5 answer <&"${actor_out[$name]}"; do
		kill -0 "${actor_pid[$name]}" || return 1
	done
	[[ $answer != error* ]]
}

dismiss() {
	local name fd

	(($#)) || set -- "${!actor_pid[@]}"
	for name; do
		[ -n "${actor_pid[$name]:-}" ] || continue
		kill "${actor_pid[$name]}" 2>/dev/null
		wait "${actor_pid[$name]}" 2>/dev/null
		fd=${actor_in[$name]}
		exec {fd}>&-
		fd=${actor_out[$name]}
		exec {fd}>&-
		unset "actor_pid[$name]" "actor_in[$name]" "actor_out[$name]"
	done
}

# await SECONDS COMMAND...: until it succeeds. What has not come soon is asked for less often:
# to ask is what takes time where waiting takes none.
await() {
	local end=$((SECONDS + $1)) ms=50 nap

	shift
	until "$@"; do
		((SECONDS <= end)) || return 1
		printf -v nap '0.%03d' "$ms"
		sleep "$nap"
		ms=$((ms < 800 ? ms + ms / 4 : ms))
	done
}

now_us() { local now=${EPOCHREALTIME}; echo "${now/[.,]/}"; }

# The server's ledger, as its actor sees it; with in=in_client that of the client.
in=in_server
ledger() {
	local file=/proc/${actor_pid[S]:-gone}/net/listenq/$1

	if [ "$in" = in_server ] && [ -e "$file" ]; then
		cat "$file"
	else
		$in cat "/proc/net/listenq/$1"
	fi
}

# errno_of WORDS...: a command to the module; prints what the write failed with, if it did
errno_of() {
	in_server python3 - "$*" <<'PY'
import errno, os, sys
try:
    file = os.open('/proc/net/listenq/endpoints', os.O_WRONLY)
    os.write(file, sys.argv[1].encode())
except OSError as error:
    print(errno.errorcode[error.errno])
PY
}

# head_word WORD: what the first line of the endpoints says of it
head_word() { of "$1" "$(ledger endpoints | head -n 1)"; }

# refused WHY WORDS...: the command fails with that error, and one line in dmesg says so
refused() {
	mark
	is "$2${*:3}: refused" "$(errno_of "${@:2}") $(said | grep -c '^endpoints: ')" "$1 1"
}

# listener PORT [WORD=VALUE], endpoint PORT [WORD=VALUE]: its line; the last one if there
# are several
listener() { ledger listeners | last_with " port=$1 " " ${2:-port=$1} "; }
endpoint() { ledger endpoints | last_with " port=$1 " " ${2:-port=$1} "; }
last_with() {
	A=$1 B=$2 awk 'index($0, ENVIRON["A"]) && index($0, ENVIRON["B"]) { last = $0 }
		END { if (last != "") print last }'
}
by_cookie() { ledger listeners | grep "^listener=$1 "; }

# of WORD LINE: what it says there
of() {
	local rest=" $2 "

	rest=${rest##* "$1"=}
	[ "$rest" = " $2 " ] || echo "${rest%% *}"
}

# words LINE WORD...: several of them as WORD=VALUE
words() {
	local line=$1 said='' word

	shift
	for word; do
		said="$said $word=$(of "$word" "$line")"
	done
	echo "${said# }"
}

# hist_sum WORD LINE: how many values its histogram counts; also for verdicts=
hist_sum() { of "$1" "$2" | tr , '\n' | awk -F: 'NF == 2 { n += $2 } END { print n + 0 }'; }

# verdict NAME LINE
verdict() { of verdicts "$2" | tr , '\n' | awk -F: -v v="$1" '$1 == v { n = $2 } END { print n + 0 }'; }

# total WORD FILE: over all lines of listeners or endpoints; not for histograms
total() { ledger "$2" | sed -n "s/.* $1=\([0-9]*\) .*/\1/p" | awk '{ n += $1 } END { print n + 0 }'; }

# has WORD=VALUE COMMAND...: does the line that it prints say so?
has() {
	local expected=$1

	shift
	[[ " $("$@") " == *" $expected "* ]]
}

# adds_up WHAT: each line's verdicts are its segments, and those of all endpoints are the
# namespace's. Only as long as no endpoint was forgotten, and no segment came when its
# listener was gone.
adds_up() {
	local bad

	bad=$(
		for file in listeners endpoints; do
			ledger $file | sed -n 's/.* segments=\([0-9]*\) .* verdicts=\(.*\)$/\1 \2/p'
		done | awk '{
			n = split($2, each, ","); sum = 0
			for (i = 1; i <= n; i++) { split(each[i], pair, ":"); sum += pair[2] }
			bad += sum != $1
		} END { print bad + 0 }')
	is "$1: every line's verdicts are its segments" "$bad bad lines" '0 bad lines'
	is "$1: the segments of all endpoints are the verdicts file's" \
		"$(total segments endpoints)" \
		"$($in sed -n 's/.*segments=\([0-9]*\).*/\1/p' /proc/net/listenq/verdicts)"
}

# between WHAT LEAST VALUE MOST
between() {
	local rc=1

	[ -n "$3" ] && (($2 <= $3 && $3 <= $4)) && rc=0
	ok $rc "$1"
	[ $rc -eq 0 ] || echo "# got '$3', expected $2 to $4"
}

# outcome LINE: attempts, and the outcomes that are not 0, in the order of their names
outcome() {
	local each name

	IFS=, read -ra each <<<"$(of outcomes "$1")"
	for name in "${!each[@]}"; do
		[[ ${each[name]} != *:0 ]] || unset "each[$name]"
	done
	mapfile -t each < <(printf '%s\n' "${each[@]}" | sort)
	echo "attempts:$(of attempts "$1") ${each[*]}"
}

# becomes PORT WANTED: the endpoint's outcomes, soon
becomes() { [ "$(outcome "$(endpoint "$1")")" = "$2" ]; }

# ends_as WHAT PORT WANTED
ends_as() {
	await 20 becomes "$2" "$3"
	is "$1" "$(outcome "$(endpoint "$2")")" "$3"
}
