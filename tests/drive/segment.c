// SPDX-License-Identifier: GPL-2.0
/*
 * segment.c - the words of a story that describe one segment
 *
 * Sequence numbers are relative to the client's initial number, acknowledgements
 * to the server's (the other way round in a reply), unless "raw" stands before.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

static const char letters[] = "FSRPAUEW";

bool flags_parse(const char *word, uint8_t *flags)
{
	const char *at;

	*flags = 0;
	if (!strcmp(word, "0"))
		return true;
	for (; *word; word++) {
		at = strchr(letters, *word);
		if (!at)
			return false;
		*flags |= 1 << (at - letters);
	}
	return true;
}

void flags_letters(uint8_t flags, char *out)
{
	int i;

	if (!flags)
		*out++ = '0';
	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			*out++ = letters[i];
	*out = '\0';
}

/* As __print_flags() writes them in an event. */
void flags_event(uint8_t flags, char *out, size_t size)
{
	static const char * const names[] = {
		"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"
	};
	size_t n = 0;
	int i;

	snprintf(out, size, "0x0");
	for (i = 0; i < 8; i++)
		if (flags & 1 << i)
			n += snprintf(out + n, size - n, "%s%s", n ? "|" : "", names[i]);
}

bool number_parse(const char *word, long long *value)
{
	char *end;

	*value = strtoll(word, &end, 0);
	if (!*word || *end)
		fail("'%s' is no number", word);
	return *word && !*end;
}

bool duration_parse(const char *word, int *ms)
{
	char *end;
	double v = strtod(word, &end);

	*ms = strcmp(end, "s") ? v : v * 1000;
	if (end == word || (strcmp(end, "ms") && strcmp(end, "s")))
		fail("'%s' is no time (200ms, 1.5s)", word);
	return end != word && (!strcmp(end, "ms") || !strcmp(end, "s"));
}

static bool hex_parse(const char *word, uint8_t *out, uint8_t *len, size_t max)
{
	size_t n = strlen(word) / 2, i;

	if (strlen(word) % 2 || n > max)
		goto bad;
	for (i = 0; i < n; i++)
		if (sscanf(word + 2 * i, "%2hhx", &out[i]) != 1)
			goto bad;
	*len = n;
	return true;
bad:
	fail("'%s' are no hexadecimal bytes that fit", word);
	return false;
}

/* The cursor over the words of one statement. */
struct words {
	int	argc;
	char	**argv;
	bool	bad;
};

static const char *next(struct words *w)
{
	if (!w->argc) {
		if (!w->bad)
			fail("a word is missing at the end");
		w->bad = true;
		return "0";
	}
	w->argc--;
	return *w->argv++;
}

static bool accept_word(struct words *w, const char *word)
{
	if (!w->argc || strcmp(*w->argv, word))
		return false;
	w->argc--;
	w->argv++;
	return true;
}

static uint32_t number(struct words *w)
{
	long long v = 0;

	if (!number_parse(next(w), &v))
		w->bad = true;
	return v;
}

/* "N" relative to base, "raw N" as it is. */
static uint32_t sequence(struct words *w, uint32_t base)
{
	return accept_word(w, "raw") ? number(w) : base + number(w);
}

/* "N" as it is, "echo", "echo+N", "echo-N" relative to the TSval of the last SYN-ACK. */
static uint32_t echo(struct words *w, const struct flow *f)
{
	const char *word = next(w);
	long long v = 0;

	if (!strncmp(word, "echo", 4)) {
		if (!f->heard.has_ts)
			fail("echo, but flow %s heard no timestamp", f->name);
		if (word[4] && !number_parse(word + 4, &v))
			w->bad = true;
		return f->heard.tsval + v;
	}
	if (!number_parse(word, &v))
		w->bad = true;
	return v;
}

static void tfo_word(struct words *w, const struct flow *f, struct tcp_options *o)
{
	const char *word = next(w);

	o->has_tfo = true;
	if (!strcmp(word, "request"))
		return;
	if (strcmp(word, "learned")) {
		w->bad |= !hex_parse(word, o->tfo, &o->tfo_len, sizeof(o->tfo));
		return;
	}
	if (!f->heard.has_tfo) {
		fail("flow %s has learned no cookie", f->name);
		w->bad = true;
	}
	o->tfo_len = f->heard.tfo_len;
	memcpy(o->tfo, f->heard.tfo, o->tfo_len);
}

