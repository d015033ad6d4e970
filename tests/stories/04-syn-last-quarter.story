title SYN in the last quarter of tcp_max_syn_backlog, unproven peer
sysctl net.ipv4.tcp_syncookies 0
sysctl net.ipv4.tcp_max_syn_backlog 4
listen 100
syns 4
A > S mss 1460
= syn_last_quarter synq 4
A < none 100ms
+ ListenDrops 1
drops 1
