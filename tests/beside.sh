#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The stories once more, while another endpoint is taken over: the kernel's functions are
# diverted for all listeners then, and what the others get must be the kernel's.
here=$(cd "$(dirname "$0")" && pwd)
echo 'takeover *:1' >/proc/net/listenq/endpoints || exit
trap 'echo "release *:1" >/proc/net/listenq/endpoints' EXIT
"$here/stories.sh"