static struct in6_addr address(const char *v4, const char *v6)
{
	struct in6_addr a;
	char text[64];

	snprintf(text, sizeof(text), "%s%s", ipv4_frames() ? "::ffff:" : "",
		 ipv4_frames() ? v4 : v6);
	inet_pton(AF_INET6, text, &a);
	return a;
}

static void destination(struct words *w, struct segment *seg)
{
	const char *word = next(w);

	if (!strcmp(word, "broadcast") && ipv4_frames()) {
		seg->dst = address("10.9.255.255", "");
	} else if (!strcmp(word, "multicast")) {
		seg->dst = address("224.0.0.1", "ff02::1");
	} else {
		fail("no such destination: %s", word);
		w->bad = true;
	}
}

static void port(struct words *w, struct flow *f, struct segment *seg)
{
	const char *word = next(w);
	struct listener *l;

	if (!strcmp(word, "closed")) {
		seg->dport = server_closed_port();
		return;
	}
	l = listener_find(word);
	if (l) {
		f->listener = l;
		f->dport = l->port;
		seg->dport = l->port;
	} else {
		fail("no such listener: %s", word);
		w->bad = true;
	}
}

static bool option_word(const char *word, struct words *w, struct flow *f, struct segment *seg)
{
	struct tcp_options *o = &seg->opt;

	if (!strcmp(word, "mss")) {
		o->has_mss = true;
		o->mss = number(w);
	} else if (!strcmp(word, "wscale")) {
		o->has_wscale = true;
		o->wscale = number(w);
	} else if (!strcmp(word, "sackok")) {
		o->has_sackok = true;
	} else if (!strcmp(word, "ts")) {
		o->has_ts = true;
		o->tsval = number(w);
		o->tsecr = echo(w, f);
	} else if (!strcmp(word, "tfo")) {
		tfo_word(w, f, o);
	} else if (!strcmp(word, "mpc")) {
		w->bad |= !mptcp_option(word, f, NULL, seg->flags & F_SYN, o);
	} else if (!strcmp(word, "mpj") || !strcmp(word, "mpj-wrong")) {
		w->bad |= !mptcp_option(word, f, flow_find(next(w)), seg->flags & F_SYN, o);
	} else if (!strcmp(word, "opt")) {
		w->bad |= !hex_parse(next(w), o->raw, &o->raw_len, sizeof(o->raw));
	} else {
		return false;
	}
	return true;
}

static bool ip_word(const char *word, struct words *w, struct segment *seg)
{
	if (!strcmp(word, "src"))
		w->bad |= inet_pton(AF_INET6, next(w), &seg->src) != 1;
	else if (!strcmp(word, "ttl"))
		seg->ttl = number(w);
	else if (!strcmp(word, "tos"))
		seg->tos = number(w);
	else if (!strcmp(word, "ect0"))
		seg->tos |= 2;
	else if (!strcmp(word, "ce"))
		seg->tos |= 3;
	else if (!strcmp(word, "badsum"))
		seg->badsum = true;
	else if (!strcmp(word, "eth"))
		seg->eth_broadcast = !strcmp(next(w), "broadcast");
	else if (!strcmp(word, "dst"))
		destination(w, seg);
	else
		return false;
	return true;
}

static bool head_word(const char *word, struct words *w, struct flow *f, struct segment *seg)
{
	if (!strcmp(word, "seq"))
		seg->seq = sequence(w, f->isn);
	else if (!strcmp(word, "ack"))
		seg->ack = accept_word(w, "prev") ? f->prev_isn + number(w) :
			   sequence(w, f->peer_isn);
	else if (!strcmp(word, "win"))
		seg->win = number(w);
	else if (!strcmp(word, "len"))
		seg->len = number(w);
	else if (!strcmp(word, "to"))
		port(w, f, seg);
	else if (!strcmp(word, "cpu"))
		seg->cpu = number(w);
	else
		return false;
	return true;
}

