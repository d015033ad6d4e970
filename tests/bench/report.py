#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.py DIR: the table, the targets and the plots of DIR/results

A line of results is "row column instructions", one for each repetition. Rows and
columns that are not there are left out, and targets that need them say so.
Fails if a target is missed.
"""
import statistics
import subprocess
import sys

# Columns in the order of the table, with their heads.
COLUMNS = {
    'absent': 'absent',
    'bare': 'probes',
    'off': 'off',
    'on': 'on',
    'takeover': 'takeover',
    'maps': 'bt maps',
    'printf': 'bt printf',
    'no_do_rcv': 'no do_rcv',
    'other_off': 'other off',
    'other_takeover': 'other take',
}
# Rows: what one operation is; frames have a sender, which is taken away.
ROWS = {
    'handshake': 'connect, accept, close over lo',
    'beside': 'the same, not taken over, beside one that is',
    'ping_pong': '64 bytes there and back over lo',
    'queued': 'SYN, request queued, SYN-ACK',
    'cookie': 'SYN, answered by a cookie',
    'dropped': 'SYN, accept queue full, dropped',
    'synq_full': 'SYN, SYN queue full, dropped',
    'retransmitted': 'SYN repeated, SYN-ACK again',
    'stray': 'ACK without request, RST',
    'filtered': 'SYN, dropped by nft before the listener',
    'listens': 'listen() and close() of a member of a group; takeover: by a rule',
    'handshake6': 'connect, accept, close over lo, IPv6',
    'queued6': 'SYN, request queued, SYN-ACK, IPv6',
    'cookie6': 'SYN, answered by a cookie, IPv6',
}
FRAMES = ('queued', 'cookie', 'dropped', 'synq_full', 'retransmitted', 'stray', 'filtered',
          'queued6', 'cookie6')

# (what, row, column, at most so many percent more than absent)
LIMITS = (
    ('handshake', 'off', 5.0),
    ('handshake', 'on', 8.0),
    ('handshake6', 'off', 5.0),
    ('ping_pong', 'off', 0.5),
    ('queued', 'off', 10.0),
    ('cookie', 'off', 10.0),
    ('dropped', 'off', 10.0),
    ('synq_full', 'off', 10.0),
    ('retransmitted', 'off', 10.0),
    ('stray', 'off', 10.0),
    ('queued6', 'off', 10.0),
    ('cookie6', 'off', 10.0),
    ('listens', 'off', 50.0),
    ('handshake', 'takeover', 0.0),
    ('beside', 'takeover', 5.0),
    ('ping_pong', 'takeover', 0.2),
    ('dropped', 'takeover', 0.0),
    ('synq_full', 'takeover', 0.0),
    ('retransmitted', 'takeover', 0.0),
    ('stray', 'takeover', 2.0),
    ('listens', 'takeover', 150.0),
)
# The same, without the sender
NET_LIMITS = (('queued', 'takeover', -25.0), ('cookie', 'takeover', -35.0))
# (column, column of bpftrace): what the first adds, at most this share of the other's
SHARES = (('off', 'maps'), ('on', 'printf'))
SHARE = 1 / 3
# (column, the same of another build): how far they may be apart, in percent
OTHERS = (('off', 'other_off'), ('takeover', 'other_takeover'))
APART = 0.5
# Where the bars of the plot in text end, in percent: else most of them are too short.
CUT = 100


def read(name):
    runs = {}
    with open(name, encoding='ascii') as lines:
        for line in lines:
            row, column, value = line.split()
            runs.setdefault((row, column), []).append(float(value))
    return runs


class Results:
    def __init__(self, runs):
        self.runs = runs
        self.median = {key: statistics.median(values) for key, values in runs.items()}

    def has(self, row, *columns):
        return all((row, column) in self.median for column in columns)

    def added(self, row, column):
        return self.median[row, column] - self.median[row, 'absent']

    def percent(self, row, column):
        return 100 * self.added(row, column) / self.median[row, 'absent']

    def net_percent(self, row, column):
        """Without the sender, whose own cost is that of absent in all columns."""
        net = self.median[row, 'absent'] - self.median['sender', 'absent']
        return 100 * self.added(row, column) / net

    def spread(self, row, column):
        values = self.runs[row, column]
        return 100 * (max(values) - min(values)) / self.median[row, column]

    def rows(self):
        return [row for row in ROWS if self.has(row, 'absent')]

    def columns(self):
        return [c for c in COLUMNS if any(self.has(row, c) for row in ROWS)]


def cells(results, row, cell):
    return ''.join(f'{cell(row, c) if results.has(row, c) else "-":>11}'
                   for c in results.columns())


def label(row):
    return row.replace('_', '-')


def table(results):
    print(f'{"instructions":<24}' + ''.join(f'{COLUMNS[c]:>11}' for c in results.columns()))
    for row in results.rows():
        print(f'{label(row):<24}' +
              cells(results, row, lambda r, c: f'{results.median[r, c]:,.0f}'))
        print(f'{"  more than absent":<24}' +
              cells(results, row, lambda r, c: '' if c == 'absent' else
                    f'{results.added(r, c):+,.0f}'))
        print(f'{"  in percent":<24}' +
              cells(results, row, lambda r, c: '' if c == 'absent' else
                    f'{results.percent(r, c):+.1f} %'))
        if row in FRAMES:
            print(f'{"  without the sender":<24}' +
                  cells(results, row, lambda r, c:
                        f'{results.median[r, c] - results.median["sender", "absent"]:,.0f}'
                        if c == 'absent' else f'{results.net_percent(r, c):+.1f} %'))
        print(f'{"  spread":<24}' +
              cells(results, row, lambda r, c: f'{results.spread(r, c):.2f} %'))
    if results.has('sender', 'absent'):
        print(f'{"sender alone":<24}' +
              cells(results, 'sender', lambda r, c: f'{results.median[r, c]:,.0f}'))


def verdict(missed, what, got, limit):
    good = got <= limit
    print(f'{"PASS" if good else "MISS"}  {what}')
    return missed + (not good)


def net_targets(results, missed):
    for row, column, limit in NET_LIMITS:
        if not results.has(row, column, 'absent') or not results.has('sender', 'absent'):
            print(f'----  {label(row)}, {COLUMNS[column]}: not measured')
            continue
        got = results.net_percent(row, column)
        missed = verdict(missed, f'{label(row)}, {COLUMNS[column]}: {got:+.2f} % without the '
                         f'sender, at most {limit:+.1f} %', got, limit)
    return missed


def other_targets(results, missed):
    """This build against another one, measured in the same run"""
    for ours, theirs in OTHERS:
        for row in results.rows():
            if not results.has(row, ours, theirs):
                continue
            before = results.median[row, theirs]
            got = 100 * (results.median[row, ours] - before) / before
            missed = verdict(missed, f'{label(row)}, {COLUMNS[ours]}: {got:+.2f} % against '
                             f'the other build, at most {APART:.1f} % apart', abs(got), APART)
    return missed


def targets(results):
    missed = 0
    for row, column, limit in LIMITS:
        if not results.has(row, column, 'absent'):
            print(f'----  {label(row)}, {COLUMNS[column]}: not measured')
            continue
        got = results.percent(row, column)
        if results.has(row, 'bare'):
            print(f'      {label(row)}: of {results.added(row, column):+,.0f} the probes alone '
                  f'are {results.added(row, "bare"):+,.0f}')
        missed = verdict(missed, f'{label(row)}, {COLUMNS[column]}: {got:+.2f} %, at most '
                         f'{limit:+.1f} %', got, limit)
    missed = other_targets(results, net_targets(results, missed))
    for ours, theirs in SHARES:
        for row in results.rows():
            if row == 'ping_pong' or not results.has(row, ours, theirs):
                continue
            got = results.added(row, ours) / results.added(row, theirs)
            missed = verdict(missed, f'{label(row)}, {COLUMNS[ours]} adds '
                             f'{results.added(row, ours):,.0f}, {COLUMNS[theirs]} '
                             f'{results.added(row, theirs):,.0f}: {got:.2f}, at most '
                             f'{SHARE:.2f}', got, SHARE)
    return missed


# docs/cost.md's table: instructions more than absent, whole columns only.
TABLE_ROWS = {
    'handshake': 'a handshake over lo: connect, accept, close',
    'ping_pong': '64 bytes there and back',
    'queued': 'SYN queued',
    'cookie': 'SYN answered by a cookie',
    'dropped': 'SYN dropped, accept queue full',
    'retransmitted': 'SYN repeated',
    'stray': 'stray ACK',
    'filtered': 'SYN dropped by a firewall',
}
TABLE_COLUMNS = ('bare', 'off', 'on', 'maps')


def markdown(results, path):
    with open(path, 'w', encoding='ascii') as file:
        print('| instructions | without | bare probes | loaded | events on | bpftrace |',
              file=file)
        print('|---|---|---|---|---|---|', file=file)
        for row, words in TABLE_ROWS.items():
            if not results.has(row, 'absent', *TABLE_COLUMNS):
                continue
            more = ' | '.join(f'+{results.added(row, c):,.0f} ({results.percent(row, c):+.1f} %)'
                              for c in TABLE_COLUMNS)
            print(f'| {words} | {results.median[row, "absent"]:,.0f} | {more} |', file=file)
            if row == 'ping_pong' and results.has(row, 'no_do_rcv'):
                print(f'| the same, `without=tcp_v4_do_rcv,tcp_v6_do_rcv` | '
                      f'{results.median[row, "absent"]:,.0f} | | '
                      f'{results.added(row, "no_do_rcv"):+,.0f} '
                      f'({results.percent(row, "no_do_rcv"):+.1f} %) | | |', file=file)


def takeover_markdown(results, path):
    """docs/cost.md's table of takeover"""
    with open(path, 'w', encoding='ascii') as file:
        print('| instructions | stock | taken over | without the sender |', file=file)
        print('|---|---|---|---|', file=file)
        for row, words in TABLE_ROWS.items():
            if not results.has(row, 'absent', 'takeover'):
                continue
            net = f'{results.net_percent(row, "takeover"):+.1f} %' if row in FRAMES else ''
            print(f'| {words} | {results.median[row, "absent"]:,.0f} | '
                  f'{results.added(row, "takeover"):+,.0f} '
                  f'({results.percent(row, "takeover"):+.1f} %) | {net} |', file=file)


