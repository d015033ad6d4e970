title no memory for a request: the SYN, the ACK of a cookie
needs failslab
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
sysctl net.ipv4.tcp_syncookies 1
nomem request
A > A
= cookie_no_memory
A < none 50ms
nomem request
B > S mss 1460
= syn_no_memory
B < none 50ms
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 ListenDrops 1
drops 1
