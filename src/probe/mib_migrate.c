// SPDX-License-Identifier: GPL-2.0
/* 5.14: requests that move to another listener are counted. */
#include <linux/snmp.h>
int probe(void);
int probe(void)
{
	return LINUX_MIB_TCPMIGRATEREQSUCCESS;
}
