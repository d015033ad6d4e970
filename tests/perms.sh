#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Who may read: CAP_NET_ADMIN over the network namespace, asked at open.
. "$(dirname "$0")/lib.sh"

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
readable() { "$@" cat /proc/net/listenq/verdicts >/dev/null 2>&1; }

check 'root reads' readable env
readable as_nobody
ok $(($? == 0)) 'nobody does not, whatever the mode says'
readable as_nobody unshare -Ur
ok $(($? == 0)) 'nor as root of his own user namespace, for the network namespace of others'
check 'but for the network namespace that he made' readable as_nobody unshare -Urn
as_nobody unshare -Urn test -e /proc/net/listenq/hooks
ok $(($? == 0)) 'the hooks are shown in the initial network namespace only'
as_nobody unshare -Ur cat /proc/net/listenq/hooks >/dev/null 2>&1
ok $(($? == 0)) 'and not to root of another user namespace'
is 'an unshared namespace counts from zero' \
	"$(as_nobody unshare -Urn sed -n 's/.*segments=\([0-9]*\).*/\1/p' /proc/net/listenq/verdicts)" 0
finish
