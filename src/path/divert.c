// SPDX-License-Identifier: GPL-2.0
/*
 * divert.c - segments of listeners that are taken over leave the kernel's path here
 *
 *   tcp_conn_request   every SYN                     ─▶ lq_conn_request()
 *   cookie_v4_check    every segment without SYN     ─▶ lq_hnd_req()
 *   tcp_v4_do_rcv      SYN with ACK, RST or FIN      ─▶ lq_odd_syn()
 *   tcp_v4_err         every ICMP error              ─▶ lq_v4_err()
 *
 * One ftrace_ops for all of them: a kprobe would be skipped while another kprobe's handler
 * runs on its CPU, and a skipped ACK of ours would be answered by a RST. It is there while
 * somebody may need it (diverted.c); an endpoint comes and goes by what lq_synq_of() finds,
 * never by changing code.
 *
 * Where observe has a probe at the same entry, that rests meanwhile (lq_probes_rest). Its
 * work is done here: for tcp_v4_do_rcv at once, for the others by the functions that are
 * diverted to, which put the stock function into a frame for a listener that is not taken
 * over. Three more that every connection passes are here for that alone, it costs a third:
 *
 *   security_inet_conn_request   inside of a frame       ─▶ lq_conn_request_asked()
 *   tcp_create_openreq_child, __inet_accept or security_sock_graft: their row's handler
 *
 * The way back: stock.c.
 */
#define pr_fmt(fmt) "listenq: " fmt

#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/security.h>
#include <linux/seq_file.h>

#include "kernel/compat.h"
#include "kernel/hook.h"
#include "observe/observe.h"
#include "observe/watch.h"
#include "path/conn_request.h"
#include "path/divert.h"
#include "path/hnd_req.h"
#include "path/icmp.h"
#include "path/stock.h"
#include "queue/types.h"

/* 5.11: ftrace_regs; before, pt_regs, and NULL unless they are asked for. */
#if LQ_HAVE_FTRACE_REGS
#define LQ_FTRACE_FLAGS 0
#else
#define ftrace_regs pt_regs
#define LQ_FTRACE_FLAGS FTRACE_OPS_FL_SAVE_REGS
#endif

/* What ftrace knows of the caller's registers: arguments and where to go on. */
static __always_inline struct pt_regs *lq_ftrace_regs(struct ftrace_regs *fregs)
{
#if LQ_HAVE_ARCH_FTRACE_REGS
	return &arch_ftrace_regs(fregs)->regs;
#elif LQ_HAVE_FTRACE_REGS
	return &fregs->regs;
#else
	return fregs;
#endif
}

/* From OPENREQ_CHILD on, an entry's handler is called, and nothing diverted. */
enum {
	CONN_REQUEST,
	COOKIE_CHECK,
	DO_RCV,
	V4_ERR,
	ASKED,
	OPENREQ_CHILD,
	INET_ACCEPT,
	SOCK_GRAFT,
	OUR_OWN,
	SITES
};

/**
 * struct site - an entry where we stand
 * @name: of the function
 * @ip: where ftrace patches it: at its start, or behind its ENDBR
 * @hook: observe's row, or NULL if that is not attached
 * @busy: somebody else diverted it when we wanted to
 */
struct site {
	const char *name;
	unsigned long ip;
	struct lq_hook *hook;
	bool busy;
};

static struct site sites[SITES] = {
	[CONN_REQUEST] = { "tcp_conn_request" },
	[COOKIE_CHECK] = { "cookie_v4_check" },
	[DO_RCV] = { "tcp_v4_do_rcv" },
	[V4_ERR] = { "tcp_v4_err" },
	[ASKED] = { "security_inet_conn_request" },
	[OPENREQ_CHILD] = { "tcp_create_openreq_child" },
	[INET_ACCEPT] = { "__inet_accept" },
	[SOCK_GRAFT] = { "security_sock_graft" },
};

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
static __always_inline bool hit(int site)
{
	const struct lq_hook *hook = sites[site].hook;

	if (!hook)
		return false;
	this_cpu_inc(*hook->hits);
	return true;
}

/* A segment of a listener */
static __always_inline void do_rcv(struct sock *sk, struct sk_buff *skb, struct pt_regs *regs)
{
	const struct tcphdr *th = tcp_hdr(skb);

	if (unlikely(th->syn && (th->ack || th->rst || th->fin)) && lq_synq_of(sk)) {
		regs->ip = (unsigned long)lq_odd_syn;
		hit(DO_RCV);
	} else if (hit(DO_RCV)) {
		lq_do_rcv(sk, skb, 4);
	}
}

