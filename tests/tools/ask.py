#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ask.py: what "listenq why" says, as text and as JSON; $LISTENQ_ASKED is the tool and a folder

Reads names of endpoints from stdin, one a line, and answers each with a line (as actors do,
tests/actors.sh) when FOLDER/text, FOLDER/json and FOLDER/facts are there. To start Python and
to read the tool is most of the time of one run where processors are emulated: it is done
once, and each question is asked by a child that has seen nothing of those before. The facts
are for a shell, a word and its value a line: the exit code; causes, hints and verdicts of
the first endpoint; each number of it.
"""
import contextlib
import importlib.machinery
import importlib.util
import json
import os
import sys

tool, folder = os.environ['LISTENQ_ASKED'].split()
loader = importlib.machinery.SourceFileLoader('listenq', tool)
listenq = importlib.util.module_from_spec(importlib.util.spec_from_loader('listenq', loader))
loader.exec_module(listenq)


def run(path, *words):
    sys.argv = [tool, 'why', *words]
    with open(path, 'w', encoding='utf-8') as file, \
            contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        return listenq.main()


def facts_of(found):
    """(word, value) of the first endpoint"""
    yield 'causes', ' '.join(cause['cause'] for cause in found['causes']) or '-'
    yield 'hints', ' '.join(sorted(found['hints'])) or '-'
    yield 'verdicts', ' '.join(f'{v}:{n}' for v, n in sorted(found['verdicts'].items()) if n) or '-'
    yield 'outcomes', ' '.join(f'{v}:{n}' for v, n in sorted(found['outcomes'].items()) if n) or '-'
    for cause in found['causes']:
        for word in ('clients', 'handshakes', 'segments', 'limit'):
            yield f"{cause['cause']}_{word}", cause[word]
    for word, value in found.items():
        if isinstance(value, (bool, int)):
            yield word, int(value)


def ask(name):
    code = run(f'{folder}/text', name)
    facts = [('code', code)]
    if run(f'{folder}/json', '--json', name) != code:
        facts += [('code', 'not that of --json')]
    if code <= 1:
        with open(f'{folder}/json', encoding='utf-8') as file:
            facts += facts_of(json.load(file)['endpoints'][0])
    with open(f'{folder}/facts', 'w', encoding='utf-8') as file:
        file.writelines(f'{word} {value}\n' for word, value in facts)


def in_a_child(name):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ask(name)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]


for line in sys.stdin:
    # The first line of an actor is of no endpoint.
    print('asked' if line == 'drop\n' or in_a_child(line.rstrip('\n')) == 0 else 'error', flush=True)
