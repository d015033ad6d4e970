#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""scripts/listenq against the files in root/ and the events in trace: no root, seconds. TAP."""
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

sys.dont_write_bytecode = True      # the tree stays as it is
import prom     # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
LISTENQ = f'{TOP}/scripts/listenq'
EXECUTABLE = [sys.executable, '-W', 'error', LISTENQ]


COUNTS = {'syn_queued': 10514, 'syn_accept_full': 10, 'syn_queue_full': 358}


def verdicts_file():
    """As the module writes it: from its list."""
    with open(f'{TOP}/include/listenq_verdict.h', encoding='utf-8') as file:
        header = file.read().replace('\\\n', '')
    rows = re.findall(r'LQ_VERDICT\((\d+),\s*(\w+),\s*(\w+),\s*(\d),\s*"([^"]*)"\s*\)', header)
    lines = [f'version=1 segments={sum(COUNTS.values())} unobserved=0']
    lines += [f'number={number} verdict={name} reason={reason} loss={loss} '
              f'count={COUNTS.get(name, 0)} text="{text}"' for number, name, reason, loss, text in rows]
    return '\n'.join(lines) + '\n'


with open(f'{TOP}/docs/why.schema.json', encoding='utf-8') as schema_file:
    WHY_SCHEMA = json.load(schema_file)
TYPES = {'object': dict, 'array': list, 'string': str, 'integer': int, 'number': (int, float),
         'boolean': bool, 'null': type(None)}


def check_schema(value, schema, where='$', top=None):
    """What docs/why.schema.json uses of JSON Schema, and nothing else."""
    top = top or schema
    unknown = set(schema) - {'$schema', '$id', '$defs', '$ref', 'title', 'description', 'type', 'enum',
                             'required', 'properties', 'items', 'additionalProperties'}
    assert not unknown, f'{where}: {unknown} is not checked here'
    if '$ref' in schema:
        check_schema(value, top['$defs'][schema['$ref'].rpartition('/')[2]], where, top)
    types = schema.get('type', list(TYPES))
    types = [types] if isinstance(types, str) else types
    right = [name for name in types if isinstance(value, TYPES[name]) and
             (name == 'boolean' or not isinstance(value, bool))]
    assert right, f'{where}: {value!r} is not of type {types}'
    assert 'enum' not in schema or value in schema['enum'], f'{where}: {value!r}'
    if isinstance(value, dict):
        missing = set(schema.get('required', ())) - set(value)
        assert not missing, f'{where}: {missing} is missing'
        for key, inner in value.items():
            more = schema.get('properties', {}).get(key, schema.get('additionalProperties'))
            if isinstance(more, dict):
                check_schema(inner, more, f'{where}.{key}', top)
            assert more is not False, f'{where}: {key} is unknown'
    for number, inner in enumerate(value if isinstance(value, list) else ()):
        check_schema(inner, schema.get('items', {}), f'{where}[{number}]', top)


def load_listenq():
    """The tool as a module."""
    loader = SourceFileLoader('listenq', LISTENQ)
    listenq = module_from_spec(spec_from_loader('listenq', loader))
    loader.exec_module(listenq)
    return listenq


