# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154
# programs.sh - BPF programs that choose the listener (tools/steer.c); a part of setups.sh

# steer HOW FILE: the clients of port 80 to the listener of the page
steer() { in_server "$tests/tools/steer" "$1" "$page" 80 "$work/bpf/$2"; }

sk_lookup() {
	page 8080 && steer lookup link
}

# At the SYN only: whatever comes later, the kernel finds by its flow.
sk_assign() {
	page 8080 && steer assign program &&
		in_server tc qdisc add dev lqs clsact &&
		in_server tc filter add dev lqs ingress bpf da object-pinned "$work/bpf/program"
}
