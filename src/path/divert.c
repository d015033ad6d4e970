// SPDX-License-Identifier: GPL-2.0
/*
 * divert.c - where the kernel's functions are diverted to
 *
 *                     while nothing is taken over       while something may be
 *   tcp_conn_request  lq_stock_syn(), in a frame        lq_conn_request(): every SYN
 *   cookie_v4_check   lq_framed_cookie_v4()             lq_hnd_req(): segments without SYN
 *   tcp_v4_do_rcv     the row's handler                 lq_odd_syn(): SYN with ACK, RST or FIN
 *   tcp_v4_err        nothing                           lq_v4_err(): every ICMP error
 *   other functions   lq_framed_X(), lq_marked_X(), or their row's handler
 *
 * Not by probes: a return probe takes an instance from a list that all processors share, and a
 * probe is skipped while another probe's handler runs on its processor; a skipped ACK of ours
 * would be answered by a RST. We stand there while somebody may need it (diverted.c); an endpoint
 * comes and goes by what lq_synq_of() finds, never by changing code.
 *
 * Where observe has a probe at the same entry, that rests meanwhile (lq_probes_rest), and its
 * work is done here.
 *
 * The way back: stock.c, observe/framed.c.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/seq_file.h>

#include "kernel/compat.h"
#include "kernel/hook.h"
#include "observe/framed.h"
#include "observe/observe.h"
#include "observe/trial.h"
#include "observe/watch.h"
#include "path/conn_request.h"
#include "path/divert.h"
#include "path/hnd_req.h"
#include "path/icmp.h"
#include "path/site.h"
#include "path/stock.h"
#include "queue/types.h"

/* From FIRST_MARK on, what leaves marks in a frame. */
enum {
	DO_RCV,
	V6_DO_RCV,
	CONN_REQUEST,
	COOKIE_CHECK,
	CHECK_REQ,
	V6_COOKIE_CHECK,
	V4_ERR,
	TIMER,
	MIGRATE,
	INET_ACCEPT,
	SOCK_GRAFT,
	FIRST_MARK,
	ASKED = FIRST_MARK,
	V4_SYNACK,
	V6_SYNACK,
	OPENREQ_CHILD,
	PEER_IS_PROVEN,
	V4_SEND_ACK,
	V6_SEND_ACK,
	CHALLENGE_ACK,
	MPTCP_CLONE,
	SITES
};

static struct lq_site sites[SITES] = {
	[DO_RCV] = { "tcp_v4_do_rcv", .core = true },
	[V6_DO_RCV] = { "tcp_v6_do_rcv" },
	[CONN_REQUEST] = { "tcp_conn_request", lq_stock_syn, lq_conn_request, .core = true },
	[COOKIE_CHECK] = { "cookie_v4_check", lq_framed_cookie_v4, lq_hnd_req, .core = true },
	[CHECK_REQ] = { "tcp_check_req", lq_framed_check_req },
	[V6_COOKIE_CHECK] = { "cookie_v6_check", lq_framed_cookie_v6 },
	[V4_ERR] = { "tcp_v4_err", NULL, lq_v4_err, .core = true },
	[TIMER] = { "reqsk_timer_handler", lq_framed_timer },
	[MIGRATE] = { "reuseport_migrate_sock", lq_framed_migrate },
	[INET_ACCEPT] = { "__inet_accept" },
	[SOCK_GRAFT] = { "security_sock_graft" },
	[ASKED] = { "security_inet_conn_request", lq_marked_asked, .in_frame = true },
	[V4_SYNACK] = { "tcp_v4_send_synack", lq_marked_v4_synack, .in_frame = true },
	[V6_SYNACK] = { "tcp_v6_send_synack", lq_marked_v6_synack, .in_frame = true },
	[OPENREQ_CHILD] = { "tcp_create_openreq_child", .in_frame = true },
	[PEER_IS_PROVEN] = { "tcp_peer_is_proven", .in_frame = true },
	[V4_SEND_ACK] = { "tcp_v4_reqsk_send_ack", .in_frame = true },
	[V6_SEND_ACK] = { "tcp_v6_reqsk_send_ack", .in_frame = true },
	[CHALLENGE_ACK] = { "tcp_reqsk_send_challenge_ack", .in_frame = true },
	[MPTCP_CLONE] = { "mptcp_sk_clone_init", lq_marked_mptcp, .in_frame = true },
};

