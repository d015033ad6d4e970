#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# One handshake and one refused SYN, shown rightly over both families: what every
# kernel must do; then every story, as far as this kernel has what it tells of.
. "$(dirname "$0")/lib.sh"

exec "$tests/stories.sh"
