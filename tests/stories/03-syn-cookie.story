title SYN, SYN queue full, answered by a cookie
sysctl net.ipv4.tcp_syncookies 1
listen 2
fill synq
A > S mss 1460
= syn_cookie
A < SA ack 1
+ SyncookiesSent 1 TCPReqQFullDoCookies 1
