title valid cookie ACK, accept queue full
sysctl net.ipv4.tcp_syncookies 2
listen 0
A > S mss 1460
= syn_cookie_always
A < SA ack 1
B > S mss 1460
= syn_cookie_always
B < SA ack 1
A > A
= cookie_accepted
B > A
= cookie_accept_full acceptq 1
B < none 100ms
+ SyncookiesSent 2 TCPReqQFullDoCookies 2 SyncookiesRecv 2 PassiveOpens 1
+ ListenOverflows 1 ListenDrops 1
drops 1
