#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""addresses.py: listeners on many addresses of one port, 127.FIRST.x.y

  addresses.py churn FIRST COUNT PORT    bind, listen and close, one after the other
  addresses.py hold FIRST COUNT PORT     listen on all, until stdin ends
  addresses.py state FIRST COUNT PORT    listen, read at once what the endpoints file says of
                                         it, connect, close: how many were taken over by then

Says how many it has had.
"""
import resource
import socket
import sys


def address(first, i):
    return f"127.{first}.{i // 250}.{i % 250 + 1}"


def listen(first, i, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address(first, i), port))
    s.listen(16)
    return s


def is_taken(where, port):
    with open("/proc/net/listenq/endpoints", encoding="ascii") as file:
        return any(f" addr={where} port={port} " in line and " state=taken_over " in line
                   for line in file)


def churn(first, count, port):
    for i in range(count):
        listen(first, i, port).close()
    print(count)


def hold(first, count, port):
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100,) * 2)
    held = [listen(first, i, port) for i in range(count)]
    print(len(held), flush=True)
    sys.stdin.read()


def state(first, count, port):
    taken = 0
    for i in range(count):
        with listen(first, i, port):
            taken += is_taken(address(first, i), port)
            socket.create_connection((address(first, i), port)).close()
    print(taken)


if __name__ == "__main__":
    {"churn": churn, "hold": hold, "state": state}[sys.argv[1]](*map(int, sys.argv[2:]))
