#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""greeter.py: a server that greets who comes, and BPF programs that lead clients to it

usage: greeter.py ADDRESS PORT [transparent] [reuseport] [lookup=PORT] [assign=PORT,PIN]
                  [cookie=PIN] [ops=CGROUP]

  lookup=PORT      an sk_lookup program of its network namespace leads PORT's segments here
  assign=PORT,PIN  a program, pinned at PIN for tc's ingress, assigns SYNs to PORT to it
                   (bpf_sk_assign), and leaves to the kernel what comes later
  cookie=PIN       a program, pinned at PIN for tc's egress, notes the socket cookie that its
                   SYN-ACKs have
  ops=CGROUP       it joins CGROUP, whose sock_ops program notes the socket cookie that its requests
                   have when their window is chosen

Says "ready" when all is in place, then for each who comes "greeted"; with cookie= or ops=
also the cookies of the last SYN-ACK, of the connection and of the listener.
"""
import ctypes
import os
import platform
import socket
import struct
import sys

IP_TRANSPARENT, SO_COOKIE = 19, 57
SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
MAP_CREATE, MAP_LOOKUP, MAP_UPDATE, PROG_LOAD, OBJ_PIN, PROG_ATTACH, LINK_CREATE = \
    0, 1, 2, 5, 6, 8, 28
ARRAY, SOCKMAP = 2, 15
SCHED_CLS, SOCK_OPS, SK_LOOKUP, ATTACH_SOCK_OPS, ATTACH_SK_LOOKUP = 3, 13, 30, 3, 36
RWND_INIT = 2
FIND, GET_SOCKET_COOKIE, SK_RELEASE, SK_ASSIGN = 1, 46, 86, 124
# Offsets in a frame without IP options, in struct bpf_sk_lookup, in struct bpf_sock_ops
ETHER_TYPE, IP_PROTOCOL, TCP_SPORT, TCP_DPORT, TCP_FLAGS = 12, 23, 34, 36, 47
LOCAL_PORT, OPS_OP, OPS_LOCAL_PORT = 60, 0, 68
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    fd = libc.syscall(SYS_BPF, command, buffer, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), f"bpf({command})")
    return fd


def address_of(buffer):
    return ctypes.addressof(buffer)


def new_map(kind, value=None):
    fd = bpf(MAP_CREATE, struct.pack("5I", kind, 4, 8, 1, 0))
    if value is not None:
        key, data = ctypes.create_string_buffer(4), ctypes.create_string_buffer(struct.pack("Q", value), 8)
        bpf(MAP_UPDATE, struct.pack("IxxxxQQQ", fd, address_of(key), address_of(data), 0))
    return fd


def read_map(fd):
    key, data = ctypes.create_string_buffer(4), ctypes.create_string_buffer(8)
    bpf(MAP_LOOKUP, struct.pack("IxxxxQQQ", fd, address_of(key), address_of(data), 0))
    return struct.unpack("Q", data.raw)[0]


def load(kind, code, attach=0):
    text = b"".join(code)
    program, licence = ctypes.create_string_buffer(text, len(text)), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    try:
        return bpf(PROG_LOAD, struct.pack(
            "IIQQIIQII16sII", kind, len(text) // 8, address_of(program), address_of(licence), 1,
            len(log), address_of(log), 0, 0, b"greeter", 0, attach))
    except OSError:
        sys.stderr.write(log.value.decode())
        raise


def pin(fd, path):
    name = ctypes.create_string_buffer(path.encode())
    bpf(OBJ_PIN, struct.pack("QI", address_of(name), fd))


#
# Instructions
#

def insn(code, to=0, source=0, offset=0, value=0):
    return struct.pack("BBhi", code, to | source << 4, offset, value)


def move(to, source):
    return insn(0xbf, to, source)


def constant(to, value):
    return insn(0xb7, to, value=value)


def call(function):
    return insn(0x85, value=function)


def leave(verdict):
    return constant(0, verdict) + insn(0x95)


def only_if(equal, value, verdict):
    """Register 0 is that value, or is not; else the kernel goes on as without us."""
    return insn(0x15 if equal else 0x55, 0, 0, 2, value) + leave(verdict)


def frame(size, at):
    """In network order, into register 0; register 6 is the context."""
    return insn(0x20 | {1: 0x10, 2: 0x08}[size], value=at)


def of_port(port_at, port, flags):
    return [move(6, 1), frame(2, ETHER_TYPE), only_if(True, 0x0800, 0), frame(1, IP_PROTOCOL),
            only_if(True, 6, 0), frame(2, port_at), only_if(True, port, 0), frame(1, TCP_FLAGS),
            insn(0x57, 0, value=0x12), only_if(True, flags, 0)]


def find(fd, verdict):
    """What the map has at 0, into register 7."""
    return [insn(0x62, 10, offset=-4), insn(0x18, 1, 1, value=fd), insn(0), move(2, 10),
            insn(0x07, 2, value=-4), call(FIND), only_if(False, 0, verdict), move(7, 0)]


def assign(fd, verdict):
    return find(fd, verdict) + [move(1, 6), move(2, 7), constant(3, 0), call(SK_ASSIGN), move(1, 7),
                                call(SK_RELEASE), leave(verdict)]


def lookup_program(server, port):
    fd = load(SK_LOOKUP, [move(6, 1), insn(0x61, 0, 1, LOCAL_PORT), only_if(True, port, 1)] +
              assign(new_map(SOCKMAP, server.fileno()), 1), ATTACH_SK_LOOKUP)
    return bpf(LINK_CREATE, struct.pack("IIII", fd, os.open("/proc/self/ns/net", os.O_RDONLY),
                                        ATTACH_SK_LOOKUP, 0))


def assign_program(server, port):
    return load(SCHED_CLS, of_port(TCP_DPORT, port, 0x02) +
                assign(new_map(SOCKMAP, server.fileno()), 0))


def note(fd, verdict):
    """The context's socket cookie."""
    return [move(1, 6), call(GET_SOCKET_COOKIE), insn(0x7b, 10, 0, -16)] + find(fd, verdict) + [
        insn(0x79, 1, 10, -16), insn(0x7b, 7, 1), leave(verdict)]


