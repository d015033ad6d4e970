title wrong ack in SYN_RECV while cookies are out: the cookie check fails, too
needs synq_gt
sysctl net.ipv4.tcp_syncookies 1
listen 2
A syn
syns 2
B > S mss 1460
= syn_cookie
B < SA
A > A ack 1000
= req_bad_ack
A < R seq 1000
A > A
= req_completed
+ SyncookiesSent 1 TCPReqQFullDoCookies 1 SyncookiesFailed 1 OutRsts 1 PassiveOpens 1