def plot(results, directory):
    columns = [c for c in results.columns() if c not in ('absent', 'no_do_rcv')]
    if not columns:
        return
    with open(f'{directory}/percent', 'w', encoding='ascii') as data:
        print('row', *[f'"{COLUMNS[c]}"' for c in columns], file=data)
        for row in results.rows():
            print(label(row), *[f'{results.percent(row, c):.2f}' if results.has(row, c)
                                else '?' for c in columns], file=data)
    common = '''
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set datafile missing '?'
set yrange [*:*]
set grid ytics
set key top left
set title 'What watching adds to stock Linux 6.1, in percent of instructions'
'''
    curves = ', '.join(f"'{directory}/percent' using {i + 2}" +
                       (':xtic(1)' if i == 0 else '') + f' title columnheader({i + 2})'
                       for i in range(len(columns)))
    run_gnuplot(f"set terminal svg size 1000,500\nset output '{directory}/bench.svg'\n"
                + common + f'plot {curves}\n')
    # Clusters are unreadable as text: the same as bars, one below the other.
    bars(results, columns, directory)
    print(f'plot: {directory}/bench.svg')


def bars(results, columns, directory):
    lines, tics = [], []
    for row in results.rows():
        for c in columns:
            if results.has(row, c):
                tics.append(f'"{label(row)} {COLUMNS[c]}" {-len(lines)}')
                lines.append(f'{min(results.percent(row, c), CUT):.2f} {-len(lines)}')
        tics.append(f'"" {-len(lines)}')
        lines.append(f'0 {-len(lines)}')
    with open(f'{directory}/bars', 'w', encoding='ascii') as data:
        print('\n'.join(lines), file=data)
    run_gnuplot(f'''
set terminal dumb size 100,{len(lines) + 7}
unset key
set title 'percent more instructions than without anything (bars end at {CUT})'
set xrange [0:{CUT}]
set yrange [{-len(lines)}:1]
set ytics nomirror ({', '.join(tics)})
plot '{directory}/bars' using (0):2:1:(0) with vectors nohead
''')


def run_gnuplot(script):
    subprocess.run(['gnuplot'], input=script, text=True, check=True)


def main():
    directory = sys.argv[1]
    results = Results(read(f'{directory}/results'))
    table(results)
    print('''
An operation's median over all repetitions; spread: (most - least) / median.
"bt maps", "bt printf": tests/bench/facts-maps.bt and facts-printf.bt; what bpftrace's own
process does to drain the buffer on the one processor, and writes, is included.
''')
    missed = targets(results)
    markdown(results, f'{directory}/table.md')
    takeover_markdown(results, f'{directory}/takeover.md')
    plot(results, directory)
    return 1 if missed else 0


if __name__ == '__main__':
    sys.exit(main())
