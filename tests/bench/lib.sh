# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# lib.sh - what bench/run and bench/pending share; to be sourced

# into_memory PROGRAM...: a guest that waits for its disk is idle, and its clock runs from
# timer to timer meanwhile, for minutes. So what runs beside a run should not come from
# the disk. A touched file is copied to the upper file system, which is memory.
into_memory() {
	local program

	for program; do
		program=$(command -v "$program") || continue
		echo "$program"
		ldd "$program" | grep -o '/[^ ]*'
	done | sort -u | xargs touch -c /etc/ld.so.cache /usr/lib/locale/C.utf8/* \
		/usr/lib/locale/C.utf8/*/* 2>/dev/null
}