static_assert(SITES < (1 << LQ_SITE_BITS) / 2);

static bool attached;	/* read by lq_divert_show() at any time */

/* Only called to see whether that is diverted, too (observe/watch.c). */
static DEFINE_PER_CPU(bool, diverted);

static noinline __noclone void own_site(void)
{
	barrier();
}

static bool diverting_works(void)
{
	bool seen;

	preempt_disable();
	this_cpu_write(diverted, false);
	own_site();
	seen = this_cpu_read(diverted);
	preempt_enable();
	return seen;
}

static struct lq_sight sight = {
	.what = "functions are not diverted any more (kernel.ftrace_enabled)",
	.works = diverting_works,
};

/* As the resting probe would have counted it. */
static __always_inline bool hit(const struct lq_site *site)
{
	const struct lq_hook *hook = site->hook;

	if (!hook)
		return false;
	this_cpu_inc(*hook->hits);
	return true;
}

/* A segment of a listener */
static __always_inline void do_rcv(const struct lq_site *site, struct pt_regs *regs)
{
	struct sock *sk = (struct sock *)regs->di;
	struct sk_buff *skb = (struct sk_buff *)regs->si;
	const struct tcphdr *th = tcp_hdr(skb);

	if (unlikely(th->syn && (th->ack || th->rst || th->fin)) && lq_synq_of(sk)) {
		regs->ip = (unsigned long)lq_odd_syn;
		hit(site);
	} else if (hit(site)) {
		lq_do_rcv(sk, skb, 4);
	}
}

/* Calls nothing that could be diverted. */
static __always_inline void choose(const struct lq_site *site, struct pt_regs *regs)
{
	void *to;

	if (site->in_frame && !lq_current_frame())
		return;
	to = READ_ONCE(site->to);
	if (to) {
		hit(site);
		regs->ip = (unsigned long)to;
	} else if (site == &sites[DO_RCV]) {
		do_rcv(site, regs);
	} else if (site->hook) {
		site->hook->kp.pre_handler(NULL, regs);
	}
}

static __always_inline bool is_do_rcv(unsigned long ip)
{
	return ip == sites[DO_RCV].ip || ip == sites[V6_DO_RCV].ip;
}

/* From a socket's backlog it may be entered without RCU, and with preemption on. */
static void notrace divert(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			   struct ftrace_regs *fregs)
{
	struct pt_regs *regs = lq_ftrace_regs(fregs);
	const struct lq_site *site;

	/* Every segment of the machine comes here. */
	if (likely(is_do_rcv(ip) && ((struct sock *)regs->di)->sk_state != TCP_LISTEN))
		return;
	preempt_disable_notrace();
	site = lq_site_at(ip);
	if (likely(__this_cpu_read(lq_probes_rest) & site->bit))
		choose(site, regs);
	else if (!site->name)
		__this_cpu_write(diverted, true);
	preempt_enable_notrace();
}

static void find_ways_back(void)
{
	int i;

	lq_stock_way_back(lq_site_past(&sites[CONN_REQUEST]), lq_site_past(&sites[COOKIE_CHECK]),
			  lq_site_past(&sites[DO_RCV]), lq_site_past(&sites[V4_ERR]));
	for (i = 0; i < SITES; i++)
		if (sites[i].ip && sites[i].hook)
			lq_framed_way_back(lq_hook_row(sites[i].hook), lq_site_past(&sites[i]));
}

/* Does a probe leave marks, because its function is not diverted? */
static bool marks_by_probe(void)
{
	int i;

	for (i = FIRST_MARK; i < SITES; i++)
		if (sites[i].hook && !sites[i].bit)
			return true;
	return false;
}

/**
 * lq_divert_attach() - we stand at the functions' entries
 *
 * Nothing is diverted yet: a processor begins with lq_probes_rest.
 *
 * Context: process, sleeps; one caller at a time.
 * Return: 0, even where somebody else diverts some of the functions (lq_divert_is_whole()); an
 * error when this kernel's functions are not what is expected: nothing is changed then.
 */
