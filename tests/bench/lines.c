// SPDX-License-Identifier: GPL-2.0
/*
 * lines.c - a plugin for QEMU's emulator: which lines of memory processors take from each other
 *
 *   memory access ─▶ line{reads, writes of each processor} ─▶ report at the end of a run
 *                └─▶ caches of each processor, two sizes   ─┘
 *
 * -plugin lines.so,out=FILE; for each run (marks.h) FILE gets a line of sums, one for each hot
 * line, and one for each block of code, with the instructions that were executed in it. A line is
 * hot when at least three processors do a twentieth of its writes each, and it is written at least
 * once in eight operations: a processor that writes it waits for another's.
 *
 * The emulator takes processors by turns in one thread (scripts/vm -p): no locks here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "marks.h"
#include "plugin.h"

int qemu_plugin_version = PLUGIN_VERSION;

#define CPUS		8
#define LINE_BITS	6
#define TABLE_BITS	18

/* A line of physical memory; @va and @pc: of its last write. */
struct line {
	uint64_t tag;
	uint64_t reads, writes[CPUS];
	uint64_t va, pc;
	uint32_t seen[CPUS];	/* in which operation of the processor */
	uint8_t holders;	/* processors that may have it in a cache, as bits */
};

/* Code without a jump in it, as it was translated once. */
struct block {
	struct block *next;
	uint64_t pc;
	unsigned long long length, runs;
};

static struct line *table;
static struct block *blocks;
static size_t used;
static uint32_t operation[CPUS];
static unsigned long long instructions, touched;
static bool active, full;
static unsigned int run;
static uint64_t plugin;
static FILE *out;

#define WAYS 16

struct set {
	uint64_t tag[WAYS];
	uint32_t used[WAYS];
};

struct cache {
	unsigned int sets, ways;
	unsigned long long misses;
	struct set *set[CPUS];
};

#define NR_CACHES 2

static struct cache caches[NR_CACHES] = {
	{ .sets = 64, .ways = 8 },	/* 32 KiB */
	{ .sets = 1024, .ways = 16 },	/* 1 MiB */
};

static uint32_t now;

static struct line *find(uint64_t tag)
{
	size_t at = (tag * 0x9e3779b97f4a7c15ULL) >> (64 - TABLE_BITS);

	while (table[at].tag && table[at].tag != tag)
		at = (at + 1) & ((1 << TABLE_BITS) - 1);
	if (table[at].tag)
		return &table[at];
	if (used >= (3UL << TABLE_BITS) / 4) {
		full = true;
		return NULL;
	}
	used++;
	table[at].tag = tag;
	return &table[at];
}

static void invalidate(struct set *set, unsigned int ways, uint64_t tag)
{
	for (unsigned int i = 0; i < ways; i++) {
		if (set->tag[i] == tag) {
			set->tag[i] = 0;
			set->used[i] = 0;
		}
	}
}

/* The way that has it, else the one that was not used for longest. */
static unsigned int way_of(const struct set *set, unsigned int ways, uint64_t tag)
{
	unsigned int oldest = 0;

	for (unsigned int i = 0; i < ways; i++) {
		if (set->tag[i] == tag)
			return i;
		if (set->used[i] < set->used[oldest])
			oldest = i;
	}
	return oldest;
}

static void pass_cache(struct cache *c, unsigned int cpu, uint64_t tag)
{
	struct set *set = &c->set[cpu][tag & (c->sets - 1)];
	unsigned int way = way_of(set, c->ways, tag);

	if (set->tag[way] != tag)
		c->misses++;
	set->tag[way] = tag;
	set->used[way] = ++now;
}

/* @line is written by @cpu: nobody else has it any more. */
static void take_away(struct line *line, unsigned int cpu, uint64_t tag)
{
	for (unsigned int other = 0; other < CPUS; other++) {
		if (other == cpu || !(line->holders & 1 << other))
			continue;
		for (int i = 0; i < NR_CACHES; i++)
			invalidate(&caches[i].set[other][tag & (caches[i].sets - 1)],
				   caches[i].ways, tag);
	}
	line->holders = 0;
}

static void on_memory(unsigned int cpu, uint32_t info, uint64_t addr, void *pc)
{
	struct qemu_plugin_hwaddr *hw;
	struct line *line;
	uint64_t tag;
	bool store;

	if (!active || cpu >= CPUS)
		return;
	hw = qemu_plugin_get_hwaddr(info, addr);
	if (!hw || qemu_plugin_hwaddr_is_io(hw))
		return;
	/* 0 is none. */
	tag = (qemu_plugin_hwaddr_phys_addr(hw) >> LINE_BITS) + 1;
	store = qemu_plugin_mem_is_store(info);
	for (int i = 0; i < NR_CACHES; i++)
		pass_cache(&caches[i], cpu, tag);
	line = find(tag);
	if (!line)
		return;
	if (store && line->holders & ~(1 << cpu))
		take_away(line, cpu, tag);
	line->holders |= 1 << cpu;
	if (line->seen[cpu] != operation[cpu]) {
		line->seen[cpu] = operation[cpu];
		touched++;
	}
	if (!store) {
		line->reads++;
		return;
	}
	line->writes[cpu]++;
	line->va = addr;
	line->pc = (uint64_t)pc;
}

