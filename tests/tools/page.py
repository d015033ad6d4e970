#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""page.py PORT [transparent] [dev=IF]: a web server of one page

Answers one connection after the other and closes each when it has been answered: a request
is a connection. See tests/setups.sh.
"""
import socket
import sys

IP_TRANSPARENT, SO_BINDTODEVICE = 19, 25
PAGE = b"HTTP/1.0 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n"


def listener(port, words):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for word in words:
        if word == "transparent":
            s.setsockopt(socket.SOL_IP, IP_TRANSPARENT, 1)
        else:
            s.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, word.removeprefix("dev=").encode())
    s.bind(("0.0.0.0", port))
    s.listen(512)
    return s


def answer(client):
    """Reads the whole request: what is left unread makes an RST of the close."""
    client.settimeout(5)
    asked = b""
    while not asked.endswith(b"\r\n\r\n"):
        more = client.recv(4096)
        if not more:
            return
        asked += more
    client.sendall(PAGE)


server = listener(int(sys.argv[1]), sys.argv[2:])
while True:
    with server.accept()[0] as visitor:
        try:
            answer(visitor)
        except OSError:
            pass  # the client says what became of it
