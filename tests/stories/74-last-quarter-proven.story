title last quarter of tcp_max_syn_backlog: a proven peer is let in
sysctl net.ipv4.tcp_syncookies 0
sysctl net.ipv4.tcp_max_syn_backlog 4
sysctl net.ipv4.tcp_no_metrics_save 0
listen 100
A handshake
accept
A shut                                  # its end leaves the RTT in tcp_metrics
A < FA seq 1 ack 1
A > FA ack 2
A < A seq 2 ack 2
syns 4
flow B addr-of A
B > S mss 1460
= syn_queued synq 4
B < SA ack 1
C > S mss 1460
= syn_last_quarter
C < none 50ms
+ ListenDrops 1
drops 1