static __always_inline void call_handler(unsigned long ip, struct pt_regs *regs)
{
	int i = ip == sites[OPENREQ_CHILD].ip ? OPENREQ_CHILD :
		ip == sites[INET_ACCEPT].ip ? INET_ACCEPT : SOCK_GRAFT;

	sites[i].hook->kp.pre_handler(NULL, regs);
}

/* Calls nothing that could be diverted. */
static __always_inline void choose(unsigned long ip, struct pt_regs *regs)
{
	if (ip == sites[DO_RCV].ip) {
		do_rcv((struct sock *)regs->di, (struct sk_buff *)regs->si, regs);
	} else if (ip == sites[CONN_REQUEST].ip) {
		hit(CONN_REQUEST);
		regs->ip = (unsigned long)lq_conn_request;
	} else if (ip == sites[COOKIE_CHECK].ip) {
		hit(COOKIE_CHECK);
		regs->ip = (unsigned long)lq_hnd_req;
	} else if (ip == sites[ASKED].ip) {
		if (lq_current_frame() && hit(ASKED))
			regs->ip = (unsigned long)lq_conn_request_asked;
	} else if (ip == sites[V4_ERR].ip) {
		regs->ip = (unsigned long)lq_v4_err;
	} else {
		call_handler(ip, regs);
	}
}

/* From a socket's backlog it may be entered without RCU, and with preemption on. */
static void notrace divert(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
			   struct ftrace_regs *fregs)
{
	struct pt_regs *regs = lq_ftrace_regs(fregs);

	/* Every segment of the machine comes here. */
	if (likely(ip == sites[DO_RCV].ip &&
		   ((struct sock *)regs->di)->sk_state != TCP_LISTEN))
		return;
	preempt_disable_notrace();
	if (unlikely(ip == sites[OUR_OWN].ip))
		__this_cpu_write(diverted, true);
	else if (likely(__this_cpu_read(lq_probes_rest)))
		choose(ip, regs);
	preempt_enable_notrace();
}

static struct ftrace_ops divert_ops = {
	.func = divert,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT | LQ_FTRACE_FLAGS,
};

/* Where ftrace patches a function, by name or by address; 0: nowhere, or there is none. */
static unsigned long find_site(const char *name, void *function)
{
	struct kprobe kp = { .symbol_name = name, .addr = function,
			     .flags = KPROBE_FLAG_DISABLED };
	unsigned long ip;

	if (register_kprobe(&kp))
		return 0;
	/* Only where ftrace patches is there something to step past. */
	ip = kp.flags & KPROBE_FLAG_FTRACE ? (unsigned long)kp.addr : 0;
	unregister_kprobe(&kp);
	return ip;
}

