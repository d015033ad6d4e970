#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""fields.py: what a pending handshake remembers, read back from the wire and the child

usage: fields.py SERVERNS MAC TRACEFS_INSTANCE stock|listenq

Runs in the client's namespace of tests/net.sh, plays handshakes with listeners of its own
in SERVERNS, and prints "FIELD VALUE" lines, FIELD a member of struct lq_record
(src/core/synq.h). Values that differ from one handshake to the next are told by what they
must be equal to, so that stock and listenq must print the same. See tests/fields.sh.
"""
import ctypes
import os
import re
import select
import socket
import struct
import subprocess
import sys
import time

NAMESPACE, MAC, TRACE, MODE = sys.argv[1:5]
SERVER, CLIENT, FOREIGN = "10.9.0.1", "10.99.1.1", "10.77.0.1"
FIN, SYN, RST, PSH, ACK, ECE, CWR = 1, 2, 4, 8, 16, 64, 128
OWNER = 1234
MARK = 42  # what tests/fields.sh has nft put on SYNs, and on them only
SO_INCOMING_NAPI_ID, SO_BINDTOIFINDEX, IP_TRANSPARENT = 56, 62, 19
TCP_WINDOW_CLAMP, TCP_TIMESTAMP, TCP_SAVE_SYN, TCP_SAVED_SYN = 10, 24, 27, 28
MSS = struct.pack("!BBH", 2, 4, 1000)
SACK, WSCALE = b"\1\1\4\2", b"\1\3\3\5"
LABEL = "/sys/module/lqlabel/parameters/"


def stamps(value, echo=0):
    return b"\1\1" + struct.pack("!BBII", 8, 10, value, echo)


def tell(field, *words):
    print(field, *words, flush=True)


#
# The wire
#

def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Segment:
    """One that came."""

    def __init__(self, frame):
        ip = frame[14:]
        tcp = ip[(ip[0] & 15) * 4:struct.unpack("!H", ip[2:4])[0]]
        self.tos = ip[1]
        self.source, self.target = socket.inet_ntoa(ip[12:16]), socket.inet_ntoa(ip[16:20])
        self.sport, self.dport, self.seq, self.ack, offset, self.flags, self.window = \
            struct.unpack("!HHIIBBH", tcp[:16])
        self.data = tcp[(offset >> 4) * 4:]
        self.at = time.monotonic()
        self.mss = self.wscale = self.tsval = self.tsecr = self.sack = None
        self.parse(tcp[20:(offset >> 4) * 4])

    def parse(self, options):
        while options and options[0]:
            if options[0] == 1:
                options = options[1:]
                continue
            kind, body = options[0], options[2:options[1]]
            if kind == 2:
                self.mss = struct.unpack("!H", body)[0]
            elif kind == 3:
                self.wscale = body[0]
            elif kind == 4:
                self.sack = True
            elif kind == 8:
                self.tsval, self.tsecr = struct.unpack("!II", body)
            options = options[options[1]:]


class Wire:
    def __init__(self):
        self.fd = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.fd.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
        self.fd.bind(("lqc", 0x0800))

    def send(self, source, target, tcp, tos):
        pseudo = socket.inet_aton(source) + socket.inet_aton(target)
        tcp = tcp[:16] + struct.pack("!H", checksum(
            pseudo + struct.pack("!HH", 6, len(tcp)) + tcp)) + tcp[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, tos, 20 + len(tcp), 0, 0, 64, 6, 0) + pseudo
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.fd.send(bytes.fromhex(MAC.replace(":", "")) + b"\2" * 6 + b"\x08\x00" + ip + tcp)

    def read(self, seconds):
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return None
        frame = self.fd.recv(2000)
        return Segment(frame) if frame[23] == 6 else None


wire = Wire()


class Flow:
    """A client: relative numbers in, and out of what it gets."""
    last_port = 5000

    def __init__(self, port, to=SERVER):
        Flow.last_port += 1
        self.sport, self.port, self.to, self.isn, self.peer = Flow.last_port, port, to, 77000, None
        self.next = 1

    def send(self, flags, seq=1, ack=1, options=b"", data=b"", tos=0, window=60000):
        if data:
            self.next = seq + len(data)
        ack = self.peer + ack & 0xFFFFFFFF if flags & ACK else 0
        offset = (20 + len(options)) // 4 << 4
        wire.send(CLIENT, self.to, struct.pack(
            "!HHIIBBHHH", self.sport, self.port, self.isn + seq, ack, offset, flags, window, 0,
            0) + options + data, tos)

    def get(self, seconds=3.0):
        """The next segment that comes for this flow, or None."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            segment = wire.read(end - time.monotonic())
            if segment and (segment.sport, segment.dport) == (self.port, self.sport):
                return segment
        return None

    def syn(self, options=MSS, flags=0, tos=0):
        """Returns the SYN-ACK."""
        self.send(SYN | flags, seq=0, options=options, tos=tos)
        answer = self.get()
        self.peer = answer.seq
        return answer

    def end(self):
        """Nothing stays that might send on."""
        self.send(RST | ACK, seq=self.next)


