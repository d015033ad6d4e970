title SYN queue full: the cookie's ACK is accepted, with data
sysctl net.ipv4.tcp_syncookies 1
listen 2
fill synq
A > S mss 1460
= syn_cookie
A < SA ack 1
A > PA len 7
= cookie_accepted len 7
A < A seq 1 ack 8
accept
A read 7
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 PassiveOpens 1
