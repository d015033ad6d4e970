// SPDX-License-Identifier: GPL-2.0
/*
 * drive - plays stories on the listen path and checks every word of the answer
 *
 *   usage: drive [-4|-6|-m] [-c CLIENTNS] [-s SERVERNS] [-e TRACEFS_INSTANCE | -n]
 *                [-a ACTED] [-k FEATURE]... [-v] [-l LOG] STORY... | -f
 *          drive ... -l LOG -r SEED,FIRST,COUNT
 *
 * The driver sits at both ends of a veth pair (tests/net.sh): in SERVERNS it owns
 * the listening sockets, in CLIENTNS it writes and reads Ethernet frames, playing
 * any number of clients. A story passes only if nothing is missing and nothing is
 * unexpected on the wire, among the events of the module (-e; -n: the module is
 * absent), in the kernel's counters and in the drops that "ss -m" shows.
 *
 *   -4 -6   IPv4 or IPv6 frames        -m  IPv4 frames to a dual-stack IPv6 listener
 *   -a W    who must have acted: "stock" (default) or "listenq" (takeover)
 *   -k F    feature F is there, -k '!F' it is not; the others are probed
 *   -v      every segment is written down
 *   -l      writes what is seen on the wire, counted and accepted to a file, in a form
 *           in which two runs can be compared (log.c)
 *   -r      instead of stories, random ones (random.c), to be logged
 *   -f      the features found are printed, one per line, and no story is played
 *
 * Output is TAP; the exit status is 0 if no story failed, 1 if one did, 2 if the
 * driver could not run.
 *
 * A story, one statement per line:
 *
 *   title last ACK, accept queue full     # what "ok" says
 *   listen 1                              # listener L
 *   A syn                                 # SYN, SYN-ACK and the event syn_queued
 *   fill acceptq                          # two handshakes: full is "more than backlog"
 *   A > A ack 1                           # the last ACK
 *   = req_accept_full acceptq 2           # the verdict on it
 *   A < none 200ms
 *   + ListenOverflows 1 ListenDrops 1     # and nothing else that is watched
 *   drops 2
 *
 * About the story
 *   title TEXT
 *   needs F...   only F...    all of / one of these features, or it is skipped
 *   if F... / else / end      where kernels or families differ; !F negates
 *   race VERDICT|close [FIELD VALUE] [unless COUNTER]
 *                             while nothing got that one, or the counter moved, the
 *                             story is played again (100 times at most, for two minutes)
 *   features: ipv4 ipv6 mapped events tsecr challenge_ack rst_any_ack synq_gt migrate
 *   tw_isn md5 mptcp smc nft lsm failslab cpus2 (that run at the same time) syn_race
 *   wrap (jiffies are near 0, 5 to 7 minutes after the boot)
 *
 * The server
 *   listen BACKLOG [as=NAME] [port-of=NAME] [reuseport] [v6only] [defer=SECONDS]
 *          [fastopen=N] [syncnt=N] [minttl=N] [rcvbuf=N] [md5=KEY] [mptcp] [smc]
 *          [filter=FLAGS]     the first is called L; filter drops what carries a flag
 *          [chosen-by=port|syn]    of the first of two with reuseport: the second one gets
 *                             what is of every other client port, or all without SYN
 *   backlog N [NAME]          listen() again
 *   close [NAME]
 *   accept [N|none] [on=NAME] [CHECK...]   expects lq_accept of whom it gets
 *   A read N, A write N, A shut            on the accepted socket of flow A
 *   route unreachable|prohibit|blackhole A     no way back to flow A's address
 *   deny [NAME], allow        a security module refuses this listener's requests
 *   nomem WHAT [after WHAT...]    the next allocation fails, of request, child, bucket
 *   sysctl NAME VALUE         restored afterwards
 *   delay PLACE[,PLACE] US    the module waits US microseconds (up to 20000) before a
 *                             request is queued, before a child is made, before a close
 *                             drops children, before a RST or SYN kills a request, before
 *                             it is asked why there is no child:
 *                             request child close kill find accept hand_back refused
 *   run COMMAND, undo COMMAND now / when the story ends; in the server's namespace;
 *                             {A} {A.port} {A.seq} {A.ack} {L.port} {L.cookie} {server}
 *                             {netns} {dev} {ip} are replaced
 *
 * The clients: a capitalised word is a flow, with an address and a port of its own
 *   flow B [addr-of A] [port-of A] [to L2] [src ADDRESS]
 *   A > FLAGS [seq N] [ack N] [win N] [len N] [mss N] [wscale N] [sackok]
 *       [ts VAL ECR|echo[+-N]] [tfo request|learned|HEX] [mpc] [mpj A] [mpj-wrong A]
 *       [opt HEX] [badsum] [ttl N] [tos N] [ect0] [ce] [dst broadcast|multicast]
 *       [src IPV6] [eth broadcast] [to NAME|closed]    mpc, mpj: MPTCP, join what A began
 *       [cpu N]               sent from CPU N, nobody waits for it:
 *   told                      waits for the events that are expected so far
 *   join                      waits; only now it is the last segment of its flow
 *   A < FLAGS [seq N] [ack N] [len N] [win N] [mss N] [wscale N] [sackok|nosack]
 *       [ts|nots] [tsecr N] [tfo|notfo] [tos N] [in TIME]     within 1 s by default
 *   A < none TIME
 *   A icmp TYPE CODE [N]      an ICMP error that quotes what the server sent with number
 *                             N, 0 if not told (IPv4)
 *   A syn, A handshake, syns N, handshakes N, fill synq, fill acceptq   with their
 *                             events; a handshake adds PassiveOpens 1
 *   sleep TIME, at TIME       for so long; until so long after the beginning (-l)
 * FLAGS: letters of F S R P A U E(CE) W(CWR), or 0. Numbers are relative to the
 * initial sequence numbers ("seq raw N" is not); left out, seq is 0 for a SYN and
 * otherwise 1, ack is 1. "echo" is the timestamp of the last SYN-ACK; "ack
 * prev N" is relative to the SYN-ACK before the last.
 *
 * The events of the last segment sent by the flow that was named last (or: B = ...)
 *   = VERDICT [CHECK...]      lq_verdict, with reason, loss, stage, who and which
 *                             segment checked unasked; "= none" is a comment
 *   =any VERDICT VERDICT... [CHECK...]   the events of segments alike, in any order
 *   =either VERDICT [CHECK...]   the same, but its event and the next one's may change
 *                             places: two processors decided at the same time
 *   =request retransmitted|expired|killed_by_close|migrated|aborted|promoted
 *            [CHECK...]
 *   =accept [CHECK...]        where somebody else than the driver accepts (SMC)
 *   =listener listen|backlog|close [CHECK...]   more about what is expected anyway
 *   CHECK: FIELD VALUE, FIELD>=VALUE, FIELD<=VALUE; listener takes names (L,L2)
 *
 * The counters
 *   + NAME N [NAME N]...      of the server's namespace, exact; "any" where a timer may
 *                             run while a tool takes its time
 *   drops N [NAME|any]        a listener's socket drops (or those of all), exact; 0 if
 *                             not told
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drive.h"

struct config cfg = { .acted = "stock" };

static const char * const mode_names[] = { "ipv4", "ipv6", "mapped" };

static char *read_story(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		die("%s", path);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

/* dir/05-last-ack.story -> 05-last-ack */
static const char *story_name(const char *path)
{
	static char name[128];
	const char *base = strrchr(path, '/');

	snprintf(name, sizeof(name), "%s", base ? base + 1 : path);
	name[strcspn(name, ".")] = '\0';
	return name;
}

