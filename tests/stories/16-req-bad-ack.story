title wrong ack in SYN_RECV
sysctl net.ipv4.tcp_syncookies 0
listen 5
A syn
A > A ack 1000
= req_bad_ack
A < R seq 1000
+ OutRsts 1
A > A                                   # the request is still there
= req_completed
+ PassiveOpens 1
