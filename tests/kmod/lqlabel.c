// SPDX-License-Identifier: GPL-2.0
/*
 * lqlabel.c - in place of a security module: labels each request, and says what labels its
 * connection was made with
 *
 * The ones that Debian's kernels run without a policy label nothing.
 *
 * insmod lqlabel.ko; /sys/module/lqlabel/parameters/{secid,peer_secid} are what requests
 * get from then on, {child_secid,child_peer_secid} what the last connection had; with deny=1
 * requests are refused, with options=1 they are answered with IP options, as CIPSO does.
 */
#include <linux/ip.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <net/inet_sock.h>

static unsigned int secid;
module_param(secid, uint, 0644);
MODULE_PARM_DESC(secid, "label of requests to come");

static unsigned int peer_secid;
module_param(peer_secid, uint, 0644);
MODULE_PARM_DESC(peer_secid, "label of their clients");

static unsigned int child_secid;
module_param(child_secid, uint, 0444);
MODULE_PARM_DESC(child_secid, "label of the last connection");

static unsigned int child_peer_secid;
module_param(child_peer_secid, uint, 0444);
MODULE_PARM_DESC(child_peer_secid, "label of its client");

static bool deny;
module_param(deny, bool, 0644);
MODULE_PARM_DESC(deny, "refuse requests to come");

static bool options;
module_param(options, bool, 0644);
MODULE_PARM_DESC(options, "answer requests to come with IP options");

/* Four that do nothing */
static void put_options(struct inet_request_sock *ireq)
{
	struct ip_options_rcu *opt = kzalloc(sizeof(*opt) + 4, GFP_ATOMIC);

	if (!opt)
		return;
	opt->opt.optlen = 4;
	memset(opt->opt.__data, IPOPT_NOOP, 4);
	rcu_assign_pointer(ireq->ireq_opt, opt);
}

/* int security_inet_conn_request(sk, skb, req) */
static int on_request(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	struct request_sock *req = (struct request_sock *)regs->dx;

	req->secid = secid;
	req->peer_secid = peer_secid;
	if (options && req->rsk_ops->family == AF_INET)
		put_options(inet_rsk(req));
	return 0;
}

static int on_answer(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	if (deny)
		regs_set_return_value(regs, -EPERM);
	return 0;
}

/* void security_inet_csk_clone(newsk, req) */
static int on_child(struct kprobe *kp, struct pt_regs *regs)
{
	const struct request_sock *req = (const struct request_sock *)regs->si;

	child_secid = req->secid;
	child_peer_secid = req->peer_secid;
	return 0;
}

static struct kretprobe request = {
	.kp.symbol_name = "security_inet_conn_request",
	.entry_handler = on_request,
	.handler = on_answer,
};

static struct kprobe child = {
	.symbol_name = "security_inet_csk_clone",
	.pre_handler = on_child,
};

static int __init lqlabel_init(void)
{
	int err = register_kretprobe(&request);

	if (err)
		return err;
	err = register_kprobe(&child);
	if (err)
		unregister_kretprobe(&request);
	return err;
}

static void __exit lqlabel_exit(void)
{
	unregister_kprobe(&child);
	unregister_kretprobe(&request);
}

module_init(lqlabel_init);
module_exit(lqlabel_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("listenq's tests: labels on requests");
