title no bind bucket for a connection: the last ACK, then with abort, then of a cookie
needs failslab
listen 5
A syn
B syn
sysctl net.ipv4.tcp_syncookies 2
C > S mss 1460
= syn_cookie_always
C < SA ack 1
nomem bucket after child
A > A
= req_no_bucket
A < none 50ms
sysctl net.ipv4.tcp_abort_on_overflow 1
nomem bucket after child
B > A
= req_no_bucket_reset
B < R seq 1
nomem bucket after request child
C > A
= cookie_no_bucket
C < none 50ms
A > A
= req_completed
+ ListenDrops 3 EmbryonicRsts 1 OutRsts 1 PassiveOpens 4 AttemptFails 3
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1
drops 5
