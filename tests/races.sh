#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Two CPUs at one request: every story of tests/races, LISTENQ_ROUNDS (3) times over
# each family. The driver plays a story again until its race has happened, 100 times
# at most, and says in which try it did: see "race" in drive/main.c.
. "$(dirname "$0")/lib.sh"

list=
for _ in $(seq "${LISTENQ_ROUNDS:-3}"); do
	list="$list $(echo "$tests"/races/*.story)"
done
LISTENQ_STORIES=$list "$tests/stories.sh" | awk '
	/^ok / && !/# SKIP/ {
		races++
		tries += match($0, /, try [0-9]+$/) ? substr($0, RSTART + 6) : 1
	}
	{ print; fflush() }
	END { printf "# %d races happened, in %d tries\n", races, tries }'