#
# The server
#

libc = ctypes.CDLL(None, use_errno=True)


class InServer:
    def __enter__(self):
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{NAMESPACE}", os.O_RDONLY)
        if libc.setns(there, 0):
            raise OSError(ctypes.get_errno(), "setns")
        os.close(there)

    def __exit__(self, *_):
        libc.setns(self.home, 0)
        os.close(self.home)


def in_server(*commands):
    with InServer():
        return all(subprocess.run(command.split(), stderr=subprocess.DEVNULL).returncode == 0
                   for command in commands)


def order(words):
    with InServer(), open("/proc/net/listenq/endpoints", "w") as file:
        file.write(words)


def listen(port, *options, device=None, address=""):
    with InServer():
        os.seteuid(OWNER)
        s = socket.socket()
        os.seteuid(0)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for option in options:
            s.setsockopt(*option)
        if device:
            s.setsockopt(socket.SOL_SOCKET, 25, device)
        s.bind((address, port))
        s.listen(64)
        s.settimeout(5)
    if MODE == "listenq":
        order(f"takeover *:{port}")
    return s


def kernel_request(port):
    """Timeouts and owner of a pending request, as /proc/net/tcp has them."""
    with InServer(), open("/proc/net/tcp") as file:
        for line in file:
            word = line.split()
            if word[1].endswith(f":{port:04X}") and word[3] == "03":
                return int(word[6], 16), int(word[7])
    return None, None


def request(port):
    """The same of a record."""
    if MODE == "stock":
        return kernel_request(port)
    with InServer(), open("/proc/net/listenq/requests") as file:
        for line in file:
            if f":{port} state=" in line:
                said = dict(word.split("=") for word in line.split())
                return int(said["timeouts"]), int(said["uid"])
    return None, None


class Info:
    """struct tcp_info, what is needed of it."""

    def __init__(self, s):
        raw = s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        self.options = raw[5]
        self.snd_wscale, self.rcv_wscale = raw[6] & 15, raw[6] >> 4
        words = struct.unpack("24I", raw[8:104])
        self.snd_mss, self.rcv_mss = words[2], words[3]
        self.rcv_ssthresh, self.rtt, self.advmss = words[14], words[15], words[19]
        self.total_retrans = words[23]


def trace(on):
    with open(f"{TRACE}/events/net/netif_rx_entry/enable", "w") as file:
        file.write(on)


def hashes():
    """Those of the SYN-ACKs and of the child's segments that have left the server since
    trace("1"), in order, with their kind. What a busy machine repeats has another one; what
    IPv6 asks for routers and ARP for neighbours has none."""
    trace("0")
    with open(f"{TRACE}/trace") as file:
        found = re.findall(r"netif_rx\w*: .*? protocol=0x0800 .*? hash=(0x[0-9a-f]+) "
                           r"l4_hash=(\d) len=(\d+)", file.read())
    open(f"{TRACE}/trace", "w").close()
    synack_len = found[0][2]
    return ([frame[:2] for frame in found if frame[2] == synack_len],
            [frame[:2] for frame in found if frame[2] != synack_len])


