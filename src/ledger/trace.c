// SPDX-License-Identifier: GPL-2.0
/* trace.c - the events of trace.h, made once */
#define CREATE_TRACE_POINTS
#include "ledger/trace.h"
