# SPDX-License-Identifier: GPL-2.0
"""tracefs: runs scripts/listenq where mkdir does what it does in tracefs

usage: tracefs.py TRACE LOG SCRIPT [ARGUMENT...]

TRACE is what the instance's trace_pipe holds. LOG gets what was written to the
instance, and that it was removed. LISTENQ_KILL: a signal that comes in mkdir.
"""
import os
import runpy
import shutil
import sys

trace, log, script = sys.argv[1:4]
real_mkdir, real_rmdir = os.mkdir, os.rmdir
files = ['trace_clock'] + [f'events/listenq/lq_{event}/{file}' for file in ('filter', 'enable')
                           for event in ('verdict', 'request', 'accept', 'before', 'listener')]


def mkdir(path):
    os.mkdir = real_mkdir
    for name in files:
        os.makedirs(os.path.dirname(f'{path}/{name}'), exist_ok=True)
        with open(f'{path}/{name}', 'x', encoding='utf-8'):
            pass
    shutil.copy(trace, f'{path}/trace_pipe')
    if 'LISTENQ_KILL' in os.environ:
        os.kill(os.getpid(), int(os.environ['LISTENQ_KILL']))


def rmdir(path):
    os.rmdir = real_rmdir
    with open(log, 'w', encoding='utf-8') as notes:
        for name in files:
            with open(f'{path}/{name}', encoding='utf-8') as file:
                print(name, file.read(), file=notes)
        shutil.rmtree(path)
        print('removed', os.path.basename(path), file=notes)


os.mkdir, os.rmdir = mkdir, rmdir
sys.argv = sys.argv[3:]
runpy.run_path(script, run_name='__main__')
