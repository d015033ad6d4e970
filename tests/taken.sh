#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The stories once more, their listeners taken over: the same wire, the same counters, and
# where something is different on purpose, the story says so ("if takeover"). Native IPv6
# stays with the kernel.
here=$(cd "$(dirname "$0")" && pwd)
export LISTENQ_ACTED=listenq
export LISTENQ_STORIES=${LISTENQ_STORIES:-$(echo "$here"/stories/*.story "$here"/races/last-ack*.story)}
exec "$here/stories.sh"
