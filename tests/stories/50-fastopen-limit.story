title more Fast Open requests than allowed: an ordinary handshake
sysctl net.ipv4.tcp_fastopen 0x202
listen 5 fastopen=1
A > S mss 1460 tfo request len 10
= syn_fastopen
A < SA ack 11
B > S mss 1460 tfo request len 10
= syn_queued
B < SA ack 1
+ TCPFastOpenCookieReqd 2 TCPFastOpenPassive 1 TCPFastOpenListenOverflow 1 PassiveOpens 1
