/* SPDX-License-Identifier: GPL-2.0 */
/*
 * drive.h - what the files of the story driver share
 *
 * One story runs at a time, so the state of a story lives in the file that owns
 * it (flows in flow.c, listeners in server.c, ...) and is emptied by that file's
 * ..._reset(). Addresses are kept in IPv6 form, IPv4 ones mapped to ::ffff:a.b.c.d.
 */
#ifndef DRIVE_H
#define DRIVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum mode {
	MODE_IPV4,	/* IPv4 frames, AF_INET listener */
	MODE_IPV6,	/* IPv6 frames, AF_INET6 listener */
	MODE_MAPPED,	/* IPv4 frames, dual-stack AF_INET6 listener */
};

struct config {
	enum mode	mode;
	const char	*client_ns;	/* name under /run/netns, or a path */
	const char	*server_ns;
	const char	*trace_dir;	/* tracefs instance; NULL: no event checks */
	const char	*acted;		/* who must have acted: stock or listenq */
	bool		verbose;
};

extern struct config cfg;

static inline int server_family(void)
{
	return cfg.mode == MODE_IPV4 ? AF_INET : AF_INET6;
}

static inline bool ipv4_frames(void)
{
	return cfg.mode != MODE_IPV6;
}

/* TCP flag bits, lowest first as in the header */
enum {
	F_FIN = 1, F_SYN = 2, F_RST = 4, F_PSH = 8,
	F_ACK = 16, F_URG = 32, F_ECE = 64, F_CWR = 128
};

struct tcp_options {
	bool		has_mss, has_wscale, has_sackok, has_ts, has_tfo;
	uint16_t	mss;
	uint8_t		wscale;
	uint32_t	tsval, tsecr;
	uint8_t		tfo_len;	/* bytes of cookie; 0 asks for one */
	uint8_t		tfo[16];
	uint8_t		raw_len;	/* bytes appended as they are */
	uint8_t		raw[40];
};

struct segment {
	struct in6_addr		src, dst;
	uint16_t		sport, dport;
	uint8_t			flags;
	uint32_t		seq, ack;	/* absolute, host order */
	uint16_t		win, len;	/* len: payload bytes */
	uint8_t			ttl, tos;
	bool			badsum, eth_broadcast;
	int			cpu;		/* where another thread sends it; -1: here */
	struct tcp_options	opt;
};

struct listener {
	char		name[16];
	int		fd;		/* -1 once closed */
	uint16_t	port;
	uint64_t	cookie;		/* SO_COOKIE; 0: not known (MPTCP) */
	int		backlog;
	bool		stock;		/* takeover leaves its SYNs to the stock kernel */
	unsigned int	drops;		/* read just before the close */
	unsigned int	want_drops;	/* what the story declares */
};

struct flow {
	char		name[16];
	struct in6_addr	src, dst;
	uint16_t	sport, dport;
	struct listener	*listener;
	uint32_t	isn, peer_isn;
	uint32_t	prev_isn;	/* the peer_isn before the last SYN-ACK */
	bool		peer_known;	/* peer_isn was learned from a SYN-ACK */
	struct segment	sent;		/* the last segment of this flow */
	struct tcp_options heard;	/* options of the last SYN-ACK */
	int		child;		/* accepted socket, or -1 */
	bool		has_peer_key;	/* MPTCP */
	uint8_t		peer_key[8], peer_nonce[4];
	struct segment	reply[64];	/* not yet claimed by a '<' statement */
	unsigned int	nr_replies;
	uint32_t	log_isn;	/* of the last SYN-ACK that was logged */
	bool		log_known;
};