class Case(unittest.TestCase):
    """Works on a copy of root/ with a tracefs; tests spoil it as they like."""

    def setUp(self):
        self.tmp = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.tmp)
        shutil.copytree(f'{HERE}/root', f'{self.tmp}/root')
        self.root = f'{self.tmp}/root'
        self.files = f'{self.root}/proc/net/listenq'
        with open(f'{self.files}/verdicts', 'w', encoding='utf-8') as file:
            file.write(verdicts_file())
        self.instances = f'{self.root}/sys/kernel/tracing/instances'
        os.makedirs(self.instances)
        self.log = f'{self.tmp}/log'
        self.trace = f'{self.tmp}/trace'
        with open(f'{HERE}/trace', encoding='utf-8') as old, \
                open(self.trace, 'w', encoding='utf-8') as new:
            new.write(old.read().replace('4026532251', str(self.netns())))

    def netns(self, path='proc/self/ns/net'):
        return os.stat(f'{self.root}/{path}').st_ino

    def environment(self, **more):
        return {**os.environ, 'LISTENQ_ROOT': self.root, 'COLUMNS': '100', 'TZ': 'UTC', **more}

    def run_listenq(self, *arguments, code=0, **more):
        done = subprocess.run([*EXECUTABLE, *arguments], env=self.environment(**more), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn('Traceback', done.stderr)
        return done.stderr if code in (2, 3) else done.stdout

    def traced(self, *arguments):
        return [sys.executable, f'{HERE}/tracefs.py', self.trace, self.log, LISTENQ, *arguments]

    def run_traced(self, *arguments, code=0, **more):
        done = subprocess.run(self.traced(*arguments), env=self.environment(**more), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn('Traceback', done.stderr)
        self.assertEqual(os.listdir(self.instances), [], 'the instance stays')
        return done.stdout, done.stderr

    def written(self):
        """{file of the instance: what was written to it}"""
        with open(self.log, encoding='utf-8') as log:
            return dict(line.rstrip('\n').split(' ', 1) for line in log)

    def edit(self, name, old, new):
        with open(f'{self.files}/{name}', encoding='utf-8') as file:
            text = file.read()
        self.assertIn(old, text)
        with open(f'{self.files}/{name}', 'w', encoding='utf-8') as file:
            file.write(text.replace(old, new))

    def renumber(self, name):
        """As after a restart of the module and all servers."""
        text = re.sub(r'(?<= owner=)\d+|(?<=^listener=)\d+|(?<=endpoint=)\d+',
                      lambda m: str(int(m[0]) + 1000), self.read(name), flags=re.M)
        with open(f'{self.files}/{name}', 'w', encoding='utf-8') as file:
            file.write(text)

    def read(self, name):
        with open(f'{self.files}/{name}', encoding='utf-8') as file:
            return file.read()

    def row(self, name, start, **words):
        """Other words for the row of a file that begins so."""
        with open(f'{self.files}/{name}', encoding='utf-8') as file:
            lines = file.read().split('\n')
        number = [line.startswith(start + ' ') for line in lines].index(True)
        for key, value in words.items():
            line, found = re.subn(rf'(?<= ){key}=\S+', f'{key}={value}', lines[number])
            lines[number] = line if found else f'{line} {key}={value}'
        with open(f'{self.files}/{name}', 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines))

    def put(self, name, text=''):
        """A file below the root."""
        path = f'{self.root}/{name}'
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def process(self, pid, comm, inodes=(), state='S', files=3, limit=1024, cgroup='/'):
        """A task that holds those sockets, and other files."""
        proc = f'proc/{pid}'
        self.put(f'{proc}/comm', comm + '\n')
        self.put(f'{proc}/stat', f'{pid} (a) b) {state} 1 1\n')
        self.put(f'{proc}/limits', f'Limit  Soft Limit  Hard Limit  Units\n'
                 f'Max open files            {limit}                 4096                 files\n')
        self.put(f'{proc}/cgroup', f'0::{cgroup}\n')
        os.makedirs(f'{self.root}/{proc}/fd')
        targets = [f'socket:[{inode}]' for inode in inodes]
        for number, target in enumerate(targets + ['/dev/null'] * (files - len(targets))):
            os.symlink(target, f'{self.root}/{proc}/fd/{number}')

    def listening(self, *sockets, name='tcp'):
        """/proc/net/tcp: (address in hex, port, inode)"""
        lines = ['  sl  local_address rem_address   st ...']
        lines += [f'   {number}: {host}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 '
                  f'00000000     0        0 {inode} 1 0 100 0 0 10 0'
                  for number, (host, port, inode) in enumerate(sockets)]
        self.put(f'proc/net/{name}', '\n'.join(lines) + '\n')

    def namespace(self, pid, name=None, cgroup='/', comm='other'):
        """Another network namespace, in which a process lives; it has the same files."""
        self.process(pid, comm, cgroup=cgroup)
        shutil.copytree(self.files, f'{self.root}/proc/{pid}/net/listenq')
        self.put(f'proc/{pid}/ns/net')
        if name:
            os.makedirs(f'{self.root}/run/netns', exist_ok=True)
            os.link(f'{self.root}/proc/{pid}/ns/net', f'{self.root}/run/netns/{name}')

    def nobody_listens(self):
        for name in ('listeners', 'endpoints'):
            self.put(f'proc/net/listenq/{name}', f'version=1 {name}=0\n')

    def why(self, *arguments, code=1, **more):
        """Its words, wherever the lines end"""
        return ' '.join(self.run_listenq('why', *arguments, code=code, **more).split())

    def why_json(self, *arguments, code=1):
        document = json.loads(self.run_listenq('why', '--json', *arguments, code=code))
        check_schema(document, WHY_SCHEMA)
        return document['endpoints'][0]


class Constants(unittest.TestCase):
    """Numbers that stand in the module, too"""

    def test_same(self):
        listenq = load_listenq()
        for path, pattern, value in (
                ('src/queue/to_stock.c', r'#define ENOUGH\s+(\d+)', listenq.ENOUGH_SYNS),
                ('src/ledger/ledger.h', r'#define LQ_MOST_LOOKED_AT\s+(\d+)', listenq.LOOKED_AT)):
            with open(f'{HERE}/../../{path}', encoding='utf-8') as file:
                self.assertEqual(int(re.search(pattern, file.read())[1]), value)


class Errors(Case):
    def test_not_loaded(self):
        shutil.rmtree(self.files)
        for command in (['top'], ['story'], ['why', '*:80'], ['--json'], ['--prom']):
            self.assertIn('insmod listenq.ko', self.run_listenq(*command, code=3))

    def test_file_missing(self):
        os.remove(f'{self.files}/listeners')
        self.assertIn('older than this tool', self.run_listenq('top', code=3))

    def test_other_version(self):
        self.edit('listeners', 'version=1', 'version=2')
        self.assertIn('version 2', self.run_listenq('top', code=3))

    def test_empty_file(self):
        with open(f'{self.files}/listeners', 'w', encoding='utf-8'):
            pass
        self.assertIn('version ?', self.run_listenq('--json', code=3))

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which('setpriv'), 'no setpriv')
    def test_not_permitted(self):
        os.chmod(self.tmp, 0o755)
        os.chmod(f'{self.files}/verdicts', 0)
        nobody = ['setpriv', '--reuid=65534', '--clear-groups'] if os.geteuid() == 0 else []
        # The source may be where nobody else can look; so may this Python.
        shutil.copy(LISTENQ, f'{self.tmp}/listenq')
        done = subprocess.run([*nobody, '/usr/bin/python3', f'{self.tmp}/listenq', 'top'], check=False,
                              env=self.environment(), stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('CAP_NET_ADMIN', done.stderr)

    def test_no_tracefs(self):
        os.rmdir(self.instances)
        self.assertIn('mount -t tracefs', self.run_listenq('story', code=3))

    def test_tracefs_without_our_events(self):
        error = self.run_listenq('story', code=3)
        self.assertIn('instances/listenq-', error)

    def test_unknown_listener_names_the_others(self):
        error = self.run_listenq('why', '10.0.0.1:1', code=3)
        for name in ('0.0.0.0:8080', '[::]:443', '[fe80::1]%eth0:22'):
            self.assertIn(name, error)

    def test_bad_arguments(self):
        for arguments in (['why'], ['why', '80'], ['why', '1.2.3:80'], ['why', '::1:80'],
                          ['why', '*:0'], ['why', '*:65536'], ['why', '*:80', '--for', 'x'],
                          ['top', '-d', '0'], ['top', '-n', '0'], ['top', '-n', '-1'],
                          ['story', '--client', 'host'], ['story', '--netns', 'x'],
                          ['nothing'], ['--prom', 'top'], ['--prom', '--json'], []):
            self.assertIn('usage: listenq', self.run_listenq(*arguments, code=2))

    def test_help(self):
        for command in ([], ['top'], ['story'], ['why']):
            text = self.run_listenq(*command, '--help')
            self.assertIn('exit codes:', text)
            self.assertLessEqual(max(map(len, text.split('\n'))), 100)


class Top(Case):
    def rows(self, *arguments):
        return self.run_listenq('top', '-d', '0.1', '-n', '1', *arguments).split('\n')

    def test_losses_first_then_the_busiest(self):
        names = [line.split()[0] for line in self.rows()[3:8]]
        self.assertEqual(names, ['10.9.0.1:81', '0.0.0.0:8080', '[::]:443', '[fe80::1]%eth0:22',
                                 '10.9.0.1:8080'])

    def test_a_line_of_the_table(self):
        self.assertEqual(' '.join(self.rows()[4].split()),
                         '0.0.0.0:8080 1234/nginx 0 0 0 [#---------] 3/128 [#--------|] 1/128 '
                         '0 7 accept_queue_full 1.5 s')

    def test_totals(self):
        first, second = self.rows()[:2]
        self.assertIn('5 listeners  untracked 0  ambiguous 2  diverge 1', first)
        self.assertIn('lost in all: 365', second)     # clients, or segments where they are not told

    def test_one_table_per_interval(self):
        text = self.run_listenq('top', '-d', '0.1', '-n', '3')
        self.assertEqual(text.count('LISTENER '), 3)

    def test_rates(self):
        listenq = load_listenq()
        listenq.FILES, listenq.ROOT = self.files, self.root
        verdicts = listenq.read_verdicts()
        old = listenq.Sample(verdicts)
        self.edit('listeners', 'segments=20000', 'segments=20300')
        self.edit('listeners', 'accepted=490 lost=12', 'accepted=496 lost=15')
        self.edit('listeners', 'req_completed:490', 'req_completed:499')
        self.edit('listeners', 'losses=accept_queue_full:7:', 'losses=accept_queue_full:10:')
        self.edit('listeners', 'listener=18 ', 'listener=19 ')
        self.edit('listeners', 'since=1790000003.000 segments=0', 'since=1790000003.000 segments=6')
        new = listenq.Sample(verdicts)
        new.clock = old.clock + 3
        top = listenq.top_document(new, old)
        first, second, third = top['listeners'][:3]
        self.assertEqual((first['port'], first['reason']), (8080, 'accept_queue_full'))
        self.assertEqual(first['rates'], {'segments': 0, 'completed': 3, 'accepted': 2, 'lost': 1, 'failed': 1})
        self.assertEqual((second['port'], second['lost'], second['rates']['lost']), (81, 358, 0))
        self.assertEqual(second['owner'], '77/my server\\"x\u00e9')
        self.assertEqual((third['port'], third['rates']['segments']), (443, 100))
        self.assertEqual((top['totals']['diverge'], top['rates']['segments']), (1, 102))

    def line(self, name):
        """Its line of the table: {title: text}"""
        _, _, titles, *lines = self.rows()
        starts = [match.start() for match in re.finditer(r'(?<!\S)\S+(?: \S+)?(?=  |$)', titles)]
        line = next(line for line in lines if line.startswith(name + ' '))
        return {titles[a:b].strip(): line[a:b].strip() for a, b in zip(starts, starts[1:] + [None])}

    def test_all_failures_count(self):
        self.row('listeners', 'listener=13', outcomes='served:9,unanswered:6,unsent:2,killed:1', gave_up=3, gone=4)
        self.row('endpoints', 'endpoint=4', before='netfilter:9,checksum:1', before_clients=5)
        line = self.line('[::]:443')
        self.assertEqual((line['LOST'], line['WHY']), ('21', 'gave_up'))
        row = json.loads(self.run_listenq('top', '-d', '0.1', '--json'))['listeners'][1]
        self.assertEqual((row['port'], row['failed'], row['lost'], row['reason']), (443, 21, 0, 'gave_up'))
        self.row('endpoints', 'endpoint=4', before_clients=50)
        self.assertEqual(self.line('[::]:443')['WHY'], 'before_listener')

    def test_owner_that_is_gone(self):
        """Who holds the socket now stands there; a pid that is there is not asked for."""
        self.row('listeners', 'listener=12', inode=71)
        self.process(456, 'heir', [71])
        self.assertEqual(self.line('0.0.0.0:8080')['OWNER'], '1234/nginx')     # all processes hidden?
        self.process(1, 'init')
        self.assertEqual(self.line('0.0.0.0:8080')['OWNER'], '456/heir')
        self.row('listeners', 'listener=12', inode=72)
        self.assertEqual(self.line('0.0.0.0:8080')['OWNER'], '1234/nginx gone')
        os.mkdir(f'{self.root}/proc/1234')
        self.assertEqual(self.line('0.0.0.0:8080')['OWNER'], '1234/nginx')

    def test_no_listener(self):
        with open(f'{self.files}/listeners', 'w', encoding='utf-8') as file:
            file.write('version=1 listeners=0 untracked=3\n')
        text = self.run_listenq('top', '-d', '0.1', '-n', '1')
        self.assertIn('nobody listens', text)
        self.assertIn('untracked 3', text)


class Why(Case):
    def test_accept_queue_full(self):
        text = ' '.join(self.run_listenq('why', '0.0.0.0:8080', code=1).split())
        for part in ('REFUSED 12 times: accept_queue_full', '10 accept queue full, SYN thrown away',
                     '2 accept queue full, last ACK', 'it takes 128 + 1', 'why nginx (pid 1235) accepts',
                     'listen(), now 128', 'net.core.somaxconn', 'full for 1.5 s',
                     'accept() took 5 later (half of them within 1.0 s, all within 2.0 s)',
                     '1 never came through, 1 may still', 'the oldest for 1.2 ms', '2 so far'):
            self.assertIn(part, text)

    def test_no_segment_has_come(self):
        self.assertIn('No segment has come to it. Clients whom DNAT', ' '.join(
            self.run_listenq('why', '10.9.0.1:8080').split()))
        self.assertNotIn('No segment', self.run_listenq('why', '[::]:443'))

    def test_nobody(self):
        self.assertIn("Nobody was refused, of what reached this machine's IP stack.",
                      self.run_listenq('why', '[::]:443'))

    def test_syn_queue_full(self):
        text = ' '.join(self.run_listenq('why', '10.9.0.1:81', code=1).split())
        self.assertIn('tcp_syncookies=1', text)
        self.assertIn('its limit is 16', text)

    def test_listener_is_closed_now(self):
        text = self.run_listenq('why', '0.0.0.0:9', code=1)
        self.assertIn('0 listeners open, 1 so far', text)

    def test_any_address(self):
        text = self.run_listenq('why', '*:8080', code=1)
        self.assertIn('0.0.0.0:8080, since', text)
        self.assertIn('10.9.0.1:8080, since', text)

    def test_exact_address_wins(self):
        self.assertNotIn('0.0.0.0', self.run_listenq('why', '10.9.0.1:8080'))

    def test_address_that_a_wildcard_serves(self):
        self.assertIn('0.0.0.0:8080, since', self.run_listenq('why', '10.9.0.7:8080', code=1))
        self.assertIn('[::]:443, since', self.run_listenq('why', '10.9.0.7:443'))
        self.run_listenq('why', '[fd09::1]:8080', code=3)
        self.edit('endpoints', 'port=443 family=ipv6 v6only=0', 'port=443 family=ipv6 v6only=1')
        self.run_listenq('why', '10.9.0.7:443', code=3)

    def test_clients_that_were_not_followed(self):
        self.edit('endpoints', 'never=1 forgotten=0', 'never=1 forgotten=3')
        self.assertIn('3 were not followed', ' '.join(
            self.run_listenq('why', '0.0.0.0:8080', code=1).split()))

    def test_device(self):
        self.run_listenq('why', '[fe80::1]%eth0:22')
        self.run_listenq('why', '[fe80::1]:22')
        self.run_listenq('why', '[fe80::1]%eth1:22', code=3)

    def test_json(self):
        document = json.loads(self.run_listenq('why', '*:8080', '--json', code=1))
        first, second = document['endpoints']
        self.assertEqual([first['refused'], second['refused']], [True, False])
        self.assertEqual(first['reasons'][0]['count'], 12)
        self.assertEqual(first['recovered_ms'], {'9': 3, '10': 2})
        self.assertIsNone(first['live'])

    def test_every_loss_has_advice(self):
        with open(f'{self.files}/verdicts', encoding='utf-8') as file:
            reasons = dict(re.findall(r'verdict=(\w+) reason=\w+ loss=(1)', file.read()))
        self.assertGreater(len(reasons), 25)
        everything = ','.join(f'{verdict}:1' for verdict in reasons)
        self.edit('endpoints', 'verdicts=syn_queued:7,req_listener_closed:2', f'verdicts={everything}')
        text = self.run_listenq('why', '0.0.0.0:9', code=1)
        self.assertNotIn('older than the module', text)
        self.assertGreaterEqual(text.count('What to do:'), 11)

    def test_unknown_reason(self):
        self.edit('verdicts', 'verdict=req_listener_closed reason=listener_closed',
                  'verdict=req_listener_closed reason=aliens')
        text = ' '.join(self.run_listenq('why', '0.0.0.0:9', code=1).split())
        self.assertIn('aliens', text)
        self.assertIn('older than the module', text)

    def test_live_clients(self):
        text = ' '.join(self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', code=1)[0].split())
        self.assertIn('In these 0.5 s 1 client refused 10.9.0.3:40002 1 time accept queue full, SYN '
                      'thrown away; got in after 1.5 s', text)
        self.assertRegex(self.written()['events/listenq/lq_verdict/filter'],
                         r'^netns == \d+ && \(sport == 8080 \|\| listener == 12\)$')

    def test_live_clients_json(self):
        out, _ = self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', '--json', code=1)
        endpoint = json.loads(out)['endpoints'][0]
        live = endpoint['live']
        self.assertEqual(endpoint['not_seen'], 'NOT COMPLETE: 42 events of --for came too fast to be seen')
        self.assertEqual(live['clients'][0]['verdicts'], {'syn_accept_full': 1})
        self.assertEqual(live['clients'][0]['got_in_after_s'], 1.5)

    def retrace(self, change):
        with open(self.trace, encoding='utf-8') as file:
            lines = [changed for line in file.read().split('\n') for changed in [change(line)] if changed is not None]
        self.trace = f'{self.root}/trace'
        self.put('trace', '\n'.join(lines))

    def live(self):
        out, _ = self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', '--json', code=1)
        document = json.loads(out)
        check_schema(document, WHY_SCHEMA)
        text, _ = self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', code=1)
        return document['endpoints'][0]['live'], ' '.join(text.split())

    def test_who_waits_is_not_in(self):
        """A handshake that completes at a server that hangs, and one whose client had gone by then"""
        self.retrace(lambda line: None if 'lq_accept: ' in line and 'dport=40002' in line else line)
        live, text = self.live()
        self.assertIsNone(live['clients'][0]['got_in_after_s'])
        self.assertIn('SYN thrown away; in the accept queue', text)

    def test_who_had_gone_is_not_in(self):
        self.retrace(lambda line: line.replace('served=1', 'served=0'))
        live, text = self.live()
        self.assertIsNone(live['clients'][0]['got_in_after_s'])
        self.assertIn('SYN thrown away; not in yet', text)
        story, _ = self.run_traced('story', '0.0.0.0:8080', '--for', '0.1')
        self.assertIn('took the connection after 200 ms: its client had gone', story)

    def test_killed_while_we_look(self):
        self.retrace(lambda line: line.replace('what=listen', 'what=close').replace('children=0', 'children=3'))
        live, text = self.live()
        self.assertEqual(live['killed'], 3)
        self.assertIn('and 3 connections that nobody had accepted when the listener closed', text)


class Causes(Case):
    def test_unanswered(self):
        self.row('endpoints', 'endpoint=4', accepted=0, expired=6, synack_repeated=12, verdicts='syn_queued:6',
                 outcomes='unanswered:6', unanswered_alone=6, last_completed='0.000')
        text = self.why('[::]:443')
        for part in ('FAILED 6 handshakes: unanswered', 'sent again 12 times', 'return path', 'firewall',
                     'asymmetric route', 'spoofed', '0 of 6 handshakes completed'):
            self.assertIn(part, text)
        self.assertNotIn('Nobody was refused', text)

    def test_some_are_unanswered(self):
        self.row('endpoints', 'endpoint=4', expired=6, outcomes='served:10000,unanswered:6')
        self.assertIn('10000 others did complete', self.why('[::]:443'))

    def test_unanswered_so_far(self):
        self.row('endpoints', 'endpoint=6', synack_repeated=4, verdicts='syn_queued:2')
        self.row('listeners', 'listener=17', synq=2, young=0, synq_limit=5)
        self.assertIn('2 still pending and asked again', self.why('10.9.0.1:8080'))

    def test_one_slow_client_is_no_failure(self):
        self.row('listeners', 'listener=13', synq=1, young=0)
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_full_of_unanswered(self):
        self.row('endpoints', 'endpoint=5', accepted=0, expired=20, outcomes='unanswered:20', unanswered_alone=20,
                 verdicts='syn_queued:36,syn_queue_full:358,syn_last_quarter:3')
        text = self.why('10.9.0.1:81')
        self.assertLess(text.index('unanswered'), text.index('REFUSED 358 times: syn_queue_full'))
        self.assertIn('consequence', text)
        for advice in ('tcp_syncookies', 'flood', 'somaxconn'):
            self.assertNotIn(advice, text)

    def test_full_of_unanswered_now(self):
        """None given up so far; the queue as kernels have it that let one more in"""
        self.put('proc/sys/net/core/somaxconn', '4096')
        self.put('proc/sys/net/ipv4/tcp_syncookies', '0')
        self.row('endpoints', 'endpoint=5', accepted=0, expired=0, verdicts='syn_queued:3,syn_queue_full:25')
        self.row('listeners', 'listener=16', synq=3, young=0, synq_limit=2, synq_max=3)
        text = self.why('10.9.0.1:81')
        self.assertIn('FAILED 3 handshakes: unanswered', text)
        self.assertIn('SYN queue 3 of 2, no SYN cookies', text)
        self.assertNotIn('somaxconn', text)

    def test_cookies_that_never_came_back(self):
        self.row('endpoints', 'endpoint=6', segments=40, verdicts='syn_cookie_always:40',
                 outcomes='cookie_unanswered:40', unanswered_alone=0)
        text = self.why('10.9.0.1:8080')
        self.assertIn('FAILED 40 handshakes: unanswered', text)
        self.assertIn('40 SYNs got a SYN cookie: 0 came back', text)
        self.assertIn('These were 40 clients at most', text)
        self.assertNotIn('queue being full', text)
        self.row('endpoints', 'endpoint=6', verdicts='syn_queued:2,syn_cookie:40', expired=2,
                 outcomes='unanswered:2,cookie_unanswered:40', unanswered_alone=2)
        text = self.why('10.9.0.1:8080')
        self.assertIn('FAILED 42 handshakes: unanswered', text)
        self.assertIn('The SYN queue being full of them, 40 SYNs', text)
        self.assertEqual(self.why_json('10.9.0.1:8080')['causes'][0]['handshakes'], 42)

    def test_some_cookies_came_back(self):
        """Hardly any is a failure; where most did, the rest is what gets lost always."""
        for back, missing, code in ((1, 100, 1), (10, 100, 1), (11, 100, 0), (500, 20, 0)):
            self.row('endpoints', 'endpoint=6', segments=1, outcomes=f'served:{back},cookie_unanswered:{missing}',
                     verdicts=f'syn_cookie_always:{back + missing},cookie_accepted:{back}', unanswered_alone=0)
            text = self.why('10.9.0.1:8080', code=code)
            self.assertEqual('100 clients at most' in text, bool(code), text)
        self.assertIn('Nobody was refused', text)

    def test_expired_after_their_last_ack(self):
        """What their timer ended is no longer taken for unanswered: the outcome tells."""
        self.row('endpoints', 'endpoint=3', expired=2, expired_acked=2)
        self.assertEqual([cause['cause'] for cause in self.why_json('0.0.0.0:8080')['causes']],
                         ['accept_queue_full'])

    def test_the_module_tells_whose_last_ack_had_come(self):
        self.row('endpoints', 'endpoint=4', expired=2, expired_acked=1, outcomes='served:7,unanswered:1',
                 verdicts='syn_queued:9,req_completed:7,req_deferred:3', unanswered_alone=0)
        text = self.why('[::]:443')
        self.assertIn('FAILED 1 handshake: unanswered', text)
        self.assertNotIn('TCP_DEFER_ACCEPT', text)
        self.row('endpoints', 'endpoint=4', outcomes='served:9')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_ended_by_icmp(self):
        """No timer, yet the same outcome"""
        self.row('endpoints', 'endpoint=4', outcomes='served:10000,unanswered:5', unanswered_alone=0,
                 failures='unanswered:5:1795370618832:1795370620000')
        self.assertIn('ended by an ICMP error', self.why('[::]:443'))
        (cause,) = self.why_json('[::]:443')['causes']
        self.assertEqual((cause['cause'], cause['clients'], cause['first'], cause['last']),
                         ('unanswered', 5, 1795370618.832, 1795370620.0))

    def broken(self, pending=0, **words):
        """500 were served; then the way back breaks, and the SYN queue is full of those who come."""
        self.row('listeners', 'listener=16', synq=pending, young=0, synq_limit=3)
        self.row('endpoints', 'endpoint=5', accepted=500, synack_repeated=9, **{**dict(
            outcomes='served:500,unanswered:6', unanswered_alone=6, last_completed='1795370500.000',
            verdicts='syn_queued:506,req_completed:500,syn_queue_full:25',
            losses='syn_queue_full:20:20:1795370610000:1795370618832:3:128:0'), **words})

    def test_broken_after_many_were_served(self):
        self.broken()
        text = self.why('10.9.0.1:81')
        self.assertLess(text.index('unanswered'), text.index('REFUSED 25 times: syn_queue_full'))
        self.assertIn('0 of 6 handshakes completed meanwhile.', text)
        self.assertIn('consequence', text)
        self.assertNotIn('tcp_syncookies', text)
        self.broken(outcomes='served:500,unanswered:20', unanswered_alone=19)
        self.assertIn('0 of 19 handshakes completed meanwhile; while 1 other of these waited, some did',
                      self.why('10.9.0.1:81'))

    def test_broken_and_none_given_up_yet(self):
        self.broken(pending=4, outcomes='served:500', unanswered_alone=0)
        text = self.why('10.9.0.1:81')
        self.assertIn('FAILED 4 handshakes: unanswered', text)
        self.assertIn('0 of 4 handshakes completed meanwhile', text)
        self.broken(pending=4, outcomes='served:500', unanswered_alone=0, last_completed=f'{time.time():.3f}')
        self.assertNotIn('unanswered', self.why('10.9.0.1:81'))

    def test_repaired_since(self):
        """One that is pending, and others complete again: what was, stays said."""
        self.broken(pending=1, last_completed=f'{time.time():.3f}')
        text = self.why('10.9.0.1:81')
        self.assertIn('FAILED 6 handshakes: unanswered', text)
        self.assertIn('consequence', text)
        self.assertNotIn('still pending', text)

    def test_flood_while_good_clients_get_in(self):
        """Nobody repeats, others complete: cookies are the remedy."""
        self.broken(outcomes='served:300,unanswered:5000', unanswered_alone=20,
                    verdicts='syn_queued:5300,req_completed:300,syn_queue_full:800000',
                    losses='syn_queue_full:800000:800000:1795370610000:1795370618832:3:128:0')
        text = self.why('10.9.0.1:81')
        self.assertLess(text.index('syn_queue_full'), text.index('FAILED 5000 handshakes: unanswered'))
        self.assertIn('tcp_syncookies=1', text)
        self.assertNotIn('consequence', text)

    def test_hardly_anybody_gets_in_and_all_repeat(self):
        words = dict(outcomes='served:3,unanswered:50', unanswered_alone=20)
        for more in (dict(verdicts='syn_queued:53,req_completed:3,req_syn_again:25,syn_queue_full:20'),
                     dict(verdicts='syn_queued:53,req_completed:3,syn_queue_full:30')):
            self.broken(**words, **more)
            text = self.why('10.9.0.1:81')
            self.assertIn('3 of 53 handshakes completed.', text)
            self.assertIn('consequence', text)
        self.broken(**words, verdicts='syn_queued:53,req_completed:3,syn_queue_full:29')
        self.assertNotIn('consequence', self.why('10.9.0.1:81'))

    def test_a_few_of_a_scan_fill_no_queue(self):
        """They were alone, yet not so many as the queue takes: it was full of others."""
        self.broken(losses='syn_queue_full:20:20:1795370610000:1795370618832:16:128:0')
        text = self.why('10.9.0.1:81')
        self.assertNotIn('consequence', text)
        self.assertLess(text.index('syn_queue_full'), text.index('FAILED 6'))

    def test_one_that_is_slow_on_a_quiet_server(self):
        self.row('listeners', 'listener=13', synq=1, young=0)
        self.row('endpoints', 'endpoint=4', outcomes='served:10000,pending:1', unanswered_alone=0,
                 last_completed='1790000000.000')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_gave_up(self):
        """None waited for a second: what counts is that they had gone."""
        self.row('endpoints', 'endpoint=4', served_closed=18, accept_us='3:40,19:18', gave_up=18,
                 outcomes='served:40,served_closed:18', failures='gave_up:18:1795370618832:1795370620000')
        text = self.why('[::]:443')
        self.assertIn('FAILED 18 clients: gave_up', text)
        self.assertIn('They had gone when accept() took their connections, or the listener closed (18 of these)', text)
        self.assertIn('First at 2026-11-22 ', text)
        (cause,) = self.why_json('[::]:443')['causes']
        self.assertEqual((cause['clients'], cause['first'], cause['last']), (18, 1795370618.832, 1795370620.0))

    def test_health_checks_give_up_nothing(self):
        """Beside connections that waited long, and were served"""
        self.row('endpoints', 'endpoint=4', served_closed=100000, accept_us='3:100000,21:10', gave_up=0,
                 outcomes='served:10,served_closed:100000')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_gave_up_and_nobody_accepts(self):
        self.row('listeners', 'listener=13', acceptq=18, gone=18, acceptor='?', accepted=0, oldest_us=6810348,
                 verdicts='req_completed:18')
        text = self.why('[::]:443')
        self.assertIn('nginx (pid 1234) does not accept (hung', text)
        self.assertEqual(self.why_json('[::]:443')['causes'][0]['hints'], ['no_accept'])
        self.assertIn('FAILED 18 clients: gave_up', text)
        self.assertIn('18 clients have left, and are still in the accept queue', text)
        self.assertNotIn('They had gone', text)
        self.assertIsNone(self.why_json('[::]:443')['causes'][0]['last'])

    def test_served_though_they_had_closed(self):
        self.row('endpoints', 'endpoint=4', attempts=9, outcomes='served:9', served_half=4)
        self.assertIn('4 of these had sent all they had and closed their side', self.why('[::]:443', code=0))

    def test_gave_up_while_parked(self):
        """Those that had gone when they were accepted; and those no room came for."""
        self.row('endpoints', 'endpoint=4', served_closed=5, gave_up=4, promoted=2)
        self.assertEqual(self.why_json('[::]:443')['causes'][0]['clients'], 4)
        self.row('endpoints', 'endpoint=4', served_closed=0, gave_up=0, parked_in_vain=3)
        text = self.why('[::]:443')
        self.assertIn('FAILED 3 clients: gave_up', text)
        self.assertIn('3 clients were parked for a full accept queue', text)
        self.row('endpoints', 'endpoint=4', expired=2, expired_acked=2, outcomes='served:9,reset:1,killed:2')
        self.assertEqual([cause['cause'] for cause in self.why_json('[::]:443')['causes']], ['gave_up'], 'once')
        self.assertNotIn('when accept() took', text)

    def test_before_listener(self):
        self.row('endpoints', 'endpoint=4', before='netfilter:7,checksum:30,aliens:1', before_clients=9,
                 first_before='1795370610.250', last_before='1795370618.832')
        text = self.why('[::]:443')
        for part in ('DROPPED before any listener 38 times: before_listener', '30 checksum:', '7 netfilter:',
                     '1 aliens', 'These were 9 clients', "of what reached this machine's IP stack",
                     'nft list ruleset', 'ethtool -k'):
            self.assertIn(part, text)
        self.assertLess(text.index('30 checksum'), text.index('7 netfilter'))
        (cause,) = self.why_json('[::]:443')['causes']
        self.assertEqual(cause['before'], {'checksum': 30, 'netfilter': 7, 'aliens': 1})
        self.assertEqual([cause[word] for word in ('cause', 'clients', 'segments', 'first', 'last')],
                         ['before_listener', 9, 38, 1795370610.25, 1795370618.832])
        self.assertIn('First at 2026-11-22 18:03:30, last at 2026-11-22 18:03:38.', text)
        self.row('endpoints', 'endpoint=4', first_before=0)
        self.assertIn('Last at 2026-11-22 18:03:38.', self.why('[::]:443'))

    def test_a_full_table_of_connections(self):
        self.row('endpoints', 'endpoint=4', before='netfilter:7', before_clients=7)
        self.assertIn("dmesg says 'nf_conntrack: table full'", self.why('[::]:443'))
        self.put('proc/sys/net/netfilter/nf_conntrack_max', '10\n')
        for count, is_full in (('9', False), ('10', True)):
            self.put('proc/sys/net/netfilter/nf_conntrack_count', count)
            self.assertEqual('is full now, 10 of 10: raise' in self.why('[::]:443'), is_full)
        self.row('endpoints', 'endpoint=4', before='checksum:7')
        self.assertNotIn('conntrack', self.why('[::]:443'))

    def test_a_later_syn_came(self):
        self.row('endpoints', 'endpoint=4', before='netfilter:7', before_clients=5, before_came=3)
        text = self.why('[::]:443')
        self.assertIn('These were 2 clients', text)
        self.assertIn('3 clients sent a SYN that was thrown away before any listener saw it', text)
        self.row('endpoints', 'endpoint=4', before_came=5)
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))
        self.assertIn('5 clients sent a SYN', self.why('[::]:443', code=0))

    def test_nothing_before_the_listener(self):
        self.row('endpoints', 'endpoint=4', before='-', before_clients=0, last_before=0)
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_a_scan_did_not_wait(self):
        self.row('endpoints', 'endpoint=4', served_closed=18, accept_us='3:40,12:18')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_blind_stands_in_front(self):
        for name in 'listeners', 'endpoints', 'verdicts':
            self.edit(name, 'version=1', 'version=1 blind_since=1795370618.832 blind_ms=0 missed=0')
        text = self.why('[::]:443', code=0)
        self.assertTrue(text.startswith('BLIND since 2026-11-22 '), text)
        self.assertIn("Nobody was refused, of what reached this machine's IP stack, as far as was seen.", text)
        self.assertIn('BLIND', self.why_json('[::]:443', code=0)['not_seen'])
        self.assertTrue(self.run_listenq('top', '-n', '1').startswith('BLIND since'))
        self.assertIn('BLIND since', self.run_listenq('why', '*:9999', code=3))
        self.assertIn('\nlistenq_blind 1\n', self.run_listenq('--prom'))

    def test_not_complete_stands_in_front(self):
        self.edit('listeners', 'version=1', 'version=1 blind_since=0 blind_ms=2034 missed=1')
        self.assertTrue(self.why('[::]:443', code=0).startswith(
            'NOT COMPLETE: it was blind for 2.0 s, 1 call went unseen'))

    def test_deferred_are_not_unanswered(self):
        self.row('listeners', 'listener=13', synq=2, young=0)
        self.row('endpoints', 'endpoint=4', accepted=0, verdicts='syn_queued:2,req_deferred:2', outcomes='pending:2',
                 unanswered_alone=0, last_completed='0.000')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))
        self.row('endpoints', 'endpoint=4', expired=2, expired_acked=2, outcomes='killed:2')
        text = self.why('[::]:443')
        self.assertIn('TCP_DEFER_ACCEPT', text)
        self.assertIn('REFUSED 2 times: listener_closed', text)
        for wrong in ('0 of 2', 'got no answer', 'others did complete', 'application closed the listener'):
            self.assertNotIn(wrong, text)

    def test_limits_are_not_known_without_a_listener(self):
        for verdicts in ('syn_queue_full:3', 'syn_accept_full:3,req_accept_full:1', 'syn_queued:9,syn_queue_full:3'):
            for state in ('observing', 'taken_over'):
                self.row('endpoints', 'endpoint=8', state=state, killed=0, lost=3, expired=9, limit=0,
                         verdicts=verdicts)
                self.assertNotIn('None', self.why('0.0.0.0:9'))
                self.assertIsNone(self.why_json('0.0.0.0:9')['causes'][-1]['limit'])

    def test_listener_closed(self):
        self.row('endpoints', 'endpoint=4', killed=3, outcomes='killed:3',
                 failures='killed:3:1795370618832:1795370620000')
        text = self.why('[::]:443')
        for part in ('REFUSED 3 times: listener_closed', 'These were 3 clients', 'Who closed it is not known',
                     '1 listener of nginx (pid 1234) is open now'):
            self.assertIn(part, text)
        self.assertEqual(self.why_json('[::]:443')['causes'][0]['first'], 1795370618.832)

    def test_what_the_close_ended_is_what_the_outcome_says(self):
        """Half-open ones nobody answered; others have moved."""
        self.row('endpoints', 'endpoint=4', killed=5, outcomes='served:5')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_who_had_left_before_it_closed(self):
        self.row('endpoints', 'endpoint=4', killed=20, killed_gone=20, gave_up=18, outcomes='killed:20',
                 failures='gave_up:18:1795370618832:1795370620000')
        found = self.why_json('[::]:443')['causes']
        self.assertEqual([(cause['cause'], cause['clients']) for cause in found], [('gave_up', 18)])

    def test_who_answered_while_nobody_listened(self):
        self.row('endpoints', 'endpoint=4', killed=0, killed_alone=3, outcomes='killed:3', closer='999999/webapp',
                 failures='killed:3:1795370618832:1795370620000')
        text = self.why('[::]:443')
        for part in ('These were 3 clients', '3 clients had been sent a SYN-ACK a moment before', 'closed it'):
            self.assertIn(part, text)
        for part in ('whose last ACK had come', 'ss -K'):
            self.assertNotIn(part, text)

    def test_unsent_long_ago(self):
        """One that is pending now has nothing to do with them."""
        self.row('listeners', 'listener=13', synq=1, young=0)
        self.edit('endpoints', 'syn_queued:10000', 'syn_queued:9950,syn_queued_unsent:50')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_who_closed_it(self):
        self.row('endpoints', 'endpoint=4', killed=3, outcomes='killed:3', closer='999999/webapp')
        self.assertIn('webapp (pid 999999) closed it', self.why('[::]:443'))
        self.put('proc/1/comm', 'init\n')
        self.assertIn('closed it, and has gone since', self.why('[::]:443'))

    def test_nothing_is_open_after_the_close(self):
        self.assertIn('no listener is open now', self.why('0.0.0.0:9'))

    def test_some_have_moved(self):
        self.row('endpoints', 'endpoint=4', killed=5, outcomes='served:2,killed:3',
                 verdicts='req_completed:3,req_migrated:2')
        self.assertIn('2 others moved to another listener (net.ipv4.tcp_migrate_req)', self.why('[::]:443'))
        self.assertEqual(self.why_json('[::]:443')['causes'][0]['clients'], 3)

    def test_send_failed(self):
        """Not under unanswered, too"""
        self.row('endpoints', 'endpoint=4', expired=4, verdicts='syn_queued_unsent:4', outcomes='unsent:4',
                 failures='unsent:4:1795370618832:1795370620000', unanswered_alone=0)
        self.assertIn('REFUSED 4 times: send_failed', self.why('[::]:443'))
        (cause,) = self.why_json('[::]:443')['causes']
        self.assertEqual((cause['cause'], cause['clients'], cause['first']), ('send_failed', 4, 1795370618.832))
        self.row('endpoints', 'endpoint=4', outcomes='unsent:4,unanswered:4', expired=8, unanswered_alone=4)
        text = self.why('[::]:443')
        self.assertLess(text.index('send_failed'), text.index('FAILED 4 handshakes: unanswered'))
        self.assertIn('4 others did not even get a SYN-ACK: see send_failed', text)
        self.assertIn('4 handshakes given up by the timer,', text)

    def test_send_failed_and_still_pending(self):
        self.row('listeners', 'listener=13', synq=6, young=0)
        self.row('endpoints', 'endpoint=4', verdicts='syn_queued_unsent:6', outcomes='pending:6', unanswered_alone=0,
                 last_completed='0.000')
        (cause,) = self.why_json('[::]:443')['causes']
        self.assertEqual((cause['cause'], cause['clients']), ('send_failed', 6))
        self.row('listeners', 'listener=13', synq=0)
        self.row('endpoints', 'endpoint=4', verdicts='syn_queued_unsent:6,req_completed:6', outcomes='served:6')
        self.assertIn('Nobody was refused', self.why('[::]:443', code=0))

    def test_the_worst_comes_first(self):
        self.row('endpoints', 'endpoint=3', killed=13, outcomes='killed:13,unanswered:20')
        causes = self.why_json('0.0.0.0:8080')['causes']
        self.assertEqual([cause['cause'] for cause in causes],
                         ['unanswered', 'listener_closed', 'accept_queue_full'])
        self.row('endpoints', 'endpoint=3', outcomes='killed:5,unanswered:8')
        causes = self.why_json('0.0.0.0:8080')['causes']
        self.assertEqual([(cause['cause'], cause['clients']) for cause in causes],
                         [('unanswered', 8), ('accept_queue_full', 7), ('listener_closed', 5)], 'by clients')

    def test_first_refused_for_another_reason(self):
        self.row('endpoints', 'endpoint=3', verdicts='req_completed:9,req_accept_full:2,req_no_memory:3',
                 losses='accept_queue_full:2:2:1790000001000:1790000002000:128:0:0,'
                 'no_memory:0:0:1790000003000:1790000004000:0:0:0')
        causes = self.why_json('0.0.0.0:8080')['causes']
        self.assertEqual([(cause['cause'], cause['clients'], cause['last']) for cause in causes],
                         [('accept_queue_full', 2, 1790000002.0), ('no_memory', 0, 1790000004.0)])

    def test_an_older_module(self):
        """It has none of the words that tell who failed, but losses and verdicts."""
        for endpoint, name, code in ((4, '[::]:443', 0), (5, '10.9.0.1:81', 1), (8, '0.0.0.0:9', 1)):
            self.row('endpoints', f'endpoint={endpoint}', expired=9, killed=2, served_closed=5)
            self.why_json(name, code=code)
        self.row('endpoints', 'endpoint=5', verdicts='syn_queued:16,syn_queue_full:3')
        self.row('listeners', 'listener=16', young=0)
        self.assertIn('0 of 16 handshakes completed.', self.why('10.9.0.1:81'))

    def test_json(self):
        endpoint = self.why_json('*:8080')
        self.assertEqual((endpoint['netns'], endpoint['failed'], endpoint['refused']),
                         (self.netns(), True, True))
        cause, = endpoint['causes']
        self.assertEqual({key: cause[key] for key in ('cause', 'clients', 'segments', 'first', 'last', 'limit')},
                         {'cause': 'accept_queue_full', 'clients': 7, 'segments': 12, 'first': 1790000001.0,
                          'last': 1790000012.345, 'limit': 128})
        self.assertEqual(cause['hints'], ['takeover_would_help'])
        for name in ('10.9.0.1:81', '0.0.0.0:9'):
            self.why_json(name)


