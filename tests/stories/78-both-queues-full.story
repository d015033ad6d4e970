title both queues full: the SYN queue is asked first, a cookie needs the accept queue
needs synq_gt
sysctl net.ipv4.tcp_syncookies 0
listen 1
A syn
B syn
backlog 5
handshakes 2
backlog 1
C > S
= syn_queue_full
C < none 50ms                           # before the sysctl changes
sysctl net.ipv4.tcp_syncookies 1
C > S
= syn_accept_full
C < none 50ms
+ TCPReqQFullDrop 1 TCPReqQFullDoCookies 1 ListenOverflows 1 ListenDrops 2
drops 2
