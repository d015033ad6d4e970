title SMC: the listener's own accept queue is full
needs smc
listen 0 smc
A handshake
A =accept                               # SMC's worker takes it from TCP
sleep 200ms
B syn
B > A
= req_upper_refused
B < none 50ms
sysctl net.ipv4.tcp_abort_on_overflow 1
B > A
= req_upper_refused_reset
B < R seq 1
sysctl net.ipv4.tcp_syncookies 2
C > S mss 1460
= syn_cookie_always
C < SA ack 1
C > A
= cookie_upper_refused
C < none 50ms
+ ListenOverflows 3 ListenDrops 3 EmbryonicRsts 1 OutRsts 1
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1
