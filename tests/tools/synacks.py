#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""synacks.py: half-open clients, and whether a SYN-ACK that is repeated is what the first was

usage: synacks.py IF MAC ADDRESS PORT COUNT SECONDS [AGAIN [ack]]

Sends a SYN of each of COUNT clients, after AGAIN seconds once more (or the last ACK of those that
have been answered), and says what has come for so many seconds:
kinds=N (first SYN-ACKs with different TTL, TOS or MSS), changed=N (clients one of whose later
ones was another kind than the first, or had another number), and for each kind, in the order of
their TTLs, ttl=N tos=N mss=N repeats=N,... (how often: each number that was seen, once).
"""
import select
import socket
import struct
import sys
import time

FIRST_PORT, SOURCE = 3000, "10.99.1.1"


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(n, to, port, isn=None):
    """Its SYN; with the number of a SYN-ACK its last ACK."""
    seq, ack, flags = (n << 16, 0, 2) if isn is None else ((n << 16) + 1, isn + 1 & 0xFFFFFFFF, 16)
    options = struct.pack("!BBH", 2, 4, 1400) if flags & 2 else b""
    tcp = struct.pack("!HHIIBBHHH", FIRST_PORT + n, port, seq, ack, 20 + len(options) << 2, flags,
                      65535, 0, 0) + options
    ends = socket.inet_aton(SOURCE) + socket.inet_aton(to)
    total = checksum(ends + struct.pack("!HH", 6, len(tcp)) + tcp)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0x4000, 64, 6, 0) + ends
    return ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:] + tcp[:16] + \
        struct.pack("!H", total) + tcp[18:]


def kind_of(ip):
    """Of a SYN-ACK whose first option is the MSS."""
    return ip[8], ip[1], struct.unpack("!H", ip[42:44])[0]


def listen(fd, to, port, seconds):
    """The client, the number and the kind of each SYN-ACK that comes."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not select.select([fd], [], [], left)[0]:
            continue
        ip = fd.recv(2048)[14:]
        if len(ip) < 44 or ip[9] != 6 or ip[12:16] != socket.inet_aton(to) or ip[33] & 0x12 != 0x12:
            continue
        sport, dport, seq = struct.unpack("!HHI", ip[20:28])
        if sport == port:
            yield dport - FIRST_PORT, seq, kind_of(ip)


def main(interface, mac, to, port, count, seconds, again="0", what="syn"):
    fd = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    fd.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
    fd.bind((interface, 0x0800))
    head = bytes.fromhex(mac.replace(":", "")) + b"\2" * 6 + b"\x08\0"
    came = {}
    for wait in (float(again), float(seconds) - float(again)) if float(again) else (float(seconds),):
        for n in came if came and what == "ack" else range(int(count)):
            isn = came[n][0][0] if n in came and what == "ack" else None
            fd.send(head + segment(n, to, int(port), isn))
        for n, *synack in listen(fd, to, int(port), wait):
            came.setdefault(n, []).append(synack)
    kinds, changed = {}, 0
    for synacks in came.values():
        kinds.setdefault(synacks[0][1], set()).add(len(synacks) - 1)
        changed += any(one != synacks[0] for one in synacks)
    print(f"answered={len(came)} kinds={len(kinds)} changed={changed}", *(
        f"ttl={ttl} tos={tos} mss={mss} repeats={','.join(map(str, sorted(repeats)))}"
        for (ttl, tos, mss), repeats in sorted(kinds.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
