// SPDX-License-Identifier: GPL-2.0
/*
 * command.c - what users say of endpoints: words to numbers, and back
 *
 *   takeover ADDR:PORT [key=value...]   set ADDR:PORT key=value...   release ADDR:PORT
 *   ignore ADDR:PORT                    watch ADDR:PORT
 *
 * ADDR may be ADDR%DEV. Names of endpoints are taken as they are printed (ledger/name.c).
 * A command that fails says so with one line in dmesg, which tells what to write instead.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/inet.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>

#include "ledger/counts.h"
#include "ledger/endpoint.h"
#include "ledger/ignore.h"
#include "ledger/name.h"
#include "queue/share.h"
#include "takeover/release.h"
#include "takeover/takeover.h"
#include "user/command.h"

#define LQ_SETTING_ROW(key, low, high) { #key, low, high },
static const struct {
	const char *name;
	u32 least;
	u32 most;
} keys[] = { LQ_SETTINGS(LQ_SETTING_ROW) };

static const char *const cookie_words[] = { LQ_COOKIE_WORDS(LQ_STRING) };
static const char *const overflow_words[] = { LQ_OVERFLOW_WORDS(LQ_STRING) };

static const char *const commands[] = { "takeover", "set", "release", "ignore", "watch" };

/**
 * struct place - which endpoints are meant
 * @where: their address; ifindex 0: on any device, or none
 * @any: every address of its port
 * @shown: what was written, for people
 */
struct place {
	struct lq_address where;
	bool any;
	char shown[LQ_ADDRESS_LEN];
};

/* "[ADDR]", "[ADDR]%DEV" or "[ADDR%DEV]" behind its bracket: becomes ADDR, and DEV apart */
static int cut_brackets(char *text, char **dev)
{
	char *rest = strpbrk(text, "]%");
	bool closed = rest && *rest == ']';
	size_t len;

	if (!rest)
		return -EINVAL;
	*rest++ = '\0';
	if (!closed) {
		*dev = rest;
		len = strlen(rest);
		if (!len || rest[len - 1] != ']')
			return -EINVAL;
		rest[len - 1] = '\0';
	} else if (*rest == '%') {
		*dev = rest + 1;
	} else if (*rest) {
		return -EINVAL;
	}
	return 0;
}

/* ADDR, [ADDR] or *; @dev: what stands behind its %, NULL: none does */
static int parse_host(char *text, struct place *place, char **dev)
{
	struct lq_address *where = &place->where;
	const char *end;

	*dev = NULL;
	if (*text == '[') {
		where->family = 6;
		if (cut_brackets(++text, dev))
			return -EINVAL;
		return in6_pton(text, -1, where->addr, -1, &end) && !*end ? 0 : -EINVAL;
	}
	*dev = strchr(text, '%');
	if (*dev)
		*(*dev)++ = '\0';
	place->any = !strcmp(text, "*");
	if (place->any)
		return 0;
	where->family = 4;
	return in4_pton(text, -1, where->addr, -1, &end) && !*end ? 0 : -EINVAL;
}

static int parse_address(char *text, struct place *place, char **dev)
{
	char *port = strrchr(text, ':');
	u16 number;

	memset(&place->where, 0, sizeof(place->where));
	place->any = false;
	if (!port || kstrtou16(port + 1, 10, &number) || !number)
		return -EINVAL;
	*port = '\0';
	place->where.port = htons(number);
	if (parse_host(text, place, dev))
		return -EINVAL;
	return *dev && !**dev ? -EINVAL : 0;
}

/* As it is called just now; what is odd in its name is written as it is printed. */
static int find_device(struct net *net, char *dev, struct place *place)
{
	struct net_device *found;

	string_unescape_inplace(dev, UNESCAPE_HEX);
	rcu_read_lock();
	found = dev_get_by_name_rcu(net, dev);
	if (found)
		place->where.ifindex = found->ifindex;
	rcu_read_unlock();
	if (found)
		return 0;
	pr_err("endpoints: '%s': no such device in this network namespace: see ip link\n",
	       place->shown);
	return -ENODEV;
}

