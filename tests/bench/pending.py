#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""pending.py DIR: the table of DIR/pending, and whether cost is flat

A line is "NAME LEVEL VALUE". Writes DIR/pending.md, too. Fails if a SYN costs more the
more are pending, or a record takes more than a request of the stock kernel.
"""
import sys

# A SYN may cost so much more at the last level than at the first.
FLAT = 1.03


def read(name):
    figures = {}
    with open(name, encoding='ascii') as lines:
        for line in lines:
            what, level, value = line.split()
            figures.setdefault(what, {})[int(level)] = int(value)
    return figures


def one(figures, what):
    return next(iter(figures[what].items()))


def rows(figures):
    for kind, words in (('here', 'taken over'), ('stock', 'stock')):
        first = next(iter(figures[kind].values()))
        for level, value in figures[kind].items():
            yield f'a SYN, {words}, {level:,} pending', f'{value:,} ({value / first:.3f})'
    total, each = one(figures, 'bytes')
    yield f'bytes of memory for each of {total:,} pending, taken over', f'{each:,}'
    total, each = one(figures, 'stock_bytes')
    yield f'the same, stock, of {total:,} objects of {one(figures, "stock_object")[1]} bytes', \
        f'{each:,}'
    total, each = one(figures, 'read_line')
    yield f'a line of `requests`, {total:,} pending', f'{each:,}'
    yield 'the longest call of read() for it', f'{one(figures, "read_longest")[1]:,}'
    total, each = one(figures, 'repeated')
    yield f'a SYN-ACK repeated by the timer, {total:,} due', f'{each:,}'


def main():
    directory = sys.argv[1]
    figures = read(f'{directory}/pending')
    with open(f'{directory}/pending.md', 'w', encoding='ascii') as file:
        print('| what | instructions, or bytes |', '|---|---|', sep='\n', file=file)
        for what, value in rows(figures):
            print(f'{what:<70}{value:>20}')
            print(f'| {what} | {value} |', file=file)
    here = list(figures['here'].values())
    flat = max(here) <= here[0] * FLAT
    small = one(figures, 'bytes')[1] < one(figures, 'stock_bytes')[1]
    print(f'{"PASS" if flat else "MISS"}  a SYN costs the same, at most {FLAT} times')
    print(f'{"PASS" if small else "MISS"}  less memory than stock')
    return 0 if flat and small else 1


if __name__ == '__main__':
    sys.exit(main())
