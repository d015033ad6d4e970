#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""shared.py DIR HOT FUNCTIONS: the tables of DIR/lines and DIR/runs, and the targets

The plugin (lines.c) writes lines, the guest (shared) runs, in the same order. HOT: so many
hot lines are shown of each run, with the names of data and code. FUNCTIONS: of so many
functions it is shown how many instructions more than stock's are executed in them. Writes
DIR/shared.md, too. Fails if a target is missed.
"""
import bisect
import collections
import sys

COLUMNS = {'absent': 'stock', 'off': 'observing', 'takeover': 'taken over', 'maps': 'bpftrace'}
ROWS = {
    'handshake': 'a handshake, accepted',
    'queued': 'SYN queued',
    'cookie': 'SYN answered by a cookie',
    'dropped': 'SYN dropped, accept queue full',
    'repeated': 'SYN repeated',
    'stray': 'stray ACK',
}
FIGURES = {
    'hot_writes': 'writes to lines that processors take from each other',
    'instructions': 'instructions',
    'touched': 'lines touched',
    'misses_32k': 'misses of a cache of 32 KiB',
    'misses_1m': 'misses of a cache of 1 MiB',
}
# Hot writes for each operation, at most so many more than stock's
MORE = 6.0


class Run:
    def __init__(self, words, hot, blocks):
        figures = dict(zip(words[2::2], map(int, words[3::2])))
        if figures['full'] or not figures['operations']:
            sys.exit(f'shared: run {words[1]} touched more lines than the plugin can hold, or '
                     'counted nothing')
        self.operations = figures['operations']
        self.each = {name: figures[name] / self.operations for name in FIGURES}
        self.hot = sorted(hot, key=lambda line: -line[2])
        self.blocks = blocks


def read_runs(directory):
    """The runs by (row, listeners, column)"""
    runs, hot, blocks = [], [], []
    with open(f'{directory}/lines', encoding='ascii') as lines:
        for line in lines:
            words = line.split()
            if words[0] == 'run':
                runs.append(Run(words, hot, blocks))
                hot, blocks = [], []
            elif words[0] == 'block':
                blocks.append((int(words[2], 16), int(words[4])))
            else:
                hot.append((int(words[2], 16), int(words[4], 16), int(words[6]), int(words[8])))
    with open(f'{directory}/runs', encoding='ascii') as names:
        keys = [tuple(name.split()) for name in names]
    # Not those that only warm caches
    if len(runs) != len(keys):
        sys.exit(f'shared: {len(runs)} runs were seen, {len(keys)} were played')
    return dict(zip(keys, runs))


class Symbols:
    def __init__(self, name):
        found = []
        with open(name, encoding='ascii') as lines:
            for line in lines:
                words = line.split()
                if words[1].lower() in 'tdbrvw' and int(words[0], 16):
                    found.append((int(words[0], 16), ' '.join(words[2:])))
        found.sort()
        self.addresses = [address for address, _ in found]
        self.names = [name for _, name in found]

    def function(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.names[at] if at >= 0 and address >> 63 else 'of programs'

    def name(self, address):
        at = bisect.bisect_right(self.addresses, address) - 1
        if at < 0 or address - self.addresses[at] > 0x100000:
            return hex(address)
        return f'{self.names[at]}+{address - self.addresses[at]:#x}'


def of_group(listeners):
    return 'one listener' if listeners == '1' else f'a group of {listeners}'


def table(runs, figure, out):
    columns = [c for c in COLUMNS if any(key[2] == c for key in runs)]
    print(f'| {FIGURES[figure]} | ' + ' | '.join(COLUMNS[c] for c in columns) + ' |', file=out)
    print('|---' * (len(columns) + 1) + '|', file=out)
    groups = sorted({key[1] for key in runs}, key=int)
    for row, words in ROWS.items():
        for listeners in groups:
            values = [runs.get((row, listeners, c)) for c in columns]
            if not any(values):
                continue
            cells = [f'{run.each[figure]:,.1f}' if run else '' for run in values]
            print(f'| {words}, {of_group(listeners)} | ' + ' | '.join(cells) + ' |', file=out)
    print(file=out)


def show_hot(runs, directory, most):
    if not most:
        return
    symbols = {}
    for (row, listeners, column), run in runs.items():
        if column not in symbols:
            symbols[column] = Symbols(f'{directory}/kallsyms.{column}')
        name = symbols[column].name
        print(f'{row}, {of_group(listeners)}, {COLUMNS[column]}:')
        for address, code, writes, reads in run.hot[:most]:
            print(f'  {writes / run.operations:6.2f} writes {reads / run.operations:6.2f} reads '
                  f'of {name(address):<40} by {name(code)}')


def functions_of(run, symbols):
    """Instructions of each function, for each operation"""
    sums = collections.Counter()
    for pc, instructions in run.blocks:
        sums[symbols.function(pc)] += instructions / run.operations
    return sums


def show_functions(runs, directory, most):
    for (row, listeners, column), run in runs.items():
        stock = runs.get((row, listeners, 'absent'))
        if column == 'absent' or not stock:
            continue
        here = functions_of(run, Symbols(f'{directory}/kallsyms.{column}'))
        there = functions_of(stock, Symbols(f'{directory}/kallsyms.absent'))
        more = {name: here[name] - there[name] for name in here | there}
        print(f'{row}, {of_group(listeners)}, {COLUMNS[column]}, less stock:')
        for name in sorted(more, key=lambda name: -abs(more[name]))[:most]:
            print(f'  {more[name]:+9.1f} instructions, {here[name]:9.1f} in all, {name}')


def targets(runs):
    missed = 0
    for (row, listeners, column), run in runs.items():
        stock = runs.get((row, listeners, 'absent'))
        if column not in ('off', 'takeover') or not stock:
            continue
        more = run.each['hot_writes'] - stock.each['hot_writes']
        good = more <= MORE
        missed += not good
        print(f'{"PASS" if good else "MISS"}  {ROWS[row]}, {of_group(listeners)}, '
              f'{COLUMNS[column]}: {more:+.1f} hot writes, at most {MORE:+.1f}')
    return missed


def main():
    directory = sys.argv[1]
    runs = read_runs(directory)
    with open(f'{directory}/shared.md', 'w', encoding='ascii') as out:
        for figure in FIGURES:
            table(runs, figure, out)
    with open(f'{directory}/shared.md', encoding='ascii') as out:
        print(out.read())
    show_hot(runs, directory, int(sys.argv[2]))
    show_functions(runs, directory, int(sys.argv[3]))
    return 1 if targets(runs) else 0


if __name__ == '__main__':
    sys.exit(main())