def cookie_program(fd, port):
    return load(SCHED_CLS, of_port(TCP_SPORT, port, 0x12) + note(fd, 0))


def ops_program(fd, port, cgroup):
    with open(f"{cgroup}/cgroup.procs", "w") as file:
        file.write(str(os.getpid()))
    program = load(SOCK_OPS, [
        move(6, 1), insn(0x61, 0, 6, OPS_LOCAL_PORT), only_if(True, port, 1),
        insn(0x61, 0, 6, OPS_OP), only_if(True, RWND_INIT, 1)] + note(fd, 1))
    bpf(PROG_ATTACH, struct.pack("IIII", os.open(cgroup, os.O_RDONLY), program, ATTACH_SOCK_OPS, 0))


#
# The server
#

def cookie_of(s):
    return struct.unpack("Q", s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0]


def listener(address, port, words):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if "reuseport" in words:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if "transparent" in words:
        s.setsockopt(socket.IPPROTO_IP, IP_TRANSPARENT, 1)
    s.bind((address, port))
    s.listen(64)
    return s


def main(address, port, *words):
    noted = new_map(ARRAY)
    for word in words:
        key, _, value = word.partition("=")
        if key == "ops":
            ops_program(noted, int(port), value)
    server, kept, notes = listener(address, int(port), words), [], False
    for word in words:
        key, _, value = word.partition("=")
        if key == "lookup":
            kept.append(lookup_program(server, int(value)))
        elif key == "assign":
            to, _, path = value.partition(",")
            pin(assign_program(server, int(to)), path)
        elif key == "cookie":
            pin(cookie_program(noted, int(port)), value)
        notes |= key in ("cookie", "ops")
    print("ready", flush=True)
    while True:
        child, _ = server.accept()
        said = "greeted"
        if notes:
            said += f" synack={read_map(noted)} child={cookie_of(child)} listener={cookie_of(server)}"
        print(said, flush=True)
        try:
            child.send(b"hello")
        except OSError:
            pass
        child.close()


main(*sys.argv[1:])
