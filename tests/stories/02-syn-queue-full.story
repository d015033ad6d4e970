title SYN, SYN queue full, no cookies
sysctl net.ipv4.tcp_syncookies 0
listen 2
fill synq
A > S mss 1460
= syn_queue_full
A < none 100ms
+ ListenDrops 1 TCPReqQFullDrop 1
drops 1