int lq_divert_attach(void)
{
	int err = lq_sites_find(sites, SITES, own_site);

	if (err)
		return err;
	find_ways_back();
	err = lq_sites_attach(divert);
	if (err)
		return err;
	if (marks_by_probe()) {
		err = lq_trial_start();
		if (err) {
			lq_sites_detach();
			return err;
		}
	}
	WRITE_ONCE(attached, true);
	lq_watch_add(&sight);
	return 0;
}

/**
 * lq_divert_detach() - nothing of ours stands at the entries, and nobody is in our functions
 *
 * Context: process, sleeps. Observe's probes have their work back, or nothing is observed.
 */
void lq_divert_detach(void)
{
	lq_watch_remove(&sight);
	lq_sites_detach();
	WRITE_ONCE(attached, false);
	lq_trial_stop();
}

/**
 * lq_divert_rows() - whose calls are for us
 *
 * Context: process; attached.
 * Return: what lq_probes_rest is to be.
 */
unsigned long lq_divert_rows(void)
{
	unsigned long rows = 0;
	int i;

	for (i = 0; i < SITES; i++)
		rows |= sites[i].bit;
	return rows;
}

/**
 * lq_divert_is_whole() - do we stand at each of them that this kernel has?
 *
 * Context: process; attached.
 * Return: whether nobody else diverts one, and none can't be diverted.
 */
bool lq_divert_is_whole(void)
{
	int i;

	for (i = 0; i < SITES; i++)
		if ((sites[i].hook || sites[i].core) && !sites[i].bit)
			return false;
	return true;
}

/**
 * lq_divert_will_do() - do we stand at each of them that takeover needs?
 *
 * Context: process; attached.
 * Return: whether we do.
 */
bool lq_divert_will_do(void)
{
	return !lq_sites_missing_core();
}

static void say_busy(void)
{
	char names[160] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < SITES; i++)
		if (sites[i].core && sites[i].busy)
			len += scnprintf(names + len, sizeof(names) - len, "%s%s",
					 len ? ", " : "", sites[i].name);
	pr_err("endpoints: %s can't be diverted: somebody else does (see /sys/kernel/livepatch, /sys/kernel/tracing/enabled_functions): no takeover\n",
	       names);
}

/**
 * lq_divert_take() - calls go to who takes over
 *
 * Context: process, sleeps; attached.
 * Return: 0; -EBUSY when somebody else diverts one of the functions, or ftrace is switched
 * off; another error. One line says why.
 */
int lq_divert_take(void)
{
	int err;

	if (lq_sites_missing_core()) {
		say_busy();
		return -EBUSY;
	}
	err = lq_sites_take();
	if (err == -EBUSY)
		pr_err("endpoints: nothing can be diverted with kernel.ftrace_enabled=0: no takeover\n");
	else if (err)
		pr_err("endpoints: the kernel's functions can't be diverted (error %d): no takeover\n",
		       err);
	return err;
}

/**
 * lq_divert_let() - calls go to observe's, as nothing is taken over
 *
 * Context: process, sleeps; after lq_divert_take().
 */
void lq_divert_let(void)
{
	lq_sites_let();
}

/**
 * lq_divert_each_row() - observe's rows at whose entries we stand
 * @act: called for each, until it fails
 *
 * Context: process; between lq_divert_attach() and lq_divert_detach().
 * Return: 0, or what @act returned.
 */
int lq_divert_each_row(int (*act)(struct lq_hook *hook))
{
	int i, err = 0;

	for (i = 0; i < SITES && !err; i++)
		if (sites[i].hook && sites[i].bit)
			err = act(sites[i].hook);
	return err;
}

/**
 * lq_divert_show() - who has the functions that are diverted
 * @m: the hooks file
 *
 * Context: process.
 */
void lq_divert_show(struct seq_file *m)
{
	bool held = READ_ONCE(attached);
	int i;

	for (i = 0; i < SITES; i++)
		if (sites[i].core || lq_hook_find(sites[i].name))
			seq_printf(m, "diverts=%s state=%s\n", sites[i].name,
				   READ_ONCE(sites[i].busy) ? "busy" :
				   held && READ_ONCE(sites[i].bit) ? "held" : "resting");
}
