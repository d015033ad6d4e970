#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The races of collide.sh while the module is unloaded and loaded. As unload.sh it is for
# scripts/vm -1: text is patched under traffic.
LISTENQ_ONLY=rmmod exec "$(dirname "$0")/collide.sh"