/* @net: where its device is; NULL: whatever that is */
static int parse_place(struct net *net, char *text, struct place *place)
{
	char *dev;

	lq_escape(place->shown, sizeof(place->shown), text);
	if (parse_address(text, place, &dev)) {
		pr_err("endpoints: '%s' is no ADDR:PORT: write 0.0.0.0:80, [::]:443, 0.0.0.0%%eth0:80 or *:8080\n",
		       place->shown);
		return -EINVAL;
	}
	if (place->any && dev) {
		pr_err("endpoints: '%s': * means every device, too: write 0.0.0.0%%eth0:80 or [::]%%eth0:80\n",
		       place->shown);
		return -EINVAL;
	}
	return dev && net ? find_device(net, dev, place) : 0;
}

static int parse_value(int key, const char *text, u32 *value)
{
	int word = -EINVAL;

	if (key == LQ_SETTING_cookies)
		word = match_string(cookie_words, ARRAY_SIZE(cookie_words), text);
	else if (key == LQ_SETTING_overflow)
		word = match_string(overflow_words, ARRAY_SIZE(overflow_words), text);
	else if (!kstrtou32(text, 10, value) && *value >= keys[key].least &&
		 *value <= keys[key].most)
		return 0;
	*value = word;
	return word < 0 ? -EINVAL : 0;
}

static int bad_word(const char *word, const char *value)
{
	pr_err("endpoints: '%.20s=%.20s': see the keys and their ranges in README.md\n",
	       word, value ?: "");
	return -EINVAL;
}

/* key=value words */
static int parse_config(char *text, struct lq_config *config)
{
	char *word, *value;
	int key;

	memset(config, 0, sizeof(*config));
	while ((word = strsep(&text, " "))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (value)
			*value++ = '\0';
		for (key = 0; key < LQ_SETTING_count; key++)
			if (!strcmp(word, keys[key].name))
				break;
		if (key == LQ_SETTING_count || !value ||
		    parse_value(key, value, &config->value[key]))
			return bad_word(word, value);
		config->set |= BIT(key);
	}
	return 0;
}

/* Nobody would accept a cookie's ACK. */
static int check_cookies(struct net *net, const struct lq_config *config)
{
	if (!(config->set & BIT(LQ_SETTING_cookies)) ||
	    config->value[LQ_SETTING_cookies] == LQ_COOKIES_never ||
	    READ_ONCE(net->ipv4.sysctl_tcp_syncookies))
		return 0;
	pr_err("endpoints: cookies need net.ipv4.tcp_syncookies=1: write cookies=never\n");
	return -EINVAL;
}

/* @taken: the command is for those that are taken over. */
static int explain(const struct place *place, bool taken, int err)
{
	switch (err) {
	case -ENOENT:
		pr_err("endpoints: %s%s: see the endpoints file\n",
		       taken ? "not taken over: " : "nobody has listened on ", place->shown);
		break;
	case -EEXIST:
		pr_err("endpoints: %s is taken over already: write set or release\n",
		       place->shown);
		break;
	case -ESHUTDOWN:
		pr_err("endpoints: the module is being loaded or unloaded: write it again when that is done\n");
		break;
	case -ENOSPC:
		if (place->any) {
			pr_err("endpoints: %s would need more than rules may take, half of mem_max=%u MiB, and of that a user half of what others leave: write a smaller synq= or park=, or addresses, or raise /sys/module/listenq/parameters/mem_max\n",
			       place->shown, lq_share_most());
			break;
		}
		pr_err("endpoints: %s would need more than mem_max=%u MiB: write a smaller synq= or park=, or raise /sys/module/listenq/parameters/mem_max\n",
		       place->shown, lq_share_most());
		break;
	case -ENOMEM:
		pr_err("endpoints: no memory for the SYN queue of %s: write a smaller synq=\n",
		       place->shown);
		break;
	default:
		break;
	}
	return err;
}