class Clients(Case):
    """Outcomes, and the failed clients that are remembered"""

    def test_outcomes_are_told(self):
        self.edit('endpoints', ',unanswered:0', ',unanswered:4')
        self.edit('endpoints', 'reset:4', 'reset:0')
        text = self.why('0.0.0.0:8080')
        self.assertIn('499 attempts to connect: 485 served, 5 served after they were refused, 1 in the accept '
                      'queue, 3 in the SYN queue, 1 refused, 4 did not answer', ' '.join(text.split()))
        outcomes = self.why_json('0.0.0.0:8080')['outcomes']
        self.assertEqual(sum(outcomes.values()), 499)

    def test_when_and_what_limit(self):
        self.assertIn('the limit was 128 then', ' '.join(self.why('0.0.0.0:8080').split()))

    def test_newest_first(self):
        text = self.why('0.0.0.0:8080', '--clients')
        self.assertIn('2 failed clients remembered', text)
        self.assertLess(text.index('10.0.0.9:40000'), text.index('10.0.0.8:40001'))
        self.assertRegex(text, r'10\.0\.0\.9:40000 .* 3 times +accept_queue_full, accept queue 129/128, .* never got in')
        self.assertIn('2 older ones, of all listeners', text)
        self.assertNotIn('2001:db8', text)

    def test_by_address(self):
        for more in ((), ('--clients',)):
            text = self.why('0.0.0.0:8080', '--client', '10.0.0.8', *more)
            self.assertIn('1 failed client remembered', text)
            self.assertNotIn('10.0.0.9', text)

    def test_those_that_failed_otherwise(self):
        first, refused, *_ = self.read('clients').split('\n')
        ends = (('unanswered', 'unanswered', 'did not answer the SYN-ACK'),
                ('send_failed', 'unsent', 'its SYN-ACK could not be sent'),
                ('listener_closed', 'killed', 'ended by the server'),
                ('gave_up', 'gone', 'had gone before it was served'),
                ('before_listener', 'before', 'no listener saw its SYN'))
        lines = [refused.replace('reason=accept_queue_full', f'reason={reason}').replace('=never', f'={state}')
                 .replace(':40000 ', f':4{number}000 ').replace('times=3', 'times=1')
                 .replace(' synq=3 synq_limit=128 acceptq=129 acceptq_limit=128',
                          ' synq=0 synq_limit=0 acceptq=0 acceptq_limit=0') for number, (reason, state, _) in enumerate(ends)]
        self.put('proc/net/listenq/clients', '\n'.join([first, *lines, '']))
        text = self.why('0.0.0.0:8080', '--clients')
        self.assertIn('5 failed clients remembered', text)
        for reason, _, words in ends:
            self.assertIn(f'1 time {reason}; {words}', text)
        self.assertIn('1 failed client', self.why('0.0.0.0:8080', '--clients', '--client', '10.0.0.9:42000'))
        self.assertEqual(len(self.why_json('0.0.0.0:8080', '--clients')['clients']), 5)

    def test_whose_listener_had_closed(self):
        first, refused, *_ = self.read('clients').split('\n')
        line = refused.replace('listener=12', 'listener=0').replace('addr=0.0.0.0', 'addr=10.0.0.1') \
            .replace('reason=accept_queue_full', 'reason=unanswered').replace('=never', '=unanswered')
        self.put('proc/net/listenq/clients', '\n'.join([first, line, line.replace('=unanswered', '=before'), '']))
        self.assertIn('1 failed client remembered', self.why('0.0.0.0:8080', '--clients'))
        # Nor is it of those who serve an address of their own, or of the other family.
        for other, mine in (('10.9.0.1', 0), ('2001:db8::7', 0), ('10.9.0.2', 1)):
            self.put('proc/net/listenq/clients', '\n'.join([first, line.replace('10.0.0.1 ', f'{other} '), '']))
            self.assertEqual(len(self.why_json('0.0.0.0:8080', '--clients')['clients']), mine, other)

    def test_as_json(self):
        endpoint = self.why_json('0.0.0.0:8080', '--clients')
        self.assertEqual([client['state'] for client in endpoint['clients']], ['never', 'recovered'])
        self.assertIsNone(self.why_json('0.0.0.0:8080')['clients'])


