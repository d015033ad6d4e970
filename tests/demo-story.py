#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""demo-story: what the events of listenq say, in words; for scripts/demo.

  listeners FILE...   who listens
  act FILE            the segments of one act, then how often each verdict
  summary FILE...     of all acts: which listener refused whom, and why
  check FILE...       did everything happen that the demo promises?

A FILE is what a tracefs instance had in its "trace". Everything printed is taken
from there, but the texts of the verdicts: those are from /proc/net/listenq/verdicts.
"""
import argparse
import collections
import re
import sys
import textwrap

WIDTH = 110
FIRST = 2           # events shown of each kind from made-up addresses
LINE = re.compile(r'\s(?P<time>\d+\.\d+): lq_(?P<kind>\w+): (?P<fields>.*)')
FIELD = re.compile(r'(\w+)=(\S*)')
VERDICT = re.compile(r' verdict=(\S+) .* loss=(\d) .* text="(.*)"')

# Happen to a pending request without a segment.
REQUEST_TEXT = {
    'retransmitted': 'no answer yet, SYN-ACK sent again',
    'expired': 'no answer at all, request given up',
    'killed_by_close': 'the listener closed, request ended',
    'migrated': 'the listener closed, request moved to another one',
}
# The same when the last ACK had come and met a full queue.
ACKED_TEXT = {
    'retransmitted': 'SYN-ACK sent again: its last ACK had come, but there is no connection yet',
    'expired': 'its last ACK had come, but no connection was made of it: request given up',
    'killed_by_close': 'the listener closed before it could let the client in',
    'migrated': REQUEST_TEXT['migrated'],
}
LET_IN = ('req_completed', 'req_migrated', 'cookie_accepted', 'syn_fastopen')

Event = collections.namedtuple('Event', 'time kind fields listener client host')


def address(fields, side):
    if fields['family'] == 'AF_INET':
        host = fields[side + 'addr']
        return host, f"{host}:{fields[side + 'port']}"
    host = fields[side + 'addrv6']
    return host, f"[{host}]:{fields[side + 'port']}"


def parse(line):
    found = LINE.search(line)
    if not found:
        return None
    fields = dict(FIELD.findall(found['fields']))
    host, client = address(fields, 'd') if 'dport' in fields else (None, None)
    return Event(float(found['time']), found['kind'], fields,
                 address(fields, 's')[1], client, host)


def events_of(paths):
    for path in paths:
        with open(path, encoding='utf-8', errors='replace') as file:
            for line in file:
                event = parse(line)
                if event:
                    yield event
                elif 'LOST' in line and 'EVENTS' in line:
                    sys.exit(f'demo: {path}: the trace buffer was too small')


def read_verdicts(path):
    with open(path, encoding='utf-8', errors='replace') as file:
        rows = VERDICT.findall(file.read())
    return {name: (loss == '1', text) for name, loss, text in rows}


def duration(us):
    if us < 1000:
        return f'{us} us'
    if us < 1000000:
        return f'{us / 1000:.1f} ms'
    return f'{us / 1000000:.1f} s'


class Story:
    def __init__(self, options):
        self.verdicts = read_verdicts(options.verdicts)
        self.real = options.client
        self.port = options.port
        self.colour = options.colour

    def paint(self, text, code):
        return f'\033[{code}m{text}\033[0m' if self.colour else text

    def write(self, head, text, loss):
        """head in front, text in what is left of the line, LOSS in red."""
        mark = 'LOSS: ' if loss else ''
        lines = textwrap.wrap(mark + text, WIDTH - len(head))
        for number, line in enumerate(lines):
            if loss and number == 0:
                line = self.paint('LOSS', '1;31') + line[4:]
            print((head if number == 0 else ' ' * len(head)) + line)

    def words(self, event):
        """What came, what became of it, and whether a client lost by it."""
        fields = event.fields
        if event.kind == 'verdict':
            loss, text = self.verdicts[fields['verdict']]
            return fields['flags'].replace('|', '+') or 'no flag', text, loss
        if event.kind == 'accept':
            wait = duration(int(fields['wait_us']))
            return 'accept()', f'the server took the connection after {wait}', False
        texts = ACKED_TEXT if fields['acked'] == '1' else REQUEST_TEXT
        return '(timer)', texts[fields['what']], fields['loss'] == '1'

    def is_real(self, event):
        return event.host in self.real

    # act

    def show_events(self, events):
        strangers = collections.Counter()
        shown = 0
        print('     ms  client                   listener      came     what became of it')
        for event in events:
            came, text, loss = self.words(event)
            if not self.is_real(event):
                strangers[text] += 1
                if strangers[text] > FIRST:
                    continue
            at = (event.time - events[0].time) * 1000
            self.write(f'{at:7.1f}  {event.client:<21} -> {event.listener:<13} {came:<8} ',
                       text, loss)
            shown += 1
        if shown < len(events):
            print(f'         ... and {len(events) - shown} more like these from made-up addresses')

    def show_counts(self, events):
        counts = collections.Counter()
        for event in events:
            if event.kind == 'accept':
                counts['accept()', 'the server took a connection', False] += 1
            elif event.kind == 'request':
                counts[(event.fields['what'],) + self.words(event)[1:]] += 1
            else:
                counts[(event.fields['verdict'],) + self.words(event)[1:]] += 1
        print('\n  count  verdict')
        for (name, text, loss), count in counts.most_common():
            self.write(f'{count:7}  {name:<19} ', text, loss)

    def act(self, paths):
        everything = [e for e in events_of(paths) if e.kind != 'listener']
        events = [e for e in everything if e.listener.endswith(f':{self.port}')]
        if not events:
            sys.exit(f'demo: no event at all in {paths[0]}')
        self.show_events(events)
        self.show_counts(events)
        if len(events) < len(everything):
            print(f'\n  (left out: {len(everything) - len(events)} events of other ports, '
                  'leftovers of earlier acts)')

    # listeners

    def listeners(self, paths):
        for event in events_of(paths):
            if event.kind == 'listener' and event.fields['what'] == 'listen':
                print(f"  {event.listener:<14} accept queue limit {event.fields['backlog']}")

    # summary

    def summary(self, paths):
        events = list(events_of(paths))
        print('  listener       let in  clients refused  segments  got in later  why')
        for listener in sorted({e.listener for e in events if e.kind == 'verdict'}):
            self.one_listener(listener, [e for e in events if e.listener == listener])
        losses = sum(1 for e in events if e.kind == 'verdict' and e.fields['loss'] == '1')
        print(f'\n  listenq       {losses} LOSS events; each names its client, listener and reason')

    def one_listener(self, listener, events):
        let_in = {}
        refused = collections.defaultdict(list)
        for event in events:
            if event.fields.get('verdict') in LET_IN:
                let_in[event.client] = event.time
            if event.fields.get('loss') == '1':
                refused[self.words(event)[1]].append(event)
        head = f'  {listener:<14} {len(let_in):6}  '
        if not refused:
            print(f"{head}{'nobody':>15}")
        for text, losses in sorted(refused.items()):
            last = {e.client: e.time for e in losses}
            later = sum(1 for c, time in last.items() if let_in.get(c, 0) > time)
            self.write(f'{head}{len(last):15}  {len(losses):8}  {later:12}  ', text, True)
            head = ' ' * len(head)
            mine = sorted({e.client for e in losses if self.is_real(e)})
            if len(mine) < len(last):
                made_up = len(last) - len(mine)
                self.write(' ' * 27, f'{made_up} of them are the flood, the others: ' +
                           (', '.join(mine) or 'none'), False)

    # check

    def check(self, paths):
        seen = collections.Counter()
        for event in events_of(paths):
            if event.kind == 'verdict':
                loss = self.verdicts[event.fields['verdict']][0]
                if loss != (event.fields['loss'] == '1'):
                    sys.exit(f"demo: {event.fields['verdict']}: the event and /proc disagree on loss")
                seen[event.fields['verdict']] += 1
                if self.is_real(event):
                    seen[event.fields['verdict'] + ' of the real client'] += 1
            elif event.kind == 'accept':
                seen['accept() of ' + event.fields['family']] += 1
        promised = ['accept() of AF_INET', 'accept() of AF_INET6', 'syn_queued',
                    'req_completed', 'req_rst', 'stray_no_ack', 'syn_queue_full',
                    'syn_queue_full of the real client', 'syn_cookie',
                    'cookie_accepted of the real client', 'stray_ack', 'stray_rst',
                    'syn_accept_full|req_accept_full']
        missing = [p for p in promised if not any(seen[name] for name in p.split('|'))]
        if missing:
            sys.exit('demo: promised but not seen: ' + ', '.join(missing))
        print(f'demo: all {len(promised)} things promised were seen')


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('command', choices=['listeners', 'act', 'summary', 'check'])
    parser.add_argument('paths', nargs='+')
    parser.add_argument('--verdicts', required=True, help='a copy of /proc/net/listenq/verdicts')
    parser.add_argument('--client', action='append', help='address of a client that is real')
    parser.add_argument('--port', help='act: only the listeners of this port')
    parser.add_argument('--colour', action='store_true')
    options = parser.parse_args()
    getattr(Story(options), options.command)(options.paths)


main()
