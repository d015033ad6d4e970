#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Situations that people report: what "listenq why" tells of them, its exit code and its
# JSON, is what happened to the clients, as these saw it. Its parts are in reports/, one for
# each kind; LISTENQ_ONLY="PART..." plays some; LISTENQ_SHOW=1 prints all that it says.
. "$(dirname "$0")/lib.sh"
. "$tests/net.sh"
. "$tests/actors.sh"
listenq=$(cd "$tests/../scripts" && pwd)/listenq
work=$(mktemp -d /tmp/lqreports.XXXXXX)
strangers=
# shellcheck disable=SC2034
{
	server=10.9.0.1
	server6=fd09::1
}

tidy_up() {
	part_down
	rm -rf "$work"
}
trap tidy_up EXIT

# Processes that are not actors, and outlive those that began them.
part_down() {
	local pid

	dismiss
	for pid in $strangers; do
		kill -KILL "$pid" 2>/dev/null
	done
	strangers=''
	net_down
}

# The server is S, its clients are C; what waits for timers waits for 3 s.
part_up() {
	net_up || exit 1
	in_server sysctl -qw net.ipv4.tcp_synack_retries=1
	actor S ip netns exec "$LQ_SERVER"
	actor C ip netns exec "$LQ_CLIENT"
}

#
# What it says
#

# ask NAME: what why says of it, asked in the namespace $in. $code; $text, all on one line; of
# the JSON's first endpoint ${json[causes]} and hints, as words; verdicts and outcomes, as
# NAME:COUNT; each number by its name
declare -A json
ask() {
	local word value asker=asker-${in:-here}

	[ -n "${actor_pid[$asker]:-}" ] ||
		LISTENQ_ASKED="$listenq $work" plays=ask.py actor "$asker" ${in:+ip netns exec "$LQ_SERVER"}
	json=()
	rm -f "$work/facts"
	tell "$asker" "$1"
	while read -r word value; do
		json[$word]=$value
	done <"$work/facts"
	code=${json[code]}
	text=$(tr -s ' \n' ' ' <"$work/text")
	[ -z "${LISTENQ_SHOW:-}" ] || {
		sed 's/^/# /' "$work/text"
		echo "# $code; ${json[causes]}; ${json[hints]}; ${json[verdicts]}; ${json[outcomes]}"
	}
}

# tells WHAT NAME CODE CAUSES: asks for it; exit code and causes, the worst first (- none), of
# text and JSON
tells() {
	ask "$2"
	is "$1: exit code and causes" "$code ${json[causes]}" "$3 $4"
	is "$1: so does the text" "$(sed -nE 's/^  (REFUSED|FAILED) [^:]*: ([a-z_]+)$/\2/p' "$work/text" |
		xargs)" "${4#-}"
	is "$1: and what the JSON calls failed" "${json[failed]}" "$3"
	if [ "$3" -eq 0 ]; then
		says "$1" 'Nobody was refused'
	else
		says_not "$1" 'Nobody was refused'
	fi
}

# says WHAT TEXT..., says_not WHAT TEXT...: each of them as one line would have it
says() { look says 0 "$@"; }
says_not() { look 'does not say' 1 "$@"; }

look() {
	local how=$1 wanted=$2 what=$3 one found

	shift 3
	for one; do
		found=1
		[[ $text == *"$one"* ]] && found=0
		ok $((found != wanted)) "$what: $how \"$one\""
		((found == wanted)) || sed 's/^/# /' "$work/text"
	done
}

# hints WHAT WORD...: these, in any order, and no others
hints() { is "$1: hints" "${json[hints]}" "$(printf '%s\n' "${@:2}" | LC_ALL=C sort | xargs)"; }

# hinted WHAT WORD..., not_hinted WHAT WORD...: these among others, or not
hinted() { look_hints 0 "$@"; }
not_hinted() { look_hints 1 "$@"; }
look_hints() {
	local wanted=$1 what=$2 word found

	shift 2
	for word; do
		found=1
		[[ " ${json[hints]} " == *" $word "* ]] && found=0
		ok $((found != wanted)) "$what: hint $word, $((1 - wanted)) time"
	done
}

# segments WHAT VERDICT[:COUNT]...: they had these verdicts, in any order, and no others; as
# often, where it is told. How often a segment comes again, the clock decides.
segments() {
	local found='' one

	for one in ${json[verdicts]}; do
		case " ${*:2} " in
		*" ${one%:*} "*) found="$found ${one%:*}" ;;
		*) found="$found $one" ;;
		esac
	done
	is "$1: verdicts" "${found# }" "$(printf '%s\n' "${@:2}" | LC_ALL=C sort | xargs)"
}

# quiet: no request is pending any more
quiet() { [ "$(total synq listeners)" -eq 0 ]; }

# ended PORT N: at least so many attempts at it are over
ended() {
	local line

	line=$(endpoint "$1")
	[[ $line =~ outcomes=([^ ]*) ]] &&
		[ "$(tr , '\n' <<<"${BASH_REMATCH[1]}" |
			awk -F: '/^(unanswered|unsent):/ { n += $2 } END { print n + 0 }')" -ge "$2" ]
}

# clients WHO WHAT FATES: as they saw it themselves
clients() {
	tell "$1" fates
	is "$2: as the clients saw it" "$answer" "$3"
}

# lose_replies PORT [MATCH]: what comes from there is lost on its way to the client
lose_replies() {
	in_client nft -f - <<-NFT
		table inet lost$RANDOM {
			chain in {
				type filter hook prerouting priority -300;
				${2:-} tcp sport $1 drop
			}
		}
	NFT
}

for part in ${LISTENQ_ONLY:-unanswered closed gone elsewhere families burst hung \
	holders devices ports repeats scans mptcp waits errors history limits}; do
	# shellcheck source=/dev/null
	. "$tests/reports/$part.sh" || ok 1 "there is a part $part"
	echo "# $part ($(cut -d. -f1 /proc/uptime) s)"
	part_up
	"$part"
	rules_agree
	part_down
done
finish
