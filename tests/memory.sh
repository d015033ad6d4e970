#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# No memory: every story of tests/memory over each family. For the debug kernel,
# started so that chosen allocations can fail (drive/memory.c says how).
. "$(dirname "$0")/lib.sh"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
LISTENQ_STORIES=$(echo "$tests"/memory/*.story) "$tests/stories.sh" >"$log"
grep -v '^1\.\.' "$log"
points=$(grep -Ec '^(not )?ok ' "$log")
is 'allocations can be made to fail: no story was skipped' "$(grep -c '# SKIP' "$log")" 0
finish