class Kept(Case):
    """A last ACK that is parked, or waits for data, is not lost: no text may say so."""

    WORDS = re.compile(r'lost|loss|thrown|drop|refuse|discard|forgot', re.IGNORECASE)
    VERDICTS = ('req_parked', 'req_parked_data', 'req_parked_again', 'req_deferred')

    def test_verdicts(self):
        rows = [line for line in self.read('verdicts').split('\n')
                for name in self.VERDICTS if f' verdict={name} ' in line]
        self.assertEqual(len(rows), len(self.VERDICTS))
        for row in rows:
            self.assertIn(' loss=0 ', row)
            self.assertNotRegex(row.partition('text=')[2], self.WORDS)

    def test_story(self):
        """The event says that the last ACK had come, not what became of it."""
        texts = load_listenq().REQUEST_TEXTS
        for what, (acked, _) in texts.items():
            self.assertNotRegex(acked, self.WORDS, what)
        event = '%s: stage=check_req verdict=%s reason=accept_queue_full loss=0 acted=listenq via=none flags=ACK ' \
            'seq=2 ack=2 len=0'
        with open(self.trace, encoding='utf-8') as file:
            made = [line for line in file.read().split('\n') if 'verdict=req_completed' in line][0]
        rest = made.partition(' len=0')[2]
        with open(self.trace, 'w', encoding='utf-8') as file:
            for verdict in self.VERDICTS:
                file.write('          <idle>-0       [001] ..s2.   101.000200: ' +
                           event % ('lq_verdict', verdict) + rest + '\n')
        lines = self.run_traced('story', '--for', '0.3')[0].split('\n')[:-1]
        self.assertEqual(len(lines), len(self.VERDICTS))
        for line in lines:
            self.assertNotRegex(line, self.WORDS)

    def waiting(self):
        self.row('endpoints', 'endpoint=4', state='taken_over', pending=5, young=5, limit=100, parked=4,
                 overflow='park', promoted=10, segments=60,
                 verdicts='syn_queued:15,req_completed:10,req_parked:14,req_parked_data:3,req_parked_again:2,'
                 'req_deferred:1')

    def test_why(self):
        self.waiting()
        text = self.why('[::]:443', code=0)
        self.assertIn('Nobody was refused', text)
        self.assertNotRegex(text.replace('Nobody was refused', ''), self.WORDS)
        endpoint = self.why_json('[::]:443', code=0)
        self.assertEqual((endpoint['failed'], endpoint['refused'], endpoint['causes'], endpoint['hints']),
                         (False, False, [], []))

    def test_prom(self):
        self.waiting()
        samples = prom.Reader().read(self.run_listenq('--prom')).samples
        lost = [labels['endpoint'] for _, labels, _ in samples['listenq_endpoint_lost_total']]
        self.assertIn('0.0.0.0:8080', lost)
        self.assertNotIn('[::]:443', lost)