#
# Handshakes
#

def rich():
    """All options; the SYN-ACK comes a second time, which only the record can tell."""
    trace("1")
    server = listen(7201, device=b"lqs")
    flow = Flow(7201)
    first = flow.syn(MSS + SACK + stamps(1000) + WSCALE, ECE | CWR, tos=0x48)
    again = flow.get()
    tell("key", again.source, again.sport, again.target, again.dport)
    tell("due", "again after 1 s:", 0.9 < again.at - first.at < 2.5)
    tell("snt_isn", "again", again.seq - first.seq)
    tell("rcv_isn", "again", again.ack - flow.isn)
    tell("rcv_wnd", "again", again.window, again.window - first.window)
    tell("rcv_wscale", "again", again.wscale)
    tell("mss", "again, ours", again.mss)
    tell("ts_recent", "again", again.tsecr)
    later = int((again.at - first.at) * 1000)
    tell("ts_off", "again", abs((again.tsval - first.tsval & 0xFFFFFFFF) - later) < 200)
    tell("tos", "again", again.tos)
    tell("tstamp_ok", "again", again.tsval is not None)
    tell("sack_ok", "again", again.sack)
    tell("wscale_ok", "again", again.wscale is not None)
    tell("ecn_ok", "again", bool(again.flags & ECE))
    tell("uid", request(7201)[1])
    # Without a timestamp: what the child echoes is what the record knew.
    flow.send(ACK, tos=0x20, window=100)
    child, peer = server.accept()
    child_of(flow, child, peer, again)
    synacks, data = hashes()
    tell("txhash", "SYN-ACKs differ:", synacks[0] != synacks[1],
         "child has the last one's:", data[0] == synacks[-1], "l4:", data[0][1])
    finish(flow, child, server)


def child_of(flow, child, peer, synack):
    info = Info(child)
    tell("key", "child", *child.getsockname(), *peer)
    tell("key", "child", child.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX) == lqs_index())
    tell("mark", "child", child.getsockopt(socket.SOL_SOCKET, socket.SO_MARK))
    tell("tos", "child", child.getsockopt(socket.IPPROTO_IP, socket.IP_TOS))
    tell("retrans", "child", info.total_retrans)
    tell("snt_synack", "no time is taken of a repeated SYN-ACK:", info.rtt)
    tell("snd_wscale", "child", info.snd_wscale)
    tell("rcv_wscale", "child", info.rcv_wscale)
    tell("mss", "child", info.snd_mss, info.advmss,
         child.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG))
    tell("rcv_wnd", "child", info.rcv_ssthresh)
    tell("window_clamp", "child", child.getsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP))
    flags_of("all", info)
    stamp = child.getsockopt(socket.IPPROTO_TCP, TCP_TIMESTAMP)
    tell("ts_off", "child", (stamp - synack.tsval & 0xFFFFFFFF) < 5000)
    child.send(b"x")
    data = flow.get()
    tell("snt_isn", "child", data.seq - synack.seq)
    tell("rcv_isn", "child", data.ack - flow.isn)
    tell("ts_recent", "child", data.tsecr)
    tell("ts_off", "child's data", (data.tsval - synack.tsval & 0xFFFFFFFF) < 5000)
    tell("rcv_wnd", "child's data", data.window)
    tell("tos", "child's data", data.tos)
    tell("napi_id", "of the device:", napi_of(child))


def flags_of(what, info):
    for bit, field in enumerate(("tstamp_ok", "sack_ok", "wscale_ok", "ecn_ok")):
        tell(field, what, info.options >> bit & 1)


def napi_of(child):
    return child.getsockopt(socket.SOL_SOCKET, SO_INCOMING_NAPI_ID) > 0


def lqs_index():
    with InServer():
        return socket.if_nametoindex("lqs")


def finish(flow, *sockets):
    flow.end()
    for s in sockets:
        s.close()


