// SPDX-License-Identifier: GPL-2.0
/*
 * log.c - what a user of the network sees, one line each, for two runs to be compared
 *
 *   == NAME                       a story or sequence begins
 *   # STATEMENT                   what the driver does next
 *   TICK FLOW < SA seq 0 ack 1 win 65160 len 0 ttl 64 tos 0 ip 20/0/DF opt mss:1460,...
 *   counter NAME +N               of the kernel, Tcp and TcpExt
 *   WORD ...                      results: accepted, child, read, drops
 *
 * Numbers that differ by nature are relative: sequence numbers to the initial ones,
 * timestamps to the clock. A second SYN-ACK with another initial number says so.
 */
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "drive.h"

enum { ETH_HDR = 14 };

static FILE *file;

/* Neither the kernel's housekeeping nor a page to be read delays the driver by ticks. */
void log_open(const char *path)
{
	struct sched_param param = { .sched_priority = 50 };

	file = fopen(path, "w");
	if (!file)
		die("%s", path);
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) ||
	    mlockall(MCL_CURRENT | MCL_FUTURE))
		die("realtime");
}

bool log_wanted(void)
{
	return file;
}

void log_close(void)
{
	if (file && fclose(file))
		die("log");
	file = NULL;
}

void log_line(const char *fmt, ...)
{
	va_list ap;

	if (!file)
		return;
	va_start(ap, fmt);
	vfprintf(file, fmt, ap);
	va_end(ap);
	fputc('\n', file);
}

static unsigned int get16(const unsigned char *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* TSval since the machine's clock was 0; only the clock's share of it changes. */
static void log_timestamps(const unsigned char *p)
{
	fprintf(file, "ts:%+d:%u", (int32_t)(get32(p + 2) - clock_tsval()), get32(p + 6));
}

/* One option; returns its length. */
static int log_option(const unsigned char *p, const unsigned char *end)
{
	int i, len = *p < 2 ? 1 : p + 1 < end ? p[1] : 0;

	if (*p == 0) {
		fprintf(file, "eol");
	} else if (*p == 1) {
		fprintf(file, "nop");
	} else if (len < 2 || p + len > end) {
		fprintf(file, "bad");
		return end - p;
	} else if (*p == 2 && len == 4) {
		fprintf(file, "mss:%u", get16(p + 2));
	} else if (*p == 3 && len == 3) {
		fprintf(file, "wscale:%u", p[2]);
	} else if (*p == 8 && len == 10) {
		log_timestamps(p);
	} else {
		/* Keys and nonces (TFO, MPTCP) are random: their length is enough. */
		fprintf(file, "%u/%u", *p, len);
		for (i = 2; i < len && *p != 34 && *p != 30 && *p != 5; i++)
			fprintf(file, "%s%02x", i == 2 ? ":" : "", p[i]);
	}
	return len;
}

static void log_options(const unsigned char *p, const unsigned char *end)
{
	while (p < end) {
		p += log_option(p, end);
		if (p < end)
			fputc(',', file);
	}
}

uint32_t log_sum(const void *data, long len)
{
	const unsigned char *p = data;
	uint32_t sum = 5381;

	while (len-- > 0)
		sum = sum * 33 + *p++;
	return sum;
}

/* The number of a SYN-ACK: 0, or how it differs from the one before. */
static void log_synack_seq(struct flow *f, uint32_t seq)
{
	if (f->log_known && seq != f->log_isn)
		fprintf(file, " seq new");
	else
		fprintf(file, " seq 0");
	f->log_isn = seq;
	f->log_known = true;
}

/* A connection counts IP IDs from a random number; those of SYN-ACKs are 0. */
static void log_ip(const unsigned char *ip, uint8_t flags)
{
	if (ip[0] >> 4 == 4)
		fprintf(file, " ip %u/%s/%s", (ip[0] & 15) * 4,
			flags & F_SYN && !get16(ip + 4) ? "0" : "id",
			get16(ip + 6) == 0x4000 ? "DF" : get16(ip + 6) ? "frag" : "-");
}

static void log_tcp(struct flow *f, const struct segment *s, const unsigned char *tcp)
{
	char flags[16];

	flags_letters(s->flags, flags);
	fprintf(file, "%d %s < %s", clock_tick(), f->name, flags);
	if ((s->flags & (F_SYN | F_ACK)) == (F_SYN | F_ACK))
		log_synack_seq(f, s->seq);
	else if (s->flags & F_RST && !s->seq)	/* to what acknowledged nothing */
		fprintf(file, " seq none");
	else
		fprintf(file, " seq %d",
			(int32_t)(s->seq - (f->log_known ? f->log_isn : f->peer_isn)));
	if (s->flags & F_ACK || s->ack)
		fprintf(file, " ack %d", (int32_t)(s->ack - f->isn));
	fprintf(file, " win %u len %u ttl %u tos %u", s->win, s->len, s->ttl, s->tos);
	if (tcp[12] & 15 || get16(tcp + 18))
		fprintf(file, " odd %u/%u", tcp[12] & 15, get16(tcp + 18));
}

/* A frame of the server's, as it was received; parsed: it is TCP. */
void log_frame(const unsigned char *buf, size_t len, const struct segment *s, bool parsed)
{
	const unsigned char *ip = buf + ETH_HDR, *tcp, *data;
	struct flow *f = parsed ? flow_by_client(&s->dst, s->dport) : NULL;

	if (!file || len < ETH_HDR + 20 || (!f && get16(buf + 12) != 0x0800))
		return;
	if (!f) {
		/* A story waits for its tick: connections of the one before may still close. */
		if (clock_tick() >= 0)
			fprintf(file, "%d ? < protocol %u type %u/%u\n", clock_tick(), ip[9],
				ip[20], ip[21]);
		return;
	}
	tcp = ip + (ip[0] >> 4 == 4 ? (ip[0] & 15) * 4 : 40);
	data = tcp + (tcp[12] >> 4) * 4;
	log_tcp(f, s, tcp);
	log_ip(ip, s->flags);
	if (s->len)
		fprintf(file, " sum %08x", log_sum(data, s->len));
	fprintf(file, " opt ");
	log_options(tcp + 20, data);
	fputc('\n', file);
}

/* What the application can know of a connection; times in ticks. */
void log_child(const struct flow *f)
{
	struct tcp_info t = { 0 };
	socklen_t len = sizeof(t);

	if (!file || getsockopt(f->child, IPPROTO_TCP, TCP_INFO, &t, &len))
		return;
	fprintf(file, "child %s state %u options %u wscale %u/%u", f->name, t.tcpi_state,
		t.tcpi_options, t.tcpi_snd_wscale, t.tcpi_rcv_wscale);
	fprintf(file, " mss %u/%u adv %u pmtu %u", t.tcpi_snd_mss, t.tcpi_rcv_mss,
		t.tcpi_advmss, t.tcpi_pmtu);
	fprintf(file, " rto %u rtt %u", (t.tcpi_rto + 2000) / 4000, (t.tcpi_rtt + 2000) / 4000);
	fprintf(file, " cwnd %u ssthresh %u/%u", t.tcpi_snd_cwnd, t.tcpi_snd_ssthresh,
		t.tcpi_rcv_ssthresh);
	fprintf(file, " unacked %u retrans %u space %u\n", t.tcpi_unacked, t.tcpi_retransmits,
		t.tcpi_rcv_space);
}
