// SPDX-License-Identifier: GPL-2.0
/*
 * between.c - words of processors that change between two segments
 *
 * A segment runs through the kernel's functions with bottom halves off, from the first of our
 * hooks to the last. What all of them ask a word of their processor is the same for all of
 * them, if the word is written by a task of that processor with bottom halves on.
 */
#include <linux/cpu.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "kernel/between.h"

struct writer {
	struct work_struct work;
	unsigned long __percpu *word;
	unsigned long value;
};

static DEFINE_PER_CPU(struct writer, writers);
static DEFINE_MUTEX(writing);	/* guards them */

static void write_here(struct work_struct *work)
{
	struct writer *writer = container_of(work, struct writer, work);

	this_cpu_write(*writer->word, writer->value);
}

/**
 * lq_between_segments() - write a word of each processor that has no segment in the middle
 * @word: the words
 * @value: what they are to be
 *
 * One processor after the other: meanwhile they differ.
 *
 * Context: process, sleeps. On return all have it.
 */
void lq_between_segments(unsigned long __percpu *word, unsigned long value)
{
	struct writer *writer;
	int cpu;

	mutex_lock(&writing);
	cpus_read_lock();
	for_each_possible_cpu(cpu) {
		writer = per_cpu_ptr(&writers, cpu);
		writer->word = word;
		writer->value = value;
		INIT_WORK(&writer->work, write_here);
		if (cpu_online(cpu))
			queue_work_on(cpu, system_highpri_wq, &writer->work);
		else
			/* It has nothing in the middle. */
			*per_cpu_ptr(word, cpu) = value;
	}
	for_each_online_cpu(cpu)
		flush_work(&per_cpu(writers, cpu).work);
	cpus_read_unlock();
	mutex_unlock(&writing);
}
