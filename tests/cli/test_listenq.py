#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""scripts/listenq against the files in root/ and the events in trace: no root, seconds. TAP."""
import json
import os
import re
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

    def environment(self, **more):
        return {**os.environ, 'LISTENQ_ROOT': self.root, 'COLUMNS': '100', 'TZ': 'UTC', **more}

    def run_listenq(self, *arguments, code=0, **more):
        done = subprocess.run([*EXECUTABLE, *arguments], env=self.environment(**more), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn('Traceback', done.stderr)
        return done.stderr if code in (2, 3) else done.stdout

    def traced(self, *arguments):
        return [sys.executable, f'{HERE}/tracefs.py', f'{HERE}/trace', self.log, LISTENQ, *arguments]

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
                         '0 12 accept_queue_full 1.5 s')

    def test_totals(self):
        first, second = self.rows()[:2]
        self.assertIn('5 listeners  untracked 0  ambiguous 2  diverge 1', first)
        self.assertIn('lost in all: 370', second)

    def test_one_table_per_interval(self):
        text = self.run_listenq('top', '-d', '0.1', '-n', '3')
        self.assertEqual(text.count('LISTENER '), 3)

    def test_rates(self):
        loader = SourceFileLoader('listenq', LISTENQ)
        listenq = module_from_spec(spec_from_loader('listenq', loader))
        loader.exec_module(listenq)
        listenq.FILES, listenq.ROOT = self.files, self.root
        verdicts = listenq.read_verdicts()
        old = listenq.Sample(verdicts)
        self.edit('listeners', 'segments=20000', 'segments=20300')
        self.edit('listeners', 'accepted=490 lost=12', 'accepted=496 lost=15')
        self.edit('listeners', 'req_completed:490', 'req_completed:499')
        self.edit('listeners', 'listener=18 ', 'listener=19 ')
        self.edit('listeners', 'since=1790000003.000 segments=0', 'since=1790000003.000 segments=6')
        new = listenq.Sample(verdicts)
        new.clock = old.clock + 3
        top = listenq.top_document(new, old)
        first, second, third = top['listeners'][:3]
        self.assertEqual((first['port'], first['reason']), (8080, 'accept_queue_full'))
        self.assertEqual(first['rates'], {'segments': 0, 'completed': 3, 'accepted': 2, 'lost': 1})
        self.assertEqual((second['port'], second['lost'], second['rates']['lost']), (81, 358, 0))
        self.assertEqual(second['owner'], '77/my server\\"x\u00e9')
        self.assertEqual((third['port'], third['rates']['segments']), (443, 100))
        self.assertEqual((top['totals']['diverge'], top['rates']['segments']), (1, 102))

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
                     '5 got in later (half of them within 1.0 s, all within 2.0 s)',
                     '1 never did, 1 may still', 'the oldest for 1.2 ms', '2 so far'):
            self.assertIn(part, text)

    def test_nobody(self):
        self.assertIn('Nobody was refused.', self.run_listenq('why', '[::]:443'))

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
                         r'^netns == \d+ && sport == 8080$')

    def test_live_clients_json(self):
        out, _ = self.run_traced('why', '0.0.0.0:8080', '--for', '0.5', '--json', code=1)
        live = json.loads(out)['endpoints'][0]['live']
        self.assertEqual(live['clients'][0]['verdicts'], {'syn_accept_full': 1})
        self.assertEqual(live['clients'][0]['got_in_after_s'], 1.5)


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
            '[fd09::2]:40003 -> [fd09::1]:8080 (no segment) REFUSED: its last ACK was thrown away, '
            'request given up'])

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
        for wanted, count in (('*:8080', 7), ('0.0.0.0:8080', 6), ('[::]:8080', 7),
                              ('10.9.0.1:8080', 6), ('[fd09::1]:8080', 1),
                              ('[fd09:0:0::1]:8080', 1), ('10.9.0.9:8080', 1)):
            self.assertEqual(len(self.lines(wanted)), count, wanted)

    def test_clients(self):
        # The kernel's filter, which is not here, would look at ports.
        for wanted, count in (('10.9.0.2', 3), ('10.9.0.3', 2), ('fd09::2', 1), ('[fd09::2]', 1)):
            self.assertEqual(len(self.lines('--client', wanted)), count, wanted)

    def test_json(self):
        out, _ = self.run_traced('story', '--for', '0.3', '--json')
        events = [json.loads(line) for line in out.split('\n')[:-1]]
        self.assertEqual([event['event'] for event in events],
                         ['listener', 'verdict', 'verdict', 'accept', 'verdict', 'verdict', 'request'])
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
        self.assertGreater(len(reader.type), 40)
        self.assertEqual({name.split('_')[0] for name in reader.type}, {'listenq'})

    def test_prom_values(self):
        samples = prom.Reader().read(self.run_listenq('--prom')).samples
        lost = {(labels['endpoint'], labels['reason']): value for _, labels, value
                in samples['listenq_endpoint_lost_total']}
        self.assertEqual(lost['0.0.0.0:8080', 'accept_queue_full'], 12)
        full = {labels['listener']: value for _, labels, value
                in samples['listenq_listener_accept_queue_full_seconds_total']}
        self.assertEqual(full['12'], 1.5)
        info = {labels['listener']: labels['owner'] for _, labels, _
                in samples['listenq_listener_info']}
        self.assertEqual(info['16'], r'77/my\x20server\x5c"x\xc3\xa9')

    def test_prom_histograms(self):
        samples = prom.Reader().read(self.run_listenq('--prom')).samples

        def buckets(name, listener):
            return {labels['le']: value for suffix, labels, value in samples[f'listenq_listener_{name}']
                    if labels['listener'] == listener and suffix == '_bucket'}

        recovery = buckets('recovery_seconds', '12')
        self.assertEqual([recovery[le] for le in ('0.512', '1.024', '2.048', '+Inf')], [0, 3, 5, 5])
        wait = buckets('accept_wait_seconds', '13')
        self.assertEqual([wait[le] for le in ('2e-06', '2147.483648', '+Inf')], [9000, 9000, 10000])
        repeats = buckets('handshake_synack_repeats', '12')
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