class Hints(Case):
    """Each only where it was seen"""

    def setUp(self):
        super().setUp()
        self.process(1, 'init')
        for pid in (1234, 1235, 1236):
            os.mkdir(f'{self.root}/proc/{pid}')

    def told(self, word, name='0.0.0.0:8080', code=1):
        """The text of a hint; it must be in the words and in JSON."""
        self.assertIn(f'{word}: ', self.why(name, code=code))
        return self.why_json(name, code=code)['hint_texts'][word]

    def silent(self, word, name='0.0.0.0:8080', code=1):
        self.assertNotIn(word, self.why_json(name, code=code)['hints'])

    def loss(self, limit, cap=0, wanted=0):
        self.row('endpoints', 'endpoint=3',
                 losses=f'accept_queue_full:7:1:1790000001000:1790000012345:{limit}:{cap}:{wanted}')

    def test_full_now(self):
        self.silent('full_now', '[::]:443', code=0)
        self.row('listeners', 'listener=13', acceptq=511)
        self.silent('full_now', '[::]:443', code=0)
        self.row('listeners', 'listener=13', acceptq=512)
        self.assertIn('accept queue 512 of 511', self.told('full_now', '[::]:443'))

    def test_full_now_without_cookies(self):
        self.row('listeners', 'listener=13', synq=511, young=511, synq_max=511, synq_full_ms=2)
        for cookies, code in (('1', 0), ('0', 1)):
            self.put('proc/sys/net/ipv4/tcp_syncookies', cookies)
            text = self.why('[::]:443', code=code)
            self.assertEqual('full_now' in text, bool(code))
            self.assertEqual('Nobody was refused' in text, not code)

    def test_all_to_stock(self):
        counts = {'to_stock_fastopen': 12, 'to_stock_ip_options': 3, 'to_stock_released': 9,
                  'to_stock_early': 9}
        self.row('endpoints', 'endpoint=4', state='taken_over', pending=0, young=0, limit=511, has_own=0, **counts)
        self.silent('all_to_stock', '[::]:443', code=0)
        self.row('endpoints', 'endpoint=4', to_stock_fastopen=13)
        text = self.told('all_to_stock', '[::]:443', code=0)
        self.assertIn('all 16 SYNs so far', text)
        self.assertIn('13 fastopen, 3 ip_options.', text)
        self.assertIn("release [::]:443'", text)
        for words in {'has_own': 1}, {'has_own': 0, 'state': 'draining'}, {'state': 'observing'}:
            self.row('endpoints', 'endpoint=4', **words)
            self.silent('all_to_stock', '[::]:443', code=0)

    def test_full_now_but_for_clients_that_are_known(self):
        """The last quarter of tcp_max_syn_backlog, as tcp_conn_request() has it: 100 - 76 < 25"""
        self.put('proc/sys/net/ipv4/tcp_max_syn_backlog', '100\n')
        for synq, cookies, code in ((75, '0', 0), (76, '1', 0), (76, '0', 1)):
            self.put('proc/sys/net/ipv4/tcp_syncookies', cookies)
            self.row('listeners', 'listener=13', synq=synq, young=synq, synq_max=synq)
            self.assertEqual('full_now' in self.why('[::]:443', code=code), bool(code))
        self.assertIn('SYN queue 76, the last quarter of net.ipv4.tcp_max_syn_backlog, 100',
                      self.told('full_now', '[::]:443'))

    def test_full_now_but_for_clients_that_are_known_taken_over(self):
        """1000 - 751 < 250; the larger one of synq= and the sysctl counts"""
        self.put('proc/sys/net/ipv4/tcp_max_syn_backlog', '100\n')
        self.put('proc/sys/net/ipv4/tcp_syncookies', '1')
        for synq, cookies, code in ((750, 'never', 0), (751, 'overflow', 0), (751, 'never', 1)):
            self.row('endpoints', 'endpoint=4', state='taken_over', pending=synq, young=synq, limit=1000, synq=1000,
                     cookies=cookies)
            self.row('listeners', 'listener=13', synq=synq, young=synq, synq_limit=1000, synq_max=synq)
            self.assertEqual('full_now' in self.why('[::]:443', code=code), bool(code))
        self.assertIn('SYN queue 751, the last quarter of synq=, 1000', self.told('full_now', '[::]:443'))

    def test_one_more_fits(self):
        self.put('proc/sys/net/ipv4/tcp_syncookies', '0')
        self.row('listeners', 'listener=13', synq=511, young=511, synq_max=512, synq_full_ms=2)
        self.silent('full_now', '[::]:443', code=0)

    def test_fd_limit(self):
        self.listening(('00000000', 8080, 71))
        self.process(1234, 'nginx', [71], files=94, limit=100)
        self.silent('fd_limit')
        os.symlink('/dev/null', f'{self.root}/proc/1234/fd/94')
        self.assertIn('nginx (pid 1234) has 95 files open, and may have 100', self.told('fd_limit'))
        self.assertIn('What to do: Find out why nginx (pid 1234) does not accept', self.why('0.0.0.0:8080'))

    def test_stopped(self):
        self.listening(('00000000', 8080, 71))
        self.process(1234, 'nginx', [71])
        self.process(1235, 'nginx', [71], state='T')
        self.assertTrue(self.told('stopped').startswith('nginx (pid 1235) is stopped'))
        self.silent('stopped', '10.9.0.1:81')

    def test_no_accept(self):
        self.silent('no_accept')
        self.row('listeners', 'listener=12', acceptor='?', acceptq=129, oldest_us=6810348)
        self.assertIn('the oldest for 6.8 s', self.told('no_accept'))
        for cap, words in (128, 'so far'), (0, 'since listenq watches it'):
            self.row('listeners', 'listener=12', cap=cap)
            self.assertIn(f'called accept() with success {words}: 129', self.told('no_accept'))
            self.assertIn(f'accepts: nobody {words}. ', ' '.join(self.why('0.0.0.0:8080').split()))

    def test_accepts_no_more(self):
        self.row('listeners', 'listener=12', oldest_us=30000000)
        self.assertIn('nobody seems to accept now', self.told('no_accept'))

    def test_burst(self):
        self.silent('burst')
        self.row('endpoints', 'endpoint=3', accept_us='6:480,8:10', refused_stalled=0)
        text = self.told('burst')
        self.assertIn('larger than the backlog', text)
        self.assertIn('Up to 129 connections', text)
        self.loss(limit=128, wanted=157)
        self.assertIn('Up to 157 wanted in at once: a backlog of 156 would have been enough', self.told('burst'))
        self.assertNotIn('too slowly', self.why('0.0.0.0:8080'))
        self.row('listeners', 'listener=12', acceptq=9, oldest_us=90000)
        self.silent('burst')    # it is slow now

    def test_no_burst_when_it_stood_still(self):
        """It was fast as a rule, but not when it lost most of them; none of those is in accept_us."""
        self.row('endpoints', 'endpoint=3', accept_us='6:1000000', refused_stalled=7)
        self.loss(limit=10, wanted=100)
        self.silent('burst')
        self.row('endpoints', 'endpoint=3', accept_us='6:1000,20:500', refused_stalled=6)
        self.told('burst')

    def test_no_burst_where_half_wait_long(self):
        self.row('endpoints', 'endpoint=3', accept_us='2:1,19:11', refused_stalled=0)
        self.loss(limit=10, wanted=29)
        self.silent('burst')
        self.assertIn('accepts too slowly', self.why('0.0.0.0:8080'))
        self.loss(limit=4096, wanted=10000)     # one a millisecond
        self.told('burst')

    def test_no_backlog_is_enough_where_nobody_accepts(self):
        self.row('endpoints', 'endpoint=3', refused_stalled=12)
        self.loss(limit=2, cap=4096, wanted=100)
        self.assertIn('it was 2 then, and is 128 since.', self.told('backlog_argument'))
        self.loss(limit=2, cap=4096, wanted=200)
        self.assertNotIn('would have been enough', self.why('0.0.0.0:8080'))

    def test_successor_is_not_blamed(self):
        self.row('listeners', 'listener=12', lost=0, acceptq=0, acceptor='1235/fresh')
        text = self.why('0.0.0.0:8080')
        self.assertIn('The listener that lost them has closed since', text)
        self.assertNotIn('accepts too slowly', text)

    def test_successor_is_not_blamed_for_who_gave_up(self):
        self.row('listeners', 'listener=12', lost=0, acceptq=0)
        self.row('endpoints', 'endpoint=3', gave_up=7)
        text = self.why('0.0.0.0:8080')
        self.assertIn('The listener that let them wait has closed since', text)

    def test_no_burst_when_it_hangs_now(self):
        self.row('endpoints', 'endpoint=3', accept_us='6:480', refused_stalled=0)
        self.row('listeners', 'listener=12', oldest_us=30000000, accept_us='6:480')
        self.silent('burst')

    def test_what_caps_the_queue(self):
        self.silent('capped_by_somaxconn')
        for somaxconn, word, other in (('128', 'capped_by_somaxconn', 'backlog_argument'),
                                       ('4096', 'backlog_argument', 'capped_by_somaxconn')):
            self.put('proc/sys/net/core/somaxconn', somaxconn + '\n')
            self.assertIn('must call listen() again' if word == 'backlog_argument' else
                          'call listen() again', self.told(word).replace('it must', 'must'))
            self.silent(other)
        self.silent('backlog_argument', '[::]:443', code=0)

    def test_limits_are_those_of_the_loss(self):
        self.put('proc/sys/net/core/somaxconn', '4096\n')
        self.loss(limit=128, cap=128)
        self.silent('backlog_argument')
        text = self.told('capped_by_somaxconn')
        self.assertIn('The limit, 128, is net.core.somaxconn (128 in this network namespace at that listen())', text)
        self.assertIn('It is 4096 now, but the old limit stays until the application calls listen() again', text)
        self.assertIn('its configuration need not change', text)
        self.assertNotIn('Raise', text)
        self.assertIn('let it call listen() again (a restart or reload): net.core.somaxconn, which caps it, was 128 '
                      'at the last time, and is 4096 now', self.why('0.0.0.0:8080'))
        self.loss(limit=128, cap=4096)
        self.assertIn('net.core.somaxconn would allow 4096. Raise it', self.told('backlog_argument'))
        self.put('proc/sys/net/core/somaxconn', '128\n')
        self.assertIn('net.core.somaxconn would allow 4096', self.told('backlog_argument'))

    def test_the_limit_is_larger_since(self):
        self.row('endpoints', 'endpoint=3', refused_stalled=0)
        for cap, word in ((128, 'backlog_argument'), (2, 'capped_by_somaxconn')):
            self.loss(limit=2, cap=cap, wanted=100)
            self.assertIn('it was 2 then, and is 128 since: that is mended.', self.told(word))
            text = self.why('0.0.0.0:8080')
            self.assertIn('it took 2 + 1 then, and takes 128 + 1 since', text)
            self.assertIn('burst: it was 2 then, and is 128 since: that is mended.', text)
            self.assertNotIn('raise', text.lower())
        self.loss(limit=2, cap=4096, wanted=200)
        self.assertIn('it was 2 then, and is 128 since; 199 would have been enough.', self.told('backlog_argument'))
        self.assertIn('raise the backlog argument', self.why('0.0.0.0:8080'))
        self.loss(limit=200, cap=4096)
        text = self.told('backlog_argument')
        self.assertIn('it was 200 then, and is 128 since.', text)
        self.assertNotIn('mended', text)

    def test_the_cap_is_not_known(self):
        """The listener is older than the module: the values of now, and it is said so"""
        self.put('proc/sys/net/core/somaxconn', '128\n')
        self.loss(limit=128)
        self.assertIn('What it was when listen() was called is not known', self.told('capped_by_somaxconn'))

    def test_limits_of_a_listener_that_has_closed(self):
        self.row('endpoints', 'endpoint=8', verdicts='syn_accept_full:3', lost=3,
                 losses='accept_queue_full:3:3:1790000001000:1790000012345:5:128:0')
        self.assertIn('The limit, 5, is the backlog argument', self.told('backlog_argument', '0.0.0.0:9'))

    def test_limit_of_the_syn_queue_then(self):
        self.row('endpoints', 'endpoint=5', losses='syn_queue_full:9:9:1790000001000:1790000012345:2:128:0')
        self.assertIn('its limit was 2 then, and is 16 since. That is a flood', self.why('10.9.0.1:81'))

    def test_deferred(self):
        self.silent('deferred', '[::]:443', code=0)
        self.row('endpoints', 'endpoint=4', deferred_late=3, handshake_us='7:10000,22:3')
        text = self.told('deferred', '[::]:443', code=0)
        self.assertIn('3 handshakes completed a second or more after the SYN, up to 8.4 s', text)
        self.assertIn('Do not set TCP_DEFER_ACCEPT', text)
        self.row('endpoints', 'endpoint=4', deferred_late=0, gave_up=2, gave_up_deferred=2)
        self.assertIn('2 clients left meanwhile', self.told('deferred', '[::]:443'))
        self.assertEqual(self.why_json('[::]:443')['causes'][0]['hints'], ['deferred'])
        self.row('endpoints', 'endpoint=4', gave_up=0, gave_up_deferred=0, outcomes='killed:4',
                 verdicts='syn_queued:4,req_deferred:4')
        self.assertIn('4 pending ones ended without any data', self.told('deferred', '[::]:443'))
        self.assertEqual(self.why_json('[::]:443')['causes'][0]['hints'], ['deferred'])
        self.row('endpoints', 'endpoint=4', killed=4, killed_waiting=4)
        self.silent('deferred', '[::]:443')

    def test_cookies_lost(self):
        self.silent('cookies_lost')
        self.row('endpoints', 'endpoint=3', verdicts='syn_cookie:20,cookie_accepted:12,cookie_accept_full:8')
        self.assertIn('20 SYNs got a SYN cookie, 12 of these', self.told('cookies_lost'))
        self.row('endpoints', 'endpoint=3', verdicts='syn_cookie:20,cookie_accepted:20,cookie_accept_full:8')
        self.told('cookies_lost')   # they came by a later segment
        self.row('endpoints', 'endpoint=3', state='taken_over', overflow='park')
        self.assertIn('Not parked at the full queue: 8 ACKs', self.told('cookies_lost'))
        self.row('endpoints', 'endpoint=3', verdicts='syn_cookie:20,cookie_accepted:12')
        self.silent('cookies_lost')     # spoofed

    def test_syn_flooding(self):
        self.row('endpoints', 'endpoint=4', verdicts='syn_cookie:20,cookie_accepted:18,req_completed:9982')
        self.assertIn('Possible SYN flooding on port 443', self.told('syn_flooding', '[::]:443', code=0))
        self.row('endpoints', 'endpoint=4', accept_us='20:10',
                 verdicts='syn_cookie:20000,cookie_accepted:18,req_completed:9982')
        self.silent('syn_flooding', '[::]:443', code=0)

    def test_a_flood_under_cookies(self):
        """Clients get in all the while: the cookies are not theirs."""
        self.row('endpoints', 'endpoint=4', accept_us='3:1000', full_ms=0,
                 verdicts='syn_queued:1000,req_completed:1000,syn_cookie:9872,cookie_accepted:10')
        self.silent('syn_flooding', '[::]:443', code=0)

    def test_a_cookie_that_came_back_often(self):
        """A client repeats what is thrown away."""
        self.row('endpoints', 'endpoint=3', verdicts='syn_cookie:1,cookie_accept_full:9')
        self.assertIn('of 1 SYN cookie 1 came back', self.told('syn_flooding'))

    def test_syn_flooding_without_cookies(self):
        words = {'losses': 'syn_queue_full:20:20:1790000001000:1790000012345:10:0:0', 'lost': 20}
        self.row('endpoints', 'endpoint=4', verdicts='syn_queued:30,req_completed:28,syn_queue_full:20', **words)
        text = self.told('syn_flooding', '[::]:443')
        self.assertIn('without SYN cookies 20 SYNs were thrown away. Of 30 handshakes that began 28 completed', text)
        self.row('endpoints', 'endpoint=4', verdicts='syn_queued:30,req_completed:8,syn_queue_full:20', **words)
        self.silent('syn_flooding', '[::]:443')

    def test_scans_under_cookies(self):
        """Who answers a SYN cookie by RST was only looking."""
        self.row('endpoints', 'endpoint=4', verdicts='syn_cookie_always:9,stray_rst:9', outcomes='cookie_unanswered:9')
        self.why('[::]:443', code=0)
        self.row('endpoints', 'endpoint=4', verdicts='syn_cookie_always:9,stray_rst:8')
        self.assertIn('FAILED 1 handshake', self.why('[::]:443'))

    def two_workers(self):
        """1235 accepts; 1240 has inherited the socket."""
        self.listening(('00000000', 8080, 71))
        self.process(1235, 'nginx', [71])
        self.process(1240, 'nginx', [71])
        self.row('endpoints', 'endpoint=3', accept_us='6:480,8:10', refused_stalled=0)

    def test_one_stopped_worker(self):
        self.two_workers()
        self.put('proc/1240/stat', '1240 (nginx) T 1 1')
        self.assertIn('nginx (pid 1240) is stopped', self.told('stopped'))
        self.told('burst')
        self.assertNotIn('does not accept', self.why('0.0.0.0:8080'))
        self.put('proc/1235/stat', '1235 (nginx) T 1 1')
        self.silent('burst')
        self.assertIn('why nginx (pid 1235) does not accept', self.why('0.0.0.0:8080'))

    def test_names_that_a_terminal_would_obey(self):
        self.two_workers()
        self.put('proc/1240/comm', 'a\x1b[2Jb\nc\n')
        text = self.run_listenq('why', '0.0.0.0:8080', code=1)
        self.assertIn(r'a\x1b[2Jb\x0ac (pid 1240)', text)
        self.assertNotIn('\x1b', text)
        self.assertIn('a\x1b[2Jb\nc', [one['comm'] for one in self.why_json('0.0.0.0:8080')['holders']])

    def test_cookies_are_on_by_now(self):
        words = {'losses': 'syn_queue_full:20:20:1790000001000:1790000012345:10:0:0', 'lost': 20}
        self.row('endpoints', 'endpoint=4', verdicts='syn_queued:30,req_completed:8,syn_queue_full:20', **words)
        self.put('proc/sys/net/ipv4/tcp_syncookies', '0\n')
        self.assertIn('Set net.ipv4.tcp_syncookies=1, so', self.why('[::]:443'))
        self.put('proc/sys/net/ipv4/tcp_syncookies', '1\n')
        self.assertIn('net.ipv4.tcp_syncookies was 0 then, and is 1 now: that is mended', self.why('[::]:443'))

    def test_one_member_is_full(self):
        self.row('listeners', 'listener=12', acceptq=129)
        self.assertIn('The next client will be refused', self.told('full_now'))
        self.edit('listeners', 'listener=13 endpoint=4 addr=:: port=443', 'listener=13 endpoint=3 addr=0.0.0.0 port=8080')
        self.assertIn('The next client of 1 of 2 listeners will be refused', self.told('full_now'))

    def test_who_has_just_begun_to_wait(self):
        self.row('listeners', 'listener=12', acceptor='?', accepted=0, acceptq=1, oldest_us=50)
        self.silent('no_accept')

    def test_holder_changed(self):
        self.listening(('00000000', 8080, 71), ('0100007F', 8080, 72))
        self.process(456, 'python3', [71], cgroup='/system.slice/app.service')
        os.rmdir(f'{self.root}/proc/1235')
        self.process(1234, 'nginx', [72])
        text = self.why('0.0.0.0:8080')
        self.assertIn('Listener 12 of nginx (pid 1234, holds it no longer); held now by python3 '
                      '(pid 456) in app.service; accepts: nginx (pid 1235, gone)', text)
        self.assertIn('why python3 (pid 456) in app.service accepts', text)
        self.assertIn('held now by python3', self.told('holder_changed'))
        self.assertEqual(self.why_json('0.0.0.0:8080')['holders'],
                         [{'pid': 456, 'comm': 'python3', 'unit': 'app.service'}])

    def test_gone_and_nobody_known(self):
        for pid in (1234, 1235):
            os.rmdir(f'{self.root}/proc/{pid}')
        text = self.why('0.0.0.0:8080')
        self.assertIn('why the application accepts', text)
        self.assertIn('nginx (pid 1234, gone)', text)

    def test_holder_that_stays(self):
        self.listening(('00000000000000000000000000000000', 443, 73), name='tcp6')
        self.process(1234, 'nginx', [73])
        self.process(1236, 'nginx', [73])
        self.assertIn('held now by nginx (pid 1234), nginx (pid 1236); accepts: nginx (pid 1236).',
                      self.why('[::]:443', code=0))
        self.silent('holder_changed', '[::]:443', code=0)

    def test_mptcp_is_not_nobody(self):
        """accept() of MPTCP is not seen; connections that have left the queue are."""
        self.row('listeners', 'listener=12', acceptor='?', accepted=0, verdicts='req_completed:20', oldest_us=0)
        self.silent('no_accept')
        self.assertIn('accepts: not seen (MPTCP?)', self.why('0.0.0.0:8080'))

    def test_not_all_can_be_seen(self):
        """Where /proc hides others, a holder that is not found is none that is gone."""
        shutil.rmtree(f'{self.root}/proc/1')
        self.listening(('00000000', 8080, 71))
        self.process(456, 'python3', [71])
        text = self.why('0.0.0.0:8080')
        self.assertIn('nginx (pid 1234); held now by python3 (pid 456)', text)
        self.silent('holder_changed')

    def test_two_sockets_of_one_name(self):
        """A VRF's beside one without: who called tells them apart"""
        self.put('proc/net/listenq/endpoints', self.read('endpoints') + self.read('endpoints').split('\n')[1]
                 .replace('endpoint=3', 'endpoint=9').replace('dev=-', 'dev=red') + '\n')
        self.put('proc/net/listenq/listeners', self.read('listeners') + self.read('listeners').split('\n')[1]
                 .replace('listener=12 endpoint=3', 'listener=22 endpoint=9').replace('dev=-', 'dev=red')
                 .replace('1234/nginx', '77/bgp').replace('1235/nginx', '?') + '\n')
        self.listening(('00000000', 8080, 71), ('00000000', 8080, 72))
        self.process(1234, 'nginx', [71])
        self.process(77, 'bgp', [72])
        self.assertEqual([task['pid'] for task in self.why_json('0.0.0.0:8080')['holders']], [1234])
        self.assertEqual([task['pid'] for task in self.why_json('0.0.0.0%red:8080')['holders']], [77])

    def test_the_inode_is_told(self):
        """Exact, whoever called listen(); others of that address are for those that are not told"""
        self.listening(('00000000', 8080, 71), ('00000000', 8080, 72))
        self.process(1234, 'nginx', [71])
        self.process(456, 'other', [72])
        self.row('listeners', 'listener=12', inode=72)
        self.assertEqual([task['pid'] for task in self.why_json('0.0.0.0:8080')['holders']], [456])
        self.assertIn('other (pid 456)', self.told('holder_changed'))
        self.row('listeners', 'listener=12', inode=0)
        self.assertEqual([task['pid'] for task in self.why_json('0.0.0.0:8080')['holders']], [1234])

    def test_units(self):
        self.listening(('00000000', 8080, 71))
        digits = '0123456789abcdef' * 4
        for pid, (cgroup, unit) in enumerate((
                ('/', None), ('/system.slice/nginx.service', 'nginx.service'),
                ('/user.slice/user-0.slice/session-3.scope', 'session-3.scope'),
                (f'/system.slice/docker-{digits}.scope', 'docker-0123456789ab'),
                (f'/docker/{digits}', 'docker-0123456789ab'),
                (f'/kubepods.slice/x.slice/cri-containerd-{digits}.scope', 'cri-containerd-0123456789ab'),
                (f'/machine.slice/libpod-{digits}.scope/container', 'libpod-0123456789ab')), 101):
            self.process(pid, 'x', [71], cgroup=cgroup)
            self.assertEqual(self.why_json('0.0.0.0:8080')['holders'][-1]['unit'], unit)

    def test_limit_by_takeover(self):
        self.silent('limit_by_takeover')
        self.row('endpoints', 'endpoint=5', state='taken_over', pending=2, young=2, limit=2, synq=2, cookies='never')
        self.assertIn("said: synq=2 cookies=never): synq=, cookies=",
                      self.told('limit_by_takeover', '10.9.0.1:81'))
        text = self.why('10.9.0.1:81')
        self.assertIn("To change them: echo 'set 10.9.0.1:81 synq=N' >/proc", text)
        self.assertIn("echo 'set 10.9.0.1:81 synq=N cookies=overflow'", text)
        self.assertNotIn('tcp_syncookies', text)
        self.assertNotIn('not observed', text)

    def test_accept_queue_of_a_takeover(self):
        """synq= is no help there."""
        self.row('endpoints', 'endpoint=3', state='taken_over', pending=0, young=0, limit=128, overflow='wait')
        told = self.told('limit_by_takeover')
        self.assertIn("echo 'set 0.0.0.0:8080 overflow=park'", told)
        self.assertNotIn('synq=N', told)
        self.row('endpoints', 'endpoint=3', overflow='park')
        self.assertNotIn('echo', self.told('limit_by_takeover'))

    def test_takeover_full_of_unanswered(self):
        self.row('endpoints', 'endpoint=5', state='taken_over', pending=2, young=0, limit=2, synq=2,
                 cookies='never', verdicts='syn_queued:2,syn_queue_full:8')
        text = self.why('10.9.0.1:81')
        self.assertLess(text.index('unanswered'), text.index('syn_queue_full'))
        self.assertIn('synq=2 cookies=never', text)
        self.assertIn("echo 'set 10.9.0.1:81 retries=N'", text)
        self.assertNotIn('synq=N', text)
        self.assertNotIn('tcp_', text)

    def test_takeover_would_help(self):
        self.assertIn("2 last ACKs,", self.told('takeover_would_help'))
        self.assertIn("echo 'takeover 0.0.0.0:8080 overflow=park' >/proc/net/listenq/endpoints",
                      self.told('takeover_would_help'))
        command = "echo 'takeover 0.0.0.0:8080 overflow=park' >/proc/net/listenq/endpoints"
        lines = self.run_listenq('why', '0.0.0.0:8080', code=1, COLUMNS='40').split('\n')
        self.assertIn(command, [line.strip() for line in lines], 'it can be copied')
        self.row('endpoints', 'endpoint=3', state='taken_over', overflow='park')
        self.silent('takeover_would_help')

    def test_takeover_would_not_help(self):
        """MPTCP, TCP Fast Open: all SYNs would be the kernel's."""
        self.edit('listeners', 'listener=12 ', 'listener=12 why_stock=upper_protocol ')
        self.silent('takeover_would_help')

    def test_other_netns(self):
        self.namespace(4711, 'srv')
        self.row('endpoints', 'endpoint=3', lost=0, segments=0, verdicts='-', losses='-')
        self.assertIn("srv: ip netns exec srv listenq why 0.0.0.0:8080",
                      self.told('other_netns', code=0))
        self.silent('other_netns', '[::]:443', code=0)