/* takeover, or set if it is @taken already */
static int configure(struct net *net, const struct place *place, bool taken, char *rest)
{
	struct lq_config config;
	int err = parse_config(rest, &config) ?: check_cookies(net, &config);

	if (err)
		return err;
	err = (taken ? lq_takeover_set : lq_takeover)(net, &place->where, place->any, &config);
	return explain(place, taken, err);
}

static int run(struct net *net, const char *word, const struct place *place, char *rest)
{
	const struct lq_address *where = &place->where;

	if (!strcmp(word, "takeover") || !strcmp(word, "set"))
		return configure(net, place, *word == 's', rest);
	if (rest && *rest) {
		pr_err("endpoints: '%.20s': nothing more than an address goes with %s\n",
		       rest, word);
		return -EINVAL;
	}
	if (!strcmp(word, "release"))
		return explain(place, true, lq_release(net, where, place->any));
	return explain(place, false,
		       lq_endpoints_ignore(lq_ledger_of(net), where, place->any,
					   !strcmp(word, "ignore")));
}

/**
 * lq_command() - do what a user says
 * @net: his network namespace
 * @text: the command; is written to
 *
 * Context: process, sleeps.
 * Return: 0 or a negative error; nothing is changed then.
 */
int lq_command(struct net *net, char *text)
{
	char *rest = strim(text), *word = strsep(&rest, " "), *where;
	struct place place;

	if (match_string(commands, ARRAY_SIZE(commands), word) < 0) {
		pr_err("endpoints: no command '%.20s': write takeover, set, release, ignore or watch ADDR:PORT\n",
		       word);
		return -EINVAL;
	}
	rest = rest ? skip_spaces(rest) : NULL;
	where = rest ? strsep(&rest, " ") : "";
	return parse_place(net, where, &place) ?: run(net, word, &place, rest);
}

/* Of a list "ADDR:PORT [key=value...]; ...": takes over, or looks only (@net NULL). */
static int each_of(struct net *net, const char *list)
{
	char *text = kstrdup(list, GFP_KERNEL), *left = text, *one, *where;
	struct lq_config config;
	struct place place;
	int err = text ? 0 : -ENOMEM;

	while (!err && (one = strsep(&left, ";"))) {
		one = strim(one);
		where = strsep(&one, " ");
		if (!*where)
			continue;
		err = parse_place(net, where, &place);
		if (!err)
			err = net ? configure(net, &place, false, one) :
				    parse_config(one, &config);
	}
	kfree(text);
	return err;
}

/**
 * lq_takeovers_check() - is it a list of what to take over?
 * @list: "ADDR:PORT [key=value...]; ..."
 *
 * Context: process.
 * Return: 0 or a negative error.
 */
int lq_takeovers_check(const char *list)
{
	return each_of(NULL, list);
}

/**
 * lq_takeovers() - take all of a list over
 * @net: their network namespace
 * @list: "ADDR:PORT [key=value...]; ..."
 *
 * Context: process, sleeps.
 * Return: 0, or the first negative error; those before it are taken over.
 */
int lq_takeovers(struct net *net, const char *list)
{
	return each_of(net, list);
}

/**
 * lq_config_show() - what commands said, as they would say it
 * @m: where to
 * @config: what they said
 */
void lq_config_show(struct seq_file *m, const struct lq_config *config)
{
	u32 value;
	int key;

	for (key = 0; key < LQ_SETTING_count; key++) {
		if (!(config->set & BIT(key)))
			continue;
		value = config->value[key];
		if (key == LQ_SETTING_cookies)
			seq_printf(m, " cookies=%s", cookie_words[value]);
		else if (key == LQ_SETTING_overflow)
			seq_printf(m, " overflow=%s", overflow_words[value]);
		else
			seq_printf(m, " %s=%u", keys[key].name, value);
	}
}
