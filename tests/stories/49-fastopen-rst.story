title RST for a Fast Open connection before its last ACK
sysctl net.ipv4.tcp_fastopen 0x202
listen 5 fastopen=5
A > S mss 1460 tfo request len 10
= syn_fastopen
A < SA ack 11
A > R seq 11
= req_rst
+ TCPFastOpenCookieReqd 1 TCPFastOpenPassive 1 PassiveOpens 1 AttemptFails 2
