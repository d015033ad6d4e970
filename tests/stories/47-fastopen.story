title TCP Fast Open: cookie asked for, used, data in the SYN
sysctl net.ipv4.tcp_fastopen 2
listen 5 fastopen=5
A > S mss 1460 tfo request
= syn_queued
A < SA ack 1 tfo
A > R
= req_rst
flow B addr-of A
B > S mss 1460 tfo learned len 10
= syn_fastopen len 10
B < SA ack 11
accept
B read 10
B > A seq 11
= req_fastopen_passed
+ TCPFastOpenCookieReqd 1 TCPFastOpenPassive 1 PassiveOpens 1
+ EmbryonicRsts 1 AttemptFails 1
drops 1
