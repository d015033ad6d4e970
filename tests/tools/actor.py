#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""actor.py: a server or client that does what it is told, one step a line

Reads commands from stdin, does each at once and answers with one line, so that a test
knows what has happened without sleeping. A command that fails is answered by "error" and
the name of the errno. See tests/actors.sh.

  comm NAME                     take that name (the rest of the line; \\n is a newline)
  listen NAME ADDR PORT BACKLOG [reuseport] [v6only=0|1] [dev=IF] [mptcp] [transparent]
                                [defer=SECONDS] [ttl=N] [tos=N] [mark=N] [maxseg=BYTES]
                                [syncnt=N] [to_first] [to_second]: all of its group get to
                                the first, or second; its socket cookie
  again NAME BACKLOG            listen() once more
  accept NAME COUNT [SECONDS]   how many were accepted within SECONDS (30)
  drain NAME                    accept all that are there, how many
  forked NAME                   a child that inherited NAME accepts one: its pid
  heir COMM NAME [MS]           a child that inherited NAME, through exec: its pid. It accepts one
                                every MS milliseconds; without MS it only holds it
  hand COMM NAME [MS]           the same, but one that gets NAME by SCM_RIGHTS
  loop NAME MS                  accept in the background, one every MS milliseconds
  looped NAME                   how many that has accepted so far
  close NAME
  shutdown NAME                 shutdown() of it: its descriptor stays
  take NAME COUNT               accept so many, a banner for each: how many took it
  connect COUNT ADDR PORT [SECONDS]
                                one after the other, how many got through
  probe COUNT ADDR PORT         the same, each is closed at once, as a health check does
  bind IF                       connections that begin from now on are of that device
  speak PROTOCOL                tcp or mptcp: what they are
  begin ADDR PORT               a connect() that goes on, in the background
  crowd_of COUNT ADDR PORT      so many at once
  done [SECONDS]                how many of those begun got through in that time (30)
  say TEXT                      each that was begun sends it: how many could
  fates                         of those begun: "connected:N closed:N reset:N failed:N pending:N got:N"
                                without those that are 0
  half                          FIN to all that were begun, which stay
  abort                         RST to them
  drop                          close all connections and clients
  many FIRST LAST               a listener on every port, how many
  group COUNT ADDR PORT BACKLOG so many listeners of one address (SO_REUSEPORT), how many
  grow COUNT ADDR PORT BACKLOG  the same: the nanoseconds that one listen() takes
  spread FIRST LAST PORT        a listener on each of so many addresses of 127.0.0.0/8: the
                                nanoseconds that one listen() takes
  none                          close those
  quarrel COUNT                 two threads call listen() on those, COUNT times each, with another
                                backlog each time
  errors COUNT ADDR PORT        so many ICMP errors about SYN-ACKs of it that nobody sent: the
                                nanoseconds that one takes
  devices                       how many connections of each device are accepted: DEV:COUNT,...
  write PATH TEXT               one write()
"""
import array
import ctypes
import errno
import os
import resource
import select
import socket
import struct
import sys
import threading
import time

SO_COOKIE, SO_ATTACH_REUSEPORT_CBPF = 57, 51
SO_BINDTODEVICE = 25
SO_BINDTOIFINDEX = 62
IP_TRANSPARENT, IPV6_TRANSPARENT = 19, 75
MPTCP = 262
NUMBERS = {"ttl": (socket.IPPROTO_IP, socket.IP_TTL), "tos": (socket.IPPROTO_IP, socket.IP_TOS),
           "mark": (socket.SOL_SOCKET, socket.SO_MARK),
           "maxseg": (socket.IPPROTO_TCP, socket.TCP_MAXSEG),
           "syncnt": (socket.IPPROTO_TCP, socket.TCP_SYNCNT)}
# What an heir does with descriptor 3.
HEIR = """
import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)
s = socket.socket(fileno=3)
while True:
    if sys.argv[2] == "never":
        time.sleep(3600)
    s.accept()[0].close()
    time.sleep(float(sys.argv[2]) / 1000)