class Names(Case):
    """One name for an endpoint, whatever its spelling"""

    def setUp(self):
        super().setUp()
        rows = self.read('endpoints').split('\n')
        for old, new in ((1, 'endpoint=9 addr=0.0.0.0 port=8080 family=ipv4 v6only=0 dev=red'),
                         (2, 'endpoint=10 addr=:: port=443 family=ipv6 v6only=0 dev=red')):
            rows.append(re.sub(r'endpoint=.* dev=-', new, rows[old]))
        self.put('proc/net/listenq/endpoints', '\n'.join(filter(None, rows)) + '\n')
        self.row('endpoints', 'endpoint=3', lost=0, verdicts='req_completed:9', losses='-')

    def names(self, wanted, code):
        document = json.loads(self.run_listenq('why', '--json', wanted, code=code))
        return [endpoint['name'] for endpoint in document['endpoints']]

    def test_spellings(self):
        for wanted in ('0.0.0.0%red:8080', '*%red:8080'):
            self.assertEqual(self.names(wanted, 1), ['0.0.0.0%red:8080'])
        for wanted in ('[::]%red:443', '[::%red]:443'):
            self.assertEqual(self.names(wanted, 0), ['[::]%red:443'])
        for wanted in ('[fe80::1]%eth0:22', '[fe80::1%eth0]:22', '[fe80::1]:22'):
            self.assertEqual(self.names(wanted, 0), ['[fe80::1]%eth0:22'])
        self.run_listenq('why', '[fe80::1%eth0]%eth0:22', code=2)

    def test_a_device_that_is_gone(self):
        """Its name does not make two of one endpoint."""
        self.edit('endpoints', 'dev=red', 'dev=?')
        self.assertEqual(self.names('0.0.0.0%?:8080', 1), ['0.0.0.0%?:8080'])
        self.assertEqual(self.names('0.0.0.0:8080', 0), ['0.0.0.0:8080'])
        prom.Reader().read(self.run_listenq('--prom'))
        self.edit('endpoints', 'dev=- ', 'dev=? ')
        for row in re.findall(r'(?m)^endpoint=(\d+)', self.read('endpoints')):
            self.row('endpoints', f'endpoint={row}', addr='0.0.0.0', port=8080, listeners=0)
        prom.Reader().read(self.run_listenq('--prom'))

    def test_ipv4_of_an_ipv6_socket(self):
        for name in ('endpoints', 'listeners'):
            self.edit(name, 'addr=:: port=443', 'addr=::ffff:10.9.0.1 port=443')
        for wanted in ('10.9.0.1:443', '[::ffff:10.9.0.1]:443'):
            self.assertEqual(self.names(wanted, 0)[0], '[::ffff:10.9.0.1]:443')
        self.run_listenq('why', '10.9.0.2:443', code=3)

    def test_without_device_is_a_name_too(self):
        self.assertEqual(self.names('0.0.0.0:8080', 0), ['0.0.0.0:8080'])
        self.assertEqual(self.names('*:8080', 1), ['0.0.0.0:8080', '10.9.0.1:8080', '0.0.0.0%red:8080'])
        self.assertEqual(self.names('[::]:443', 0), ['[::]:443'])

    def test_story_takes_them(self):
        for name in ('0.0.0.0%red:179', '[fe80::1%eth0]:80', '[::]%red:443'):
            self.run_traced('story', '--for', '0.1', name)


