title valid cookie, no route back
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
route unreachable A
A > A
= cookie_no_route
A < none 100ms
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1
