// SPDX-License-Identifier: GPL-2.0
/*
 * test_verdict.c - twin of src/core/verdict.c: the lists of include/listenq_verdict.h,
 * their tables and their ABI
 *
 * verdicts.abi and reasons.abi hold every row that users may have seen. A row
 * that changed or is gone fails; a new one is to be appended to the file, as the
 * failed test prints it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/verdict.h"
#include "tap.h"

struct row {
	int number;
	const char *name;
	const char *reason;
	int loss;
	const char *text;
};

#define VERDICT_ROW(number, name, reason, loss, text) { number, #name, #reason, loss, text },
static const struct row verdicts[] = { LQ_VERDICTS(VERDICT_ROW) };

#define REASON_ROW(number, name) { number, #name, "", 0, "" },
static const struct row reasons[] = { LQ_REASONS(REASON_ROW) };

/* A reason that is no reason does not compile. */
#define REASON_OF(number, name, reason, loss, text) LQ_R_##reason,
static const enum lq_reason reason_of[] = { LQ_VERDICTS(REASON_OF) };

#define VERDICTS ((int)(sizeof(verdicts) / sizeof(verdicts[0])))
#define REASONS ((int)(sizeof(reasons) / sizeof(reasons[0])))

static void test_numbers(const char *list, const struct row *rows, int count, int first,
			 int end)
{
	bool good = count == end - first;

	for (int i = 0; i < count; i++)
		if (rows[i].number != first + i) {
			diag("%s: number %d, expected %d", rows[i].name, rows[i].number,
			     first + i);
			good = false;
		}
	ok(good, "%s__numbers_are_contiguous_from_%d", list, first);
}

static void test_names(const char *list, const struct row *rows, int count)
{
	bool fit = true, unique = true;

	for (int i = 0; i < count; i++) {
		const char *name = rows[i].name;

		if (!*name || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")]) {
			diag("%s: not of [a-z0-9_]+", name);
			fit = false;
		}
		for (int j = 0; j < i; j++)
			if (!strcmp(name, rows[j].name)) {
				diag("%s: %d and %d", name, rows[j].number, rows[i].number);
				unique = false;
			}
	}
	ok(fit, "%s__names_fit", list);
	ok(unique, "%s__names_are_unique", list);
}

static void test_reasons(void)
{
	bool used[LQ_R_count] = { 0 }, good = true;

	for (int i = 0; i < VERDICTS; i++) {
		used[reason_of[i]] = true;
		if (verdicts[i].loss && reason_of[i] == LQ_R_none) {
			diag("%s: a loss without a reason", verdicts[i].name);
			good = false;
		}
	}
	ok(good, "verdicts__a_loss_has_a_reason");
	good = true;
	for (int i = 0; i < REASONS; i++)
		if (!used[i]) {
			diag("%s: no verdict has it", reasons[i].name);
			good = false;
		}
	ok(good, "reasons__each_is_some_verdict's");
}

static void test_losses(void)
{
	bool good = true;

	for (int i = 0; i < VERDICTS; i++)
		if (verdicts[i].loss != 0 && verdicts[i].loss != 1) {
			diag("%s: loss %d", verdicts[i].name, verdicts[i].loss);
			good = false;
		}
	ok(good, "verdicts__loss_is_0_or_1");
}

static void test_texts(void)
{
	bool good = true;

	for (int i = 0; i < VERDICTS; i++)
		if (!*verdicts[i].text || strpbrk(verdicts[i].text, "\"'\\\n\t")) {
			diag("%s: text \"%s\"", verdicts[i].name, verdicts[i].text);
			good = false;
		}
	ok(good, "verdicts__texts_are_plain");
}

static void test_tables(void)
{
	const struct lq_verdict_row *row;
	bool good = true;

	for (int i = 0; i < VERDICTS; i++) {
		row = &lq_verdicts[verdicts[i].number];
		if (strcmp(row->name, verdicts[i].name) || strcmp(row->text, verdicts[i].text) ||
		    strcmp(lq_reasons[row->reason], verdicts[i].reason) ||
		    row->loss != verdicts[i].loss) {
			diag("%s: another row of lq_verdicts", verdicts[i].name);
			good = false;
		}
	}
	ok(good, "lq_verdicts__each_row_as_in_the_list");
	row = &lq_verdicts[LQ_V_none];
	ok(!row->name && !row->text && row->reason == LQ_R_none && !row->loss,
	   "lq_verdicts__no_verdict_has_an_empty_row");
	good = true;
	for (int i = 0; i < REASONS; i++)
		good = good && !strcmp(lq_reasons[reasons[i].number], reasons[i].name);
	ok(good, "lq_reasons__each_as_in_the_list");
}

static int find(const struct row *rows, int count, int number)
{
	for (int i = 0; i < count; i++)
		if (rows[i].number == number)
			return i;
	return -1;
}

/* As in the ABI file: number and name, of a verdict its reason and loss too. */
static void print_row(char *line, size_t size, const struct row *row)
{
	if (*row->reason)
		snprintf(line, size, "%d %s %s %d", row->number, row->name, row->reason,
			 row->loss);
	else
		snprintf(line, size, "%d %s", row->number, row->name);
}

/* Compare every row of the file; those that the list has too are marked as listed. */
static bool compare_abi(FILE *file, const struct row *rows, int count, bool *listed)
{
	char wanted[128], now[128];
	bool good = true;
	int i;

	while (fgets(wanted, sizeof(wanted), file)) {
		wanted[strcspn(wanted, "\n")] = '\0';
		if (*wanted == '#')
			continue;
		i = find(rows, count, atoi(wanted));
		if (i >= 0) {
			listed[i] = true;
			print_row(now, sizeof(now), &rows[i]);
			if (!strcmp(now, wanted))
				continue;
		}
		diag("was \"%s\", is %s", wanted, i >= 0 ? now : "gone");
		good = false;
	}
	return good;
}

static void test_abi(const char *list, const struct row *rows, int count, const char *path)
{
	bool listed[VERDICTS + REASONS] = { 0 }, all = true;
	FILE *file = fopen(path, "r");
	char line[128];

	if (!ok(file, "%s__abi_file_can_be_read", list)) {
		diag("%s", path);
		return;
	}
	ok(compare_abi(file, rows, count, listed), "%s__abi_rows_are_unchanged", list);
	fclose(file);
	for (int i = 0; i < count; i++) {
		if (listed[i])
			continue;
		print_row(line, sizeof(line), &rows[i]);
		diag("append to %s: %s", path, line);
		all = false;
	}
	ok(all, "%s__every_row_is_in_the_abi_file", list);
}

int main(void)
{
	test_numbers("verdicts", verdicts, VERDICTS, 1, LQ_V_count);
	test_numbers("reasons", reasons, REASONS, 0, LQ_R_count);
	test_names("verdicts", verdicts, VERDICTS);
	test_names("reasons", reasons, REASONS);
	test_reasons();
	test_losses();
	test_texts();
	test_tables();
	test_abi("verdicts", verdicts, VERDICTS, ABI_DIR "/verdicts.abi");
	test_abi("reasons", reasons, REASONS, ABI_DIR "/reasons.abi");
	return tap_end();
}
