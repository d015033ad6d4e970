title no memory for a request: the SYN, the ACK of a cookie
needs failslab
sysctl net.ipv4.tcp_syncookies 2
listen 5
A > S mss 1460
= syn_cookie_always
A < SA ack 1
sysctl net.ipv4.tcp_syncookies 1
undo echo 0 > /sys/kernel/debug/failslab/probability
undo echo 0 > /sys/kernel/slab/request_sock_TCP/failslab
undo echo 0 > /sys/kernel/slab/request_sock_TCPv6/failslab
run echo 1 > /sys/kernel/slab/request_sock_TCP/failslab
run echo 1 > /sys/kernel/slab/request_sock_TCPv6/failslab
run cd /sys/kernel/debug/failslab; echo 0 >verbose; echo Y >cache-filter; echo 0 >interval; echo -1 >times; echo 100 >probability
A > A
= cookie_no_memory
A < none 50ms
B > S mss 1460
= syn_no_memory
B < none 50ms
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesRecv 1 ListenDrops 1
drops 1