/* report.c */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void fail_at(int line, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report_begin(const char *path);
bool report_failed(void);
void report_print(void);
void report_line(int line);
int report_current_line(void);
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
long long now_ms(void);

/* story.c: true = ran (see report_failed()), false = skipped, reason filled */
bool story_run(const char *path, const char *text, char *title, char *reason, size_t size);
bool story_try(const char *text);

/* statement.c: one statement of a flow, of the server, of an expectation */
void statement_reset(void);
bool statement_run(int argc, char **argv, const char *rest);

/* segment.c: words of a story <-> segments */
bool flags_parse(const char *word, uint8_t *flags);
void flags_letters(uint8_t flags, char *out);
void flags_event(uint8_t flags, char *out, size_t size);
bool number_parse(const char *word, long long *value);
bool duration_parse(const char *word, int *ms);
bool segment_build(struct flow *f, int argc, char **argv, struct segment *seg);
void segment_check(struct flow *f, const struct segment *got, int argc, char **argv);
void segment_text(const struct flow *f, const struct segment *seg, char *out, size_t size);

/* frame.c */
size_t frame_build(const struct segment *seg, unsigned char *buf, const uint8_t *dst_mac,
		   const uint8_t *src_mac);
size_t frame_icmp(const struct segment *seg, uint8_t type, uint8_t code, unsigned char *buf,
		  const uint8_t *dst_mac, const uint8_t *src_mac);
bool frame_parse(const unsigned char *buf, size_t len, struct segment *seg);

/* mptcp.c */
bool mptcp_option(const char *word, const struct flow *f, const struct flow *of, bool syn,
		  struct tcp_options *o);
void mptcp_learn(struct flow *f, const struct tcp_options *o);

/* wire.c */
void wire_open(void);
void wire_send(const struct segment *seg);
void wire_send_icmp(const struct segment *seg, uint8_t type, uint8_t code);
void wire_pump(int ms);
void wire_pump_ns(long long ns);
void wire_flush(void);
const char *wire_server_dev(void);

/* clock.c */
void clock_play(void);
int clock_late_ms(void);
bool clock_wait(int fd, long long ns);
void clock_align(unsigned int phase, int ms);
void clock_begin(void);
int clock_tick(void);
int clock_jiffies_ms(void);
uint32_t clock_tsval(void);
void clock_until(int ms);
bool clock_statement(int argc, char **argv);

/* log.c */
void log_open(const char *path);
void log_close(void);
bool log_wanted(void);
void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
uint32_t log_sum(const void *data, long len);
void log_child(const struct flow *f);
void log_frame(const unsigned char *buf, size_t len, const struct segment *s, bool parsed);

/* random.c */
uint64_t random_step(uint64_t *state);
unsigned int random_phase(uint64_t seed, unsigned int number);
int random_story(uint64_t seed, unsigned int number, char *out, size_t size);

/* play.c */
void play_all(uint64_t seed, unsigned int first, unsigned int count);

/* flow.c */
void flow_choose(uint64_t seed, unsigned int sequence);
uint16_t flow_server_port(void);
void flow_each(void (*what)(struct flow *f));
void flow_reset(void);
struct flow *flow_find(const char *name);
struct flow *flow_get(const char *name);
struct flow *flow_fresh(void);
struct flow *flow_by_client(const struct in6_addr *addr, uint16_t port);
void flow_deliver(const struct segment *seg);
bool flow_reply(struct flow *f, int ms, struct segment *seg);
void flow_leftovers(void);
void flow_sent(struct flow *f, const struct segment *seg);
void flow_send(struct flow *f, const struct segment *seg);
bool flow_statement(int argc, char **argv);
void address_text(const struct in6_addr *addr, char *out, size_t size);
struct in6_addr server_address(void);

/* cpu.c */
void cpu_stay(void);
bool cpu_send(struct flow *f, const struct segment *seg, int cpu);
void cpu_join(void);
bool cpu_two(void);

/* sockopt.c */
bool listen_option(int fd, const char *word);

/* server.c */
void server_reset(void);
uint64_t server_netns(void);
struct listener *listener_find(const char *name);
struct listener *listener_by_index(int i);
uint16_t server_closed_port(void);
void server_await_accept_queue(const struct listener *l, unsigned int n);
bool server_listen(int argc, char **argv);
bool server_backlog(int argc, char **argv);
bool server_close(int argc, char **argv);
bool server_accept(int argc, char **argv);
bool server_drops(int argc, char **argv);
void server_check_drops(void);
void server_log_drops(void);
struct flow *server_accept_one(struct listener *l, int ms);

/* host.c: sysctls, delays and commands in the server's namespace, undone afterwards */
bool host_set(const char *path, const char *value);
bool host_sysctl(const char *name, const char *value);
bool host_delay(int argc, char **argv);
bool host_run(const char *command, bool later);
void host_restore(void);
char *host_substitute(const char *text);

/* route.c */
bool route_statement(int argc, char **argv);
void route_reset(void);

/* memory.c */
bool memory_statement(int argc, char **argv);

/* deny.c */
bool deny_statement(int argc, char **argv);
bool allow_statement(int argc, char **argv);
void deny_reset(void);

/* events.c */
enum event_kind { EV_VERDICT, EV_REQUEST, EV_ACCEPT, EV_LISTENER, EV_KINDS };
struct expect;
void events_begin(void);
struct expect *expect_verdict(struct flow *f, const char *name);
bool expect_any(struct flow *f, int argc, char **argv);
struct expect *expect_request(struct flow *f, const char *what);
struct expect *expect_accept(struct flow *f);
struct expect *expect_listener(struct listener *l, const char *what);
struct expect *expect_last_listener(const char *what);
void expect_check(struct expect *e, const char *key, char op, const char *value);
bool expect_checks(struct expect *e, int argc, char **argv);
bool events_told(int argc, char **argv);
void events_finish(void);
bool events_race(int argc, char **argv);
bool events_race_lost(void);
const struct expect *expect_first(void);
const struct expect *expect_next(const struct expect *e);
extern unsigned long frames_to_listener, verdicts_seen;

/* trace.c: the events a tracefs instance holds, compared with the expected ones */
struct check {
	char	key[20];
	char	op;		/* '=', '>' (at least), '<' (at most) */
	char	value[64];	/* for '=': alternatives separated by ',' */
};

struct expect {
	int		line;
	enum event_kind	kind;
	struct flow	*flow;		/* NULL for a listener's own events */
	struct listener	*listener;
	int		among;		/* it is one of the next N events of its flow */
	int		nr;
	struct check	check[24];
	struct expect	*next;
};

extern const char * const event_names[EV_KINDS];
void trace_clear(void);
unsigned int trace_read(void);
void trace_compare(void);
void trace_print(void);
unsigned int trace_verdicts(void);
bool trace_has(const char *name, const char *key, const char *value);

/* counters.c */
void counters_begin(void);
bool counters_declare(const char *name, const char *value);
void counters_add(const char *name, long long n);
bool counters_moved(const char *name);
void counters_finish(void);
void counters_log(void);
bool counters_know(const char *name);

/* feature.c */
void feature_force(const char *word);
void feature_probe(void);
void feature_settle(const char *text);
bool feature_have(const char *name);
void feature_print(void);

#endif
