#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""wire.py [-a ALLOWED] [-p] LOG LOG - compares two logs of the driver (drive/log.c)

Story by story, and in each, client by client: the same frames, sent within a tick of each
other, and then the same results and counters. Each difference is of a kind; a kind is one
line of the answer, with how often and where it was seen. Kinds listed in ALLOWED (a regular
expression, then a reason) may be; a client that was lost is never allowed.

  -p  the second log may be shorter
"""
import collections
import re
import sys

TICKS = 1        # how much later or earlier something may be sent
MS = 5           # and so its timestamp
# Ticks between two measured times of a connection; of a single measurement R, the
# retransmission timeout is R + 4 * R / 2 (RFC 6298 2.2).
TIMES = {'rtt': 3, 'rto': 9}
LATE = ('TW',)   # counted a minute later, in another story


class Story:
    """What one story has left in a log."""

    def __init__(self):
        self.frames = collections.defaultdict(list)
        self.told = []
        self.results = []
        self.counters = {}
        self.served = collections.Counter()

    def read(self, line):
        # Clients without a name are alike: which of them is given up does not count.
        words = re.sub('#[0-9]+', '#', line).split()
        if words[0] == 'counter':
            if words[1] in LATE:
                return
            self.counters[words[1]] = words[2]
        elif len(words) > 2 and words[2] == '<':
            self.frames[words[1]].append(words)
        else:
            self.results.append(words)
            if len(words) > 1 and words[1] == 'accepted':
                self.served[words[2]] += 1


def read(path):
    stories = {}
    with open(path, encoding='ascii') as log:
        for line in log:
            line = line.rstrip('\n')
            if line.startswith('== '):
                story = stories[line[3:].split('/')[-1]] = Story()
            elif line.startswith('#'):
                story.told.append(line)
            else:
                story.read(line)
    for story in stories.values():
        story.frames['#'].sort(key=lambda words: (int(words[0]), words))
    return stories


def close(a, b, most):
    return a == b or abs(int(a) - int(b)) <= most


def same_options(a, b):
    """Options in their order; a timestamp is the clock's, within a tick."""
    a, b = a.split(','), b.split(',')
    if len(a) != len(b):
        return False
    for one, other in zip(a, b):
        one, other = one.split(':'), other.split(':')
        if one[0] == other[0] == 'ts':
            if one[2] != other[2] or not close(one[1], other[1], MS):
                return False
        elif one != other:
            return False
    return True


def fields(words):
    """Of a frame: what stands behind its flags, by name."""
    return dict(zip(words[4::2], words[5::2] + ['']))


def repeats(frames, frame):
    """How often a connection sent this before: its own timer repeats it, ours no SYN-ACK."""
    one = fields(frame)
    if 'S' in frame[3] or (one['len'] == '0' and 'F' not in frame[3]):
        return 0
    return sum(f[3] == frame[3] and fields(f)['seq'] == one['seq'] for f in frames)


def frame_kind(a, b, most=TICKS):
    """How two frames differ, or None."""
    if a[3] != b[3]:
        return f'{a[3]} became {b[3]}'
    one, other = fields(a), fields(b)
    for name in one.keys() | other.keys():
        same = same_options if name == 'opt' else str.__eq__
        if not same(one.get(name, ''), other.get(name, '')):
            return f'{name} of {a[3]}'
    return None if close(a[0], b[0], most) else f'time of {a[3]}'


def frames_kind(a, b):
    """The first difference in what one client got."""
    for n, (one, other) in enumerate(zip(a, b)):
        # A measured timeout that is a tick longer is doubled with each repetition.
        kind = frame_kind(one, other, TICKS << repeats(a[:n], one))
        if kind and ' became ' in kind and not close(one[0], other[0], TICKS):
            earlier = int(one[0]) < int(other[0])
            return f'{one[3]} missing' if earlier else f'{other[3]} besides'
        if kind:
            return kind
    if len(a) != len(b):
        longer, how = (a, 'missing') if len(a) > len(b) else (b, 'besides')
        return f'{longer[min(len(a), len(b))][3]} {how}'
    return None


def same_child(a, b):
    """Two lines of one connection: measured times follow from when segments came."""
    return len(a) == len(b) and all(
        one == other or before in TIMES and close(one, other, TIMES[before])
        for before, one, other in zip([''] + a, a, b))


def results_kind(a, b):
    """How what the server got differs: accepted connections and what they are."""
    for one, other in zip(a, b):
        if one[0].isdigit() and other[0].isdigit():
            if one[1:] != other[1:] or not close(one[0], other[0], TICKS):
                return 'accepted: ' + ' '.join(one[1:2])
        elif one != other and not same_child(one, other):
            names = [one[i - 1] for i in range(1, min(len(one), len(other)))
                     if one[i] != other[i]]
            return f'{one[0]}: {names[0] if names else ""}'
    return None if len(a) == len(b) else 'accepted: more or less'


def kinds(name, a, b):
    """All kinds of difference between two plays of a story."""
    found = found_kinds(a, b)
    if found and a.told != b.told and not found[0].startswith('LOST'):
        return [f'told otherwise: {name}']
    return found


def found_kinds(a, b):
    """The worst alone, or all kinds of the mildest sort."""
    if a.served - b.served:
        return ['LOST a client']
    if b.served - a.served:
        return ['served a client more']
    for flow in sorted(a.frames.keys() | b.frames.keys()):
        kind = frames_kind(a.frames[flow], b.frames[flow])
        if kind:
            return [kind if flow == 'A' else f'another client: {kind}']
    found = [results_kind(a.results, b.results)]
    names = a.counters.keys() | b.counters.keys()
    found += [f'counter {n}' for n in names if a.counters.get(n) != b.counters.get(n)]
    return [kind for kind in found if kind]


def read_allowed(path):
    with open(path, encoding='ascii') as file:
        lines = [line.rstrip('\n') for line in file]
    return [tuple(re.split(r'\t+', line, maxsplit=1)) for line in lines
            if line and not line.startswith('#')]


def reason(kind, allowed):
    if kind.startswith('LOST'):
        return None
    return next((why for what, why in allowed if re.fullmatch(what, kind)), None)


def main(arguments):
    allowed, short = [], False
    while arguments and arguments[0].startswith('-'):
        option = arguments.pop(0)
        if option == '-a':
            allowed = read_allowed(arguments.pop(0))
        short |= option == '-p'
    before, after = (read(path) for path in arguments)
    seen = collections.defaultdict(list)
    for name, story in before.items():
        if name not in after:
            if not short:
                seen['not played'].append(name)
            continue
        for kind in kinds(name, story, after[name]):
            seen[kind].append(name)
    bad = 0
    for kind, where in sorted(seen.items(), key=lambda item: -len(item[1])):
        why = reason(kind, allowed)
        bad += why is None
        print(f'{len(where)} x {kind}: {", ".join(where[:5])}'
              + (f' (allowed: {why})' if why else ''))
    print(f'{len(before)} played, {len(seen)} kinds of difference, {bad} not allowed')
    return bad > 0 or not before or not after


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