/* Returns whether the story failed. */
static bool run_one(int number, const char *path)
{
	char title[128] = "", reason[128] = "";
	const char *name = story_name(path);
	bool ran;

	ran = story_run(path, read_story(path), title, reason, sizeof(title));
	printf("%sok %d - %s %s", report_failed() ? "not " : "", number, name,
	       mode_names[cfg.mode]);
	if (!ran && !report_failed())
		printf(" # SKIP %s\n", reason);
	else
		printf(": %s\n", title);
	report_print();
	fflush(stdout);
	return report_failed();
}

static int usage(void)
{
	fprintf(stderr,
		"usage: drive [-4|-6|-m] [-c CLIENTNS] [-s SERVERNS] [-e TRACEFS_INSTANCE | -n]\n"
		"             [-a ACTED] [-k FEATURE]... [-v] [-l LOG] STORY... | -f\n"
		"       drive ... -l LOG -r SEED,FIRST,COUNT\n");
	return 2;
}

/* What a run does, beside cfg */
struct run {
	const char		*log;
	bool			no_events, list, drawn;
	unsigned long long	seed;
	unsigned int		first, count;
};

/* Options of cfg. Returns whether it is one. */
static bool config_option(int c)
{
	switch (c) {
	case '4':
		cfg.mode = MODE_IPV4;
		return true;
	case '6':
		cfg.mode = MODE_IPV6;
		return true;
	case 'm':
		cfg.mode = MODE_MAPPED;
		return true;
	case 'c':
		cfg.client_ns = optarg;
		return true;
	case 's':
		cfg.server_ns = optarg;
		return true;
	case 'e':
		cfg.trace_dir = optarg;
		return true;
	case 'a':
		cfg.acted = optarg;
		return true;
	case 'v':
		cfg.verbose = true;
		return true;
	default:
		return false;
	}
}

/* The others. Returns whether it is one. */
static bool run_option(struct run *run, int c)
{
	switch (c) {
	case 'n':
		run->no_events = true;
		return true;
	case 'k':
		feature_force(optarg);
		return true;
	case 'f':
		run->list = true;
		return true;
	case 'l':
		run->log = optarg;
		return true;
	case 'r':
		run->drawn = sscanf(optarg, "%llu,%u,%u", &run->seed, &run->first,
				    &run->count) == 3;
		return true;
	default:
		return false;
	}
}

/* Returns whether they make sense. */
static bool options(struct run *run, int argc, char **argv)
{
	bool stories;
	int c;

	while ((c = getopt(argc, argv, "46mc:s:e:na:k:vfl:r:")) != -1)
		if (!config_option(c) && !run_option(run, c))
			return false;
	stories = optind < argc || (run->drawn && run->log);
	/* Without -n a forgotten -e must not pass as a run that checked the events. */
	return cfg.client_ns && cfg.server_ns && run->list != stories &&
	       (run->list || run->no_events != !!cfg.trace_dir);
}

/* Returns whether a story failed. */
static bool run_stories(int count, char **paths)
{
	int i, failed = 0;

	printf("TAP version 13\n1..%d\n", count);
	for (i = 0; i < count; i++)
		failed += run_one(i + 1, paths[i]);
	log_close();
	printf("# frames_to_listener=%lu verdicts=%lu\n", frames_to_listener, verdicts_seen);
	return failed;
}

int main(int argc, char **argv)
{
	struct run run = { 0 };

	if (!options(&run, argc, argv))
		return usage();
	cpu_stay();
	wire_open();
	if (!run.drawn)
		feature_probe();
	if (run.list) {
		feature_print();
		return 0;
	}
	if (run.log)
		log_open(run.log);
	if (run.drawn) {
		play_all(run.seed, run.first, run.count);
		log_close();
		return 0;
	}
	return run_stories(argc - optind, argv + optind);
}
