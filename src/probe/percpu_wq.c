// SPDX-License-Identifier: GPL-2.0
/* 6.17: the workqueue whose works stay on their processor says so in its name. */
#include <linux/workqueue.h>
struct workqueue_struct *probe(void);
struct workqueue_struct *probe(void)
{
	return system_percpu_wq;
}