class Namespaces(Case):
    def test_why_says_where_it_is(self):
        self.namespace(4711, 'srv')
        self.namespace(4712, cgroup='/system.slice/docker-' + '0123456789ab' + 52 * '0' + '.scope')
        self.nobody_listens()
        text = self.run_listenq('why', '10.9.0.7:8080', code=3)
        self.assertIn('nobody has listened yet', text)
        self.assertIn('srv: ip netns exec srv listenq why 0.0.0.0:8080', text)
        self.assertIn('docker-0123456789ab: nsenter -t 4712 -n listenq why 0.0.0.0:8080', text)

    def test_nowhere(self):
        self.namespace(4711, 'srv')
        self.assertNotIn('netns', self.run_listenq('why', '*:1', code=3))

    def test_story_says_where_it_is(self):
        self.namespace(4711, 'srv')
        self.nobody_listens()
        out, error = self.run_traced('story', '--for', '0.2', '*:8080')
        self.assertIn("ip netns exec srv listenq story 0.0.0.0:8080", error)
        self.assertEqual(out.count('\n'), 8)

    def test_story(self):
        self.namespace(4711, 'srv')
        with open(self.trace, encoding='utf-8') as file:
            text = file.read()
        with open(self.trace, 'w', encoding='utf-8') as file:
            file.write(text.replace(str(self.netns()), str(self.netns('proc/4711/ns/net'))))
        out, _ = self.run_traced('story', '--for', '0.2', '--all-netns', '0.0.0.0:8080')
        self.assertEqual({line.split()[0] for line in out.split('\n')[:-1]}, {'srv'})
        self.assertEqual(out.count('\n'), 7)

    def test_top_says_where_they_are(self):
        self.namespace(4711, 'srv')
        self.nobody_listens()
        text = self.run_listenq('top', '-d', '0.1', '-n', '1')
        self.assertIn('nobody listens', text)
        self.assertIn('srv: 5 listeners: ip netns exec srv listenq top', text)

    def test_top(self):
        self.namespace(4711, 'srv')
        self.namespace(4712)
        text = self.run_listenq('top', '-d', '0.1', '-n', '1', '--all-netns')
        self.assertIn('15 listeners', text)
        names = {line.split()[0] for line in text.split('\n')[3:] if line}
        self.assertEqual(names, {str(self.netns()), 'srv', str(self.netns('proc/4712/ns/net'))})
        document = json.loads(self.run_listenq('top', '-d', '0.1', '--json', '--all-netns'))
        self.assertEqual({row['netns_name'] for row in document['listeners']}, names)

    def test_why(self):
        self.namespace(4711, 'srv')
        text = self.run_listenq('why', '0.0.0.0:8080', '--all-netns', code=1)
        self.assertIn('0.0.0.0:8080 in network namespace srv, since', text)
        self.assertEqual(text.count(', since'), 2)
        self.nobody_listens()
        self.assertEqual(self.why_json('0.0.0.0:8080', '--all-netns')['netns_name'], 'srv')

    def test_why_follows_all(self):
        self.namespace(4711, 'srv')
        out, _ = self.run_traced('why', '0.0.0.0:8080', '--for', '0.3', '--json', '--all-netns', code=1)
        live = [len(one['live']['clients']) for one in json.loads(out)['endpoints']]
        self.assertEqual(live, [1, 0])

    def test_snapshots(self):
        self.namespace(4711, 'srv')
        document = json.loads(self.run_listenq('--json', '--all-netns'))
        self.assertEqual([one['netns_name'] for one in document['namespaces']], [str(self.netns()), 'srv'])
        samples = prom.Reader().read(self.run_listenq('--prom', '--all-netns')).samples
        self.assertEqual({labels['netns'] for _, labels, _ in samples['listenq_endpoint_accepted_total']},
                         {str(self.netns()), 'srv'})

    def test_two_of_one_name(self):
        for pid in (4711, 4712):
            self.namespace(pid, cgroup='/system.slice/app.service')
        document = json.loads(self.run_listenq('--json', '--all-netns'))
        self.assertEqual(len({one['netns_name'] for one in document['namespaces']}), 3)

    def test_one_that_has_ended(self):
        self.namespace(4711, 'srv')
        shutil.rmtree(f'{self.root}/proc/4711/net')
        document = json.loads(self.run_listenq('--json', '--all-netns'))
        self.assertEqual(len(document['namespaces']), 1)

    def test_many(self):
        """200 namespaces, 1000 listeners: less than a second of this processor"""
        for pid in range(1000, 1199):
            self.namespace(pid, f'ns{pid}')
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        text = self.run_listenq('top', '-d', '0.1', '-n', '1', '--all-netns')
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertIn('1000 listeners', text)
        # Two samples: before and after the interval.
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        self.assertLess(seconds / 2, 1)


