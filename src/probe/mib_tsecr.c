// SPDX-License-Identifier: GPL-2.0
/* 7.x: a timestamp echo that was never sent is refused and counted. */
#include <linux/snmp.h>
int probe(void);
int probe(void)
{
	return LINUX_MIB_TSECRREJECTED;
}
