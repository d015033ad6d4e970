title SYN queue at its limit: one goes, one may come
needs synq_gt
sysctl net.ipv4.tcp_syncookies 0
listen 2
A > S
= syn_queued synq_limit 2
A < SA
syns 2
B > S
= syn_queue_full synq 3
A > R
= req_rst
B > S
= syn_queued
B < SA
C > S
= syn_queue_full synq 3
C < none 50ms
+ ListenDrops 2 TCPReqQFullDrop 2 EmbryonicRsts 1 AttemptFails 1
drops 3
