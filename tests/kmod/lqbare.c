// SPDX-License-Identifier: GPL-2.0
/*
 * lqbare.c - probes that do nothing: what listenq's hooks cost before its code begins
 *
 * insmod lqbare.ko entry=FUNCTION,... returns=FUNCTION,...
 */
#include <linux/kprobes.h>
#include <linux/module.h>

#define MOST 32

static char *entry[MOST];
static int nr_entry;
module_param_array(entry, charp, &nr_entry, 0444);
MODULE_PARM_DESC(entry, "functions that get a probe at their entry");

static char *returns[MOST];
static int nr_returns;
module_param_array(returns, charp, &nr_returns, 0444);
MODULE_PARM_DESC(returns, "functions that get a probe at entry and return");

static struct kprobe kps[MOST], *kp_list[MOST];
static struct kretprobe rps[MOST], *rp_list[MOST];

static int on_entry(struct kprobe *kp, struct pt_regs *regs)
{
	return 0;
}

static int on_call(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	return 0;
}

static int __init lqbare_init(void)
{
	int i, err;

	for (i = 0; i < nr_entry; i++) {
		kps[i].symbol_name = entry[i];
		kps[i].pre_handler = on_entry;
		kp_list[i] = &kps[i];
	}
	for (i = 0; i < nr_returns; i++) {
		rps[i].kp.symbol_name = returns[i];
		rps[i].entry_handler = on_call;
		rps[i].handler = on_call;
		rp_list[i] = &rps[i];
	}
	err = nr_entry ? register_kprobes(kp_list, nr_entry) : 0;
	if (err)
		return err;
	err = nr_returns ? register_kretprobes(rp_list, nr_returns) : 0;
	if (err && nr_entry)
		unregister_kprobes(kp_list, nr_entry);
	return err;
}

static void __exit lqbare_exit(void)
{
	if (nr_returns)
		unregister_kretprobes(rp_list, nr_returns);
	if (nr_entry)
		unregister_kprobes(kp_list, nr_entry);
}

module_init(lqbare_init);
module_exit(lqbare_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Probes that do nothing");