class Story(Case):
    def lines(self, *arguments):
        out, _ = self.run_traced('story', '--for', '0.3', *arguments)
        return [' '.join(line.split(' ')[1:]) for line in out.split('\n')[:-1]]

    def test_all_steps(self):
        lines = [' '.join(line.split()) for line in self.lines()]
        self.assertEqual(lines, [
            '0.0.0.0:8080 (listener) listens, accept queue limit 128',
            '10.9.0.2:40001 -> 10.9.0.1:8080 SYN request queued, SYN-ACK sent (SYN queue 1/128)',
            '10.9.0.2:40001 -> 10.9.0.1:8080 ACK handshake complete, connection queued for accept() '
            '(accept queue 0/128)',
            '10.9.0.2:40001 -> 10.9.0.1:8080 accept() the application took the connection after 200 ms',
            '10.9.0.3:40002 -> 10.9.0.1:8080 SYN REFUSED: accept queue full, SYN thrown away '
            '(accept queue 129/128)',
            '10.9.0.3:40002 -> 10.9.0.1:8080 ACK handshake complete, connection queued for accept() '
            '(accept queue 0/128)',
            '10.9.0.3:40002 -> 10.9.0.1:8080 accept() the application took the connection after 100 us',
            '[fd09::2]:40003 -> [fd09::1]:8080 (no segment) REFUSED: its last ACK had come, but no '
            'connection was made of it: request given up'])

    def test_time_of_day(self):
        out, error = self.run_traced('story', '--for', '0.3')
        self.assertRegex(out, r'^\d\d:\d\d:\d\d\.\d{3} 0\.0\.0\.0:8080')
        self.assertIn('42 events came too fast', error)
        self.assertEqual(self.written()['trace_clock'], 'mono')

    def test_filters(self):
        for arguments, verdict, listener in (
                (['--netns', 'all'], '', '1'),
                (['--netns', '77'], 'netns == 77', '1'),
                (['*:80', '--netns', '77'], 'netns == 77 && sport == 80', '1'),
                (['--client', '10.9.0.2:5', '--netns', 'all'], 'dport == 5', '')):
            self.run_traced('story', '--for', '0.1', *arguments)
            written = self.written()
            self.assertEqual(written['events/listenq/lq_verdict/filter'], verdict)
            self.assertEqual(written['events/listenq/lq_verdict/enable'], '1')
            self.assertEqual(written['events/listenq/lq_listener/enable'], listener)

    def test_own_namespace_by_default(self):
        self.run_traced('story', '--for', '0.1')
        own = os.stat(f'{self.root}/proc/self/ns/net').st_ino
        self.assertEqual(self.written()['events/listenq/lq_accept/filter'], f'netns == {own}')

    def test_addresses(self):
        for wanted, count in (('*:8080', 8), ('0.0.0.0:8080', 7), ('[::]:8080', 8),
                              ('10.9.0.1:8080', 0), ('[fd09::1]:8080', 1),
                              ('[fd09:0:0::1]:8080', 1), ('10.9.0.9:8080', 1)):
            self.assertEqual(len(self.lines(wanted)), count, wanted)

    def tproxy(self):
        """Its flows have another port; so has one whose listener nobody knows."""
        with open(self.trace, encoding='utf-8') as file:
            text = file.read()
        with open(self.trace, 'w', encoding='utf-8') as file:
            file.write(text.replace('sport=8080 dport', 'sport=80 dport'))

    def test_tproxy(self):
        self.tproxy()
        self.assertEqual(len(self.lines('0.0.0.0:8080')), 7)
        self.assertEqual(len(self.lines('*:80')), 7)
        self.assertEqual(len(self.lines('10.9.0.1:80')), 6)
        self.assertEqual(len(self.lines('[::]:443')), 0)
        self.lines('0.0.0.0:8080')
        self.assertIn('(sport == 8080 || listener == 12)', self.written()['events/listenq/lq_verdict/filter'])
        text = ' '.join(self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', code=1)[0].split())
        self.assertIn('1 client refused 10.9.0.3:40002', text)

    def drop_a_syn(self):
        with open(self.trace, 'a', encoding='utf-8') as trace:
            trace.write('          <idle>-0       [001] ..s2.   110.000000: lq_before: reason=netfilter seq=1 '
                        'family=AF_INET sport=8080 dport=40009 saddr=10.9.0.1 daddr=10.9.0.9 '
                        'saddrv6=::ffff:10.9.0.1 daddrv6=::ffff:10.9.0.9 '
                        f'netns={self.netns()} listener=0 endpoint=3 drop=6 location=nf_hook_slow\n')

    def test_before_the_listener(self):
        self.drop_a_syn()
        out = ' '.join(self.run_traced('story', '0.0.0.0:8080', '--for', '0.5')[0].split())
        self.assertIn('10.9.0.9:40009 -> 10.9.0.1:8080 SYN DROPPED: no listener saw it: netfilter: a rule of '
                      'nft or iptables (nf_hook_slow)', out)
        out = self.run_traced('story', '[::]:443', '--for', '0.5')[0]
        self.assertNotIn('40009', out)

    def test_before_the_listener_is_a_failure(self):
        self.drop_a_syn()
        out = ' '.join(self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', code=1)[0].split())
        self.assertIn('10.9.0.9:40009 1 time no listener saw its SYN: netfilter', out)

    def test_unanswered_is_a_failure(self):
        with open(self.trace, encoding='utf-8') as file:
            text = file.read()
        with open(self.trace, 'w', encoding='utf-8') as file:
            file.write(text.replace('what=expired loss=1', 'what=expired loss=0').replace('acked=1', 'acked=0')
                       .replace('listener=99', 'listener=13'))
        out = ' '.join(self.run_traced('why', '[::]:443', '--for', '0.5', code=1)[0].split())
        self.assertIn('[fd09::2]:40003 1 time no answer at all, request given up; not in yet', out)
        for what, words in (('icmp_error', 'an ICMP error answered the SYN-ACK'),
                            ('aborted', 'request ended by the administrator')):
            with open(self.trace, encoding='utf-8') as file:
                text = file.read()
            with open(self.trace, 'w', encoding='utf-8') as file:
                file.write(re.sub(r'what=\w+ loss=0', f'what={what} loss=0', text))
            out = ' '.join(self.run_traced('why', '[::]:443', '--for', '0.5', code=1)[0].split())
            self.assertIn(f'[fd09::2]:40003 1 time {words}', out)

    def test_clients(self):
        # The kernel's filter, which is not here, would look at ports.
        for wanted, count in (('10.9.0.2', 3), ('10.9.0.3', 3), ('fd09::2', 1), ('[fd09::2]', 1)):
            self.assertEqual(len(self.lines('--client', wanted)), count, wanted)

    def test_json(self):
        out, _ = self.run_traced('story', '--for', '0.3', '--json')
        events = [json.loads(line) for line in out.split('\n')[:-1]]
        self.assertEqual([event['event'] for event in events],
                         ['listener', 'verdict', 'verdict', 'accept', 'verdict', 'verdict', 'accept', 'request'])
        self.assertEqual(events[4]['client'], '10.9.0.3:40002')
        self.assertEqual((events[4]['loss'], events[4]['acceptq']), (1, 129))
        self.assertAlmostEqual(events[0]['time'] + 1, events[1]['time'], places=5)

    def test_signals_leave_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = subprocess.Popen(self.traced('story'), env=self.environment(), text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            process.stdout.readline()
            self.assertEqual(len(os.listdir(self.instances)), 1)
            process.send_signal(number)
            process.communicate(timeout=10)
            self.assertEqual(process.returncode, 0)
            self.assertEqual(os.listdir(self.instances), [])

    def test_early_signal_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.run_traced('story', LISTENQ_KILL=str(int(number)))

    def test_closed_pipe_leaves_nothing(self):
        command = ' '.join(f"'{word}'" for word in self.traced('story', '--netns', 'all'))
        subprocess.run(f'{command} 2>/dev/null | true', shell=True, env=self.environment(), check=True,
                       timeout=10)
        deadline = time.monotonic() + 5
        while os.listdir(self.instances) and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(os.listdir(self.instances), [])

    def test_module_goes_away(self):
        process = subprocess.Popen(self.traced('story'), env=self.environment(), text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.readline()
        shutil.rmtree(self.files)
        _, error = process.communicate(timeout=10)
        self.assertEqual(process.returncode, 3)
        self.assertIn('unloaded', error)


class Snapshot(Case):
    def test_json(self):
        document = json.loads(self.run_listenq('--json'))
        self.assertEqual([row['listener'] for row in document['listeners']], [12, 13, 16, 17, 18])
        self.assertEqual(len(document['endpoints']), 6)
        self.assertEqual(document['listeners'][0]['verdicts']['req_completed'], 490)
        self.assertEqual(document['listeners'][4]['novelty'], 'red')
        self.assertEqual(document['totals']['segments'], sum(row['count'] for row in document['verdicts']))

    def test_prom_is_well_formed(self):
        reader = prom.Reader().read(self.run_listenq('--prom'))
        self.assertGreater(len(reader.type), 35)
        self.assertEqual({name.split('_')[0] for name in reader.type}, {'listenq'})

    def test_prom_values(self):
        samples = prom.Reader().read(self.run_listenq('--prom')).samples
        lost = {(labels['endpoint'], labels['reason']): value for _, labels, value
                in samples['listenq_endpoint_lost_total']}
        self.assertEqual(lost['0.0.0.0:8080', 'accept_queue_full'], 12)
        full = {labels['endpoint']: value for _, labels, value
                in samples['listenq_endpoint_accept_queue_full_seconds_total']}
        self.assertEqual(full['0.0.0.0:8080'], 1.5)
        owners = {labels['owner'] for _, labels, _ in samples['listenq_listener_info']}
        self.assertIn(r'my\x20server\x5c"x\xc3\xa9', owners)

    def test_prom_outcomes(self):
        self.row('endpoints', 'endpoint=3', attempts=12, outcomes='served:7,refused:5',
                 losses='accept_queue_full:6:5:1:2:3')
        samples = prom.Reader().read(self.run_listenq('--prom')).samples

        def of(name):
            return [(labels, value) for _, labels, value in samples[f'listenq_endpoint_{name}']
                    if labels['endpoint'] == '0.0.0.0:8080']

        self.assertEqual({labels['outcome']: value for labels, value in of('outcomes')},
                         {'served': 7, 'refused': 5})
        self.assertEqual([value for _, value in of('attempts')], [12])
        self.assertEqual([(labels['reason'], value) for labels, value in of('refused_clients_total')],
                         [('accept_queue_full', 6)])

    def test_prom_series_outlive_a_restart(self):
        """No label holds a number of the listener, the endpoint or its process."""
        def series():
            samples = prom.Reader().read(self.run_listenq('--prom')).samples
            return {(name, suffix, *sorted(labels.items())) for name, found in samples.items()
                    for suffix, labels, _ in found}
        before = series()
        for name in ('listeners', 'endpoints'):
            self.renumber(name)
        self.assertEqual(series(), before)

    def test_prom_histograms(self):
        samples = prom.Reader().read(self.run_listenq('--prom')).samples

        def buckets(name, endpoint):
            return {labels['le']: value for suffix, labels, value in samples[f'listenq_endpoint_{name}']
                    if labels['endpoint'] == endpoint and suffix == '_bucket'}

        recovery = buckets('recovery_seconds', '0.0.0.0:8080')
        self.assertEqual([recovery[le] for le in ('0.512', '1.024', '2.048', '+Inf')], [0, 3, 5, 5])
        wait = buckets('accept_wait_seconds', '[::]:443')
        self.assertEqual([wait[le] for le in ('2e-06', '2147.483648', '+Inf')], [9000, 9000, 10000])
        repeats = buckets('handshake_synack_repeats', '0.0.0.0:8080')
        self.assertEqual([repeats[le] for le in ('0', '1', '6', '+Inf')], [488, 490, 490, 490])

    def test_words_that_are_not_there(self):
        for word in (' synq_max=7', ' recovered_ms=9:3,10:2', ' full_ms=1500'):
            self.edit('listeners', word, '')
        self.run_listenq('--json')
        prom.Reader().read(self.run_listenq('--prom'))
        self.run_listenq('top', '-d', '0.1', '-n', '1')


class Tap(unittest.TextTestResult):
    """A line per test, as the other tests print it."""

    def line(self, test, word, more=''):
        name = f'{type(test).__name__.lower()}: {test._testMethodName[5:].replace("_", " ")}'
        print(f'{word} {self.testsRun} - {name}{more}', flush=True)

    def addSuccess(self, test):
        self.line(test, 'ok')

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.line(test, 'not ok')
        print(re.sub('^', '# ', self._exc_info_to_string(err, test), flags=re.M))

    addError = addFailure

    def addSkip(self, test, reason):
        self.line(test, 'ok', f' # SKIP {reason}')

    def printErrors(self):
        pass


class Runner(unittest.TextTestRunner):
    resultclass = Tap

    def run(self, test):
        with open(os.devnull, 'w', encoding='utf-8') as self.stream:
            self.stream.writeln = lambda *unused: None
            result = Tap(self.stream, False, 0)
            test(result)
        print(f'1..{result.testsRun}')
        return result


if __name__ == '__main__':
    # Started in the background or by nohup, we would pass ignored signals on to what is
    # tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    unittest.main(testRunner=Runner)