"""
listeners, kept, begun, crowd, loops, threads, bound_to = {}, [], [], [], {}, {}, []
protocols, failed_with = [0], {}


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def comm(*words):
    ctypes.CDLL(None).prctl(15, " ".join(words).replace("\\n", "\n").encode(), 0, 0, 0)
    return "called"


def to_member(s, n):
    """A program that always chooses that member of its group."""
    program = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, n), 8)
    s.setsockopt(socket.SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF,
                 struct.pack("HP", 1, ctypes.addressof(program)))


def listen(name, address, port, backlog, *options):
    s = socket.socket(family_of(address), socket.SOCK_STREAM, MPTCP if "mptcp" in options else 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for option in options:
        key, _, value = option.partition("=")
        if key == "reuseport":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        elif key == "v6only":
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(value))
        elif key == "dev":
            s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, value.encode())
        elif key == "defer":
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, int(value))
        elif key == "transparent" and s.family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, IPV6_TRANSPARENT, 1)
        elif key == "transparent":
            s.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
        elif key in NUMBERS:
            s.setsockopt(*NUMBERS[key], int(value))
    s.bind((address, int(port)))
    s.listen(int(backlog))
    if "to_first" in options:
        to_member(s, 0)
    if "to_second" in options:
        to_member(s, 1)
    listeners[name] = s
    return int.from_bytes(s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder)


def again(name, backlog):
    listeners[name].listen(int(backlog))
    return "listens"


def accept(name, count, seconds="30"):
    s, end, n = listeners[name], time.monotonic() + float(seconds), 0
    while n < int(count):
        s.settimeout(max(end - time.monotonic(), 0.001))
        try:
            kept.append(s.accept()[0])
        except TimeoutError:
            break
        n += 1
    return n


def drain(name):
    s, n = listeners[name], 0
    s.setblocking(False)
    while True:
        try:
            kept.append(s.accept()[0])
        except BlockingIOError:
            return n
        n += 1


def forked(name):
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        listeners[name].setblocking(True)
        connection = listeners[name].accept()[0]
        os.write(tell, b"1")
        os.close(0)
        connection.recv(1)
        os._exit(0)
    os.read(told, 1)
    return pid


def child(task):
    """Its pid; no one waits for what it does."""
    pid = os.fork()
    if pid == 0:
        try:
            nothing = os.open(os.devnull, os.O_RDWR)
            os.dup2(nothing, 0)
            os.dup2(nothing, 1)
            task()
        finally:
            os._exit(1)
    return pid


def become_heir(comm, fd, ms):
    os.dup2(fd, 3)
    os.set_inheritable(3, True)
    os.execv(sys.executable, [sys.executable, "-c", HEIR, comm, ms])


def heir(comm, name, ms="never"):
    listeners[name].setblocking(True)
    return child(lambda: become_heir(comm, listeners[name].fileno(), ms))


def hand(comm, name, ms="never"):
    ours, theirs = socket.socketpair()
    listener = listeners[name]
    listener.setblocking(True)

    def receive():
        for s in listeners.values():
            s.close()
        rights = theirs.recvmsg(1, socket.CMSG_SPACE(4))[1]
        become_heir(comm, array.array("i", rights[0][2])[0], ms)

    pid = child(receive)
    ours.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                           array.array("i", [listener.fileno()]))])
    ours.close()
    theirs.close()
    return pid


def loop(name, ms):
    count = loops[name] = [0]
    s = listeners[name]
    s.settimeout(None)

    def run():
        while True:
            try:
                s.accept()[0].close()
            except OSError:
                return
            count[0] += 1
            time.sleep(float(ms) / 1000)

    threads[name] = threading.Thread(target=run, daemon=True)
    threads[name].start()
    return "loops"


def looped(name):
    return loops[name][0]


def close(name):
    s = listeners.pop(name)
    if name in threads:
        s.shutdown(socket.SHUT_RDWR)  # a sleeping accept() would keep it open
        threads.pop(name).join()
    s.close()
    return "closed"


def shutdown(name):
    listeners[name].shutdown(socket.SHUT_RDWR)
    return "shut down"


def take(name, count):
    s, n = listeners[name], 0
    s.settimeout(30)
    for _ in range(int(count)):
        kept.append(s.accept()[0])
        try:
            n += kept[-1].send(b"hello") == 5
        except OSError:
            pass
    return n


def connect(count, address, port, seconds="30"):
    n = 0
    for _ in range(int(count)):
        s = socket.socket(family_of(address))
        s.settimeout(float(seconds))
        try:
            s.connect((address, int(port)))
            n += 1
        except OSError:
            pass
        kept.append(s)
    return n


def probe(count, address, port):
    n = 0
    for _ in range(int(count)):
        n += connect(1, address, port)
        kept.pop().close()
    return n


def bind(device):
    bound_to.append(device)
    return "bound"


def speak(protocol):
    protocols.append(MPTCP if protocol == "mptcp" else 0)
    return protocol


def begin(address, port):
    s = socket.socket(family_of(address), socket.SOCK_STREAM, protocols[-1])
    if bound_to:
        s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, bound_to[-1].encode())
    s.setblocking(False)
    s.connect_ex((address, int(port)))
    begun.append(s)
    return "begun"


def crowd_of(count, address, port):
    room_for(count)
    for _ in range(int(count)):
        begin(address, port)
    return "begun"


def error_of(s):
    """What it failed with; the kernel tells it once."""
    error = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        failed_with[s] = error
    return failed_with.get(s, 0)


def done(seconds="30"):
    end, poll, n = time.monotonic() + float(seconds), select.poll(), 0
    waiting = {s.fileno(): s for s in begun}
    for fd in waiting:
        poll.register(fd, select.POLLOUT)
    while waiting and time.monotonic() < end:
        for fd, _ in poll.poll(max(end - time.monotonic(), 0) * 1000):
            poll.unregister(fd)
            n += error_of(waiting.pop(fd)) == 0
    return n


def say(*words):
    n = 0
    for s in begun:
        try:
            n += s.send(" ".join(words).encode()) > 0
        except OSError:
            pass
    return n


def fate(s):
    try:
        s.getpeername()
    except OSError:
        error = error_of(s)
        return "reset" if error == errno.ECONNRESET else "failed" if error else "pending"
    try:
        return "got" if s.recv(100) else "closed"
    except BlockingIOError:
        return "connected"
    except OSError:
        return "reset"


def fates():
    found = [fate(s) for s in begun]
    return " ".join(f"{word}:{found.count(word)}" for word in
                    ("connected", "closed", "reset", "failed", "pending", "got")
                    if word in found) or "-"


def half():
    for s in begun:
        s.shutdown(socket.SHUT_WR)
    return len(begun)


def abort():
    for s in begun:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return drop()


def drop():
    for s in kept + begun:
        s.close()
    kept.clear()
    begun.clear()
    failed_with.clear()
    return "dropped"


def many(first, last):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(last) - int(first) + 1100,) * 2)
    for port in range(int(first), int(last) + 1):
        s = socket.socket()
        s.bind(("0.0.0.0", port))
        s.listen(1)
        crowd.append(s)
    return len(crowd)


def room_for(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = len(crowd) + int(count) + 1100
    if wanted > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))


def grow(count, address, port, backlog):
    room_for(count)
    ns = 0
    for _ in range(int(count)):
        s = socket.socket(family_of(address))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        s.bind((address, int(port)))
        begin = time.monotonic_ns()
        s.listen(int(backlog))
        ns += time.monotonic_ns() - begin
        crowd.append(s)
    return ns // int(count)


def group(*how):
    grow(*how)
    return len(crowd)


def spread(first, last, port):
    count = int(last) - int(first) + 1
    room_for(count)
    for i in range(int(first), int(last) + 1):
        s = socket.socket()
        s.bind((f"127.{1 + i // 65536}.{i // 256 % 256}.{i % 256}", int(port)))
        crowd.append(s)
    begin = time.monotonic_ns()
    for s in crowd[-count:]:
        s.listen(1)
    return (time.monotonic_ns() - begin) // count


def quarrel(count):
    def listen_often(offset):
        for i in range(int(count)):
            crowd[i % len(crowd)].listen(1 + (i * 37 + offset) % 100)

    both = [threading.Thread(target=listen_often, args=(offset,)) for offset in (0, 50)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    return "over"


# Destination unreachable, host; of a packet from ADDR:PORT to nobody
def errors(count, address, port):
    packet = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 64, 6, 0, socket.inet_aton(address),
                         socket.inet_aton("10.99.0.1"))
    quoted = packet + struct.pack("!HHIIHHHH", int(port), 1024, 1, 1, 0x5012, 1024, 0, 0)
    message = struct.pack("!BBHI", 3, 1, 0, 0) + quoted
    total = sum(struct.unpack(f"!{len(message) // 2}H", message))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    message = message[:2] + struct.pack("!H", ~total & 0xffff) + message[4:]
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.connect((address, 0))
        begin = time.monotonic_ns()
        for _ in range(int(count)):
            s.send(message)
        return (time.monotonic_ns() - begin) // int(count)


def none():
    for s in crowd:
        s.close()
    crowd.clear()
    return "none"


def devices():
    bound = [s.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX) for s in kept]
    return ",".join(f"{socket.if_indextoname(i) if i else '-'}:{bound.count(i)}"
                    for i in sorted(set(bound))) or "-"


def write(path, *words):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, " ".join(words).replace("\\n", "\n").encode())
    finally:
        os.close(fd)
    return "written"


commands = (comm, listen, again, accept, drain, forked, heir, hand, loop, looped, close, shutdown,
            take, connect, probe, bind, speak, begin, crowd_of, done, say, fates, half, abort,
            drop, many, grow, group, spread, none, quarrel, errors, devices, write)
by_name = {command.__name__: command for command in commands}
for line in sys.stdin:
    name, *arguments = line.rstrip("\n").split(" ")
    try:
        answer = by_name[name](*arguments)
    except OSError as e:
        answer = f"error {errno.errorcode.get(e.errno, e)}"
    except Exception as e:
        answer = f"error {e!r}"
    print(answer, flush=True)
