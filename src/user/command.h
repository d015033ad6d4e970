/* SPDX-License-Identifier: GPL-2.0 */
/*
 * command.h - what users say of endpoints
 */
#ifndef LISTENQ_COMMAND_H
#define LISTENQ_COMMAND_H

#include <linux/seq_file.h>
#include <net/net_namespace.h>

struct lq_config;

int lq_command(struct net *net, char *text);
int lq_takeovers_check(const char *list);
int lq_takeovers(struct net *net, const char *list);
void lq_config_show(struct seq_file *m, const struct lq_config *config);

#endif
