title no memory for a connection: the last ACK, then with abort, then of a cookie
needs failslab
listen 5
A syn
B syn
sysctl net.ipv4.tcp_syncookies 2
C > S mss 1460
= syn_cookie_always
C < SA ack 1
undo echo 0 > /sys/kernel/debug/failslab/probability
undo echo 0 > /sys/kernel/slab/TCP/failslab
undo echo 0 > /sys/kernel/slab/TCPv6/failslab
run echo 1 > /sys/kernel/slab/TCP/failslab
run echo 1 > /sys/kernel/slab/TCPv6/failslab
run cd /sys/kernel/debug/failslab; echo 0 >verbose; echo Y >cache-filter; echo 0 >interval; echo -1 >times; echo 100 >probability
A > A
= req_no_memory
sysctl net.ipv4.tcp_abort_on_overflow 1
B > A
= req_no_memory_reset
B < R seq 1
C > A
= cookie_no_memory
C < none 50ms
+ ListenDrops 3 EmbryonicRsts 1 OutRsts 1
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1
drops 5
