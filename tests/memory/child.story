title no memory for a connection: the last ACK, then with abort, then of a cookie
needs failslab
listen 5
A syn
B syn
sysctl net.ipv4.tcp_syncookies 2
C > S mss 1460
= syn_cookie_always
C < SA ack 1
nomem child
A > A
= req_no_memory
A < none 50ms
sysctl net.ipv4.tcp_abort_on_overflow 1
nomem child
B > A
= req_no_memory_reset
B < R seq 1
nomem child after request
C > A
= cookie_no_memory
C < none 50ms
A > A
= req_completed
+ ListenDrops 3 EmbryonicRsts 1 OutRsts 1 PassiveOpens 1
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1
drops 5
