title a security module refuses: the SYN, the ACK of a cookie
needs lsm
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
deny
A > A
= cookie_security
A < none 50ms
sysctl net.ipv4.tcp_syncookies 1
B > S mss 1460
= syn_security
B < none 50ms
allow
B syn
B > A
= req_completed
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 ListenDrops 1 PassiveOpens 1
drops 1