static int find_sites(void)
{
	int i;

	sites[OUR_OWN].ip = find_site(NULL, own_site);
	for (i = 0; i < OUR_OWN; i++) {
		sites[i].hook = lq_hook_find(sites[i].name);
		/* Of the last ones, those that observe stands at. */
		if (i >= OPENREQ_CHILD && !sites[i].hook) {
			sites[i].ip = 0;
			continue;
		}
		sites[i].ip = find_site(sites[i].name, NULL);
		if (!sites[i].ip) {
			pr_err("%s can't be diverted here: no takeover\n", sites[i].name);
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

/* One by one: not every kernel has a function for many. */
static int set_sites(void)
{
	int i, err = 0;

	for (i = 0; i < SITES && !err; i++)
		if (sites[i].ip)
			err = ftrace_set_filter_ip(&divert_ops, sites[i].ip, 0, i == 0);
	return err;
}

/* Their list is ours to free. */
static void forget_sites(void)
{
	ftrace_set_filter(&divert_ops, NULL, 0, 1);
}

/* Behind the five bytes that ftrace patches. */
static void *past(int site)
{
	return (void *)(sites[site].ip + MCOUNT_INSN_SIZE);
}

/* Who calls a function that is diverted calls the kernel's own from here on. */
static void find_ways_back(void)
{
	lq_stock_rows(sites[CONN_REQUEST].hook, sites[COOKIE_CHECK].hook);
	static_call_update(lq_stock_conn_request,
			   (typeof(lq_no_conn_request) *)past(CONN_REQUEST));
	static_call_update(lq_stock_cookie_check,
			   (typeof(lq_no_cookie_check) *)past(COOKIE_CHECK));
	static_call_update(lq_stock_do_rcv, (typeof(lq_no_do_rcv) *)past(DO_RCV));
	static_call_update(lq_stock_v4_err, (typeof(lq_no_v4_err) *)past(V4_ERR));
	static_call_update(lq_stock_asked,
			   (typeof(security_inet_conn_request) *)past(ASKED));
}

/*
 * Which of them is it that somebody else diverts? Where even our own can't be, ftrace is off
 * (it refuses who may not be switched off later). Nothing is diverted by this: no processor
 * has lq_probes_rest set.
 */
static void tell_busy(void)
{
	char names[160] = "";
	size_t len = 0;
	int i, err;

	ftrace_set_filter_ip(&divert_ops, sites[OUR_OWN].ip, 0, 1);
	if (register_ftrace_function(&divert_ops)) {
		pr_err("endpoints: nothing can be diverted with kernel.ftrace_enabled=0: no takeover\n");
		return;
	}
	for (i = 0; i < OUR_OWN; i++) {
		err = sites[i].ip ? ftrace_set_filter_ip(&divert_ops, sites[i].ip, 0, 0) : 0;
		WRITE_ONCE(sites[i].busy, err == -EBUSY);
		if (err == -EBUSY)
			len += scnprintf(names + len, sizeof(names) - len, "%s%s",
					 len ? ", " : "", sites[i].name);
	}
	unregister_ftrace_function(&divert_ops);
	pr_err("endpoints: %s can't be diverted: somebody else does (see /sys/kernel/livepatch, /sys/kernel/tracing/enabled_functions): no takeover\n",
	       len ? names : "a function of the kernel");
}

static int attach(void)
{
	int i, err = set_sites();

	if (!err)
		err = register_ftrace_function(&divert_ops);
	if (err == -EBUSY && sites[OUR_OWN].ip)
		tell_busy();
	else if (err)
		pr_err("endpoints: the kernel's functions can't be diverted (error %d): no takeover\n",
		       err);
	for (i = 0; !err && i < OUR_OWN; i++)
		WRITE_ONCE(sites[i].busy, false);
	if (err)
		forget_sites();
	return err;
}

/**
 * lq_divert_attach() - we stand at the functions' entries
 *
 * Nothing is diverted yet: a processor begins with lq_probes_rest.
 *
 * Context: process, sleeps; one caller at a time.
 * Return: 0; -EBUSY when somebody else diverts one of the functions, or ftrace is switched
 * off; another error when this kernel's functions are not what is expected. Nothing is
 * changed then, and one line says why.
 */
int lq_divert_attach(void)
{
	int err = find_sites();

	if (err)
		return err;
	find_ways_back();
	err = lq_stock_start_trial();
	if (err) {
		pr_err("endpoints: a probe on our own function fails (error %d): no takeover\n",
		       err);
		return err;
	}
	err = attach();
	if (err) {
		lq_stock_stop_trial();
		return err;
	}
	WRITE_ONCE(attached, true);
	if (sites[OUR_OWN].ip)
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
	if (sites[OUR_OWN].ip)
		lq_watch_remove(&sight);
	unregister_ftrace_function(&divert_ops);
	forget_sites();
	WRITE_ONCE(attached, false);
	/* Softirqs run under RCU; a task may be preempted before it takes the read lock. */
	synchronize_rcu();
	synchronize_rcu_tasks();
	lq_stock_stop_trial();
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

	for (i = 0; i < OUR_OWN && !err; i++)
		if (sites[i].hook)
			err = act(sites[i].hook);
	return err;
}

/**
 * lq_divert_show() - who has the functions that takeover diverts
 * @m: the hooks file
 *
 * Context: process.
 */
void lq_divert_show(struct seq_file *m)
{
	bool held = READ_ONCE(attached);
	int i;

	for (i = 0; i < OUR_OWN; i++)
		if (i < OPENREQ_CHILD || sites[i].ip)
			seq_printf(m, "diverts=%s state=%s\n", sites[i].name,
				   held ? "held" : READ_ONCE(sites[i].busy) ? "busy" : "resting");
}
