#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""crowd.py NAMESPACES LISTENERS: so many network namespaces, so many listeners in each

Their names are crowd1, crowd2, ..., each has a process of its own. Says "ready" once for each;
ends when stdin does.
"""
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter(name):
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    if libc.setns(fd, CLONE_NEWNET):
        sys.exit(f"crowd: setns {name}: {os.strerror(ctypes.get_errno())}")
    os.close(fd)


def listener(port):
    s = socket.socket()
    s.bind(("0.0.0.0", port))
    s.listen(128)
    return s


def serve(name, each):
    enter(name)
    crowd = [listener(8000 + n) for n in range(each)]
    print("ready", flush=True)
    sys.stdin.read()
    del crowd


namespaces, each = map(int, sys.argv[1:])
for i in range(namespaces):
    if os.fork() == 0:
        serve(f"crowd{i + 1}", each)
        os._exit(0)
for _ in range(namespaces):
    os.wait()
