// SPDX-License-Identifier: GPL-2.0
/*
 * name.c - what people call an endpoint or a listener: 0.0.0.0%red:179, [::1]:80
 *
 * One name everywhere, which commands take as it is printed. Names of devices and tasks
 * are whatever somebody chose: they are escaped, or they could make up words and lines.
 */
#include <linux/kernel.h>
#include <linux/netdevice.h>
#include <linux/string.h>
#include <net/net_namespace.h>

#include "ledger/name.h"

/**
 * lq_escape() - a name whose odd bytes are \xNN
 * @to: is set
 * @size: of @to, LQ_ESCAPED_LEN of what @from may hold, or the end is left out
 * @from: may hold any byte but 0
 *
 * Context: any.
 */
void lq_escape(char *to, size_t size, const char *from)
{
	size_t n = 0;

	for (; *from && size - n > LQ_ESCAPED_LEN(1) - 1; from++)
		if (*from > ' ' && *from <= '~' && *from != '\\')
			to[n++] = *from;
		else
			n += scnprintf(to + n, size - n, "\\x%02x", (unsigned char)*from);
	to[n] = '\0';
}

/**
 * lq_name_device() - what a device is called just now
 * @dev: is set; empty: any device, "?": it is gone
 * @net: its network namespace
 * @ifindex: its number, 0: any
 *
 * Context: any.
 */
void lq_name_device(char dev[IFNAMSIZ], struct net *net, int ifindex)
{
	struct net_device *found;

	strscpy(dev, ifindex ? "?" : "", IFNAMSIZ);
	if (!ifindex)
		return;
	rcu_read_lock();
	found = dev_get_by_index_rcu(net, ifindex);
	if (found)
		strscpy(dev, found->name, IFNAMSIZ);
	rcu_read_unlock();
}

/**
 * lq_name_address() - name an address whose namespace may be gone
 * @text: is set: "0.0.0.0%red:179", and " netns INODE" if that is not the initial one
 * @size: of @text, LQ_ADDRESS_LEN
 * @where: the address; family 0: every one of its port
 * @dev: what lq_name_device() has said
 * @netns: inode of its network namespace
 *
 * Context: any.
 */
void lq_name_address(char *text, size_t size, const struct lq_address *where,
		     const char *dev, unsigned int netns)
{
	char shown[LQ_ESCAPED_LEN(IFNAMSIZ)];
	size_t n;

	if (where->family == 4)
		n = scnprintf(text, size, "%pI4", where->addr);
	else if (where->family == 6)
		n = scnprintf(text, size, "[%pI6c]", where->addr);
	else
		n = scnprintf(text, size, "*");
	lq_escape(shown, sizeof(shown), dev);
	n += scnprintf(text + n, size - n, "%s%s:%u", *shown ? "%" : "", shown,
		       ntohs(where->port));
	if (netns != init_net.ns.inum)
		scnprintf(text + n, size - n, " netns %u", netns);
}

/**
 * lq_name_endpoint() - name an address
 * @text: is set, see lq_name_address()
 * @size: of @text, LQ_ADDRESS_LEN
 * @net: its network namespace
 * @where: the address
 *
 * Context: any.
 */
void lq_name_endpoint(char *text, size_t size, struct net *net,
		      const struct lq_address *where)
{
	char dev[IFNAMSIZ];

	lq_name_device(dev, net, where->ifindex);
	lq_name_address(text, size, where, dev, net->ns.inum);
}

static bool is_living(const struct lq_task *task)
{
	bool living;

	rcu_read_lock();
	living = task->pid && pid_task(task->pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return living;
}

/* Who called listen(); if that process is gone, who accepts. One that is gone has no number. */
static void show_task(char *text, size_t size, struct lq_listener *l)
{
	char shown[LQ_ESCAPED_LEN(TASK_COMM_LEN)];
	const struct lq_task *task = &l->owner;
	char comm[TASK_COMM_LEN];
	unsigned long flags;
	bool living;
	int pid;

	raw_spin_lock_irqsave(&l->task_lock, flags);
	if (!is_living(task) && is_living(&l->acceptor))
		task = &l->acceptor;
	living = is_living(task);
	pid = pid_nr(task->pid);
	memcpy(comm, task->comm, sizeof(comm));
	raw_spin_unlock_irqrestore(&l->task_lock, flags);
	lq_escape(shown, sizeof(shown), pid ? comm : "?");
	if (living || !pid)
		scnprintf(text, size, " %s[%d]", shown, pid);
	else
		scnprintf(text, size, " %s[gone]", shown);
}

/**
 * lq_name_listener() - name a listener that may have closed
 * @text: is set: its address, " comm[pid]" of who called listen() or, if that is gone, accepts
 * @size: of @text, LQ_WHERE_LEN
 * @l: the listener
 * @dev: what lq_name_device() has said
 *
 * Context: any.
 */
void lq_name_listener(char *text, size_t size, struct lq_listener *l, const char *dev)
{
	size_t n;

	lq_name_address(text, size, &l->where, dev, l->netns);
	n = strlen(text);
	show_task(text + n, size - n, l);
}