def options_one_by_one():
    sets = {"no option": (MSS, 0), "timestamps": (MSS + stamps(1000), 0),
            "sack": (MSS + SACK, 0), "wscale": (MSS + WSCALE, 0), "ecn": (MSS, ECE | CWR)}
    server = listen(7202)
    for name, (options, flags) in sets.items():
        flow = Flow(7202)
        flow.syn(options, flags)
        flow.send(ACK)
        child, _ = server.accept()
        info = Info(child)
        flags_of(name, info)
        tell("snd_wscale", name, info.snd_wscale)
        tell("window_clamp", name, child.getsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP))
        tell("rcv_wnd", name, info.rcv_ssthresh)
        finish(flow, child)
    server.close()


def small_buffer():
    server = listen(7203, (socket.SOL_SOCKET, socket.SO_RCVBUF, 9000))
    flow = Flow(7203)
    synack = flow.syn(MSS + WSCALE)
    flow.send(ACK)
    child, _ = server.accept()
    tell("rcv_wnd", "SO_RCVBUF", synack.window, Info(child).rcv_ssthresh)
    tell("window_clamp", "SO_RCVBUF", child.getsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP))
    child.send(b"x")
    tell("rcv_wnd", "SO_RCVBUF, child's data", flow.get().window)
    finish(flow, child, server)


def clamped():
    """The child's clamp is the request's, not one that its buffer would give."""
    server = listen(7211, (socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, 20000))
    flow = Flow(7211)
    synack = flow.syn(MSS + WSCALE)
    flow.send(ACK)
    child, _ = server.accept()
    tell("rcv_wnd", "TCP_WINDOW_CLAMP", synack.window, Info(child).rcv_ssthresh)
    tell("window_clamp", "TCP_WINDOW_CLAMP", child.getsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP))
    finish(flow, child, server)


def round_trip():
    server = listen(7204)
    trace("1")
    flow = Flow(7204)
    start = time.monotonic()
    flow.syn()
    time.sleep(0.3)
    flow.send(ACK)
    child, _ = server.accept()
    most = (time.monotonic() - start) * 1e6
    rtt = Info(child).rtt
    tell("snt_synack", "child's RTT is ours:", 290000 < rtt <= most, "" if rtt <= most else rtt)
    tell("retrans", "none", Info(child).total_retrans)
    child.send(b"x")
    flow.get()
    synacks, data = hashes()
    tell("txhash", "child has the SYN-ACK's:", data[0] == synacks[-1])
    finish(flow, child, server)


def out_of_window():
    server = listen(7205)
    flow = Flow(7205)
    flow.syn(MSS)
    answers = []
    for pause in (0, 0, 0.7):
        time.sleep(pause)
        flow.send(ACK, seq=10000000)
        answers.append(flow.get(0.25) is not None)
    tell("last_oow", "answered, too soon, answered:", *answers)
    finish(flow, server)


def transparent():
    """A server at an address that is not the machine's: only no_srccheck lets it answer."""
    server = listen(7206, (socket.IPPROTO_IP, IP_TRANSPARENT, 1), address=FOREIGN)
    flow, later = Flow(7206, FOREIGN), Flow(7206, FOREIGN)
    flow.syn(MSS)
    flow.send(ACK, seq=10000000)
    answer = flow.get(1.0)
    tell("no_srccheck", "answers from", answer.source if answer else None)
    flow.send(ACK)
    child, _ = server.accept()
    tell("key", "transparent", *child.getsockname())
    later.syn(MSS)
    if MODE == "listenq":
        order("release *:7206")
    later.send(ACK)
    heir, _ = server.accept()
    tell("key", "transparent, handed back", *heir.getsockname())
    later.end()
    finish(flow, child, heir, server)


def deferred():
    """Who has acknowledged is not sent the SYN-ACK again."""
    server = listen(7207, (socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 5))
    silent, flow = Flow(7207), Flow(7207)
    silent.syn(MSS)
    flow.syn(MSS)
    flow.send(ACK)
    answer = flow.get(1.6)
    tell("acked", "SYN-ACK again:", answer is not None)
    silent.send(RST)
    flow.send(ACK | PSH, data=b"hello")
    child, _ = server.accept()
    tell("acked", "child", child.recv(10).decode())
    finish(flow, child, server)