/* Fills seg from "FLAGS word ..."; false after a failure was reported. */
bool segment_build(struct flow *f, int argc, char **argv, struct segment *seg)
{
	struct words w = { argc - 1, argv + 1, false };
	const char *word;

	memset(seg, 0, sizeof(*seg));
	if (!flags_parse(argv[0], &seg->flags)) {
		fail("no such flags: %s", argv[0]);
		return false;
	}
	seg->src = f->src;
	seg->dst = f->dst;
	seg->sport = f->sport;
	seg->dport = f->dport;
	seg->seq = f->isn + !(seg->flags & F_SYN);
	seg->ack = seg->flags & F_ACK ? f->peer_isn + 1 : 0;
	seg->win = 65535;
	seg->ttl = 64;
	seg->cpu = -1;

	while (w.argc && !w.bad) {
		word = next(&w);
		if (!head_word(word, &w, f, seg) && !option_word(word, &w, f, seg) &&
		    !ip_word(word, &w, seg)) {
			fail("no such word: %s", word);
			return false;
		}
	}
	return !w.bad;
}

static void same(const char *what, uint32_t want, uint32_t got)
{
	if (want != got)
		fail("expected %s %u, got %u (off by %d)", what, want, got, (int32_t)(got - want));
}

static void has(const char *what, bool want, bool got)
{
	if (want != got)
		fail("expected %s option %s", want ? "the" : "no", what);
}

static bool check_option(const char *word, struct words *w, const struct tcp_options *o)
{
	if (!strcmp(word, "mss"))
		same("mss", number(w), o->mss);
	else if (!strcmp(word, "wscale"))
		same("wscale", number(w), o->has_wscale ? o->wscale : ~0u);
	else if (!strcmp(word, "sackok") || !strcmp(word, "nosack"))
		has("sackok", word[0] == 's', o->has_sackok);
	else if (!strcmp(word, "ts") || !strcmp(word, "nots"))
		has("ts", word[0] == 't', o->has_ts);
	else if (!strcmp(word, "tfo") || !strcmp(word, "notfo"))
		has("tfo", word[0] == 't', o->has_tfo);
	else if (!strcmp(word, "tsecr"))
		same("tsecr", number(w), o->tsecr);
	else
		return false;
	return true;
}

static bool check_head(const char *word, struct words *w, const struct flow *f,
		       const struct segment *got)
{
	if (!strcmp(word, "seq"))
		same("seq", sequence(w, f->peer_isn), got->seq);
	else if (!strcmp(word, "ack"))
		same("ack", sequence(w, f->isn), got->ack);
	else if (!strcmp(word, "win"))
		same("win", number(w), got->win);
	else if (!strcmp(word, "len"))
		same("len", number(w), got->len);
	else if (!strcmp(word, "tos"))
		same("tos", number(w), got->tos);
	else if (!strcmp(word, "in"))
		next(w);
	else
		return false;
	return true;
}

/* Compares a reply with "FLAGS word ..."; failures are reported. */
void segment_check(struct flow *f, const struct segment *got, int argc, char **argv)
{
	struct words w = { argc - 1, argv + 1, false };
	char want_flags[16], got_flags[16];
	const char *word;
	uint8_t flags;

	if (!flags_parse(argv[0], &flags)) {
		fail("no such flags: %s", argv[0]);
		return;
	}
	flags_letters(flags, want_flags);
	flags_letters(got->flags, got_flags);
	if (flags != got->flags)
		fail("expected a reply %s, got %s", want_flags, got_flags);
	while (w.argc && !w.bad) {
		word = next(&w);
		if (!check_head(word, &w, f, got) && !check_option(word, &w, &got->opt)) {
			fail("no such word: %s", word);
			return;
		}
	}
}

/* One line for a diagnosis. */
void segment_text(const struct flow *f, const struct segment *seg, char *out, size_t size)
{
	bool reply = seg->sport != f->sport;
	char flags[16];

	flags_letters(seg->flags, flags);
	snprintf(out, size, "%s %c %s seq %d ack %d len %u win %u", f->name, reply ? '<' : '>',
		 flags, (int32_t)(seg->seq - (reply ? f->peer_isn : f->isn)),
		 (int32_t)(seg->ack - (reply ? f->isn : f->peer_isn)), seg->len, seg->win);
}