static void on_block(unsigned int cpu, void *data)
{
	struct block *block = data;

	(void)cpu;
	if (!active)
		return;
	instructions += block->length;
	block->runs++;
}

static uint64_t writes_of(const struct line *line)
{
	uint64_t sum = 0;

	for (int cpu = 0; cpu < CPUS; cpu++)
		sum += line->writes[cpu];
	return sum;
}

static bool is_hot(const struct line *line, uint64_t operations)
{
	uint64_t writes = writes_of(line);
	int writers = 0;

	for (int cpu = 0; cpu < CPUS; cpu++)
		writers += writes && line->writes[cpu] * 20 >= writes;
	return writers >= 3 && writes * 8 >= operations;
}

static uint64_t operations_now(void)
{
	uint64_t sum = 0;

	for (int cpu = 0; cpu < CPUS; cpu++)
		sum += operation[cpu];
	return sum;
}

static void report_blocks(void)
{
	for (struct block *block = blocks; block; block = block->next)
		if (block->runs)
			fprintf(out, "block pc %llx instructions %llu\n",
				(unsigned long long)block->pc, block->length * block->runs);
}

static void report(void)
{
	unsigned long long operations = operations_now(), hot_writes = 0, hot = 0;

	for (size_t i = 0; i < 1UL << TABLE_BITS; i++) {
		struct line *line = &table[i];

		if (!line->tag || !is_hot(line, operations))
			continue;
		hot++;
		hot_writes += writes_of(line);
		fprintf(out, "line va %llx pc %llx writes %llu reads %llu\n",
			(unsigned long long)line->va, (unsigned long long)line->pc,
			(unsigned long long)writes_of(line), (unsigned long long)line->reads);
	}
	report_blocks();
	fprintf(out, "run %u operations %llu hot %llu hot_writes %llu ", run, operations, hot,
		hot_writes);
	fprintf(out, "instructions %llu touched %llu misses_32k %llu misses_1m %llu full %d\n",
		instructions, touched, caches[0].misses, caches[1].misses, full);
	fflush(out);
}

static void watch(uint64_t id);

static void begin(void)
{
	memset(table, 0, sizeof(*table) << TABLE_BITS);
	memset(operation, 0, sizeof(operation));
	for (struct block *block = blocks; block; block = block->next)
		block->runs = 0;
	used = 0;
	instructions = 0;
	touched = 0;
	full = false;
	for (int i = 0; i < NR_CACHES; i++) {
		caches[i].misses = 0;
		for (int cpu = 0; cpu < CPUS; cpu++)
			memset(caches[i].set[cpu], 0, caches[i].sets * sizeof(struct set));
	}
	run++;
	active = true;
	/*
	 * Until the first run nothing is watched, so that the machine is up soon. There is no way
	 * back: after it, QEMU 7.2 would use what it has freed.
	 */
	if (run == 1)
		qemu_plugin_reset(plugin, watch);
}

static void end(void)
{
	if (active)
		report();
	active = false;
}

static void on_mark(unsigned int cpu, void *mark)
{
	switch ((uintptr_t)mark) {
	case MARK_BEGIN:
		begin();
		break;
	case MARK_END:
		end();
		break;
	case MARK_ONE:
		operation[cpu % CPUS]++;
	}
}

/* 0: it is none */
static uint32_t mark_of(const struct qemu_plugin_insn *insn)
{
	static const unsigned char code[] = MARK_CODE;
	const unsigned char *bytes = qemu_plugin_insn_data(insn);
	uint32_t which;

	if (qemu_plugin_insn_size(insn) != sizeof(code) + sizeof(which) ||
	    memcmp(bytes, code, sizeof(code)))
		return 0;
	memcpy(&which, bytes + sizeof(code), sizeof(which));
	return which >= MARK_BEGIN && which <= MARK_ONE ? which : 0;
}

static void look_for_mark(struct qemu_plugin_insn *insn)
{
	uint32_t which = mark_of(insn);

	if (which)
		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, QEMU_PLUGIN_CB_NO_REGS,
						       (void *)(uintptr_t)which);
}

static void translate_marks(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++)
		look_for_mark(qemu_plugin_tb_get_insn(tb, i));
}

static void translate_all(uint64_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);
	struct block *block = calloc(1, sizeof(*block));
	struct qemu_plugin_insn *insn;

	(void)id;
	if (!block)
		abort();
	block->pc = qemu_plugin_tb_vaddr(tb);
	block->length = n;
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS, block);
	for (size_t i = 0; i < n; i++) {
		insn = qemu_plugin_tb_get_insn(tb, i);
		look_for_mark(insn);
		qemu_plugin_register_vcpu_mem_cb(insn, on_memory, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW,
						 (void *)qemu_plugin_insn_vaddr(insn));
	}
}

/* Code that was translated is translated anew. */
static void watch(uint64_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate_all);
}

static void wait_for_mark(uint64_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate_marks);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return -1;
	out = fopen(argv[0] + 4, "w");
	table = calloc(1UL << TABLE_BITS, sizeof(*table));
	if (!out || !table)
		return -1;
	for (int i = 0; i < NR_CACHES; i++)
		for (int cpu = 0; cpu < CPUS; cpu++) {
			caches[i].set[cpu] = calloc(caches[i].sets, sizeof(struct set));
			if (!caches[i].set[cpu])
				return -1;
		}
	plugin = id;
	wait_for_mark(id);
	return 0;
}
