title valid cookie ACK
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
A > A
= cookie_accepted
A < none 50ms
accept
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 PassiveOpens 1
