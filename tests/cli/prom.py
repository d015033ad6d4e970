#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""prom: a strict reader of Prometheus' text format

usage: prom.py <metrics     exits with 1 and says what is wrong, or says how much it read

Stricter than Prometheus itself: every family has HELP and TYPE, in front of its
samples, once; no series comes twice; names and types agree; buckets add up.
"""
import re
import sys

NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
SAMPLE = re.compile(rf'({NAME})(?:\{{(.*)\}})? (-?[0-9.]+(?:e[-+]?[0-9]+)?|\+Inf|NaN)')
COMMENT = re.compile(rf'# (HELP|TYPE) ({NAME}) (.+)')


class Wrong(Exception):
    pass


def labels_of(text):
    found, end = {}, 0
    while end < len(text):
        match = LABEL.match(text, end)
        if not match or match[1] in found:
            raise Wrong(f'labels {text}')
        found[match[1]] = re.sub(r'\\(.)', lambda m: '\n' if m[1] == 'n' else m[1], match[2])
        end = match.end()
    return found


def check_histogram(name, samples):
    """samples: [(suffix, labels, value)] of one family"""
    series = {}
    for suffix, labels, value in samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != 'le'))
        buckets, counts = series.setdefault(key, ([], []))
        if suffix == '_bucket':
            buckets.append((float(labels['le']), value))
        elif suffix == '_count':
            counts.append(value)
        elif suffix != '_sum':
            raise Wrong(f'{name}{suffix} in a histogram')
    for key, (buckets, counts) in series.items():
        bounds, values = [b for b, _ in buckets], [v for _, v in buckets]
        if bounds != sorted(set(bounds)) or values != sorted(values):
            raise Wrong(f'{name} {key}: buckets are not in order, or not cumulative')
        if not bounds or bounds[-1] != float('inf') or counts != [values[-1]]:
            raise Wrong(f'{name} {key}: +Inf is missing, or not the count')


class Reader:
    def __init__(self):
        self.help, self.type, self.samples = {}, {}, {}
        self.current, self.seen = None, set()

    def comment(self, line):
        match = COMMENT.fullmatch(line)
        if not match:
            raise Wrong(line)
        kind, name, text = match.groups()
        where = self.help if kind == 'HELP' else self.type
        if name in where or self.samples.get(name):
            raise Wrong(f'{kind} of {name} comes again, or too late')
        if kind == 'TYPE' and text not in ('counter', 'gauge', 'histogram'):
            raise Wrong(line)
        where[name] = text
        self.current = name
        self.samples.setdefault(name, [])

    def sample(self, line):
        match = SAMPLE.fullmatch(line)
        if not match:
            raise Wrong(line)
        name, labels, value = match[1], labels_of(match[2] or ''), float(match[3])
        family = self.current or ''
        if not name.startswith(family) or family not in self.help or family not in self.type:
            raise Wrong(f'{line}: outside of its family')
        suffix = name[len(family):]
        if suffix and self.type[family] != 'histogram':
            raise Wrong(f'{line}: outside of its family')
        if (self.type[family] == 'counter') != family.endswith('_total'):
            raise Wrong(f'{family}: _total is for counters, and for them only')
        if self.type[family] == 'counter' and value < 0:
            raise Wrong(line)
        series = (name, tuple(sorted(labels.items())))
        if series in self.seen:
            raise Wrong(f'{line}: comes again')
        self.seen.add(series)
        self.samples[family].append((suffix, labels, value))

    def read(self, text):
        if not text.endswith('\n'):
            raise Wrong('the last line does not end')
        for line in text[:-1].split('\n'):
            self.comment(line) if line.startswith('#') else self.sample(line)
        for name, kind in self.type.items():
            if kind == 'histogram':
                check_histogram(name, self.samples[name])
        return self


def main():
    try:
        reader = Reader().read(sys.stdin.read())
    except Wrong as wrong:
        sys.exit(f'prom: {wrong}')
    print(f'{len(reader.type)} families, {len(reader.seen)} series')


if __name__ == '__main__':
    main()
