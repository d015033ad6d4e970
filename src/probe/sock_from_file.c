// SPDX-License-Identifier: GPL-2.0
/* 5.11: sock_from_file() takes the file alone. */
#include <linux/net.h>
struct socket *probe(struct file *file);
struct socket *probe(struct file *file)
{
	return sock_from_file(file);
}