def handed_back():
    """Timers that ran out, and the owner, in what the kernel gets back."""
    server = listen(7208)
    flow = Flow(7208)
    flow.syn(MSS)
    flow.get()
    tell("timeouts", request(7208)[0])
    if MODE == "listenq":
        order("release *:7208")
    timeouts, uid = kernel_request(7208)
    tell("timeouts", "handed back", timeouts)
    tell("uid", "handed back", uid)
    flow.send(ACK)
    child, _ = server.accept()
    tell("retrans", "handed back", Info(child).total_retrans)
    finish(flow, child, server)


def labels():
    """From a stand-in for a security module (tests/kmod/lqlabel.c)."""
    if not os.path.isdir(LABEL):
        return
    server = listen(7209)
    flow = Flow(7209)
    put_label("4097", "8194")
    flow.syn(MSS)
    put_label("1", "2")
    flow.send(ACK)
    child, _ = server.accept()
    for name in "secid", "peer_secid":
        with open(f"{LABEL}child_{name}") as file:
            tell(name, "child", file.read().strip())
    finish(flow, child, server)


def put_label(secid, peer_secid):
    for name, value in ("secid", secid), ("peer_secid", peer_secid):
        with open(LABEL + name, "w") as file:
            file.write(value)


def microseconds():
    """Where the kernel's routes know it, timestamps may count microseconds."""
    if not in_server(f"ip route replace {CLIENT} via 10.9.0.2 dev lqs features tcp_usec_ts"):
        return
    server = listen(7210)
    flow = Flow(7210)
    synack = flow.syn(MSS + stamps(1000))
    time.sleep(0.1)
    flow.send(ACK, options=stamps(1001, synack.tsval))
    child, _ = server.accept()
    child.send(b"x")
    tell("usec_ts", "child", (flow.get().tsval - synack.tsval & 0xFFFFFFFF) > 90000)
    finish(flow, child, server)
    in_server(f"ip route del {CLIENT}")


def saved():
    """A listener that saves SYNs is left to stock."""
    server = listen(7212, (socket.IPPROTO_TCP, TCP_SAVE_SYN, 1))
    flow = Flow(7212)
    flow.syn(MSS + WSCALE)
    flow.send(ACK)
    child, _ = server.accept()
    tell("saved_syn", len(child.getsockopt(socket.IPPROTO_TCP, TCP_SAVED_SYN, 200)))
    finish(flow, child, server)


def way_back(table):
    """Routes and neighbours go when a device changes its master."""
    client = wire.fd.getsockname()[4].hex(":")
    in_server(f"ip neigh replace 10.9.0.2 lladdr {client} dev lqs nud permanent",
              f"ip route replace default via 10.9.0.2 dev lqs table {table}")


def vrf():
    """With tcp_l3mdev_accept the child belongs to the VRF that the SYN came from."""
    if not in_server("ip link add lqv type vrf table 200"):
        return
    in_server("ip link set lqv up", "ip link set lqs master lqv",
              "sysctl -qw net.ipv4.tcp_l3mdev_accept=1")
    way_back(200)
    server = listen(7213)
    flow = Flow(7213)
    flow.syn(MSS)
    flow.send(ACK)
    child, _ = server.accept()
    with InServer():
        index = socket.if_nametoindex("lqv")
    tell("key", "VRF", child.getsockopt(socket.SOL_SOCKET, SO_BINDTOIFINDEX) == index)
    finish(flow, child, server)
    in_server("ip link del lqv", "sysctl -qw net.ipv4.tcp_l3mdev_accept=0")
    way_back("main")


for handshake in (rich, options_one_by_one, small_buffer, clamped, round_trip, out_of_window,
                  transparent, deferred, handed_back, labels, microseconds,
                  saved, vrf):
    try:
        handshake()
    except Exception as e:
        tell("failed", handshake.__name__, repr(e))
