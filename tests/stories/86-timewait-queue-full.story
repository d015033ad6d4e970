title new SYN in place of a TIME_WAIT: the full SYN queue doesn't matter, the accept queue does
needs tw_isn
sysctl net.ipv4.tcp_syncookies 0
listen 1
A handshake
B handshake
accept 2
A shut
A < FA seq 1 ack 1
A > FA ack 2
A < A seq 2 ack 2
B shut
B < FA seq 1 ack 1
B > FA ack 2
B < A seq 2 ack 2
fill synq
A > S seq 100000 mss 1460
= syn_queued_timewait
A < SA seq 65539 ack 100001
backlog 9
handshakes 2
backlog 1
B > S seq 100000 mss 1460
= syn_accept_full
B < none 50ms
+ ListenOverflows 1 ListenDrops 1
drops 1
