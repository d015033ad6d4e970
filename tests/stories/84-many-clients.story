title 40 handshakes, 20 of them interrupted by a repeated SYN
listen 64
handshakes 20
syns 20
handshakes 20
accept 40
