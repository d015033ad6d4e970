#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""halfopen.py: clients whose handshakes go on when they are told to, one step a line

Reads commands from stdin and answers each with one line, as actor.py does; runs in the
client's namespace of tests/net.sh. A client is a number: the same source port with every
wire and server port, and its frames are made here, so that no kernel answers for it. The
number of its first SYN-ACK is remembered for its last ACK.

  wire IF MAC [ADDR]     frames leave there, for that address (10.9.0.1)
  syn FIRST COUNT PORT   SYNs of so many clients; how many were answered in a while
  ack FIRST COUNT        their last ACKs
  again FIRST COUNT      their SYNs once more
  rst FIRST COUNT        RSTs of theirs
  came [SECONDS]         what has come since the last time, until nothing did for so long
                         (0.5): synacks=N, of those another_isn=N, rsts=N (of so many
                         clients), other=N
  drop                   forget all clients
"""
import errno
import socket
import struct
import sys
import time

SOURCE, FIRST_PORT = socket.inet_aton("10.99.1.1"), 2000
SYN, RST, ACK = 2, 4, 16
clients, seen = {}, {}


class Wire:
    fd = None


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def wire(interface, mac, address="10.9.0.1"):
    if Wire.fd:
        Wire.fd.close()
    Wire.fd = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    Wire.fd.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    Wire.fd.setsockopt(263, 23, 1)  # PACKET_IGNORE_OUTGOING
    Wire.fd.bind((interface, 0x0800))
    Wire.fd.setblocking(False)
    Wire.to = socket.inet_aton(address)
    Wire.head = bytes.fromhex(mac.replace(":", "")) + b"\2" * 6 + b"\x08\0"
    return "open"


def transmit(frame):
    """Waits for a server that is behind with its work."""
    while True:
        try:
            Wire.fd.send(frame)
            return
        except OSError as e:
            if e.errno not in (errno.EAGAIN, errno.ENOBUFS):
                raise
            time.sleep(0.001)


def send(n, flags, seq, ack=0):
    client = clients[n]
    tcp = struct.pack("!HHIIBBHHH", FIRST_PORT + n, client["port"], seq, ack, 5 << 4, flags,
                      65535, 0, 0)
    total = checksum(SOURCE + Wire.to + struct.pack("!HH", 6, len(tcp)) + tcp)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 0, 0x4000, 64, 6, 0, SOURCE, Wire.to)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    transmit(Wire.head + ip + tcp[:16] + struct.pack("!H", total) + tcp[18:])


def count(word):
    seen[word] = seen.get(word, 0) + 1


def receive(n, flags, seq):
    client = clients[n]
    if flags & RST:
        if not client["reset"]:
            count("rsts")
        client["reset"] = True
    elif flags & SYN:
        count("synacks")
        if client["isn"] not in (None, seq):
            count("another_isn")
        client["isn"] = client["isn"] or seq
    else:
        count("other")


def pump():
    """Whether anything has come."""
    some = False
    while True:
        try:
            frame = Wire.fd.recv(2048)
        except BlockingIOError:
            return some
        if len(frame) < 54 or frame[23] != 6 or frame[26:30] != Wire.to or \
                frame[30:34] != SOURCE:
            continue
        sport, dport, seq = struct.unpack("!HHI", frame[34:42])
        n = dport - FIRST_PORT
        if n in clients and clients[n]["port"] == sport:
            receive(n, frame[47], seq)
            some = True


def numbers(first, number):
    return range(int(first), int(first) + int(number))


def syn(first, number, port):
    chosen = numbers(first, number)
    end = time.monotonic() + 10 + len(chosen) / 100
    for n in chosen:
        clients[n] = {"port": int(port), "isn": None, "reset": False}
        send(n, SYN, n << 16)
        pump()
    while time.monotonic() < end and any(clients[n]["isn"] is None for n in chosen):
        pump()
        time.sleep(0.01)
    return sum(clients[n]["isn"] is not None for n in chosen)


def each(first, number, flags, ahead):
    for n in numbers(first, number):
        ack = (clients[n]["isn"] or 0) + 1 & 0xFFFFFFFF
        send(n, flags, (n << 16) + ahead, ack if flags & ACK else 0)
        pump()
    return "sent"


def ack(first, number):
    return each(first, number, ACK, 1)


def again(first, number):
    return each(first, number, SYN, 0)


def rst(first, number):
    return each(first, number, RST, 1)


def came(seconds="0.5"):
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        if pump():
            end = time.monotonic() + float(seconds)
        time.sleep(0.01)
    words = " ".join(f"{word}={seen.get(word, 0)}" for word in
                     ("synacks", "another_isn", "rsts", "other"))
    seen.clear()
    return words


def drop():
    clients.clear()
    seen.clear()
    return "dropped"


by_name = {command.__name__: command for command in (wire, syn, ack, again, rst, came, drop)}
for line in sys.stdin:
    name, *arguments = line.rstrip("\n").split(" ")
    try:
        answer = by_name[name](*arguments)
    except Exception as e:
        answer = f"error {e!r}"
    print(answer, flush=True)
